import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenText } from '#client/room/room.ts'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { openWriting, shownOf, type WritingRoom } from '../support/writing.ts'

/** More steps than any page here has places to stop at. */
const MOST_TABS = 80

let writing: WritingRoom
let text: OpenText
let ferry: string
let north: Page
let south: Page

/** Goes on with Tab until the focus is there, as who has no pointer does. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  for (let i = 0; i < MOST_TABS; i++) {
    if (await target.evaluate((it) => it === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not come to ${target}`)
}
async function press(page: Page, target: Locator, key = 'Enter'): Promise<void> {
  await tabTo(page, target)
  await page.keyboard.press(key)
}
async function steps(page: Page, key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await page.keyboard.press(key)
}
/** Comes in by a link. */
async function enter(seat: string): Promise<Page> {
  const { page, troubles } = await openPage(writing.browser)
  writing.troubles.push(troubles)
  await page.goto(`${writing.server.url}/join#${writing.codes[seat]}`)
  await press(page, page.getByRole('checkbox', { name: /I have read the ground rules/ }), 'Space')
  await page.getByText('Connection good').waitFor()
  await press(page, page.getByRole('button', { name: 'Enter the room' }))
  await page.getByRole('textbox', { name: /^Negotiated text/ }).waitFor()
  return page
}

describe.skipIf(!CHROMIUM)('two parties draft one text without a pointer', () => {
  beforeAll(async () => {
    writing = await openWriting(['The ferry runs every day.', 'Both shores pay for it.'], ['Pumps are kept.'])
    text = writing.text
    ferry = text.structure.articles[0]?.clauses[0]?.id ?? ''
  })
  afterAll(() => writing.close())

  test('S9 S6 they come in by their links, and read who sees the text', async () => {
    north = await enter('north-head')
    south = await enter('south-head')
    await north.keyboard.press('Alt+w')
    const bar = north.getByRole('region', { name: 'Who sees this' })
    expect(await bar.evaluate((it) => it === document.activeElement)).toBe(true)
    expect(await bar.innerText()).toContain('Everyone at the table sees this text')
  })

  test('S9 E3 they type in one clause, and both stand', async () => {
    for (const [page, after, words] of [
      [north, 'The', ' northern'],
      [south, 'The[ northern] ferry runs', ' again'],
    ] as const) {
      await tabTo(page, page.getByRole('textbox', { name: /^Negotiated text/ }))
      await page.getByRole('tab', { name: 'Clause 1.1' }).waitFor()
      await page.keyboard.press('Home')
      await steps(page, 'ArrowRight', after.length)
      await page.keyboard.type(words, { delay: 5 })
      await expect.poll(() => text.plain(ferry)).toContain(words)
      await expect.poll(() => shownOf(south, ferry)).toContain(words)
    }
    await writing.comesTo(ferry, 'The[ northern - NOR] ferry runs[ again - SOU] every day.')
  })

  test('S18 what others wrote is said when it is asked for, and not before', async () => {
    const said = () =>
      north
        .getByRole('status')
        .allInnerTexts()
        .then((all) => all.filter((words) => /changed/.test(words)))
    await expect.poll(() => shownOf(north, ferry)).toContain(' again')
    expect(await said()).toEqual([])
    await north.keyboard.press('Alt+w')
    expect(await said()).toEqual([])
    await north.keyboard.press('Alt+w')
    await expect.poll(said).toEqual(['Others changed: 1.1.'])
    await north.keyboard.press('Alt+w')
    await expect.poll(said).toEqual(['Nobody else has changed anything since you asked.'])
  })

  test('S18 a bracket and a strike are said where they begin and end, in elements that mean it', async () => {
    await tabTo(north, north.getByRole('textbox', { name: /^Negotiated text/ }))
    await north.keyboard.press('End')
    await steps(north, 'ArrowLeft', 'day.'.length)
    await steps(north, 'Shift+ArrowRight', 'day'.length)
    await north.keyboard.press('Delete')
    await writing.comesTo(ferry, 'The[ northern - NOR] ferry runs[ again - SOU] every [-day - NOR].')
    const heard = () =>
      south.locator(`[data-clause="${ferry}"] p`).evaluate((words) => {
        const copy = words.cloneNode(true) as HTMLElement
        for (const mute of copy.querySelectorAll('[aria-hidden]')) mute.remove()
        return (copy.textContent ?? '').replaceAll(/\s+/g, ' ').trim()
      })
    await expect
      .poll(heard)
      .toBe(
        'Thebracket, North Shore: northern end bracket ferry runsbracket, South Shore: again end bracket every struck out, North Shore: day end of words struck out .',
      )
    // Whoever stands in them parts them.
    const inClause = south.locator(`[data-clause="${ferry}"]`)
    expect((await inClause.getByRole('deletion').allInnerTexts()).join('')).toBe('day')
    expect(await inClause.getByRole('insertion').count()).toBe(2)
  })

  test('S9 E7 one agrees to the other’s bracket, comments, and comes back to the words', async () => {
    await tabTo(south, south.getByRole('textbox', { name: /^Negotiated text/ }))
    await south.keyboard.press('Alt+ArrowDown')
    await south.getByRole('tab', { name: 'Clause 1.2' }).waitFor()
    await south.keyboard.press('Alt+ArrowUp')
    await south.getByRole('tab', { name: 'Clause 1.1' }).waitFor()
    await south.keyboard.press('Home')
    await steps(south, 'ArrowRight', 'The['.length)
    await south.keyboard.press('Enter')
    const card = south.getByRole('dialog', { name: 'Bracket, words put in' })
    await card.waitFor()
    await press(south, card.getByRole('button', { name: 'Agree for South Shore, to the table' }))
    await card.getByText('South Shore has agreed to these words.').waitFor()
    await south.keyboard.press('Escape')
    await south.keyboard.press('Alt+c')
    await south.getByRole('textbox', { name: 'Write a comment on 1.1' }).waitFor()
    await south.keyboard.type('Northern will do.')
    await south.keyboard.press('Control+Enter')
    await south.getByRole('article').getByText('Northern will do.').waitFor()
  })

  test('S9 S25 a mediator accepts the bracket, and closes the text to one of them', async () => {
    const { page, context } = await writing.people.arrive('second-mediator')
    await page.getByText('Only the mediation team sees this desk').waitFor()
    await press(page, page.getByRole('navigation').getByRole('link', { name: 'Text', exact: true }))
    await tabTo(page, page.getByRole('textbox', { name: /^Negotiated text/ }))
    await page.keyboard.press('Home')
    await steps(page, 'ArrowRight', 'The['.length)
    await page.keyboard.press('Enter')
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Accept into the text' }))
    await writing.comesTo(ferry, 'The northern ferry runs[ again - SOU] every [-day - NOR].')
    await press(page, page.getByRole('navigation').getByRole('link', { name: 'Desk', exact: true }))
    await page.getByRole('grid').waitFor()
    await tabTo(page, page.getByRole('grid').locator('button[tabindex="0"]'))
    await page.keyboard.press('Home')
    await page.keyboard.press('0')
    await page.keyboard.press('Enter')
    await north.getByRole('heading', { name: /The mediators closed Plenary text to you/ }).waitFor()
    await context.close()
  })

  test('E11 no page reported an error', () => {
    expect(writing.troubles.flat()).toEqual([])
  })
})
