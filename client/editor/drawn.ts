import type { Node } from 'prosemirror-model'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { formatKey, type Piece } from '#shared/text/leaf.ts'
import { type BracketView, type ClauseView, FORMATS, type Format } from '#shared/text/structure.ts'
import { schema } from './schema.ts'

/**
 * A clause as it is drawn: the words of its leaf with brackets inside one another, each stretch with the Yjs items it shows.
 * The bridge between places in the editor's document and places in leaves. `at` counts from the start of the part's content
 * in the editor's units, `index` in UTF-16 units of the leaf's Y.Text.
 */
export interface Part {
  leaf: LeafId
  /** Null: a clause's base words. */
  bracket: BracketView | null
  spans: Span[]
  /** Of its content, without its own borders. */
  size: number
  /** Of the leaf. */
  length: number
}
export type Span =
  | (ItemId & { is: 'words'; words: string; formats: Partial<Record<Format, true>>; at: number; index: number })
  /** `item` is null while the server has not planted the bracket: then it takes no index. */
  | { is: 'bracket'; part: Part; bracket: BracketView; item: ItemId | null; at: number; index: number }
  /** The place of a bracket that is not in the structure: it takes an index and shows nothing. */
  | { is: 'hidden'; item: ItemId; at: number; index: number }

/** What a leaf holds, in list order. */
export type ReadLeaf = (leaf: LeafId) => Piece[]

export function drawClause(clause: ClauseView, read: ReadLeaf): Part {
  return new Drawing(clause, read).part(clause.leaf, null)
}

class Drawing {
  #clause: ClauseView
  #read: ReadLeaf
  /** Brackets placed already: a bracket is drawn once, also while its embed and its optimistic place are both there. */
  #placed = new Set<string>()

  constructor(clause: ClauseView, read: ReadLeaf) {
    this.#clause = clause
    this.#read = read
  }

  part(leaf: LeafId, bracket: BracketView | null): Part {
    const pieces = this.#read(leaf)
    const part: Part = { leaf, bracket, spans: [], size: 0, length: 0 }
    const waiting = this.#waiting(leaf, pieces)
    this.#plant(part, waiting, (after) => after === null)
    for (const piece of pieces) this.#piece(part, piece, waiting)
    // Its neighbour is not known here: at the end rather than nowhere.
    this.#plant(part, waiting, () => true)
    return part
  }

  /** Brackets of this leaf that the server has not planted yet; of two at one place the later one stands left. */
  #waiting(leaf: LeafId, pieces: Piece[]): BracketView[] {
    const planted = new Set(pieces.flatMap((piece) => (piece.is === 'bracket' && piece.bracket ? [piece.bracket] : [])))
    return this.#clause.brackets
      .filter(({ id, host, pending }) => pending && host === leaf && !planted.has(id) && !this.#placed.has(id))
      .reverse()
  }

  #plant(part: Part, waiting: BracketView[], here: (after: ItemId | null) => boolean): void {
    for (const bracket of [...waiting]) {
      if (!bracket.pending || !here(bracket.pending.after)) continue
      waiting.splice(waiting.indexOf(bracket), 1)
      this.#bracket(part, bracket, null)
    }
  }

  #bracket(part: Part, bracket: BracketView, item: ItemId | null): void {
    if (!bracket.leaf) return
    this.#placed.add(bracket.id)
    const inner = this.part(bracket.leaf, bracket)
    part.spans.push({ is: 'bracket', part: inner, bracket, item, at: part.size, index: part.length })
    part.size += inner.size + 2
    if (item) part.length += 1
  }

  #piece(part: Part, piece: Piece, waiting: BracketView[]): void {
    const { client, clock, length } = piece
    const within = (after: ItemId | null): boolean =>
      after !== null && after.client === client && after.clock >= clock && after.clock < clock + length
    const cuts = waiting.flatMap(({ pending }) => (pending && within(pending.after) ? [pending.after?.clock ?? 0] : []))
    // Also in what is deleted: Yjs may have merged two such pieces since the last drawing.
    const ends = [...new Set(cuts)].sort((a, b) => a - b)
    let from = clock
    for (const end of ends) {
      this.#show(part, piece, from, end + 1)
      this.#plant(part, waiting, (after) => within(after) && after?.clock === end)
      from = end + 1
    }
    this.#show(part, piece, from, clock + length)
    this.#plant(part, waiting, within)
  }

  #show(part: Part, piece: Piece, from: number, to: number): void {
    if (from >= to) return
    if (piece.is === 'words') {
      const words = piece.words.slice(from - piece.clock, to - piece.clock)
      addWords(part, { client: piece.client, clock: from }, words, piece.formats)
    } else if (piece.is === 'bracket') {
      const item = { client: piece.client, clock: piece.clock }
      const bracket = this.#clause.brackets.find(({ id }) => id === piece.bracket)
      if (bracket?.leaf && !this.#placed.has(bracket.id)) this.#bracket(part, bracket, item)
      else {
        part.spans.push({ is: 'hidden', item, at: part.size, index: part.length })
        part.length += 1
      }
    }
  }
}

function addWords(part: Part, item: ItemId, words: string, formats: Partial<Record<Format, true>>): void {
  const last = part.spans.at(-1)
  const follows = last?.is === 'words' && last.client === item.client && last.clock + last.words.length === item.clock
  if (follows && formatKey(last.formats) === formatKey(formats)) last.words += words
  else part.spans.push({ ...item, is: 'words', words, formats, at: part.size, index: part.length })
  part.size += words.length
  part.length += words.length
}

/* ---- into nodes ---- */

export const sizeOf = (span: Span): number =>
  span.is === 'words' ? span.words.length : span.is === 'bracket' ? span.part.size + 2 : 0
const unitsOf = (span: Span): number =>
  span.is === 'words' ? span.words.length : span.is === 'hidden' || span.item ? 1 : 0

const marksOf = (formats: Partial<Record<Format, true>>) =>
  FORMATS.filter((format) => formats[format]).map((format) => schema.mark(format))

export const bracketAttrs = ({ id, leaf, kind, holders }: BracketView) => ({
  id,
  leaf,
  kind,
  holders: holders.join(' '),
})

/** The nodes that show these spans. */
export function nodesOf(spans: Span[]): Node[] {
  return spans.flatMap((span): Node[] => {
    if (span.is === 'words') return [schema.text(span.words, marksOf(span.formats))]
    if (span.is === 'hidden') return []
    return [schema.node('bracket', bracketAttrs(span.bracket), nodesOf(span.part.spans))]
  })
}

/* ---- places ---- */

/** A place in a part: before `size` or at it. */
export interface Place {
  part: Part
  /** In the editor's units, from the start of the part's content. */
  at: number
}

/** The leaf index of a place. Beside the place of an unknown bracket: left of it. */
export function indexAt({ part, at }: Place): number {
  let index = 0
  for (const span of part.spans) {
    if (span.at >= at) return index
    if (span.is === 'words') index = span.index + Math.min(span.words.length, at - span.at)
    else if (span.is === 'bracket') index = span.index + unitsOf(span)
  }
  return index
}

/** The place of a leaf index in a part; of several, the leftmost. */
export function placeAt(part: Part, index: number): number {
  let at = 0
  for (const span of part.spans) {
    if (index <= span.index) return at
    if (span.is === 'words' && index <= span.index + span.words.length) return span.at + index - span.index
    at = span.at + sizeOf(span)
  }
  return at
}

/** Every part of a clause with the place of its content's start, counted from the start of the clause's own content. */
export function* partsOf(part: Part, start = 0): Generator<{ part: Part; start: number }> {
  yield { part, start }
  for (const span of part.spans) if (span.is === 'bracket') yield* partsOf(span.part, start + span.at + 1)
}
