import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room } from '#client/room/room.ts'
import type { TrackId } from '#shared/ids.ts'
import { ar, refusalsInArabic } from '#shared/words/ar.ts'
import { createSpeech } from '#shared/words/say.ts'
import { Arrivals } from '../support/arrive.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, openPage, SIZES, THEMES } from '../support/browser.ts'
import { everywhere } from '../support/sample-room.ts'
import { cleanUp, SMALL_PROCESS, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'
import { shownOf, wordsOf } from '../support/writing.ts'

/** Two delegations and a mediator who work in Arabic: through the door, in one clause, and at the desk. */

const PLENARY = 'plenary' as TrackId
const { say } = createSpeech('ar', ar, refusalsInArabic)
const CLAUSES = {
  together: 'تسير العبارة كل يوم.',
  caret: 'تضاء المصابيح ليلاً.',
  mixed: 'تنشر البعثة JMM تقريرها شهرياً.',
  latin: 'تحفظ قوارب النجاة.',
}
type Named = keyof typeof CLAUSES
const NORTH = 'الشاطئ الشمالي'
const SOUTH = 'الشاطئ الجنوبي'
const TITLE = 'النص العام'

const TALKS = {
  ...SMALL_PROCESS,
  title: 'محادثات الشاطئين',
  languages: ['ar'],
  parties: [
    { id: 'north', name: NORTH, short: 'شمال', kind: 'delegation' },
    { id: 'south', name: SOUTH, short: 'جنوب', kind: 'delegation' },
    { id: 'team', name: 'فريق الوساطة الإقليمي', short: 'وسط', kind: 'mediation' },
  ],
  seats: [
    { id: 'north-head', party: 'north', role: 'head', name: 'إلسه كورفان' },
    { id: 'south-head', party: 'south', role: 'head', name: 'تامر عسكل' },
    { id: 'mediator', party: 'team', role: 'mediator', name: 'سلمى أوكونجو' },
    { id: 'second-mediator', party: 'team', role: 'mediator', name: 'Arno Teel' },
  ],
  tracks: [
    {
      id: 'plenary',
      title: TITLE,
      kind: 'plenary',
      text: { title: 'اتفاق الشاطئين', articles: [{ title: 'العبارة', clauses: Object.values(CLAUSES) }] },
      access: { north: 'suggest', south: 'suggest', team: 'edit' },
    },
  ],
}

let server: StartedServer
let talks: StartedProcess
let people: Arrivals
let browser: Browser
let witness: Room
let text: OpenText
let north: Page
let south: Page
let mediator: Page
const troubles: string[][] = []

const clauseId = (name: Named): string => {
  const index = Object.keys(CLAUSES).indexOf(name)
  const found = text.structure.articles[0]?.clauses[index]
  if (!found) throw new Error(`no clause ${name}`)
  return found.id
}
const plain = (name: Named): string => text.plain(clauseId(name))
const comesTo = (name: Named, words: string) => expect.poll(() => plain(name), { timeout: 10_000 }).toBe(words)

/** Puts the caret so many letters on from a clause's beginning, which is at its right. */
async function caretAt(page: Page, name: Named, letters: number): Promise<void> {
  await wordsOf(page, clauseId(name)).click()
  await page.keyboard.press('Home')
  for (let i = 0; i < letters; i++) await page.keyboard.press('ArrowLeft')
}
/** Where the caret is drawn, in pixels from the left. */
const caretX = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const range = document.getSelection()?.getRangeAt(0)
    const box = range?.getClientRects()[0] ?? range?.getBoundingClientRect()
    return Math.round(box?.left ?? -1)
  })

async function throughTheDoor(): Promise<Page> {
  const { page, troubles: found } = await openPage(browser, { language: 'ar' })
  troubles.push(found)
  await page.goto(`${server.url}/join#${talks.codes['north-head']}`)
  await page.getByRole('checkbox', { name: say('join.accept') }).check()
  await page.getByText(say('join.line.good')).waitFor()
  return page
}

describe.skipIf(!CHROMIUM)('the room in Arabic', () => {
  beforeAll(async () => {
    server = await startServer()
    talks = await server.newProcess(TALKS)
    browser = await openBrowser()
    people = new Arrivals(server, talks, browser)
    witness = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
    text = await witness.open(PLENARY)
  })
  afterAll(async () => {
    await witness.close()
    await browser.close()
    await cleanUp()
  })

  test('S41 the door speaks what the browser prefers, another language at once when it is chosen, and the seat keeps it', async () => {
    north = await throughTheDoor()
    const root = north.locator('html')
    expect(await root.evaluate(({ lang, dir }: HTMLElement) => [lang, dir])).toEqual(['ar', 'rtl'])
    await north.getByText('Français').click()
    await north.getByRole('button', { name: 'Entrer dans la salle' }).waitFor()
    expect(await root.evaluate(({ lang, dir }: HTMLElement) => [lang, dir])).toEqual(['fr', 'ltr'])
    await north.getByText('العربية', { exact: true }).click()
    for (const size of Object.values(SIZES))
      for (const theme of THEMES) {
        await north.setViewportSize(size)
        await north.emulateMedia({ colorScheme: theme })
        await expectFits(north, `the door, ${size.width}`)
        await expectAccessible(north, `the door, ${size.width}, ${theme}`)
      }
    await north.setViewportSize(SIZES.desktop)
    await north.getByRole('button', { name: say('join.enter') }).click()
    await north.getByText(say('audience.table')).waitFor()

    const device = await north.evaluate(() => localStorage.getItem('parley-settings'))
    expect(JSON.parse(device ?? '{}')).toMatchObject({ language: 'ar' })
    // Another browser of the same seat prefers English, and speaks what the seat has chosen.
    const head = await enterRoom({ url: server.url, token: await tokenOf(north) })
    const { made } = await head.act({ type: 'AddDevice' })
    await head.close()
    const second = await openPage(browser)
    await second.page.goto(`${server.url}/join#${made[0]}`)
    await second.page.getByRole('button', { name: say('join.enter') }).waitFor()
    await second.context.close()
  })

  test('E3 S42 two delegations type in one clause at once: both stand, the brackets open at the right', async () => {
    south = (await people.arrive('south-head', { language: 'ar', at: '#/text/plenary' })).page
    mediator = (await people.arrive('mediator', { language: 'ar', at: '#/text/plenary' })).page
    for (const page of [south, mediator])
      await page
        .getByRole('textbox', { name: new RegExp(`^${say('editor.label', { title: '' }).slice(0, 12)}`) })
        .waitFor()
    await caretAt(north, 'together', 'تسير'.length)
    await caretAt(south, 'together', 'تسير العبارة'.length)
    await Promise.all([north.keyboard.type(' مجاناً', { delay: 15 }), south.keyboard.type(' الجديدة', { delay: 12 })])
    await comesTo('together', 'تسير[ مجاناً - شمال] العبارة[ الجديدة - جنوب] كل يوم.')
    await everywhere(
      [north, south, mediator],
      clauseId('together'),
      /^تسير\[ مجاناً\]شمال العبارة\[ الجديدة\]جنوب كل يوم\.$/,
    )
    const bracket = wordsOf(south, clauseId('together')).locator('ins').first()
    const [open, close] = await bracket.evaluate((it) =>
      ['.br__o [aria-hidden]', '.br__c [aria-hidden]'].map(
        (glyph) => it.querySelector(glyph)?.getBoundingClientRect().left ?? 0,
      ),
    )
    expect(open).toBeGreaterThan(close ?? 0)
    expect(await bracket.innerText()).toContain(say('editor.bracket', { parties: NORTH }))
  })

  test('E7 S42 left goes on and right goes back, Home is at the right; a border has a place on each side', async () => {
    await caretAt(north, 'caret', 'تضاء'.length)
    await north.keyboard.type('قق')
    await comesTo('caret', 'تضاء[قق - شمال] المصابيح ليلاً.')
    await expect.poll(() => shownOf(south, clauseId('caret'))).toContain('[قق]')
    for (const [steps, words] of [
      [4, 'تضاء[ن - جنوب][قق - شمال] المصابيح ليلاً.'],
      [6, 'تضاء[ق[ن - جنوب]ق - شمال] المصابيح ليلاً.'],
      [8, 'تضاء[قق - شمال][ن - جنوب] المصابيح ليلاً.'],
    ] as const) {
      await caretAt(south, 'caret', steps)
      await south.keyboard.type('ن')
      await comesTo('caret', words)
      await south.keyboard.press('Backspace')
      await comesTo('caret', 'تضاء[قق - شمال] المصابيح ليلاً.')
    }
    await south.keyboard.press('Home')
    const atHome = await caretX(south)
    await south.keyboard.press('End')
    expect(await caretX(south)).toBeLessThan(atHome)
    await south.keyboard.press('ArrowRight')
    await south.keyboard.type('خخ')
    await comesTo('caret', 'تضاء[قق - شمال] المصابيح ليلاً[خخ - جنوب].')
  })

  test('E7 S42 in a line that runs both ways the arrows pass over all of it, and a selection strikes what it spans', async () => {
    await caretAt(north, 'mixed', 0)
    const places = [...new Intl.Segmenter('ar').segment(CLAUSES.mixed)].length
    const [home, seen] = [await caretX(north), new Set<number>()]
    let last = home
    for (let i = 0; i < places; i++) {
      await north.keyboard.press('ArrowLeft')
      last = await caretX(north)
      seen.add(last)
    }
    // Chromium passes a Latin word in the order of its letters: each place once, whichever way the word runs.
    expect(seen.size).toBeGreaterThan(places / 2)
    await north.keyboard.press('End')
    expect(Math.abs(last - (await caretX(north)))).toBeLessThanOrEqual(1)
    for (let i = 0; i < places; i++) await north.keyboard.press('ArrowRight')
    expect(Math.abs(home - (await caretX(north)))).toBeLessThanOrEqual(1)
    await caretAt(north, 'mixed', 'تنشر'.length)
    await north.keyboard.press('Shift+End')
    await north.keyboard.press('Delete')
    await comesTo('mixed', 'تنشر[- البعثة JMM تقريرها شهرياً. - شمال]')
  })

  test('E7 S42 Latin words in a bracket of an Arabic clause run from the left, inside it only', async () => {
    await caretAt(south, 'latin', 'تحفظ'.length)
    await south.keyboard.type(' (IMO) boats')
    await comesTo('latin', 'تحفظ[ (IMO) boats - جنوب] قوارب النجاة.')
    const directions = await wordsOf(south, clauseId('latin')).evaluate((words) =>
      [words, words.querySelector('.br__w')].map((one) => one && getComputedStyle(one).direction),
    )
    expect(directions).toEqual(['rtl', 'ltr'])
    for (let i = 0; i < 3; i++) await south.keyboard.press('ArrowLeft')
    await south.keyboard.type('X')
    await comesTo('latin', 'تحفظ[ (IMO) boXats - جنوب] قوارب النجاة.')
  })

  test('S3 P7 the other head agrees, and the mediator accepts the words into the text', async () => {
    const card = await openBracketIn(south, 'مجاناً')
    await card
      .getByRole('button', {
        name: new RegExp(`^${say('bracket.do-agree', { party: SOUTH, audience: '' }).split('،')[0]}`),
      })
      .click()
    await card.getByText(say('bracket.you-agreed', { party: SOUTH })).waitFor()
    const held = await openBracketIn(mediator, 'مجاناً')
    await held.getByRole('button', { name: say('bracket.accept') }).click()
    await comesTo('together', 'تسير مجاناً العبارة[ الجديدة - جنوب] كل يوم.')
    await everywhere([north, south], clauseId('together'), /^تسير مجاناً العبارة/)
    await mediator.keyboard.press('Escape')
    for (const size of Object.values(SIZES))
      for (const theme of THEMES) {
        await south.setViewportSize(size)
        await south.emulateMedia({ colorScheme: theme })
        await expectFits(south, `the room, ${size.width}`)
        await expectAccessible(south, `the room, ${size.width}, ${theme}`)
      }
    await south.setViewportSize(SIZES.desktop)
  })

  test('S22 P2 at the desk the mediator hides the text: it leaves the delegation’s screen, which says so', async () => {
    await mediator.evaluate(() => {
      location.hash = '#/desk'
    })
    await mediator.getByText(say('desk.sees')).waitFor()
    for (const size of Object.values(SIZES))
      for (const theme of THEMES) {
        await mediator.setViewportSize(size)
        await mediator.emulateMedia({ colorScheme: theme })
        await expectFits(mediator, `the desk, ${size.width}`)
        await expectAccessible(mediator, `the desk, ${size.width}, ${theme}`)
      }
    await mediator.setViewportSize(SIZES.desktop)
    await mediator.getByRole('button', { name: say('withdraw.label', { track: TITLE }) }).click()
    await mediator.getByRole('menuitem', { name: say('withdraw.from', { party: SOUTH }) }).click()
    await south.getByText(say('closed.bar')).waitFor()
    expect(await south.getByText('العبارة').count()).toBe(0)
    await mediator.getByText(say('steps.title-force')).first().waitFor()
    expect(troubles.flat()).toEqual([])
  })
})

async function openBracketIn(page: Page, words: string) {
  await wordsOf(page, clauseId('together')).click()
  await page.getByRole('tab', { name: new RegExp(`^${say('clause.tab')}`) }).click()
  await page
    .getByRole('list', { name: say('clause.brackets') })
    .getByRole('button', { name: new RegExp(words) })
    .click()
  const card = page.getByRole('dialog', { name: new RegExp(say('bracket.insert')) })
  await card.waitFor()
  return card
}

async function tokenOf(page: Page): Promise<string> {
  const cookies = await page.context().cookies()
  const found = cookies.find(({ name }) => name.startsWith('parley-'))
  if (!found) throw new Error('no session')
  return found.value
}
