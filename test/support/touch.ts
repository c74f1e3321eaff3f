import type { Page } from 'playwright-core'
import { wordsOf } from './writing.ts'

/** A person with a phone in one hand. */

/** A window that a phone has, and what is left of it with its keyboard open. */
export const PHONE = { width: 390, height: 844 }
export const PHONE_WITH_KEYBOARD = { width: 390, height: 400 }

/** Taps right behind `words` in a clause. */
export async function tapBehind(page: Page, clause: string, words: string): Promise<void> {
  const element = wordsOf(page, clause)
  await element.scrollIntoViewIfNeeded()
  const at = await element.evaluate((root, wanted) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const start = node.parentElement?.closest('.vh') ? -1 : (node.nodeValue ?? '').indexOf(wanted)
      if (start < 0) continue
      const range = document.createRange()
      range.setStart(node, start + wanted.length - 1)
      range.setEnd(node, start + wanted.length)
      const { right, top, height } = range.getBoundingClientRect()
      return { x: right, y: top + height / 2 }
    }
    return null
  }, words)
  if (!at) throw new Error(`the clause has no words: ${words}`)
  await page.touchscreen.tap(at.x, at.y)
}

/** What a keyboard on a screen asks of the page before anything happens: an input of a kind, for the last place of `over` in the clause, or for the caret. */
export async function screenKeyboard(
  page: Page,
  clause: string,
  ask: { inputType: string; words?: string; over?: string },
): Promise<void> {
  await wordsOf(page, clause).evaluate((root, { inputType, words, over }) => {
    const targetRanges: StaticRange[] = []
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); over && node; node = walker.nextNode()) {
      const start = node.parentElement?.closest('.vh') ? -1 : (node.nodeValue ?? '').indexOf(over)
      if (start < 0) continue
      const [startContainer, endContainer] = [node, node]
      targetRanges[0] = new StaticRange({
        startContainer,
        startOffset: start,
        endContainer,
        endOffset: start + over.length,
      })
    }
    const how = { inputType, data: words ?? null, targetRanges, bubbles: true, cancelable: true }
    root.closest('[role=textbox]')?.dispatchEvent(new InputEvent('beforeinput', how))
  }, ask)
}
