import type { Page } from 'playwright-core'
import type { Arrivals } from './arrive.ts'

/** People who write in a text, in real pages. */

/** A page with the text of a track in front; its errors go to `troubles`. */
export async function arriveInText(people: Arrivals, seat: string, track: string, troubles: string[][]): Promise<Page> {
  const arrived = await people.arrive(seat, { at: `#/text/${track}` })
  troubles.push(arrived.troubles)
  await arrived.page.getByRole('textbox', { name: /^Negotiated text/ }).waitFor()
  return arrived.page
}
export const wordsOf = (page: Page, clause: string) => page.locator(`[data-clause="${clause}"] p`)
/** The words of a clause on a page, without what only screen readers hear. */
export const shownOf = (page: Page, clause: string): Promise<string> =>
  wordsOf(page, clause).evaluate((words) => {
    const copy = words.cloneNode(true) as HTMLElement
    for (const hidden of copy.querySelectorAll('.vh')) hidden.remove()
    return copy.textContent ?? ''
  })
/** Puts the caret so many steps right of a clause's start. */
export async function caretAt(page: Page, clause: string, steps: number): Promise<void> {
  await wordsOf(page, clause).click()
  await page.keyboard.press('Home')
  for (let i = 0; i < steps; i++) await page.keyboard.press('ArrowRight')
}
