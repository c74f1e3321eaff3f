import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenText } from '#client/room/room.ts'
import type { PartyId } from '#shared/ids.ts'
import { CHROMIUM, expectAccessible, expectFits } from '../support/browser.ts'
import { PHONE, PHONE_WITH_KEYBOARD, screenKeyboard, tapBehind } from '../support/touch.ts'
import { caretAt, composer, openWriting, PLENARY, shownOf, type WritingRoom, wordsOf } from '../support/writing.ts'

const NORTH = 'north' as PartyId
/** One clause for each test. */
const CLAUSES = ['The ferry runs daily.', 'Both shores pay for it.', 'Nobody is turned away.', 'The quay is open.']

let writing: WritingRoom
let text: OpenText
let north: Page
let south: Page
let clauses: string[]

const comesTo = (nth: number, words: string) => writing.comesTo(clauses[nth] ?? '', words)
const clause = (nth: number): string => clauses[nth] ?? ''
const whoSees = (page: Page) => page.getByRole('region', { name: 'Who sees this' })
/** The edges of the bar that says who sees this, and of the dialog in front. */
async function edges(page: Page): Promise<{ bar: number; dialog: number }> {
  const bar = await whoSees(page).boundingBox()
  const dialog = await page.getByRole('dialog').boundingBox()
  return { bar: (bar?.y ?? 0) + (bar?.height ?? Number.NaN), dialog: dialog?.y ?? Number.NaN }
}

describe.skipIf(!CHROMIUM)('a phone in one hand', () => {
  beforeAll(async () => {
    writing = await openWriting(CLAUSES, ['Pumps are kept.'])
    text = writing.text
    clauses = text.structure.articles[0]?.clauses.map(({ id }) => id) ?? []
    north = await writing.arrive('north-head', 'plenary', { size: 'phone', isMobile: true })
    south = await writing.arrive('south-head')
  })
  afterAll(() => writing.close())

  test('E13 a phone composes, corrects and takes a prediction in its own bracket while another types in the same clause', async () => {
    await tapBehind(north, clause(0), 'The ferry')
    const compose = await composer(north)
    await compose(' qu')
    await comesTo(0, 'The ferry[ qu - NOR] runs daily.')
    await caretAt(south, clause(0), 0)
    const others = south.keyboard.type('Indeed, ', { delay: 15 })
    await compose(' quik')
    await compose(' quick')
    await others
    await compose.done(' quick')
    await comesTo(0, '[Indeed,  - SOU]The ferry[ quick - NOR] runs daily.')
    await expect.poll(() => shownOf(north, clause(0))).toBe('[Indeed, ]SOUThe ferry[ quick]NOR runs daily.')
    // The word before the caret is changed for another, by a tap on it in the row of predictions.
    await screenKeyboard(north, clause(0), { inputType: 'insertReplacementText', words: 'swift', over: 'quick' })
    await comesTo(0, '[Indeed,  - SOU]The ferry[ swift - NOR] runs daily.')
    await screenKeyboard(north, clause(0), { inputType: 'insertText', words: 'steam', over: 'swift' })
    await comesTo(0, '[Indeed,  - SOU]The ferry[ steam - NOR] runs daily.')
    // Selected and composed over, as some keyboards correct.
    for (let i = 0; i < 'steam'.length; i++) await north.keyboard.press('Shift+ArrowLeft')
    await compose('stout')
    await south.keyboard.type('so ', { delay: 15 })
    await compose.done('stout')
    await comesTo(0, '[Indeed, so  - SOU]The ferry[ stout - NOR] runs daily.')
    await compose.done(' boat')
    await comesTo(0, '[Indeed, so  - SOU]The ferry[ stout boat - NOR] runs daily.')
    await expect.poll(() => shownOf(south, clause(0))).toBe('[Indeed, so ]SOUThe ferry[ stout boat]NOR runs daily.')
  })

  test('E13 what a keyboard takes back by word, line or stretch is deleted in one’s own words and struck in the agreed ones', async () => {
    await tapBehind(north, clause(1), 'Both shores')
    await north.keyboard.insertText(' gladly and often')
    await comesTo(1, 'Both shores[ gladly and often - NOR] pay for it.')
    await screenKeyboard(north, clause(1), { inputType: 'deleteWordBackward', over: ' often' })
    await comesTo(1, 'Both shores[ gladly and - NOR] pay for it.')
    // Without saying that it is a word: the stretch tells.
    await screenKeyboard(north, clause(1), { inputType: 'deleteContentBackward', over: ' and' })
    await comesTo(1, 'Both shores[ gladly - NOR] pay for it.')
    await screenKeyboard(north, clause(1), { inputType: 'deleteContentBackward' })
    await comesTo(1, 'Both shores[ gladl - NOR] pay for it.')
    await screenKeyboard(north, clause(1), { inputType: 'deleteSoftLineBackward', over: ' gladl' })
    await comesTo(1, 'Both shores pay for it.')
    await tapBehind(north, clause(1), 'pay for')
    await screenKeyboard(north, clause(1), { inputType: 'deleteWordBackward', over: 'for' })
    await comesTo(1, 'Both shores pay [-for - NOR] it.')
    await screenKeyboard(north, clause(1), { inputType: 'historyUndo' })
    await comesTo(1, 'Both shores pay for it.')
    // A paragraph means nothing in a clause, by whatever keyboard.
    await screenKeyboard(north, clause(1), { inputType: 'insertParagraph' })
    expect(text.plain(clause(1))).toBe('Both shores pay for it.')
  })

  test('S9 S2 with the keyboard open who sees this is its sentence and stays; the text keeps the caret in sight', async () => {
    await tapBehind(north, clause(2), 'Nobody')
    await north.setViewportSize(PHONE_WITH_KEYBOARD)
    await whoSees(north).getByText('Everyone at the table sees this text').waitFor()
    expect(await whoSees(north).getByRole('listitem').first().isVisible()).toBe(false)
    await north.keyboard.insertText(' at all')
    await comesTo(2, 'Nobody[ at all - NOR] is turned away.')
    const box = await wordsOf(north, clause(2)).boundingBox()
    const bar = await whoSees(north).boundingBox()
    expect(box?.y).toBeGreaterThan((bar?.y ?? 0) + (bar?.height ?? Number.NaN) - (box?.height ?? 0))
    expect(box?.y).toBeLessThan(PHONE_WITH_KEYBOARD.height)
    await north.setViewportSize(PHONE)
    await whoSees(north).getByRole('listitem').first().waitFor()
  })

  test('S9 S2 what a phone opens leaves who sees this in sight, and reads at the thumb', async () => {
    await north.getByRole('button', { name: /Your menu/ }).tap()
    let at = await edges(north)
    expect(at.dialog).toBeGreaterThanOrEqual(at.bar)
    await expectAccessible(north, 'my menu on a phone')
    await north.getByRole('dialog').getByText('150 %', { exact: true }).tap()
    await north.getByRole('dialog').getByRole('button', { name: 'Close' }).tap()
    await expectFits(north, 'a phone with large letters')
    await expectAccessible(north, 'a phone with large letters')
    await north.getByRole('button', { name: /Your menu/ }).tap()
    await north.getByRole('dialog').getByText('100 %', { exact: true }).tap()
    await north.getByRole('dialog').getByRole('button', { name: 'Close' }).tap()
    await wordsOf(north, clause(2)).locator('.by').first().tap()
    await north.getByRole('dialog', { name: /racket/ }).waitFor()
    at = await edges(north)
    expect(at.dialog).toBeGreaterThanOrEqual(at.bar)
    await north.getByRole('dialog').getByRole('button', { name: 'Close' }).tap()
    const small = await north
      .locator('nav, header, main')
      .getByRole('button')
      .evaluateAll((buttons) =>
        buttons
          .map((button) => ({ name: button.textContent?.trim(), box: button.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && box.height < 44)
          .map(({ name, box }) => `${name}: ${Math.round(box.height)}`),
      )
    expect(small).toEqual([])
  })

  test('S9 E13 two parties meet on one clause, one of them on a phone by touch alone: words, bracket, agreement, comment, withdrawal', async () => {
    await tapBehind(north, clause(3), 'The quay')
    await north.keyboard.insertText(' of stone')
    await caretAt(south, clause(3), 'The quay[ of stone] is open'.length)
    await south.keyboard.type(' by day', { delay: 5 })
    await comesTo(3, 'The quay[ of stone - NOR] is open[ by day - SOU].')
    await north.getByRole('button', { name: /^Clause 1\.4/ }).tap()
    await north
      .getByRole('list', { name: 'Brackets in this clause' })
      .getByRole('button', { name: /by day/ })
      .tap()
    const card = north.getByRole('dialog', { name: 'Bracket, words put in' })
    await card.getByRole('button', { name: 'Agree for North Shore, to the table' }).tap()
    await card.getByText('North Shore has agreed to these words.').waitFor()
    await card.getByRole('button', { name: 'Close' }).tap()
    await north.getByRole('button', { name: 'Text', exact: true }).tap()
    await north.getByRole('button', { name: 'Comment', exact: true }).tap()
    const write = north.getByRole('textbox', { name: 'Write a comment on 1.4' })
    await write.tap()
    await north.keyboard.insertText('Ours: stone, or wood.')
    await north.getByRole('button', { name: 'Comment to our delegation' }).tap()
    await north.getByText('Ours: stone, or wood.').waitFor()
    await north.getByRole('button', { name: 'Text', exact: true }).tap()
    await writing.mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: NORTH, level: 'hidden' }] })
    await north.getByRole('heading', { name: /The mediators closed Plenary text to you/ }).waitFor()
    expect(await north.getByText('The quay').count()).toBe(0)
    await expectAccessible(north, 'a track that closed, on a phone')
  })

  test('E11 no page reported an error', () => {
    expect(writing.troubles.flat()).toEqual([])
  })
})
