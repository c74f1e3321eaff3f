/**
 * Keeps what is read where it is when the text becomes wider or narrower: the row at the top of the window, or the one with
 * the caret while that shows. Browsers keep the distance scrolled, which is another place after every line broke anew.
 * The result ends it.
 */
export function keepPlace(text: HTMLElement, rowOfCaret: () => HTMLElement | null): () => void {
  let scroller = scrollerOf(text)
  let kept: { row: HTMLElement; top: number } | null = null
  let width = text.clientWidth
  let frame = 0

  const look = (): void => {
    frame = 0
    const view = windowOf(scroller)
    const caret = rowOfCaret()
    const top = caret ? caret.getBoundingClientRect().top : Number.NaN
    const row = caret && top >= view.top && top < view.bottom ? caret : firstBelow(text, view.top)
    kept = row && { row, top: row.getBoundingClientRect().top - view.top }
  }
  const lookSoon = (): void => {
    frame ||= requestAnimationFrame(look)
  }
  const moved = ({ key }: KeyboardEvent): void => {
    // Letters move nothing but what is behind them.
    if (key.length > 1) lookSoon()
  }
  const putBack = (): void => {
    if (!kept?.row.isConnected) return
    const by = kept.row.getBoundingClientRect().top - windowOf(scroller).top - kept.top
    if (Math.abs(by) >= 1) scroller.scrollTop += by
  }
  const size = new ResizeObserver(() => {
    if (text.clientWidth === width) return
    width = text.clientWidth
    scroller = scrollerOf(text)
    cancelAnimationFrame(frame)
    putBack()
    // Rows that come into sight get their true height only now.
    frame = requestAnimationFrame(() => {
      putBack()
      frame = 0
    })
  })
  size.observe(text)
  // Scrolling does not bubble; whatever scrolls around the text is heard here.
  addEventListener('scroll', lookSoon, { capture: true, passive: true })
  text.addEventListener('keyup', moved)
  text.addEventListener('pointerup', lookSoon)
  lookSoon()
  return () => {
    cancelAnimationFrame(frame)
    size.disconnect()
    removeEventListener('scroll', lookSoon, { capture: true })
    text.removeEventListener('keyup', moved)
    text.removeEventListener('pointerup', lookSoon)
  }
}

function scrollerOf(text: HTMLElement): Element {
  for (let at = text.parentElement; at; at = at.parentElement)
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at
  return document.scrollingElement ?? document.documentElement
}
function windowOf(scroller: Element): { top: number; bottom: number } {
  if (scroller === document.scrollingElement) return { top: 0, bottom: innerHeight }
  const { top, bottom } = scroller.getBoundingClientRect()
  return { top, bottom }
}
/** The first row that ends below a height: rows stand in order. */
function firstBelow(text: HTMLElement, height: number): HTMLElement | null {
  const rows = text.children
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) <= height) low = middle + 1
    else high = middle
  }
  const row = rows[low]
  return row instanceof HTMLElement ? row : null
}
