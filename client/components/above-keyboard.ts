import type { Attachment } from 'svelte/attachments'

/** Less is a bar of the browser that came or went. */
const KEYBOARD_PX = 120

/**
 * Keeps a page that is as high as the window above a keyboard on the screen, and marks it `data-keyboard` meanwhile. Some
 * browsers make the window smaller for a keyboard; the others lay it over the page, and tell only of what is seen.
 */
export const aboveKeyboard: Attachment<HTMLElement> = (node) => {
  const seen = window.visualViewport
  if (!seen) return
  const fit = (): void => {
    // Zoomed with two fingers, less is seen too.
    const covered = seen.scale === 1 ? innerHeight - seen.height : 0
    const isOpen = covered > KEYBOARD_PX
    node.style.blockSize = isOpen ? `${seen.height}px` : ''
    node.toggleAttribute('data-keyboard', isOpen)
    // The browser moved the page to show the caret, and who sees this with it out of sight.
    if (isOpen) scrollTo(0, 0)
  }
  seen.addEventListener('resize', fit)
  return () => seen.removeEventListener('resize', fit)
}
