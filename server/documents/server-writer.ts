import {
  createEncoder,
  type Encoder,
  toUint8Array,
  writeUint8,
  writeUint8Array,
  writeVarString,
  writeVarUint,
} from 'lib0/encoding'
import * as Y from 'yjs'
import type { BracketId, ItemId, LeafId } from '#shared/ids.ts'
import { findItem, formatKey, leafIn, type Piece, piecesOf } from '#shared/text/leaf.ts'
import { FORMATS, type Format, type Move } from '#shared/text/structure.ts'

type Formats = Partial<Record<Format, true>>
/** A stretch of units by one client. */
export type Stretch = ItemId & { length: number }
/** What the server writes: words or the place of a bracket, and where it stood before, if anywhere. */
export type Written = ({ words: string; formats?: Formats } | { bracket: BracketId }) & {
  was?: Stretch & { leaf: LeafId }
}

type Content = { words: string } | { bracket: BracketId } | { format: Format; on: boolean }
/** Yjs' numbers for the contents the server writes, and the bits that say which ids follow. */
const CONTENT = { words: 4, bracket: 5, format: 6 } as const
const HAS_ORIGIN = 0x80
const HAS_RIGHT = 0x40

/** The structs of one client and a set of deletions, as one Yjs V1 update. */
export class UpdateBytes {
  readonly client: number
  #clock: number
  readonly #first: number
  readonly #structs: Encoder = createEncoder()
  #count = 0
  readonly #deleted = new Map<number, { clock: number; length: number }[]>()

  constructor(client: number, clock: number) {
    this.client = client
    this.#clock = clock
    this.#first = clock
  }

  /** Adds one item between its neighbours; `root` is its leaf, named only when it has none. Returns its first unit. */
  add(content: Content, origin: ItemId | null, right: ItemId | null, root: LeafId): ItemId {
    const kind = 'words' in content ? CONTENT.words : 'bracket' in content ? CONTENT.bracket : CONTENT.format
    writeUint8(this.#structs, kind | (origin ? HAS_ORIGIN : 0) | (right ? HAS_RIGHT : 0))
    if (origin) this.#id(origin)
    if (right) this.#id(right)
    if (!origin && !right) {
      writeVarUint(this.#structs, 1)
      writeVarString(this.#structs, root)
    }
    if ('words' in content) writeVarString(this.#structs, content.words)
    else if ('bracket' in content) writeVarString(this.#structs, JSON.stringify({ b: content.bracket }))
    else {
      writeVarString(this.#structs, content.format)
      writeVarString(this.#structs, content.on ? 'true' : 'null')
    }
    const id = { client: this.client, clock: this.#clock }
    this.#clock += 'words' in content ? content.words.length : 1
    this.#count++
    return id
  }

  delete({ client, clock, length }: Stretch): void {
    const ranges = this.#deleted.get(client)
    if (ranges) ranges.push({ clock, length })
    else this.#deleted.set(client, [{ clock, length }])
  }

  /** Null when nothing was added or deleted. */
  finish(): Uint8Array<ArrayBuffer> | null {
    if (this.#count === 0 && this.#deleted.size === 0) return null
    return this.bytes()
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const encoder = createEncoder()
    writeVarUint(encoder, this.#count > 0 ? 1 : 0)
    if (this.#count > 0) {
      for (const part of [this.#count, this.client, this.#first]) writeVarUint(encoder, part)
      writeUint8Array(encoder, toUint8Array(this.#structs))
    }
    writeVarUint(encoder, this.#deleted.size)
    for (const [client, ranges] of [...this.#deleted].sort(([a], [b]) => b - a)) {
      const merged = joined(ranges)
      writeVarUint(encoder, client)
      writeVarUint(encoder, merged.length)
      for (const { clock, length } of merged) {
        writeVarUint(encoder, clock)
        writeVarUint(encoder, length)
      }
    }
    return toUint8Array(encoder)
  }

  #id({ client, clock }: ItemId): void {
    writeVarUint(this.#structs, client)
    writeVarUint(this.#structs, clock)
  }
}

function joined(ranges: { clock: number; length: number }[]): { clock: number; length: number }[] {
  const out: { clock: number; length: number }[] = []
  for (const { clock, length } of ranges.toSorted((a, b) => a.clock - b.clock)) {
    const last = out.at(-1)
    if (last && last.clock + last.length >= clock) last.length = Math.max(last.length, clock + length - last.clock)
    else out.push({ clock, length })
  }
  return out
}

/**
 * Writes the server's own update against a document that it only reads. All places are named by what stands there now;
 * several insertions at one place stand in the order they were made.
 */
export class ServerWriter {
  readonly #doc: Y.Doc
  readonly #bytes: UpdateBytes
  /** Per leaf and place: the last unit written there, and what stands right of it. */
  readonly #places = new Map<string, { last: ItemId | null; right: ItemId | null; formats: Formats }>()

  constructor(doc: Y.Doc, client: number) {
    this.#doc = doc
    this.#bytes = new UpdateBytes(client, Y.getState(doc.store, client))
  }

  /** Plants `written` right of `after` (null: at the start) with exactly its own formats. Returns where what stood elsewhere went. */
  insert(leaf: LeafId, after: ItemId | null, written: Written[]): Move[] {
    const key = `${leaf} ${after ? `${after.client} ${after.clock}` : ''}`
    const place = this.#places.get(key) ?? this.#place(leaf, after)
    this.#places.set(key, place)
    const add = (content: Content): ItemId => {
      const id = this.#bytes.add(content, place.last, place.right, leaf)
      place.last = { client: id.client, clock: id.clock + ('words' in content ? content.words.length - 1 : 0) }
      return id
    }
    const turn = (from: Formats, to: Formats): void => {
      for (const format of FORMATS) if (from[format] !== to[format]) add({ format, on: to[format] === true })
    }
    const moves: Move[] = []
    let formats = place.formats
    for (const part of written) {
      if ('words' in part && part.words === '') continue
      if ('words' in part) turn(formats, part.formats ?? {})
      if ('words' in part) formats = part.formats ?? {}
      const to = add('words' in part ? { words: part.words } : { bracket: part.bracket })
      if (part.was) addMove(moves, { ...part.was, to: { leaf, ...to } })
    }
    turn(formats, place.formats)
    return moves
  }

  #place(leaf: LeafId, after: ItemId | null) {
    const text = leafIn(this.#doc, leaf)
    if (!text) return { last: null, right: null, formats: {} }
    const left = after && findItem(text, after)
    if (after && !left) throw new Error('The server writes beside items it knows only')
    let right: Y.Item | null = left ? left.right : text._start
    let rightId: ItemId | null = right && { client: right.id.client, clock: right.id.clock }
    if (left && after && after.clock < left.id.clock + left.length - 1) {
      right = left
      rightId = { client: after.client, clock: after.clock + 1 }
    }
    return { last: after, right: rightId, formats: formatsAfter(text, after) }
  }

  erase(stretch: Stretch): void {
    this.#bytes.delete(stretch)
  }

  finish(): Uint8Array<ArrayBuffer> | null {
    return this.#bytes.finish()
  }
}

/** The formats in force right of `after`. */
function formatsAfter(text: Y.Text, after: ItemId | null): Formats {
  const formats: Formats = {}
  if (!after || !text._hasFormatting) return formats
  for (let item = text._start; item !== null; item = item.right) {
    const { content } = item
    if (!item.deleted && content instanceof Y.ContentFormat) {
      const format = FORMATS.find((one) => one === content.key)
      if (format && content.value === true) formats[format] = true
      else if (format) delete formats[format]
    }
    if (holds(item, after)) break
  }
  return formats
}
const holds = ({ id, length }: Y.Item, { client, clock }: ItemId): boolean =>
  id.client === client && id.clock <= clock && clock < id.clock + length

/** Adds a move, as part of the last one where it goes on with it. */
function addMove(moves: Move[], move: Move): void {
  const last = moves.at(-1)
  const goesOn =
    last &&
    last.leaf === move.leaf &&
    last.client === move.client &&
    last.clock + last.length === move.clock &&
    last.to.leaf === move.to.leaf &&
    last.to.client === move.to.client &&
    last.to.clock + last.length === move.to.clock
  if (goesOn) last.length += move.length
  else moves.push(move)
}

export type Shown = Extract<Piece, { is: 'words' | 'bracket' }>
export const isShown = (piece: Piece): piece is Shown => piece.is === 'words' || piece.is === 'bracket'

/** A shown piece as the server writes it elsewhere. */
export function rewritten(leaf: LeafId, piece: Shown): Written | null {
  const { client, clock, length } = piece
  const was = { leaf, client, clock, length }
  if (piece.is === 'words')
    return { words: piece.words, ...(formatKey(piece.formats) ? { formats: piece.formats } : {}), was }
  return piece.bracket && { bracket: piece.bracket, was }
}

/** The leaf's pieces in list order; none for a leaf never written to. */
export function piecesIn(doc: Y.Doc, leaf: LeafId): Piece[] {
  const text = leafIn(doc, leaf)
  return text ? piecesOf(text) : []
}
