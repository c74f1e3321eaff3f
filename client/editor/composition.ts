import type { Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type { ItemId } from '#shared/ids.ts'
import { struckRange } from '#shared/text/compose.ts'
import { indexAfter, leafIn, wordsOf } from '#shared/text/leaf.ts'
import type { LeafRange, Spot } from '../room/plan.ts'
import type { Binding } from './binding.ts'
import { flushDom } from './dom.ts'
import { type Part, type Place, sizeOf } from './drawn.ts'
import { rangesIn } from './ranges.ts'
import type { Typing } from './typing.ts'

/** After the last event of a composition browsers still change the page. */
const SETTLE_MS = 30

/**
 * An input method at work: while it composes, the page belongs to it. Its clause is held, so that nobody else's words move
 * the letters under it; when it is done, what it wrote goes into the text at the place it stood by item, and the clause is
 * drawn again with all that came meanwhile.
 */
export class Composition {
  #binding: Binding
  #typing: Typing
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the composition replaced, in the clause as drawn, and where what it wrote stands now. */
  #written: { from: number; to: number; now: { from: number; to: number } } | null = null

  constructor(binding: Binding, typing: Typing) {
    this.#binding = binding
    this.#typing = typing
  }

  get isOn(): boolean {
    return this.#binding.held !== null
  }

  start(view: EditorView): void {
    this.finish(view)
    const { from, to } = view.state.selection
    // The browser would take borders of brackets along with the words.
    if (from < to) this.#typing.erase(from, to)
    else this.#binding.draw()
    const place = this.#binding.placeAt(view.state.selection.from)
    if (place) this.#binding.hold(place.row.id)
    this.#written = null
  }

  /** A change the browser made to the document while composing. */
  follow(tr: Transaction): void {
    const row = this.#binding.held ? this.#binding.rowOf(this.#binding.held) : null
    if (!row) return
    for (const [i, map] of tr.mapping.maps.entries()) {
      const start = this.#binding.startIn(tr.docs[i] ?? tr.doc, row) + 1
      map.forEach((from, to, newFrom, newTo) => {
        this.#add(from - start, to - start, newTo - newFrom)
      })
    }
  }
  /** Between `from` and `to`, places in the clause as it shows now, stands something `length` long. */
  #add(from: number, to: number, length: number): void {
    const written = this.#written ?? { from, to, now: { from, to } }
    const { now } = written
    written.from -= Math.max(0, now.from - from)
    written.to += Math.max(0, to - now.to)
    now.from = Math.min(now.from, from)
    now.to = Math.max(now.to, to) + length - (to - from)
    this.#written = written
  }

  end(view: EditorView): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (!view.composing) this.finish(view)
    }, SETTLE_MS)
  }

  /** What was composed becomes part of the text. Before any other key, and when the view goes. */
  finish(view: EditorView): void {
    clearTimeout(this.#timer)
    const { held } = this.#binding
    if (held === null) return
    flushDom(view)
    const row = this.#binding.rowOf(held)
    const written = this.#written
    this.#written = null
    if (!row || !written || view.isDestroyed) {
      this.#binding.release()
      return
    }
    const start = this.#binding.startIn(view.state.doc, row) + 1
    const words = view.state.doc.textBetween(start + written.now.from, start + written.now.to)
    const spot = this.#spotOf(placeIn(row.drawn, written.from))
    const ranges = rangesIn(row.drawn, written.from, written.to).flatMap((range) => this.#nowOf(row.drawn, range))
    this.#binding.let()
    if (words === '' && ranges.length === 0) this.#binding.draw()
    else this.#typing.put(spot, ranges, words)
    this.#binding.draw()
  }

  /* What was drawn when the composition began may have changed in the leaves since: places go by item. */

  #spotOf({ part, at }: Place): Spot {
    const text = leafIn(this.#binding.text.doc, part.leaf)
    const index = text ? indexAfter(text, itemBefore(part, at)) : 0
    return { leaf: part.leaf, index: index ?? 0 }
  }
  #nowOf(root: Part, { leaf, index, length }: LeafRange): LeafRange[] {
    const part = partWith(root, leaf)
    const [from, to] = part ? [unitAt(part, index), unitAt(part, index + length - 1)] : [null, null]
    const range = from && to ? struckRange(wordsOf(this.#binding.text.doc), leaf, { from, to }) : null
    return range ? [{ leaf, index: range.from, length: range.to - range.from }] : []
  }
}

/** The part a place stands in, and where in it. */
function placeIn(part: Part, at: number): Place {
  for (const span of part.spans) {
    if (span.is === 'bracket' && at > span.at && at < span.at + sizeOf(span))
      return placeIn(span.part, at - span.at - 1)
  }
  return { part, at }
}
function partWith(part: Part, leaf: string): Part | null {
  if (part.leaf === leaf) return part
  for (const span of part.spans) {
    const found = span.is === 'bracket' ? partWith(span.part, leaf) : null
    if (found) return found
  }
  return null
}
function itemBefore(part: Part, at: number): ItemId | null {
  let item: ItemId | null = null
  for (const span of part.spans) {
    if (span.at >= at && span.is !== 'hidden') break
    if (span.is === 'words')
      item = { client: span.client, clock: span.clock + Math.min(span.words.length, at - span.at) - 1 }
    else if (span.item && span.at < at) item = span.item
  }
  return item
}
function unitAt(part: Part, index: number): ItemId | null {
  for (const span of part.spans) {
    if (span.is === 'words' && index >= span.index && index < span.index + span.words.length)
      return { client: span.client, clock: span.clock + index - span.index }
    if (span.is !== 'words' && span.item && span.index === index) return span.item
  }
  return null
}
