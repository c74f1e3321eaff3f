import type { Node } from 'prosemirror-model'
import { type EditorState, Selection, TextSelection, type Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { indexAfter, leafIn, piecesOf } from '#shared/text/leaf.ts'
import type { Move, StructureView } from '#shared/text/structure.ts'
import type { LeafRange, Spot } from '../room/plan.ts'
import type { OpenText } from '../room/room.ts'
import { type Anchor, anchorAt, moved, resolveIn } from './caret.ts'
import { flushDom } from './dom.ts'
import { indexAt, type Part, type Place, partsOf, placeAt, type ReadLeaf } from './drawn.ts'
import { rangesIn } from './ranges.ts'
import { type ClauseRow, drawAll, type Row, rowsOf, startsOf, stepsFor } from './rows.ts'

/** What a transaction of the binding tells the plugins: these rows are drawn anew. No other transaction changes the document, but for a composition. */
export const DRAWN = 'drawn'
export interface Drawn {
  rows: Set<Row>
  /** Everything that hangs on places is to be found anew. */
  all: boolean
}

/** A selection before a drawing, in every way it can be found again. */
interface Kept {
  empty: boolean
  anchor: KeptEnd
  head: KeptEnd
}
interface KeptEnd {
  pos: number
  anchor: Anchor | null
  spot: Spot | null
}

/**
 * Keeps one ProseMirror view showing a text. Every change, one's own too, goes to the leaves or to the room first; what they
 * then hold is drawn here, clause by clause. The only way the document ever changes.
 */
export class Binding {
  readonly text: OpenText
  rows: Row[]
  #view: EditorView | null = null
  #structure: StructureView
  #byLeaf = new Map<LeafId, ClauseRow>()
  #words = new Set<LeafId>()
  #moves: Move[] = []
  #stale: 'no' | 'structure' | 'all' = 'no'
  #waiting = false
  /** The clause a composition goes on in: nothing is drawn in it until `let`. */
  #held: string | null = null
  #written: string | null = null
  #stops: (() => void)[]
  #listeners = new Set<(rows: Iterable<Row>) => void>()

  constructor(text: OpenText) {
    this.text = text
    this.#structure = text.sheet().structure
    this.rows = rowsOf(this.#structure)
    this.#stops = [
      text.on('structure', () => this.#changed('structure')),
      text.on('words', (leaves) => this.#changedWords(leaves)),
      text.on('moves', (moves) => void this.#moves.push(...(moves as Move[]))),
      text.on('renewed', () => this.#changed('all')),
    ]
  }

  get structure(): StructureView {
    return this.#structure
  }
  /** The whole text, drawn. Once, to start the view from. */
  first(): Node {
    const doc = drawAll(this.rows, this.#read)
    this.#index()
    return doc
  }
  attach(view: EditorView): void {
    this.#view = view
  }
  close(): void {
    for (const stop of this.#stops) stop()
    this.#view = null
  }
  /** Hears after every drawing which rows may have changed in any way. */
  onDrawn(listener: (rows: Iterable<Row>) => void): void {
    this.#listeners.add(listener)
  }

  /* ---- following the text ---- */

  #changedWords(leaves: unknown): void {
    for (const leaf of (leaves ?? []) as Iterable<LeafId>) this.#words.add(leaf)
    this.#soon()
  }
  #changed(what: 'structure' | 'all'): void {
    if (this.#stale !== 'all') this.#stale = what
    this.#soon()
  }
  /** These leaves may show something else now: they are looked at in the next drawing. */
  touch(leaves: LeafId[]): void {
    for (const leaf of leaves) this.#words.add(leaf)
  }
  /** The rest of this change may be told in the same turn. */
  #soon(): void {
    if (this.#waiting) return
    this.#waiting = true
    queueMicrotask(() => {
      if (!this.#waiting) return
      // Somebody else's words must not put the caret back to where it was before a click.
      if (this.#view && !this.#view.isDestroyed && !this.#view.composing) flushDom(this.#view)
      this.draw()
    })
  }

  /** Draws what changed since the last time. Carets stay with the words left of them, unless `caret` or `follow` says otherwise. */
  draw({ caret, follow = false }: { caret?: Spot; follow?: boolean } = {}): void {
    const view = this.#view
    this.#waiting = false
    if (!view || view.isDestroyed) return
    const { state } = view
    const keeps = this.#selectionOf(state)
    const { tr } = state
    const all = this.#stale === 'all'
    const before = this.rows
    const fresh = this.#stepsFor(tr, state.doc, all)
    // Another structure may have renumbered, locked or agreed any clause.
    const concerned = this.rows === before ? fresh : this.rows
    this.#select(tr, keeps, all)
    const spot = caret ?? (follow ? null : undefined)
    if (spot) this.#caretTo(tr, spot)
    else if (spot === null) this.#followTo(tr)
    if (!tr.docChanged && !tr.selectionSet && fresh.size === 0) {
      this.#tell(concerned)
      return
    }
    if (spot !== undefined) tr.scrollIntoView()
    const drawn: Drawn = { rows: fresh, all }
    view.updateState(state.apply(tr.setMeta(DRAWN, drawn)))
    this.#tell(concerned)
  }

  #stepsFor(tr: Transaction, doc: Node, all: boolean): Set<Row> {
    const words = this.#words
    const structure = this.text.sheet().structure
    // A clause that was held still has its row from before.
    const kept = structure === this.#structure && !all && this.#written === null
    const next = kept ? this.rows : rowsOf(structure)
    this.#words = new Set()
    this.#stale = 'no'
    this.#structure = structure
    const touched = new Set([...words].map((leaf) => this.#byLeaf.get(leaf)?.id))
    const changed = (row: ClauseRow): boolean => all || touched.has(row.id)
    const rows = next === this.rows ? this.rows.map((row) => ({ ...row })) : this.rows
    const [held, written] = [this.#held, this.#written]
    const fresh = stepsFor(tr, { rows, doc, next, changed, held, written, read: this.#read })
    this.rows = next
    this.#written = null
    this.#index()
    return fresh
  }
  #index(): void {
    this.#byLeaf = new Map()
    for (const row of this.rows)
      if (row.is === 'clause') for (const { part } of partsOf(row.drawn)) this.#byLeaf.set(part.leaf, row)
  }
  #tell(rows: Iterable<Row>): void {
    for (const listener of this.#listeners) listener(rows)
  }
  #read: ReadLeaf = (leaf) => {
    const text = leafIn(this.text.doc, leaf)
    return text ? piecesOf(text) : []
  }

  /* ---- carets ---- */

  #selectionOf({ selection }: EditorState): Kept {
    const { anchor, head, empty } = selection
    const of = (pos: number): KeptEnd => ({ pos, anchor: this.anchorAt(pos), spot: this.spotAt(pos) })
    return { empty, anchor: of(anchor), head: of(head) }
  }
  /** Where the selection goes. Its start keeps left of what is put in at it and its end right: nothing of others joins it. */
  #select(tr: Transaction, { empty, anchor, head }: Kept, all: boolean): void {
    const moves = this.#moves.splice(0)
    if (!tr.docChanged) return
    const place = ({ pos, anchor: kept, spot }: KeptEnd, assoc: -1 | 1): number => {
      const mapped = tr.mapping.mapResult(pos, assoc)
      const held = this.#held !== null && kept !== null && this.#byLeaf.get(kept.leaf)?.id === this.#held
      if (held || (!empty && !mapped.deleted && !all)) return mapped.pos
      const found = all && spot ? this.#posOfSpot(tr.doc, spot) : kept && this.posIn(tr.doc, moved(kept, moves))
      return found ?? mapped.pos
    }
    const backward = head.pos < anchor.pos
    const a = place(anchor, !empty && !backward ? 1 : -1)
    const h = empty ? a : place(head, backward ? 1 : -1)
    setSelection(tr, a, h)
  }
  #caretTo(tr: Transaction, spot: Spot): void {
    const pos = this.#posOfSpot(tr.doc, spot)
    if (pos !== null) setSelection(tr, pos, pos)
  }
  /** To the end of what changed last: after undo the eye looks there. */
  #followTo(tr: Transaction): void {
    let at: number | null = null
    tr.mapping.maps.forEach((map, i) => {
      map.forEach((_from, _to, _newFrom, newTo) => {
        at = tr.mapping.slice(i + 1).map(newTo, -1)
      })
    })
    if (at !== null) setSelection(tr, at, at)
  }

  /** What stands left of a position of the document now; null when it is in no clause. */
  anchorAt(pos: number): Anchor | null {
    const place = this.placeAt(pos)
    return place ? anchorAt(place) : null
  }
  placeAt(pos: number): (Place & { row: ClauseRow }) | null {
    const doc = this.#view?.state.doc
    if (!doc) return null
    const $pos = doc.resolve(pos)
    const row = this.rows[$pos.index(0)]
    if ($pos.depth === 0 || row?.is !== 'clause') return null
    let part: Part = row.drawn
    for (let depth = 2; depth <= $pos.depth; depth++) {
      const id: unknown = $pos.node(depth).attrs['id']
      const span = part.spans.find((one) => one.is === 'bracket' && one.bracket.id === id)
      if (span?.is !== 'bracket') return null
      part = span.part
    }
    return { row, part, at: Math.min($pos.parentOffset, part.size) }
  }
  spotAt(pos: number): Spot | null {
    const place = this.placeAt(pos)
    return place ? { leaf: place.part.leaf, index: indexAt(place) } : null
  }
  posOfSpot(spot: Spot): number | null {
    const doc = this.#view?.state.doc
    return doc ? this.#posOfSpot(doc, spot) : null
  }
  #posOfSpot(doc: Node, { leaf, index }: Spot): number | null {
    const row = this.#byLeaf.get(leaf)
    if (!row) return null
    for (const { part, start } of partsOf(row.drawn))
      if (part.leaf === leaf) return this.startIn(doc, row) + 1 + start + placeAt(part, index)
    return null
  }
  /** Where an anchor stands in `doc`, the document last drawn; null when it stands nowhere. */
  posIn(doc: Node, anchor: Anchor): number | null {
    const row = this.#byLeaf.get(anchor.leaf)
    if (!row) return null
    const within = resolveIn(row.drawn, anchor, this.#placeOf)
    return within === null ? null : this.startIn(doc, row) + 1 + within
  }
  #placeOf = (part: Part, item: ItemId): number | null => {
    const text = leafIn(this.text.doc, part.leaf)
    const index = text ? indexAfter(text, item) : null
    return index === null ? null : placeAt(part, index)
  }
  /** Where a row begins in `doc`, the document last drawn. */
  startIn(doc: Node, row: Row): number {
    return startsOf(doc)[this.rows.indexOf(row)] ?? 0
  }
  /** Where a row begins in the document as it shows. */
  startOf(row: Row): number {
    return this.#view ? this.startIn(this.#view.state.doc, row) : 0
  }
  rowOf(id: string): ClauseRow | null {
    const row = this.rows.find((one) => one.id === id && one.is === 'clause')
    return row?.is === 'clause' ? row : null
  }
  rowOfLeaf(leaf: LeafId): ClauseRow | null {
    return this.#byLeaf.get(leaf) ?? null
  }

  /** What a selection covers, leaf by leaf in reading order: what the planner removes or replaces. */
  ranges(from: number, to: number): LeafRange[] {
    const doc = this.#view?.state.doc
    if (!doc) return []
    const starts = startsOf(doc)
    return this.rows.flatMap((row, i) => {
      const start = (starts[i] ?? 0) + 1
      if (row.is !== 'clause' || to <= start || from >= start + row.drawn.size) return []
      return rangesIn(row.drawn, from - start, to - start)
    })
  }

  /* ---- a composition ---- */

  get held(): string | null {
    return this.#held
  }
  hold(clause: string): void {
    this.#held = clause
  }
  /** Lets the held clause be drawn again, from what the text has by then. */
  let(): void {
    this.#written = this.#held
    this.#held = null
  }
}

function setSelection(tr: Transaction, anchor: number, head: number): void {
  const [$anchor, $head] = [tr.doc.resolve(anchor), tr.doc.resolve(head)]
  const fits = $anchor.parent.inlineContent && $head.parent.inlineContent
  const selection = fits ? new TextSelection($anchor, $head) : Selection.near($head, -1)
  if (!selection.eq(tr.selection)) tr.setSelection(selection)
}
