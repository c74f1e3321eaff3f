import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import { Arrivals, type Arrived, DESK_PROCESS } from '../support/arrive.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, SIZES } from '../support/browser.ts'
import { cleanUp, PATIENT, type StartedServer, startServer } from '../support/server.ts'

const FERRY = 'The ferry runs every day.'

let server: StartedServer
let browser: Browser

/** Talks of their own: what a test closes or replaces stays so. */
async function begin(): Promise<Arrivals> {
  return new Arrivals(server, await server.newProcess(DESK_PROCESS), browser)
}
async function deskOf(people: Arrivals, options: Parameters<Arrivals['arrive']>[1] = {}): Promise<Arrived> {
  const arrived = await people.arrive('mediator', options)
  await arrived.page.getByText('Only the mediation team sees this desk').waitFor()
  return arrived
}
const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })
const panelOf = (page: Page, name: string) => page.getByRole('region', { name: `Change for ${name}` })
const editor = (page: Page) => page.getByRole('textbox', { name: /^Negotiated text/ })
async function turn(page: Page, track: string, act: string): Promise<void> {
  await page.getByRole('button', { name: `Change ${track}` }).click()
  await page.getByRole('menuitem', { name: act }).click()
}

describe.skipIf(!CHROMIUM)('the desk without the operator', () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('S32 a track begins with the usual rights of its kind, which are shown before it is opened', async () => {
    const { page, context } = await deskOf(await begin())
    await page.getByRole('button', { name: 'Open a track' }).click()
    const dialog = page.getByRole('dialog', { name: 'Open a track' })
    const level = (party: string) => dialog.getByRole('combobox', { name: party }).inputValue()
    const kind = dialog.getByRole('combobox', { name: 'Kind' })
    await dialog.getByRole('textbox', { name: 'Title' }).fill('Second reading')
    await kind.selectOption('plenary')
    expect(await Promise.all(['North Shore', 'Shores Forum', 'Witness State'].map(level))).toEqual([
      'suggest',
      'hidden',
      'read',
    ])
    await kind.selectOption('civil')
    expect(await Promise.all(['North Shore', 'Shores Forum', 'You, the mediation team'].map(level))).toEqual([
      'hidden',
      'edit',
      'read',
    ])
    await kind.selectOption('proximity')
    await dialog.getByText(/One party and the mediators/).waitFor()
    expect(await dialog.getByRole('button', { name: /^Open it/ }).isDisabled()).toBe(true)
    await dialog.getByRole('combobox', { name: 'With which party' }).selectOption({ label: 'South Shore' })
    expect(await level('South Shore')).toBe('edit')
    expect(await dialog.getByRole('combobox', { name: 'North Shore' }).count()).toBe(0)
    await expectAccessible(page, 'a channel to be opened')
    await dialog.getByRole('button', { name: 'Open it to South Shore' }).click()
    await page.getByRole('grid').getByRole('button', { name: 'South Shore on Second reading: Edit' }).waitFor()
    await context.close()
  })

  test('S33 a paused track is read on and not written in, goes on, takes a new name, and is closed for good', async () => {
    const people = await begin()
    const south = await people.arrive('south-head')
    await south.page.getByText(FERRY).waitFor()
    const { page, context } = await deskOf(people)
    await turn(page, 'Plenary text', 'Pause: everyone only reads')
    await page.getByText('“Plenary text” is paused. All who read it are told.').waitFor()
    await south.page.getByText('The mediators have paused this track.').waitFor()
    await south.page.getByText(FERRY).waitFor()
    // What is only read is no field.
    await editor(south.page).waitFor({ state: 'detached' })
    await Promise.all([expectAccessible(page, 'a paused track'), expectAccessible(south.page, 'a text that is paused')])

    await turn(page, 'Plenary text', 'Let it go on')
    await south.page.getByText('The mediators have paused this track.').waitFor({ state: 'detached' })
    await editor(south.page).waitFor()
    await editor(south.page).getByText(FERRY).click()
    await south.page.keyboard.press('End')
    await south.page.keyboard.type(' Even at night.')
    const witness = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
    const text = await witness.open('plenary')
    const words = () => text.structure.articles.flatMap(({ clauses }) => clauses.map(({ id }) => text.plain(id))).join()
    await expect.poll(words, PATIENT).toContain('Even at night.')

    await turn(page, 'Plenary text', 'Rename')
    const rename = page.getByRole('dialog', { name: 'Rename “Plenary text”' })
    await rename.getByRole('textbox', { name: 'Title' }).fill('The single text')
    await expectAccessible(page, 'a track that is renamed')
    await rename.getByRole('button', { name: 'Rename it for all who read it' }).click()
    const tracks = south.page.getByRole('navigation', { name: 'Tracks' })
    await tracks.getByRole('link', { name: /The single text/ }).waitFor()

    await turn(page, 'The single text', 'Close for good')
    const close = page.getByRole('dialog', { name: 'Close “The single text” for good' })
    await expectAccessible(page, 'a track that is about to be closed')
    // Esc is the safe choice: nothing is closed by it.
    await page.keyboard.press('Escape')
    await close.waitFor({ state: 'detached' })
    await turn(page, 'The single text', 'Close for good')
    await close.getByRole('button', { name: 'Close it for good' }).click()
    await south.page.getByText('The mediators have closed this track.').waitFor()
    await south.page.getByText(FERRY).waitFor()
    expect(await page.getByRole('button', { name: 'Change The single text' }).count()).toBe(0)
    await page.getByRole('grid').getByText('Plenary, closed').waitFor()
    await witness.close()
    await Promise.all([context.close(), south.context.close()])
  })

  test('S34 a head proposes a person, who enters once the mediators have accredited them', async () => {
    const people = await begin()
    const head = await people.arrive('north-head', { at: '#/people' })
    await head.page.getByRole('button', { name: 'Propose a person' }).click()
    const dialog = head.page.getByRole('dialog', { name: 'Propose a person for North Shore' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Zoe North')
    await dialog.getByRole('combobox', { name: 'In place of' }).selectOption({ label: 'Cid North' })
    await dialog.getByText(/the sessions and the link of Cid North end for good/).waitFor()
    await expectAccessible(head.page, 'a person to be proposed')
    await dialog.getByRole('button', { name: 'Propose them to the mediators' }).click()
    const waiting = head.page.getByRole('region', { name: 'Waiting to be accredited' })
    await waiting.getByText('Zoe North').waitFor()
    expect(await rowOf(head.page, 'Zoe North').count()).toBe(0)

    const { page, context } = await deskOf(people)
    await page.getByText('North Shore proposes Zoe North').waitFor()
    await expectAccessible(page, 'somebody who waits for the mediators')
    await page.getByRole('link', { name: 'Look at it' }).click()
    await page.getByText('In place of Cid North.').waitFor()
    await expectAccessible(page, 'a person to be accredited')
    await page.getByRole('button', { name: 'Accredit Zoe North' }).click()
    await page.getByText(/^Zoe North is accredited/).waitFor()
    await rowOf(page, 'Zoe North').getByText('No invitation').waitFor()
    expect(await rowOf(page, 'Cid North').count()).toBe(0)
    await rowOf(head.page, 'Zoe North').waitFor()
    await Promise.all([context.close(), head.context.close()])
  })

  test('S35 a suspended seat is closed on its screens, in force, and restored; another person takes a place by a link of their own', async () => {
    const people = await begin()
    const adviser = await people.arrive('south-adviser')
    await adviser.page.getByText(FERRY).waitFor()
    const { page, context } = await deskOf(people, { at: '#/desk/people' })
    await page.getByRole('button', { name: 'Change: Eli South' }).click()
    const panel = panelOf(page, 'Eli South')
    await panel.getByRole('radio', { name: /Suspend the seat/ }).check()
    await expectAccessible(page, 'a seat to be suspended')
    await panel.getByRole('button', { name: 'Suspend Eli South' }).click()
    await adviser.page.getByText(FERRY).waitFor({ state: 'detached' })
    await panel.getByText('Eli South is suspended. It is in force on every device.').waitFor()
    await rowOf(page, 'Eli South').getByText('Suspended', { exact: true }).waitFor()
    expect(await panel.getByRole('radio', { name: /Give a new link/ }).count()).toBe(0)
    await panel.getByRole('radio', { name: /Restore the seat/ }).check()
    await panel.getByRole('button', { name: 'Restore Eli South' }).click()
    await panel.getByText(/^Eli South is restored/).waitFor()
    await rowOf(page, 'Eli South').getByText('Session ended', { exact: true }).waitFor()

    await panel.getByRole('radio', { name: /Replace the person/ }).check()
    await panel.getByRole('textbox', { name: 'Name of the new person' }).fill('Rhea South')
    await expectAccessible(page, 'a person to be replaced')
    await panel.getByRole('button', { name: 'Replace Eli South' }).click()
    const link = panelOf(page, 'Rhea South').getByRole('textbox', { name: 'Link for Rhea South' })
    await link.waitFor()
    expect(await link.inputValue()).toMatch(/\/join#[\w-]{22}$/)
    expect(await rowOf(page, 'Eli South').count()).toBe(0)
    await Promise.all([context.close(), adviser.context.close()])
  })

  test('S36 the parties are put in another order by keyboard, and a notice reaches all who read a track', async () => {
    const people = await begin()
    const { page, context } = await deskOf(people)
    await page.getByRole('button', { name: 'Order of the parties' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Order of the parties' })
    await expectAccessible(page, 'the order of the parties')
    await dialog.getByRole('button', { name: 'Move South Shore up' }).press('Enter')
    await dialog.getByRole('status').getByText('South Shore is now number 1.').waitFor()
    const moves = dialog.getByRole('button', { name: 'Move South Shore down' })
    expect(await moves.evaluate((button) => button === document.activeElement)).toBe(true)
    await dialog.getByRole('button', { name: 'Set this order for everyone' }).click()
    await dialog.waitFor({ state: 'detached' })
    const columns = page.getByRole('grid').getByRole('columnheader')
    await expect.poll(async () => (await columns.allInnerTexts())[1]?.trim(), PATIENT).toBe('South Shore')

    await page.getByRole('button', { name: 'Give a notice' }).click()
    const notice = page.getByRole('dialog', { name: 'Give a notice' })
    await notice.getByRole('radio', { name: 'All who read a track' }).check()
    await notice.getByRole('combobox', { name: 'Track' }).selectOption({ label: 'Water group' })
    await notice.getByRole('textbox', { name: 'What you tell' }).fill('The group meets at three.')
    await expectAccessible(page, 'a notice to the readers of a track')
    await notice.getByRole('button', { name: 'Tell all who read Water group' }).click()
    await page.getByText(/To all who read Water group\./).waitFor()
    const forum = await enterRoom({ url: server.url, token: await people.token('forum-adviser') })
    const witness = await enterRoom({ url: server.url, token: await people.token('witness-observer') })
    expect(forum.view.notices.map(({ words }) => words)).toEqual(['The group meets at three.'])
    expect(witness.view.notices).toEqual([])
    expect(forum.view.parties.map(({ id }) => id)[0]).toBe('south')
    await Promise.all([context.close(), forum.close(), witness.close()])
  })

  test('S36 Withdraw names the person where a party reads through one alone', async () => {
    const people = await begin()
    const other = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
    const seat = other.view.desk?.seats.find(({ name }) => name === 'Ida Forum')?.id
    if (!seat) throw new Error('no seat')
    const track = other.view.desk?.matrix.find(({ title }) => title === 'Plenary text')?.id
    if (!track) throw new Error('no track')
    await other.act({ type: 'SetAccess', changes: [{ track, seat, level: 'read' }] })
    const { page, context } = await deskOf(people)
    await page.getByRole('button', { name: 'Withdraw Plenary text' }).click()
    await page.getByRole('menuitem', { name: 'Hide from Ida Forum now' }).click()
    const cells = () => other.view.desk?.matrix.find(({ id }) => id === track)?.cells.map(({ id }) => id)
    await expect.poll(cells, PATIENT).not.toContain(`seat:${seat}`)
    await other.close()
    await context.close()
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S32 S36 the dialogs of the desk fit on a %s',
    async (size) => {
      const { page, context } = await deskOf(await begin(), { size })
      const opens = size === 'phone' ? [] : ['Open a track', 'Order of the parties']
      for (const name of [...opens, 'Give a notice']) {
        await page.getByRole('button', { name }).click()
        await page.getByRole('dialog', { name }).waitFor()
        await expectAccessible(page, `${name}, ${size}`)
        await expectFits(page, `${name}, ${size}`)
        await page.keyboard.press('Escape')
      }
      // From a phone access is only narrowed: what becomes of a track is decided on a larger screen.
      const turns = size === 'phone' ? 0 : size === 'tablet' ? 1 : 3
      expect(await page.getByRole('button', { name: /^Change [^:]+$/ }).count()).toBe(turns)
      expect(await page.getByRole('button', { name: 'Open a track' }).count()).toBe(opens.length > 0 ? 1 : 0)
      await context.close()
    },
  )
})
