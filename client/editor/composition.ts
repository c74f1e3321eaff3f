import type { Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type { ItemId } from '#shared/ids.ts'
import { struckRange } from '#shared/text/compose.ts'
import { indexAfter, leafIn, wordsOf } from '#shared/text/leaf.ts'
import type { Move } from '#shared/text/structure.ts'
import { type LeafRange, oneParagraph, type Spot } from '../room/plan.ts'
import type { Binding } from './binding.ts'
import { Composed } from './composed.ts'
import { flushDom } from './dom.ts'
import { indexAt, type Part, type Place, sizeOf } from './drawn.ts'
import { rangesIn } from './ranges.ts'
import type { Typing } from './typing.ts'

/** After the last event of a composition browsers still change the page. */
const SETTLE_MS = 30

/** A stretch of the clause that is composed in. */
interface Stretch {
  from: number
  to: number
}

/**
 * An input method at work: while it composes, the page belongs to it. Its clause is held, so that nobody else's words move
 * the letters under it. What it writes goes into the text letter by letter, as all typing does; when it is done, the clause
 * is drawn again with all that came meanwhile.
 */
export class Composition {
  readonly #binding: Binding
  readonly #typing: Typing
  readonly #lost: (words: string) => void
  readonly #stops: (() => void)[]
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the composition replaced, in the clause as drawn, and where what it wrote stands now. */
  #written: (Stretch & { now: Stretch }) | null = null
  /** Its words in the text, and what of the drawn clause is taken out for them; null before the first. */
  #composed: Composed | null = null
  #taken: Stretch = { from: 0, to: 0 }
  /** Words that the text did not take. */
  #refused: string | null = null
  /** Where they ended, should the text begin anew. */
  #end: Spot | null = null
  /** What was composed in a clause that is gone, as far as anybody took it, while the browser goes on composing. */
  #gone: { words: string } | null = null

  /** `lost` gets words that can stand nowhere any more. */
  constructor(binding: Binding, typing: Typing, lost: (words: string) => void) {
    this.#binding = binding
    this.#typing = typing
    this.#lost = lost
    this.#stops = [
      binding.text.on('moves', (moves) => this.#composed?.move(moves as Move[])),
      binding.text.on('renewed', () => {
        if (this.#end) this.#composed?.renew(this.#end)
      }),
    ]
  }

  get isOn(): boolean {
    return this.#binding.held !== null
  }

  /** The clause is gone and the browser still composes: what it writes now is meant for no other clause. */
  get isGone(): boolean {
    return this.#gone !== null
  }

  start(view: EditorView): void {
    this.finish(view)
    this.#gone = null
    const { from, to } = view.state.selection
    // The browser would take borders of brackets along with the words.
    if (from < to) this.#typing.erase(from, to)
    else this.#binding.draw()
    const place = this.#binding.placeAt(view.state.selection.from)
    if (place) this.#binding.hold(place.row.id)
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
    if (!this.#written) return
    const start = this.#binding.startIn(tr.doc, row) + 1
    const { now } = this.#written
    const words = oneParagraph(tr.doc.textBetween(start + now.from, start + now.to))
    this.#refused = this.#write(row.drawn, this.#written, words) ? null : words
    this.#end = this.#composed?.spotAt(words.length) ?? null
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

  /** Puts into the text what was composed so far. False: it does not take it. */
  #write(drawn: Part, { from, to }: Stretch, words: string): boolean {
    const taken = this.#taken
    const composed = this.#composed
    if (!composed) {
      const begun = new Composed(this.#binding.text, (plan) => this.#typing.perform(plan))
      const ranges = this.#rangesNow(drawn, { from, to })
      if (words === '' && ranges.length === 0) return true
      if (!begun.begin(this.#spotNow(placeIn(drawn, from)), ranges, words)) return false
      this.#composed = begun
    } else {
      const more = [
        { from, to: taken.from },
        { from: taken.to, to },
      ].flatMap((part) => this.#rangesNow(drawn, part))
      if (!composed.swallow(more) || !composed.change(words)) return false
    }
    this.#taken = { from, to }
    // Nothing stands any more that could say where: the place in the clause does.
    if (words === '') this.#composed = null
    return true
  }

  /** The browser is done, and left `words`. */
  end(view: EditorView, words: string): void {
    if (this.#gone && words !== '' && words !== this.#gone.words) this.#lost(words)
    if (this.#gone) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (!view.composing) this.finish(view)
    }, SETTLE_MS)
  }

  /** The clause is drawn again as the text has it. Before any other key, and when the view goes. */
  finish(view: EditorView): void {
    clearTimeout(this.#timer)
    const { held } = this.#binding
    if (held === null) return
    flushDom(view)
    const caret = this.#written && !view.isDestroyed ? this.spotAt(view.state.selection.head) : null
    // What never stood in the text was refused before the eyes of its author, like any key.
    const lost = this.#composed ? this.#refused : null
    this.#forget()
    this.#binding.draw(caret ? { caret } : {})
    if (lost) this.#lost(lost)
  }
  /** After every drawing: the clause may be gone. What was composed in it and follows nowhere is given back to its author. */
  look(view: EditorView, leave: () => void): void {
    const { held, text } = this.#binding
    if (held === null || this.#binding.rowOf(held)) return
    clearTimeout(this.#timer)
    const [refused, composed] = [this.#refused, this.#composed]
    this.#forget()
    this.#gone = { words: refused ?? composed?.words ?? '' }
    // Without the focus the input method comes to its end, and writes nowhere else.
    if (view.hasFocus()) leave()
    this.#timer = setTimeout(() => {
      this.#gone = null
    }, SETTLE_MS)
    if (refused) this.#lost(refused)
    if (refused || !composed) return
    // Words on their way may still be taken elsewhere, and those that are refused the text gives back itself.
    const stop = text.on('moves', (moves) => composed.move(moves as Move[]))
    const over = (isSaved: boolean): void => {
      stop()
      if (isSaved && !composed.stands) this.#lost(composed.words)
    }
    text.saved().then(
      () => over(true),
      () => over(false),
    )
  }
  #forget(): void {
    this.#written = null
    this.#composed = null
    this.#refused = null
    this.#end = null
    this.#binding.let()
  }
  close(): void {
    for (const stop of this.#stops) stop()
  }

  /** What a place of the page means in the text, while the clause shows what was composed. Null: it is in another clause. */
  spotAt(pos: number): Spot | null {
    const place = this.#binding.placeAt(pos)
    if (!place || place.row.id !== this.#binding.held) return null
    const written = this.#written
    const at = pos - this.#binding.startOf(place.row) - 1
    if (!written || at < written.now.from) return this.#spotNow(placeIn(place.row.drawn, at))
    if (at <= written.now.to && this.#composed) return this.#composed.spotAt(at - written.now.from)
    return this.#spotNow(placeIn(place.row.drawn, Math.max(written.from, at - written.now.to + written.to)))
  }

  /* What was drawn when the composition began may have changed in the leaves since: places go by item. */

  #spotNow(place: Place): Spot {
    const { part, at } = place
    const text = leafIn(this.#binding.text.doc, part.leaf)
    const index = text ? indexAfter(text, itemBefore(part, at)) : 0
    return { leaf: part.leaf, index: index ?? indexAt(place) }
  }
  #rangesNow(drawn: Part, { from, to }: Stretch): LeafRange[] {
    return from < to ? rangesIn(drawn, from, to).flatMap((range) => this.#rangeNow(drawn, range)) : []
  }
  #rangeNow(root: Part, { leaf, index, length }: LeafRange): LeafRange[] {
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
