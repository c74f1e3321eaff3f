import type { Attachment } from 'svelte/attachments'

export interface Beside {
  /** What it stands beside: under its last line, else above, else as near as fits. */
  anchor: Element | null
  align: 'start' | 'end'
  /** The person pressed Esc in it, or pressed somewhere else. */
  onleave: (how: 'escape' | 'elsewhere') => void
}

/** Between the card and what it belongs to, and to the edges of the window. */
const GAP_PX = 8
const EDGE_PX = 12
/** Lower than this a card shows nothing: rather it covers something. */
const LEAST_PX = 160

/** Shows an element (`popover="manual"`) in the top layer beside its anchor, and keeps it there while either moves. */
export function beside({ anchor, align, onleave }: Beside): Attachment<HTMLElement> {
  return (node) => {
    const before = document.activeElement
    node.showPopover()
    const keep = () => place(node, anchor, align)
    keep()
    const size = new ResizeObserver(keep)
    size.observe(node)
    const pressed = ({ target }: PointerEvent) => {
      const inside = target instanceof Node && (node.contains(target) || anchor?.contains(target))
      // A dialog opened from it stands on top of it and is its own business.
      if (!inside && !(target instanceof Element && target.closest('dialog'))) onleave('elsewhere')
    }
    const escaped = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]')) return
      const { target } = event
      // From inside, from what it stands in, or from nowhere: what had the focus may just have left.
      const inside = target instanceof Node && (node.contains(target) || target.contains(anchor))
      if (!inside) return
      event.preventDefault()
      event.stopPropagation()
      onleave('escape')
    }
    addEventListener('resize', keep)
    addEventListener('scroll', keep, true)
    addEventListener('pointerdown', pressed, true)
    addEventListener('keydown', escaped, true)
    return () => {
      size.disconnect()
      removeEventListener('resize', keep)
      removeEventListener('scroll', keep, true)
      removeEventListener('pointerdown', pressed, true)
      removeEventListener('keydown', escaped, true)
      giveBackFocus(before)
    }
  }
}

/** Focus that would fall to the page goes back to where it was. */
export function giveBackFocus(before: Element | null): void {
  const fallen = document.activeElement === null || document.activeElement === document.body
  if (fallen && before instanceof HTMLElement && before.isConnected) before.focus()
}

function place(node: HTMLElement, anchor: Element | null, align: 'start' | 'end'): void {
  const at = anchor?.isConnected ? [...anchor.getClientRects()].at(-1) : undefined
  if (!at) return
  node.style.maxBlockSize = ''
  const { width } = node.getBoundingClientRect()
  const fromLeft = (getComputedStyle(node).direction === 'rtl') === (align === 'end')
  const wanted = fromLeft ? at.left : at.right - width
  const left = Math.max(EDGE_PX, Math.min(wanted, innerWidth - EDGE_PX - width))
  const highest = clearAbove(left, left + width)
  // Narrowed only where it must be: a card is as high as the sheet says.
  if (node.offsetHeight > innerHeight - EDGE_PX - highest)
    node.style.maxBlockSize = `${Math.max(LEAST_PX, innerHeight - EDGE_PX - highest)}px`
  const height = node.offsetHeight
  const below = Math.max(at.bottom + GAP_PX, highest)
  const above = at.top - GAP_PX - height
  const lowest = innerHeight - EDGE_PX - height
  const top = below <= lowest ? below : above >= highest ? above : Math.max(EDGE_PX, Math.min(highest, lowest), lowest)
  node.style.inset = `${Math.round(top)}px auto auto ${Math.round(left)}px`
}
/** Under who sees this, which nothing covers: its lower edge, where it stands between these two edges. */
function clearAbove(left: number, right: number): number {
  let lowest = EDGE_PX
  for (const bar of document.querySelectorAll('.aud')) {
    const box = bar.getBoundingClientRect()
    const meets = box.left < right && box.right > left && box.top < innerHeight / 2
    if (meets) lowest = Math.max(lowest, box.bottom + GAP_PX)
  }
  return lowest
}
