import type { Attachment } from 'svelte/attachments'

/** Hears Esc anywhere inside the element, unless something inside it took the key for itself. */
export function onEscape(leave: () => void): Attachment<HTMLElement> {
  return (node) => {
    const heard = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      event.preventDefault()
      leave()
    }
    node.addEventListener('keydown', heard)
    return () => node.removeEventListener('keydown', heard)
  }
}
