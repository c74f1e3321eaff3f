import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { PartyId, TrackId } from '#shared/ids.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, openPage } from '../support/browser.ts'
import { cachedAddresses, databasesOf, foundOnDevice, isInMemory, shellKept, storedTracks } from '../support/device.ts'
import { type Line, openLine } from '../support/line.ts'
import { cleanUp, SMALL_PROCESS, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'

const CLAUSE = 'The ferry runs every day.'
const SECRET = 'Every well is counted.'
const PLENARY = 'plenary' as TrackId

/** The South may keep the plenary on its devices, and not the group's text. */
const PROCESS = {
  ...SMALL_PROCESS,
  tracks: [
    ...SMALL_PROCESS.tracks.map((track) => ({
      ...track,
      access: { north: 'edit', south: { level: 'edit', offline: true }, team: 'edit' },
    })),
    {
      id: 'water',
      title: 'Water group',
      kind: 'group',
      text: { title: 'On water', articles: [{ title: 'Wells', clauses: [SECRET] }] },
      access: { north: 'edit', south: 'edit', team: 'edit' },
    },
  ],
}
const SEAT = 'south-head'

let server: StartedServer
let browser: Browser
let line: Line
let talks: StartedProcess
const rooms: { close(): Promise<void> }[] = []

async function mediator() {
  const { token } = await server.redeem(talks.codes['mediator'] ?? '')
  const room = await enterRoom({ url: server.url, token })
  rooms.push(room)
  const text = await room.open('plenary')
  return { room, text, words: () => text.text(text.structure.articles[0]?.clauses[0]?.leaf ?? '').toString() }
}
/** The South's head, at a line that the test cuts and mends. */
async function delegate(): Promise<Page> {
  const { token } = await server.redeem(talks.codes[SEAT] ?? '')
  const { page, context } = await openPage(browser)
  rooms.push(context)
  const name = `parley-${talks.process}-${SEAT}`
  await context.addCookies([{ name, value: token, url: line.url, httpOnly: true, sameSite: 'Strict' }])
  await page.goto(`${line.url}/r/${talks.process}/${SEAT}/#/text/plenary`)
  await page.getByText(CLAUSE).waitFor()
  return page
}
async function type(page: Page, words: string): Promise<void> {
  const clause = page.getByRole('textbox').getByText('every day.')
  await clause.click()
  await page.keyboard.press('Home')
  await page.keyboard.type(words)
  await page.getByText(words.trim()).first().waitFor()
}
const kept = (page: Page, unsent: string[] = []) =>
  expect.poll(() => storedTracks(page), { timeout: 60_000 }).toEqual({ texts: ['plenary'], unsent })
/** Without a line, a page opens from what is on the device. */
async function reopened(page: Page): Promise<void> {
  await page.reload()
  await page.getByText('This is the copy kept on this device').waitFor()
}
/** On the line again; the page finds it by itself, or sooner when asked. */
async function back(page: Page): Promise<void> {
  line.mend()
  await page.evaluate(() => dispatchEvent(new Event('online')))
}

describe.skipIf(!CHROMIUM)('without a connection', () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
  })
  afterEach(async () => {
    await Promise.all(rooms.splice(0).map((room) => room.close()))
    await line.close()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('R14 a text whose grant allows it opens without a line, words written there outlive the page, and go out once on return', async () => {
    line = await openLine(server.url)
    talks = await server.newProcess(PROCESS)
    const page = await delegate()
    const team = await mediator()
    await page.getByText('A copy is kept on this device').waitFor()
    await shellKept(page)
    await kept(page)
    line.cut()
    await reopened(page)
    await page.getByText(CLAUSE).waitFor()
    await expectAccessible(page, 'a copy on the device')
    await expectFits(page, 'a copy on the device')
    await type(page, 'In winter ')
    await page.getByText('1 change is kept on this device').waitFor()
    await kept(page, ['plenary'])
    // What a page of its own wrote is there for the next one, which writes more.
    await page.reload()
    await page.getByText('In winter The ferry').waitFor()
    await type(page, 'Always: ')
    await kept(page, ['plenary'])
    await page.reload()
    await page.getByText('Always: In winter The ferry').waitFor()
    const leaf = team.text.structure.articles[0]?.clauses[0]?.leaf ?? ''
    await team.text.insert({ leaf, index: CLAUSE.length - 1 }, ' and night')
    await team.text.saved()

    await back(page)
    await page.getByText('Always: In winter The ferry runs every day and night.').waitFor()
    await page
      .getByText(/Saved \d|Everything is saved/)
      .first()
      .waitFor()
    await expect.poll(team.words, { timeout: 60_000 }).toBe('Always: In winter The ferry runs every day and night.')
    await kept(page)
    await expect.poll(() => foundOnDevice(page, 'In winter'), { timeout: 60_000 }).toContain('IndexedDB texts')
  })

  test('R15 a track without that grant leaves nothing on the device, and the service worker holds nothing of any text', async () => {
    line = await openLine(server.url)
    talks = await server.newProcess(PROCESS)
    const page = await delegate()
    await shellKept(page)
    await kept(page)
    await page.getByRole('link', { name: /Water group/ }).click()
    await page.getByText(SECRET).waitFor()
    await page.getByRole('textbox').getByText(SECRET).click()
    await page.keyboard.type('Xylophone ')
    await page
      .getByText(/Saved \d/)
      .first()
      .waitFor()
    await page.getByRole('link', { name: /Plenary text/ }).click()
    await page.getByText(CLAUSE).waitFor()
    await kept(page)
    expect(await foundOnDevice(page, 'Xylophone')).toEqual([])
    expect((await foundOnDevice(page, 'well is')).filter((where) => where !== 'the page')).toEqual([])
    // The group's name is on the page; on the device it is not.
    expect((await foundOnDevice(page, 'Water group')).filter((where) => where !== 'the page')).toEqual([])
    expect(await foundOnDevice(page, CLAUSE)).toEqual(['IndexedDB texts', 'the page'])
    const held = await cachedAddresses(page)
    expect(held).toContain('/index.html')
    expect(held.filter((path) => path !== '/index.html' && !path.startsWith('/assets/'))).toEqual([])
  })

  test('R16 sight that ended while the device was away: nothing is readable on return, nothing stored, and unsent words are offered back', async () => {
    line = await openLine(server.url)
    talks = await server.newProcess(PROCESS)
    const page = await delegate()
    const team = await mediator()
    await shellKept(page)
    await kept(page)
    line.cut()
    await reopened(page)
    await type(page, 'Quagmire ')
    await kept(page, ['plenary'])
    const hidden = [{ track: PLENARY, party: 'south' as PartyId, level: 'hidden' as const }]
    await team.room.act({ type: 'SetAccess', changes: hidden })
    // A page that was closed meanwhile learns it as well as one that stood open.
    await page.goto('about:blank')
    line.mend()
    await page.goto(`${line.url}/r/${talks.process}/${SEAT}/#/text/plenary`)
    await page.getByRole('heading', { name: /closed Plenary text/ }).waitFor()
    expect(await page.getByRole('textbox').inputValue()).toContain('Quagmire')
    expect(await foundOnDevice(page, 'ferry')).toEqual([])
    expect(await foundOnDevice(page, 'Quagmire')).toEqual(['a field'])
    expect(await databasesOf(page)).toBe(0)
    expect(team.words()).toBe(CLAUSE)
  })

  test('R16 a text that is withdrawn before one’s eyes leaves the device and the page’s memory; so does all of it on signing out', async () => {
    line = await openLine(server.url)
    talks = await server.newProcess(PROCESS)
    const page = await delegate()
    const team = await mediator()
    await kept(page)
    const shown = (level: 'hidden' | 'edit') => [
      { track: PLENARY, party: 'south' as PartyId, level, ...(level === 'edit' ? { grant: { offline: true } } : {}) },
    ]
    await team.room.act({ type: 'SetAccess', changes: shown('hidden') })
    await page.getByRole('heading', { name: /closed Plenary text/ }).waitFor()
    await expect.poll(() => databasesOf(page), { timeout: 60_000 }).toBe(0)
    expect(await foundOnDevice(page, 'ferry')).toEqual([])
    expect(await isInMemory(page, 'The ferry runs')).toBe(false)

    await team.room.act({ type: 'SetAccess', changes: shown('edit') })
    await page
      .getByRole('link', { name: /Plenary text/ })
      .first()
      .click()
    await page.getByText(CLAUSE).waitFor()
    await kept(page)
    await page
      .getByRole('button', { name: /Sol|South|Head/ })
      .last()
      .click()
    await page.getByRole('button', { name: 'Sign out of this device' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out of this device' }).click()
    await page.getByText('This device holds nothing of the talks any more').waitFor()
    expect(await databasesOf(page)).toBe(0)
    expect(await foundOnDevice(page, 'ferry')).toEqual([])
  })

  test('R14 of two pages of one seat one keeps; when it goes, its words are offered in the other, and nothing stands twice', async () => {
    line = await openLine(server.url)
    talks = await server.newProcess(PROCESS)
    const page = await delegate()
    const team = await mediator()
    await shellKept(page)
    await kept(page)
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.getByText(CLAUSE).waitFor()
    line.cut()
    for (const one of [page, other]) await one.getByText('You are offline').waitFor()
    await type(page, 'Firstly ')
    await page.getByText('1 change is kept on this device').waitFor()
    await type(other, 'Secondly ')
    await other.getByText('1 change is kept on this page').waitFor()
    await kept(page, ['plenary'])
    await page.close()
    await back(other)
    await other.getByText(/This was not taken in/).waitFor()
    await other.getByText(/“Firstly ”/).waitFor()
    await expect.poll(team.words, { timeout: 60_000 }).toBe(`Secondly ${CLAUSE}`)
    await kept(other)
  })
})
