import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenText, Room, StructureClause } from '#client/room/room.ts'
import type { PartyId } from '#shared/ids.ts'
import { CHROMIUM, expectAccessible, THEMES } from '../support/browser.ts'
import { caretAt, openWriting, PLENARY, shownOf, type WritingRoom, wordsOf } from '../support/writing.ts'

/** One clause for each test, so that none meets what another wrote. */
const CLAUSES = {
  together: 'The ferry runs every day.',
  caret: 'Both shores pay for it.',
  same: 'Nobody is turned away.',
  pasted: 'The quay is open.',
  undone: 'The captain decides on storms.',
  struck: 'Fares are paid beforehand in cash.',
  borders: 'Lamps burn at night.',
  locked: 'Lifeboats are kept ready.',
  formats: 'Signals are given by horn.',
  rtl: 'تسير العبارة كل يوم.',
  opened: 'Bells ring at noon.',
  divided: 'Ropes are checked, anchors are weighed.',
  renewed: 'Maps are drawn anew.',
}
type Named = keyof typeof CLAUSES

let writing: WritingRoom
let mediator: Room
let text: OpenText
let north: Page
let south: Page

/** The clauses as they stood at first, by name: one that was split keeps its id. */
const ids = new Map<Named, string>()
const clauseNamed = (name: Named): StructureClause => {
  const clause = text.structure.articles[0]?.clauses.find(({ id }) => id === ids.get(name))
  if (!clause) throw new Error(`there is no clause ${name}`)
  return clause
}
/** What everyone reads in the clause, as a third client has it. */
const read = (name: Named): string => text.plain(clauseNamed(name).id)
const wordsIn = (page: Page, name: Named) => wordsOf(page, clauseNamed(name).id)
const shownIn = (page: Page, name: Named) => shownOf(page, clauseNamed(name).id)

const comesTo = (name: Named, words: string) => writing.comesTo(clauseNamed(name).id, words)
const at = (page: Page, name: Named, letters: number) => caretAt(page, clauseNamed(name).id, letters)

const paste = (into: Locator, words: string) =>
  into.evaluate((target, plain) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', plain)
    clipboardData.setData('text/html', '<p> by day</p><img src="x" onerror="document.title = 1">')
    target.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, words)
const arrive = (seat: string, track?: string) => writing.arrive(seat, track)

describe.skipIf(!CHROMIUM)('writing in a text', () => {
  beforeAll(async () => {
    writing = await openWriting(Object.values(CLAUSES), ['Wells are counted.', 'Pumps are kept.'])
    mediator = writing.mediator
    text = writing.text
    const first = text.structure.articles[0]?.clauses ?? []
    for (const [i, name] of (Object.keys(CLAUSES) as Named[]).entries()) ids.set(name, first[i]?.id ?? '')
    north = await arrive('north-head')
    south = await arrive('south-head')
  })
  afterAll(() => writing.close())

  test('E3 two people type in one clause at the same time: both stand, in brackets, under their names, and the agreed words stay', async () => {
    await at(north, 'together', 'The'.length)
    await at(south, 'together', 'The ferry runs'.length)
    await Promise.all([
      north.keyboard.type(' northern', { delay: 15 }),
      south.keyboard.type(' without halt', { delay: 12 }),
    ])
    await comesTo('together', 'The[ northern - NOR] ferry runs[ without halt - SOU] every day.')
    for (const page of [north, south])
      await expect
        .poll(() => shownIn(page, 'together'))
        .toBe('The[ northern]NOR ferry runs[ without halt]SOU every day.')
    const label = await wordsIn(south, 'together').locator('ins').first().innerText()
    expect(label).toContain('bracket, North Shore:')
    await wordsIn(south, 'together').locator('.other').waitFor({ state: 'attached' })
    await south.getByRole('group', { name: /^Clause 1\.1, In brackets\. Here: Ada North/ }).waitFor()
  })

  test('E3 a caret stays with its words while somebody types left of it', async () => {
    await at(north, 'caret', 'Both shores pay'.length)
    await at(south, 'caret', 0)
    await south.keyboard.type('From today ', { delay: 5 })
    await comesTo('caret', '[From today  - SOU]Both shores pay for it.')
    await expect.poll(() => shownIn(north, 'caret')).toBe('[From today ]SOUBoth shores pay for it.')
    await north.keyboard.type(' alike')
    await comesTo('caret', '[From today  - SOU]Both shores pay[ alike - NOR] for it.')
    const caret = wordsIn(south, 'caret').locator('.other')
    await caret.waitFor({ state: 'attached' })
    for (let i = 0; i < 'alike'.length; i++) await north.keyboard.press('Shift+ArrowLeft')
    await expect.poll(() => wordsIn(south, 'caret').locator('.others').allInnerTexts()).toEqual(['alike'])
    const line = () => caret.evaluate((element) => getComputedStyle(element).borderInlineStartColor)
    expect(await line()).not.toBe('rgba(0, 0, 0, 0)')
    await expect.poll(line, { timeout: 5000 }).toBe('rgba(0, 0, 0, 0)')
    expect(await caret.locator('.sh').isVisible()).toBe(true)
  })

  test('E7 a click at the edge of a clause that begins with another’s bracket puts the caret there; one on the bracket opens its card, and one goes on writing', async () => {
    const before = '[From today  - SOU]Both shores pay[ alike - NOR] for it.'
    await comesTo('caret', before)
    const edge = await wordsIn(north, 'caret').locator('.br__o').first().boundingBox()
    if (!edge) throw new Error('the bracket shows')
    await north.mouse.click(edge.x + 1, edge.y + edge.height / 2)
    await north.keyboard.type('x')
    await comesTo('caret', `[x - NOR]${before}`)
    expect(await north.getByRole('dialog').count()).toBe(0)
    await north.keyboard.press('Backspace')
    await comesTo('caret', before)
    await wordsIn(north, 'caret').locator('ins', { hasText: 'From today' }).locator('.br__c .by').click()
    await north.getByRole('dialog').waitFor()
    await north.keyboard.type('y')
    await comesTo('caret', before.replace(' - SOU]', ' - SOU][y - NOR]'))
    await north.keyboard.press('Escape')
    await north.getByRole('dialog').waitFor({ state: 'hidden' })
    await north.keyboard.press('Backspace')
    await comesTo('caret', before)
  })

  test('E3 two people type at one place of the same words: letters do not mix', async () => {
    const group = await mediator.open('group')
    const clause = group.structure.articles[0]?.clauses[0]
    if (!clause) throw new Error('the draft has a clause')
    const pages = await Promise.all([arrive('north-alternate', 'group'), arrive('south-adviser', 'group')])
    for (const page of pages) await caretAt(page, clause.id, 'Wells'.length)
    await Promise.all(pages.map((page, i) => page.keyboard.type(i === 0 ? ' aaaaaaaa' : ' bbbbbbbb', { delay: 20 })))
    const both = /^Wells(?: aaaaaaaa bbbbbbbb| bbbbbbbb aaaaaaaa) are counted\.$/
    await expect.poll(() => group.plain(clause.id)).toMatch(both)
    group.close()
    for (const page of pages) await page.context().close()
  })

  test('E5 what is pasted becomes words of one paragraph, whatever it was', async () => {
    await at(north, 'pasted', 'The quay is open'.length)
    await paste(wordsIn(north, 'pasted'), ' by day\n\n and\r\nby\tnight')
    await comesTo('pasted', 'The quay is open[ by day and by night - NOR].')
  })

  test('E5 who may add clauses makes clauses of pasted paragraphs, or keeps them in one', async () => {
    const group = await mediator.open('group')
    const shown = () => group.structure.articles[0]?.clauses.map(({ id }) => group.plain(id)) ?? []
    const clause = group.structure.articles[0]?.clauses[1]?.id ?? ''
    const page = await arrive('north-alternate', 'group')
    await caretAt(page, clause, 'Pumps are kept.'.length)
    await paste(wordsOf(page, clause), ' One.\n\nTwo.\r\nThree.\n')
    await expect.poll(() => shown().slice(1)).toEqual(['Pumps are kept.One. Two. Three.'])
    await page.getByRole('button', { name: 'Make 3 clauses' }).click()
    await expect.poll(() => shown().slice(1)).toEqual(['Pumps are kept.One.', 'Two.', 'Three.'])
    expect(await page.getByRole('button', { name: 'Make 3 clauses' }).count()).toBe(0)
    group.close()
    await page.context().close()
  })

  test('E6 undo takes back one’s own words only, redo brings them again', async () => {
    await at(north, 'undone', 'The captain'.length)
    await north.keyboard.type(' alone')
    await comesTo('undone', 'The captain[ alone - NOR] decides on storms.')
    await at(south, 'undone', 'The'.length)
    await south.keyboard.type(' old')
    await comesTo('undone', 'The[ old - SOU] captain[ alone - NOR] decides on storms.')
    await north.keyboard.press('Control+z')
    await comesTo('undone', 'The[ old - SOU] captain decides on storms.')
    await north.keyboard.press('Control+Shift+z')
    await comesTo('undone', 'The[ old - SOU] captain[ alone - NOR] decides on storms.')
  })

  test('E2 deleting agreed words strikes them, going on strikes more, typing puts words behind, deleting one’s own words takes them away', async () => {
    await at(south, 'struck', 'Fares are paid beforehand'.length)
    for (let i = 0; i < 'beforehand'.length; i++) await south.keyboard.press('Backspace')
    await comesTo('struck', 'Fares are paid [-beforehand - SOU] in cash.')
    await south.keyboard.type('later')
    await comesTo('struck', 'Fares are paid [-beforehand - SOU][later - SOU] in cash.')
    // The other's caret may stand in the middle of them.
    await expect
      .poll(async () => (await wordsIn(north, 'struck').locator('del').allInnerTexts()).join(''))
      .toBe('beforehand')
    // Own words grow where the caret touches them.
    await south.keyboard.press('ArrowRight')
    await south.keyboard.type(' on')
    await comesTo('struck', 'Fares are paid [-beforehand - SOU][later on - SOU] in cash.')
    for (let i = 0; i < 'later on'.length; i++) await south.keyboard.press('Backspace')
    await comesTo('struck', 'Fares are paid [-beforehand - SOU] in cash.')
    await expect.poll(() => clauseNamed('struck').brackets.length).toBe(1)
  })

  test('E7 the caret stops on both sides of each border, and words go where it stands', async () => {
    await at(north, 'borders', 'Lamps'.length)
    await north.keyboard.type('XY')
    await comesTo('borders', 'Lamps[XY - NOR] burn at night.')
    await expect.poll(() => shownIn(south, 'borders')).toContain('[XY]')
    const steps = [
      '[1 - SOU][XY - NOR]',
      '[[1 - SOU]XY - NOR]',
      '[X[1 - SOU]Y - NOR]',
      '[XY[1 - SOU] - NOR]',
      '[XY - NOR][1 - SOU]',
    ]
    for (const [i, shown] of steps.entries()) {
      await at(south, 'borders', 'Lamps'.length + i)
      await south.keyboard.type('1')
      await comesTo('borders', `Lamps${shown} burn at night.`)
      await south.keyboard.press('Backspace')
      await comesTo('borders', 'Lamps[XY - NOR] burn at night.')
    }
  })

  test('E7 in words written from right to left the left arrow goes on', async () => {
    await at(north, 'rtl', 0)
    for (let i = 0; i < 'تسير'.length; i++) await north.keyboard.press('ArrowLeft')
    await north.keyboard.type('سس')
    await comesTo('rtl', 'تسير[سس - NOR] العبارة كل يوم.')
    expect(await wordsIn(north, 'rtl').evaluate((words) => getComputedStyle(words).direction)).toBe('rtl')
  })

  test('E7 by keys alone: to the row, to the next one, back into words, into a bracket', async () => {
    await at(north, 'opened', 'Bells'.length)
    await north.keyboard.type(' loud')
    await comesTo('opened', 'Bells[ loud - NOR] ring at noon.')
    await north.keyboard.press('Enter')
    const dialog = north.getByRole('dialog')
    await dialog.waitFor()
    await north.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await at(north, 'opened', 2)
    await north.keyboard.press('Escape')
    const row = north.getByRole('group', { name: /^Clause 1\.11,/ })
    await expect.poll(() => row.evaluate((element) => element === document.activeElement)).toBe(true)
    await north.keyboard.type('nothing')
    expect(read('opened')).toBe('Bells[ loud - NOR] ring at noon.')
    await north.keyboard.press('ArrowUp')
    const above = north.getByRole('group', { name: /^Clause 1\.10,/ })
    await expect.poll(() => above.evaluate((element) => element === document.activeElement)).toBe(true)
    await north.keyboard.press('ArrowDown')
    await north.keyboard.press('Enter')
    await north.keyboard.type('Big ')
    await comesTo('opened', '[Big  - NOR]Bells[ loud - NOR] ring at noon.')
  })

  test('E8 a clause is split at the caret, and who types in its second half goes on there', async () => {
    const drafter = await arrive('second-mediator')
    await at(north, 'divided', 'Ropes are checked, anchors are'.length)
    await north.keyboard.type(' well')
    await comesTo('divided', 'Ropes are checked, anchors are[ well - NOR] weighed.')
    await at(drafter, 'divided', 'Ropes are checked,'.length)
    await drafter.keyboard.press('Enter')
    await comesTo('divided', 'Ropes are checked,')
    await wordsIn(north, 'divided')
      .filter({ hasText: /^Ropes are checked,$/ })
      .waitFor()
    await north.keyboard.type(' and')
    const second = () => {
      const clauses = text.structure.articles[0]?.clauses ?? []
      const next = clauses[clauses.findIndex(({ id }) => id === clauseNamed('divided').id) + 1]
      return next ? text.plain(next.id) : ''
    }
    await expect.poll(second).toBe(' anchors are[ well and - NOR] weighed.')
    await drafter.context().close()
  })

  test('E8 somebody is admitted while one types: the text begins anew under one’s hands, and one goes on', async () => {
    await at(north, 'renewed', 'Maps'.length)
    await north.keyboard.type(' now')
    await comesTo('renewed', 'Maps[ now - NOR] are drawn anew.')
    const renewed = new Promise<void>((done) => void text.on('renewed', () => done()))
    const change = { track: PLENARY, party: 'forum' as PartyId, level: 'read' as const }
    await mediator.act({ type: 'SetAccess', changes: [change] })
    await renewed
    await north.getByText('Shores Forum').first().waitFor()
    await north.keyboard.type(' and then')
    await comesTo('renewed', 'Maps[ now and then - NOR] are drawn anew.')
    await expect.poll(() => shownIn(south, 'renewed')).toBe('Maps[ now and then]NOR are drawn anew.')
  })

  test('E9 in a locked clause nothing is written, and the page says why', async () => {
    await mediator.act({ type: 'LockClause', track: PLENARY, clause: clauseNamed('locked').id })
    await north.getByRole('group', { name: /^Clause 1\.8, Locked/ }).waitFor()
    await at(north, 'locked', 3)
    await north.keyboard.type('x')
    await north.getByRole('status').filter({ hasText: 'locked this clause' }).waitFor()
    expect(await shownIn(north, 'locked')).toBe(CLAUSES.locked)
  })

  test('E9 one’s own words may be set in bold, agreed words not', async () => {
    await at(north, 'formats', 'Signals'.length)
    await north.keyboard.type(' loud')
    for (let i = 0; i < 'loud'.length; i++) await north.keyboard.press('Shift+ArrowLeft')
    await north.keyboard.press('Control+b')
    await wordsIn(south, 'formats').locator('ins strong', { hasText: 'loud' }).waitFor()
    await north.keyboard.press('Control+z')
    await wordsIn(south, 'formats').locator('strong').waitFor({ state: 'detached' })
    await at(north, 'formats', 3)
    await north.keyboard.press('Shift+ArrowLeft')
    await north.keyboard.press('Control+b')
    await north.getByRole('status').filter({ hasText: 'own words' }).waitFor()
    expect(await wordsIn(north, 'formats').locator('strong').count()).toBe(0)
  })

  test.each(THEMES)('E10 axe finds nothing in the %s text with brackets, strikes and carets', async (theme) => {
    const { page, context } = await writing.people.arrive('south-adviser', { at: '#/text/plenary', theme })
    await page.getByRole('textbox', { name: /^Negotiated text/ }).waitFor()
    await page.locator('del').first().waitFor()
    await expectAccessible(page, `the text, ${theme}`)
    await context.close()
  })

  test('E2 select all and delete: one strike a clause, one’s own brackets close', async () => {
    await at(south, 'same', 'Nobody'.length)
    await south.keyboard.type(' at all')
    await comesTo('same', 'Nobody[ at all - SOU] is turned away.')
    await south.keyboard.press('Control+a')
    await south.keyboard.press('Delete')
    await comesTo('same', `[-${CLAUSES.same} - SOU]`)
    await expect
      .poll(() => {
        const clauses = text.structure.articles[0]?.clauses.filter(({ locked }) => !locked) ?? []
        return clauses.filter(({ brackets }) => {
          const own = brackets.filter(({ holders }) => holders[0] === 'south')
          return own.length !== 1 || own[0]?.kind !== 'delete'
        })
      })
      .toEqual([])
  })

  test('E11 no page reported an error', () => {
    expect(writing.troubles.flat()).toEqual([])
  })
})
