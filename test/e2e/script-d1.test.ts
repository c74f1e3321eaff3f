import canonicalize from 'canonicalize'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room } from '#client/room/room.ts'
import type { View } from '#shared/domain/view.ts'
import type { BracketId, PartyId, SeatId, TrackId } from '#shared/ids.ts'
import { CHROMIUM, CLOSED_WITHIN_MS, openBrowser, openPage } from '../support/browser.ts'
import { parley } from '../support/command-line.ts'
import { type Line, openLine } from '../support/line.ts'
import {
  caretAt,
  clauseThatBegins,
  everywhere,
  heldBy,
  openBracket,
  openLink,
  openSeat,
  remembers,
  seatToken,
  shown,
  shownIn,
  TEXT,
  wordsOf,
} from '../support/sample-room.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/** Script D.1: remote delegations draft one text. Tavira joins by a link, the Council and the mediator by the first-start page. */

const PLENARY = 'plenary' as TrackId
const COUNCIL = 'council' as PartyId

const TOGETHER = 'Until then, interim councils shall be composed'
const AWAY = 'The Fund shall give priority'
const STRUCK = 'Any person may report to the Mission'
const AGREED = 'The Guarantor States shall hold'
const AGREED_END = 'hold the signed copies'
const SECRET = 'cormorant'

let server: StartedServer
let browser: Browser
let line: Line
let tavira: Page
let council: Page
let mediator: Page
let witness: Room
let text: OpenText
const troubles: string[][] = []
const wires: WireClient[] = []

const clause = (begins: string) => clauseThatBegins(text, begins)
const all = () => [tavira, council, mediator]
const bracketWith = (begins: string, words: string): BracketId => {
  const { id } = clause(begins)
  const found = text.structure.articles
    .flatMap(({ clauses }) => clauses)
    .find((one) => one.id === id)
    ?.brackets.find(({ leaf }) => leaf && text.text(leaf).toString().includes(words))
  if (!found) throw new Error(`no bracket with ${words}`)
  return found.id
}
async function wire(seat: string): Promise<WireClient> {
  const opened = await openWire(server.url, { token: await seatToken(server, seat) })
  wires.push(opened)
  return opened
}
/** As the same person has it on a device that its delegation has not confirmed, whatever the device. */
const unconfirmed = (view: View): View => ({
  ...view,
  me: { ...view.me, confined: true, binds: false, session: null },
  tracks: view.tracks.map((track) => ({ ...track, level: track.level === 'read' ? 'read' : 'comment' })),
})
async function toTheText(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.hash = '#/text/plenary'
  })
  await page.getByRole('textbox', { name: TEXT }).waitFor()
}
const toTheDesk = (page: Page) =>
  page.evaluate(() => {
    location.hash = '#/desk'
  })
async function comment(page: Page, to: string | null, words: string): Promise<void> {
  await wordsOf(page, clause(AWAY).id).click({ position: { x: 1, y: 8 } })
  const composer = page.getByRole('region', { name: /^Write a comment on/ })
  if (to) {
    await composer.getByRole('button', { name: 'Change who sees this' }).click()
    await composer.getByRole('radio', { name: to, exact: true }).check()
  }
  await composer.getByRole('textbox').fill(words)
  await composer.getByRole('textbox').press('Control+Enter')
  await page.getByRole('article').getByText(words).waitFor()
}

describe.skipIf(!CHROMIUM)('script D.1: remote delegations draft one text', () => {
  beforeAll(async () => {
    server = await startServer({ environment: { PARLEY_SAMPLE: 'on' } })
    browser = await openBrowser()
    line = await openLine(server.url)
    witness = await enterRoom({ url: server.url, token: await seatToken(server, 'mediator') })
    text = await witness.open(PLENARY)
  }, 120_000)
  afterAll(async () => {
    for (const one of wires) one.close()
    await witness.close()
    await browser.close()
    await line.close()
    await cleanUp()
  })

  test('S6 S30 three people come in by a link and by the first-start page, and P12 each sees who else is there', async () => {
    const head = await enterRoom({ url: server.url, token: await seatToken(server, 'tavira-head') })
    const { made } = await head.act({ type: 'IssueInvitation', seat: 'tavira-alternate' as SeatId })
    await head.close()
    const [one, other, third] = await Promise.all([
      openLink(browser, `${server.url}/join#${made[0]}`),
      openSeat(browser, line.url, 'Tamar Askel'),
      openSeat(browser, server.url, 'Selma Okonjo'),
    ])
    troubles.push(one.troubles, other.troubles, third.troubles)
    tavira = one.page
    council = other.page
    mediator = third.page
    await council.getByRole('textbox', { name: TEXT }).waitFor()
    await mediator.getByText('Only the mediation team sees this desk').waitFor()
    await toTheText(mediator)
    for (const page of all()) {
      const readers = page.getByRole('region', { name: 'Who sees this' }).getByRole('listitem')
      expect(await readers.count()).toBe(4)
      await page.getByRole('list', { name: /^\d other people are here$/ }).waitFor()
    }
    await caretAt(council, clause(TOGETHER).id, 0)
    await tavira.getByRole('group', { name: /Here: Tamar Askel/ }).waitFor()
  })

  test('E3 P5 two delegations type in one clause at once: both stand bracketed and attributed on three screens', async () => {
    const { id } = clause(TOGETHER)
    await caretAt(tavira, id, 'Until'.length)
    await caretAt(council, id, 'Until then, interim'.length)
    await Promise.all([
      tavira.keyboard.type(' precisely', { delay: 15 }),
      council.keyboard.type(' elected', { delay: 20 }),
    ])
    await everywhere(all(), id, /^Until\[ precisely\]TAV then, interim\[ elected\]NMC councils shall be composed/)
    expect(text.plain(id)).toMatch(/^Until\[ precisely - TAV\] then, interim\[ elected - NMC\] councils/)
    for (const page of all())
      for (const party of ['Republic of Tavira', 'Northern Maren Council'])
        await wordsOf(page, id).getByText(`bracket, ${party}:`).first().waitFor({ state: 'attached' })
  })

  test('P11 S8 a line drops while a sentence is typed: the words are "not sent yet", and nothing is lost when it returns', async () => {
    const { id } = clause(AWAY)
    await caretAt(council, id, 'The Fund'.length)
    await council.keyboard.type(' of the Basin', { delay: 10 })
    line.cut()
    await council.keyboard.type(', once it is established,', { delay: 10 })
    await council
      .getByText(/changes? not sent yet/)
      .first()
      .waitFor()
    await council
      .getByText(/You are offline/)
      .first()
      .waitFor()
    // The clause says it too, and no other does.
    await council.getByText('Not sent yet', { exact: true }).waitFor()
    await caretAt(tavira, id, 0)
    await tavira.keyboard.type('Each year ', { delay: 5 })
    expect(text.plain(id)).not.toContain('once it is established')
    line.mend()
    await everywhere(
      all(),
      id,
      /^\[Each year \]TAVThe Fund\[ of the Basin, once it is established,\]NMC shall give priority/,
    )
    await council.getByText(/^Saved .*Connection good/).waitFor()
    expect(await council.getByText('Not sent yet', { exact: true }).count()).toBe(0)
  })

  test('P8 T1 a suggest seat changes no agreed words, by keyboard or by crafted bytes', async () => {
    const { id, leaf } = clause(STRUCK)
    await caretAt(tavira, id, 'Any'.length)
    for (let i = 0; i < ' person'.length; i++) await tavira.keyboard.press('Shift+ArrowRight')
    await tavira.keyboard.press('Delete')
    await expect.poll(() => text.plain(id)).toMatch(/^Any\[- person - TAV\] may report/)
    expect(text.text(leaf).toString()).toContain('Any person may report')

    const crafted = await wire('tavira-adviser')
    const answer = await crafted.open(PLENARY)
    if ('refusal' in answer) throw new Error(answer.refusal.code)
    const doc = new Y.Doc()
    Y.applyUpdate(doc, answer.update)
    doc.clientID = answer.opened.lane.client
    let update = new Uint8Array(0)
    doc.once('update', (bytes: Uint8Array) => {
      update = new Uint8Array(bytes)
    })
    doc.getText(leaf).insert(0, 'Forged. ')
    const { channel, lane } = answer.opened
    crafted.send({ frame: 'words', channel, number: lane.number, update })
    await expect
      .poll(() => crafted.frames().find(({ frame }) => frame === 'words-refused'))
      .toMatchObject({ refusal: { code: 'bad-update', why: 'leaf' } })
    expect(await shown(council, id)).not.toContain('Forged')
    expect(text.plain(id)).not.toContain('Forged')
  })

  test('P8 S3 nobody withdraws another’s bracket: there is no control, and the wire refuses', async () => {
    const { id } = clause(TOGETHER)
    const card = await openBracket(tavira, id, 'elected')
    await card.getByRole('button', { name: /Agree for Republic of Tavira/ }).waitFor()
    expect(await card.getByRole('button', { name: /Withdraw/ }).count()).toBe(0)
    await tavira.keyboard.press('Escape')
    const bracket = bracketWith(TOGETHER, 'elected')
    const head = await wire('tavira-head')
    expect(await head.act({ type: 'WithdrawBracket', track: PLENARY, bracket })).toEqual({
      refusal: { code: 'not-your-bracket', bracket },
    })
    await everywhere(all(), id, /interim\[ elected\]NMC/)
  })

  test('F5.6 S4 comments reach exactly those whom their button named', async () => {
    await comment(tavira, null, 'Ours alone: the ferry.')
    await comment(tavira, 'With the mediators', 'In confidence: the weir.')
    await comment(tavira, 'The table', 'To all: the clinic.')
    for (const page of [council, mediator]) {
      await page.getByRole('tab', { name: /Comments/ }).click()
      await page.getByText('To all: the clinic.').waitFor()
      expect(await page.getByText('Ours alone: the ferry.').count()).toBe(0)
    }
    await mediator.getByText('In confidence: the weir.').waitFor()
    expect(await council.getByText('In confidence: the weir.').count()).toBe(0)
    const [adviser, head, observer] = await Promise.all(['tavira-adviser', 'council-head', 'guarantor'].map(wire))
    const heard = (one: WireClient | undefined) => one?.view().comments.map(({ words }) => words) ?? []
    expect(heard(adviser)).toEqual(
      expect.arrayContaining(['Ours alone: the ferry.', 'In confidence: the weir.', 'To all: the clinic.']),
    )
    for (const words of ['Ours alone: the ferry.', 'In confidence: the weir.']) {
      expect(head?.bytes().toString()).not.toContain(words)
      expect(observer?.bytes().toString()).not.toContain(words)
    }
  })

  test('P7 S3 an agreement to a bracket is stale once other words of the clause change', async () => {
    const { id } = clause(AGREED)
    await caretAt(tavira, id, 'The Guarantor States'.length)
    await tavira.keyboard.type(' together', { delay: 5 })
    await everywhere(all(), id, /States\[ together\]TAV shall/)
    const card = await openBracket(council, id, 'together')
    await card.getByRole('button', { name: /^Agree for Northern Maren Council/ }).click()
    await card.getByText('Northern Maren Council has agreed to these words.').waitFor()
    await caretAt(tavira, id, 'The'.length)
    await tavira.keyboard.type(' three', { delay: 5 })
    await card.getByText('Northern Maren Council given on older words').waitFor()
    const seen = await openBracket(mediator, id, 'together')
    await seen.getByText('Northern Maren Council given on older words').waitFor()
    expect(await seen.getByRole('button', { name: 'Accept into the text' }).isDisabled()).toBe(true)
    await card.getByRole('button', { name: /^Agree for Northern Maren Council/ }).click()
    await seen.getByText('Every party that suggests has agreed', { exact: true }).waitFor()
    await seen.getByRole('button', { name: 'Accept into the text' }).click()
    await everywhere(all(), id, /^The\[ three\]TAV Guarantor States together shall hold/)
    await council.getByRole('dialog').waitFor({ state: 'detached' })
  })

  test('F5.8 S24 the mediator’s preview of a party is that party’s own view, in JSON and on the screen', async () => {
    const process = witness.view.process.id
    const invited = JSON.parse((await parley(server.folder, 'invite', process, 'council-head', '--json')).out)
    const { token } = await server.redeem(String(invited.invitation).split('#')[1] ?? '')
    const confined = await openWire(server.url, { token })
    wires.push(confined)
    const seen = await witness.look({ type: 'PreviewAs', party: COUNCIL })
    if (seen.type !== 'PreviewAs') throw new Error('no preview')
    expect(canonicalize(unconfirmed(seen.view))).toBe(canonicalize(unconfirmed(confined.view())))
    expect(seen.view.tracks.map(({ level }) => level)).toContain('suggest')
    expect(confined.view().tracks.map(({ level }) => level)).not.toContain('suggest')

    await toTheDesk(mediator)
    await mediator.getByRole('button', { name: 'See the room exactly as Northern Maren Council' }).click()
    const frame = mediator.getByRole('region', { name: 'Text as Northern Maren Council sees it' })
    await frame.getByText('The Guarantor States').first().waitFor()
    const plainly = (words: string) => words.replaceAll(/[^\p{L}\p{N}]+/gu, '')
    const ids = text.structure.articles.flatMap(({ clauses }) => clauses.map(({ id }) => id))
    for (const id of ids)
      expect(plainly(await shownIn(frame.locator(`[data-clause="${id}"]`)))).toBe(plainly(await shown(council, id)))
    await mediator.keyboard.press('Escape')
  })

  test('P2 S7 an open track that is withdrawn leaves the screen within a second, and nothing of it stays on the device', async () => {
    const { id } = clause(TOGETHER)
    await toTheText(mediator)
    await caretAt(mediator, id, 'Until'.length)
    await caretAt(tavira, id, 0)
    await tavira.keyboard.type(`${SECRET} `, { delay: 5 })
    await everywhere([tavira, council], id, new RegExp(SECRET))
    await expect.poll(() => heldBy(council)).toContain(SECRET)
    expect(await remembers(council, SECRET)).toBe(true)
    await toTheDesk(mediator)
    await mediator.getByRole('button', { name: 'Withdraw Plenary text' }).click()
    const from = Date.now()
    await mediator.getByRole('menuitem', { name: 'Hide from Northern Maren Council now' }).click()
    await council.getByText('interim').first().waitFor({ state: 'detached' })
    expect(Date.now() - from).toBeLessThan(CLOSED_WITHIN_MS)
    await council.getByRole('heading', { name: /The mediators closed Plenary text to you/ }).waitFor()
    await mediator
      .getByRole('region', { name: 'Recorded and in force' })
      .getByRole('status')
      .getByText('In force')
      .waitFor()
    const held = await heldBy(council)
    for (const words of [SECRET, 'interim councils', 'To all: the clinic.']) expect(held).not.toContain(words)
    await expect.poll(() => remembers(council, SECRET), { timeout: 10_000, interval: 500 }).toBe(false)
    const head = await wire('council-head')
    expect(await head.open(PLENARY)).toEqual({ refusal: { code: 'no-such-thing' } })
    expect(troubles.flat()).toEqual([])
  })

  test('S30 P2 one person in one browser sees two parties write and one withdrawn, in ten steps from the start page', async () => {
    const fresh = await startServer({ environment: { PARLEY_SAMPLE: 'on' } })
    const { page, context } = await openPage(browser)
    let steps = 0
    const step = async <T>(act: Promise<T>): Promise<T> => {
      steps += 1
      return act
    }
    await step(page.goto(fresh.url))
    const open = async (name: RegExp) => {
      const opened = context.waitForEvent('page')
      await step(page.getByRole('button', { name }).click())
      return opened
    }
    const words = (tab: Page) => tab.locator('[data-clause] p').filter({ hasText: AGREED_END })
    const one = await open(/^Open Ilse Corvane/)
    await step(words(one).click({ position: { x: 1, y: 8 } }))
    await step(one.keyboard.type('Truly, '))
    const other = await open(/^Open Dara Venn/)
    await step(words(other).click({ position: { x: 300, y: 8 } }))
    await step(other.keyboard.type('Gladly, '))
    for (const tab of [one, other])
      for (const own of ['Truly', 'Gladly']) await words(tab).getByText(own).first().waitFor()
    const desk = await open(/^Open Selma Okonjo/)
    await step(desk.getByRole('button', { name: 'Withdraw Plenary text' }).click())
    await step(desk.getByRole('menuitem', { name: 'Hide from Northern Maren Council now' }).click())
    await other.getByRole('heading', { name: /The mediators closed Plenary text to you/ }).waitFor()
    await words(one).getByText('Truly').first().waitFor()
    expect(steps).toBeLessThanOrEqual(10)
    await context.close()
    await fresh.end('SIGTERM')
  })
})
