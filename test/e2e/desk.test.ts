import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import type { ClauseId, PartyId, TrackId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { Arrivals, type Arrived, DESK_PROCESS } from '../support/arrive.ts'
import { CHROMIUM, CLOSED_WITHIN_MS, expectAccessible, openBrowser } from '../support/browser.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'

const FERRY = 'The ferry runs every day.'
const WELLS = 'Every well is counted.'

let server: StartedServer
let browser: Browser
let people: Arrivals
let other: Room

const cell = (page: Page, party: string, track: string) =>
  page.getByRole('grid').getByRole('button', { name: new RegExp(`^${party} on ${track}`) })
const popover = (page: Page) => page.getByRole('dialog', { name: / on / })
const consequences = (page: Page) => page.getByRole('complementary')
const levelOf = (track: string, party: string): Level =>
  other.view.desk?.matrix.find(({ id }) => id === track)?.cells.find(({ id }) => id === `party:${party}`)?.level ??
  'hidden'

/** The desk as a mediator has it open. */
async function deskOf(): Promise<Arrived> {
  const arrived = await people.arrive('mediator')
  await arrived.page.getByText('Only the mediation team sees this desk').waitFor()
  return arrived
}

/** Sets the cells as the process file has them, so that each test begins from there. */
async function setBack(): Promise<void> {
  const wanted: [string, string, Level][] = [
    ['plenary', 'north', 'suggest'],
    ['plenary', 'south', 'suggest'],
    ['plenary', 'forum', 'hidden'],
    ['plenary', 'witness', 'hidden'],
    ['water', 'forum', 'comment'],
    ['water', 'witness', 'hidden'],
  ]
  const changes = wanted
    .filter(([track, party, level]) => levelOf(track, party) !== level)
    .map(([track, party, level]) => ({ track: track as TrackId, party: party as PartyId, level }))
  if (changes.length > 0) await other.act({ type: 'SetAccess', changes })
}

describe.skipIf(!CHROMIUM)('the desk', () => {
  beforeAll(async () => {
    server = await startServer()
    const talks = await server.newProcess(DESK_PROCESS)
    browser = await openBrowser()
    people = new Arrivals(server, talks, browser)
    other = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
  })
  beforeEach(setBack)
  afterAll(async () => {
    await other.close()
    await browser.close()
    await cleanUp()
  })

  test('S20 mediators arrive at the desk: every cell of the tracks they set, and no caucus', async () => {
    const { page, context, troubles } = await deskOf()
    const columns = await page.getByRole('grid').getByRole('columnheader').allInnerTexts()
    expect(columns.map((words) => words.trim())).toEqual([
      'Track',
      'North Shore',
      'South Shore',
      'Shores Forum',
      'Witness State',
      'Withdraw',
    ])
    const tracks = await page.getByRole('grid').getByRole('rowheader').allInnerTexts()
    expect(tracks.map((words) => words.split('\n')[0])).toEqual([
      'Plenary text',
      'Water group',
      'Channel with the North',
      'Caucuses',
    ])
    await page.getByText('The mediation team cannot open it or see who is in it.').waitFor()
    // A proximity channel is hidden from the others for good: there is nothing to press.
    await cell(page, 'North Shore', 'Channel with the North').waitFor()
    expect(await cell(page, 'South Shore', 'Channel with the North').count()).toBe(0)
    expect(troubles).toEqual([])
    await context.close()

    const delegate = await people.arrive('north-adviser', { at: '#/desk' })
    await delegate.page.getByText(FERRY).waitFor()
    expect(await delegate.page.getByRole('grid').count()).toBe(0)
    await delegate.context.close()
  })

  test('S21 opening a track asks first: how many people, what they will see, who is told', async () => {
    const { page, context } = await deskOf()
    await cell(page, 'Shores Forum', 'Plenary text').click()
    const asked = popover(page)
    expect(await asked.getByRole('radio', { name: 'Hidden' }).evaluate((it) => it === document.activeElement)).toBe(
      true,
    )
    await asked.getByRole('radio', { name: 'Read' }).check()
    await asked.getByText(/^2 people of Shores Forum will be able to read the 3 clauses as they stand/).waitFor()
    await asked.getByText(/North Shore, South Shore and Mediation Team are told first/).waitFor()
    await expectAccessible(page, 'a cell that is asked about')
    await page.keyboard.press('Escape')
    await asked.waitFor({ state: 'detached' })
    expect(levelOf('plenary', 'forum')).toBe('hidden')

    const reader = await people.arrive('forum-adviser')
    expect(await reader.page.getByText(FERRY).count()).toBe(0)
    await cell(page, 'Shores Forum', 'Plenary text').click()
    await asked.getByRole('radio', { name: 'Read' }).check()
    await asked.getByRole('button', { name: 'Let Shores Forum read' }).click()
    await cell(page, 'Shores Forum', 'Plenary text: Read').waitFor()
    await reader.page
      .getByRole('navigation', { name: 'Tracks' })
      .getByRole('link', { name: /Plenary text/ })
      .click()
    await reader.page.getByText(FERRY).waitFor()
    await page.getByText('You let Shores Forum read Plenary text.').waitFor()
    await Promise.all([context.close(), reader.context.close()])
  })

  test('S21 one person of a party can be let in alone, and is counted as one', async () => {
    const { page, context } = await deskOf()
    await cell(page, 'Shores Forum', 'Plenary text').click()
    const asked = popover(page)
    await asked.getByRole('combobox', { name: 'For' }).selectOption({ label: 'Ida Forum' })
    await asked.getByRole('radio', { name: 'Comment' }).check()
    await asked.getByText(/^Ida Forum will be able to read/).waitFor()
    await asked.getByRole('button', { name: 'Let Ida Forum comment' }).click()
    await cell(page, 'Shores Forum', 'Plenary text').getByText('1 person otherwise').waitFor()
    expect(levelOf('plenary', 'forum')).toBe('hidden')
    await context.close()
    const seat = DESK_PROCESS.seats.find(({ name }) => name === 'Ida Forum')?.id ?? ''
    await other.act({
      type: 'SetAccess',
      changes: [{ track: 'plenary' as TrackId, seat: seat as never, level: 'hidden' }],
    })
  })

  test('S22 P2 hiding takes effect at once on an open page, is shown recorded and in force, and can be undone', async () => {
    const { page, context } = await deskOf()
    const delegate = await people.arrive('south-head')
    await delegate.page.getByText(FERRY).waitFor()
    await cell(page, 'South Shore', 'Plenary text').getByText('1 here').waitFor()

    await page.getByRole('button', { name: 'Withdraw Plenary text' }).click()
    const from = Date.now()
    await page.getByRole('menuitem', { name: 'Hide from South Shore now' }).click()
    await delegate.page.getByText(FERRY).waitFor({ state: 'detached' })
    expect(Date.now() - from).toBeLessThan(CLOSED_WITHIN_MS)

    const steps = page.getByRole('region', { name: 'Recorded and in force' })
    await steps.getByRole('status').getByText('In force').waitFor()
    const line = steps.getByRole('row', { name: /South Shore/ })
    expect(await line.getByText(/^\d\d:\d\d$/).count()).toBe(2)
    await line.getByText('Plenary text closed').waitFor()
    await expectAccessible(page, 'a withdrawal in force')

    await page.getByText('Undo opens a new sight of the text as it stands now.').waitFor()
    await page
      .getByRole('button', { name: /^Undo \d+ s$|^Undo$/ })
      .first()
      .click()
    await cell(page, 'South Shore', 'Plenary text: Suggest').waitFor()
    await delegate.page
      .getByRole('navigation', { name: 'Tracks' })
      .getByRole('link', { name: /Plenary text/ })
      .click()
    await delegate.page.getByText(FERRY).waitFor()
    await Promise.all([context.close(), delegate.context.close()])
  })

  test('S22 the log takes a decision back too: what opens again is prepared and looked at first', async () => {
    await other.act({
      type: 'SetAccess',
      changes: [{ track: 'water' as TrackId, party: 'forum' as PartyId, level: 'hidden' }],
    })
    const { page, context } = await deskOf()
    const line = page.getByRole('listitem').filter({ hasText: 'Gus Team hid Water group from Shores Forum.' }).first()
    await line.getByRole('button', { name: /^Undo/ }).click()
    await page.getByText('1 change prepared').first().waitFor()
    expect(levelOf('water', 'forum')).toBe('hidden')
    await consequences(page).getByRole('button', { name: 'Release to Shores Forum' }).click()
    await cell(page, 'Shores Forum', 'Water group: Comment').waitFor()
    await context.close()
  })

  test('S23 changes are prepared without effect, told for each party, and released as one', async () => {
    const { page, context } = await deskOf()
    const forum = await people.arrive('forum-moderator')
    await forum.page.getByText(WELLS).waitFor()
    const prepare = async (party: string, track: string, level: string) => {
      await cell(page, party, track).click()
      await popover(page).getByRole('radio', { name: level }).check()
      await popover(page).getByRole('button', { name: 'Prepare with others' }).click()
    }
    await prepare('Shores Forum', 'Plenary text', 'Read')
    await prepare('Shores Forum', 'Water group', 'Hidden')
    await prepare('Witness State', 'Water group', 'Read')
    await page.getByText('3 changes prepared').first().waitFor()
    await cell(page, 'Shores Forum', 'Plenary text: change 1, Read instead of Hidden').waitFor()
    await cell(page, 'Witness State', 'Water group: change 3, Read instead of Hidden').waitFor()
    expect([levelOf('plenary', 'forum'), levelOf('water', 'forum')]).toEqual(['hidden', 'comment'])
    await forum.page.getByText(WELLS).waitFor()

    const noticed = (party: string) => consequences(page).getByRole('region', { name: party })
    await noticed('Shores Forum').getByText('Plenary text, 3 clauses as they stand.').waitFor()
    await noticed('Shores Forum').getByText('Water group.').waitFor()
    await noticed('Shores Forum').getByText('What 2 people read cannot be unread.').waitFor()
    await noticed('Witness State').getByText('Water group, 1 clause as it stands.').waitFor()
    await noticed('North Shore, South Shore')
      .getByText(/See nothing new and keep what they see/)
      .waitFor()
    await expectAccessible(page, 'a batch prepared')

    const decisions = other.view.desk?.changes.length ?? 0
    await consequences(page).getByRole('button', { name: 'Release to Shores Forum and Witness State' }).click()
    await page.getByRole('heading', { name: /^Released at/ }).waitFor()
    await forum.page.getByText(WELLS).waitFor({ state: 'detached' })
    await page.getByText('3 changes in force').waitFor()
    expect(other.view.desk?.changes.length).toBe(decisions + 1)
    expect(other.view.desk?.changes.at(-1)?.changes).toHaveLength(3)
    await forum.page
      .getByRole('navigation', { name: 'Tracks' })
      .getByRole('link', { name: /Plenary text/ })
      .click()
    await forum.page.getByText(FERRY).waitFor()
    await expectAccessible(page, 'a batch released')
    await Promise.all([context.close(), forum.context.close()])
  })

  test('S23 Esc in what is prepared keeps all as it is, and one press drops all', async () => {
    const { page, context } = await deskOf()
    await cell(page, 'Witness State', 'Plenary text').click()
    await page.keyboard.press('1')
    await popover(page).getByRole('button', { name: 'Prepare with others' }).click()
    await page.getByRole('button', { name: 'Review and release' }).click()
    const heading = page.getByRole('heading', { name: 'What each party will notice' })
    expect(await heading.evaluate((it) => it === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await cell(page, 'Witness State', 'Plenary text: change 1').waitFor()
    await page.getByRole('button', { name: 'Drop all' }).click()
    await cell(page, 'Witness State', 'Plenary text: Hidden').waitFor()
    expect(levelOf('plenary', 'witness')).toBe('hidden')
    await context.close()
  })

  test('S24 preview shows what the party itself has: tracks, audience, words, states, who is there, comments; read only', async () => {
    const head = await enterRoom({ url: server.url, token: await people.token('north-head') })
    const text = await head.open('plenary')
    const leaf = text.structure.articles[0]?.clauses[1]?.leaf ?? ''
    await text.insert({ leaf, index: 4 }, 'fairly ')
    await text.saved()
    const bracketed = text.structure.articles[0]?.clauses[1]?.id ?? ('' as ClauseId)
    const track = 'plenary' as TrackId
    await head.act({ type: 'Comment', track, clause: bracketed, words: 'Fair to whom?', audience: 'track' })
    await head.act({ type: 'Comment', track, clause: bracketed, words: 'Among us only.', audience: 'party' })
    text.here({ clause: bracketed })

    const { page, context } = await deskOf()
    await cell(page, 'North Shore', 'Plenary text: Suggest 1 here').waitFor()
    // Whoever sits at the desk is in no text for that; whose line was lost before is in it for ten seconds.
    await expect
      .poll(() => head.presence('plenary').map(({ seat }) => seat), { timeout: 15_000 })
      .toEqual([head.me.seat])
    await page.getByRole('button', { name: 'See the room exactly as South Shore' }).click()
    const frame = page.getByRole('main', { name: 'Seeing the room as South Shore' })
    const shown = frame.getByRole('region', { name: 'Text as South Shore sees it' })
    await shown.getByText(FERRY).waitFor()

    const south = await enterRoom({ url: server.url, token: await people.token('south-head') })
    const own = await south.open('plenary')
    const wanted = own.structure.articles.flatMap(({ clauses }) => clauses.map(({ id }) => own.plain(id)))
    const clauses = await shown.locator('[data-clause]').allInnerTexts()
    expect(clauses.map(plainly)).toEqual(wanted.map(plainly))
    expect(wanted.join()).toContain('[fairly  - NOR]')
    const tracks = await frame.getByRole('navigation', { name: 'Tracks' }).getByRole('link').allInnerTexts()
    const shared = south.view.tracks.filter(({ kind }) => kind !== 'caucus').map(({ title }) => title)
    expect(tracks.map((words) => words.split('\n')[0]).sort()).toEqual(shared.sort())
    const signs = await shown.locator('.st').allInnerTexts()
    const states = own.structure.articles.flatMap(({ clauses: all }) => all.map(({ state }) => state))
    expect(signs).toEqual(states.map((state) => (state === 'bracketed' ? 'In brackets' : 'Open')))
    expect(states).toContain('bracketed')
    await shown.getByText(/^\S\. \S+ is here$/).waitFor()
    await frame.getByText('Fair to whom?').waitFor()
    expect(await page.getByText('Among us only.').count()).toBe(0)
    expect(await frame.getByRole('textbox').count()).toBe(0)
    await expectAccessible(page, 'a preview')
    text.here(null)
    await shown.getByText(/is here$/).waitFor({ state: 'detached' })

    await page.keyboard.press('Alt+p')
    await page.getByRole('main', { name: 'Seeing the room as Shores Forum' }).waitFor()
    await page.getByText('On water').waitFor()
    expect(await page.getByText(FERRY).count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.getByRole('grid').waitFor()
    await Promise.all([context.close(), head.close(), south.close()])
  })

  test('S24 a preview under prepared changes shows the room as it would be, and says that it is not', async () => {
    const { page, context } = await deskOf()
    await cell(page, 'Witness State', 'Plenary text').click()
    await page.keyboard.press('1')
    await popover(page).getByRole('button', { name: 'Prepare with others' }).click()
    await page.getByRole('button', { name: 'See it as it would be, as Witness State' }).click()
    const frame = page.getByRole('main', { name: 'Seeing the room as Witness State' })
    await frame.getByText('With your prepared changes, which are not released.').waitFor()
    await frame.getByText(FERRY).waitFor()
    expect(levelOf('plenary', 'witness')).toBe('hidden')
    await context.close()
  })

  test('S25 the desk works by keyboard: arrows, a figure for the level, Enter for what the button says', async () => {
    const { page, context } = await deskOf()
    await cell(page, 'North Shore', 'Plenary text').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      )
    expect(await focused()).toMatch(/^\s*Shores Forum on Water group:\s*Comment/)
    await page.keyboard.press('Home')
    expect(await focused()).toMatch(/^\s*North Shore on Water group/)
    await page.keyboard.press('End')
    expect(await focused()).toBe('Withdraw Water group')
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toBe('Change Water group')
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toMatch(/^\s*Witness State on Water group:\s*Hidden/)
    await page.keyboard.press('1')
    await popover(page).getByRole('button', { name: 'Let Witness State read' }).waitFor()
    await page.keyboard.press('Enter')
    await cell(page, 'Witness State', 'Water group: Read').waitFor()
    expect(await focused()).toMatch(/^\s*Witness State on Water group/)
    await page.keyboard.press('0')
    await page.keyboard.press('Enter')
    await cell(page, 'Witness State', 'Water group: Hidden').waitFor()
    await context.close()
  })

  test('S29 a notice names whom it tells, and reaches nobody else', async () => {
    const { page, context } = await deskOf()
    await page.getByRole('button', { name: 'Give a notice' }).click()
    const dialog = page.getByRole('dialog', { name: 'Give a notice' })
    expect(await dialog.getByRole('button', { name: 'Choose who is told' }).isDisabled()).toBe(true)
    await dialog.getByRole('checkbox', { name: 'South Shore' }).check()
    await dialog.getByRole('textbox', { name: 'What you tell' }).fill('We meet at nine.')
    await expectAccessible(page, 'a notice')
    await dialog.getByRole('button', { name: 'Tell South Shore' }).click()
    await page.getByText('We meet at nine.').waitFor()
    const south = await enterRoom({ url: server.url, token: await people.token('south-head') })
    const north = await enterRoom({ url: server.url, token: await people.token('north-head') })
    expect(south.view.notices.map(({ words }) => words)).toContain('We meet at nine.')
    expect(north.view.notices).toEqual([])
    const reader = await people.arrive('south-adviser')
    await reader.page
      .getByRole('region', { name: 'Notices from the mediators' })
      .getByText('We meet at nine.')
      .waitFor()
    await expectAccessible(reader.page, 'a notice that was given')
    await reader.context.close()
    await Promise.all([context.close(), south.close(), north.close()])
  })

  test('S20 a track is opened to those whom the button names', async () => {
    const { page, context } = await deskOf()
    await page.getByRole('button', { name: 'Open a track' }).click()
    const dialog = page.getByRole('dialog', { name: 'Open a track' })
    await dialog.getByRole('textbox', { name: 'Title' }).fill('Security group')
    await dialog.getByRole('combobox', { name: 'North Shore' }).selectOption('suggest')
    await expectAccessible(page, 'a track to be opened')
    await dialog.getByRole('button', { name: 'Open it to North Shore' }).click()
    await cell(page, 'North Shore', 'Security group: Suggest').waitFor()
    await cell(page, 'South Shore', 'Security group: Hidden').waitFor()
    await context.close()
  })
})

/** Letters and digits in order: brackets are written with signs in one place and drawn in the other. */
function plainly(words: string): string {
  return words.replaceAll(/[^\p{L}\p{N}]+/gu, '')
}
