import type * as Y from 'yjs'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { findItem, leafIn, type Piece } from '#shared/text/leaf.ts'
import { clauseHolding } from '#shared/text/rights.ts'
import type { ClosedLeaf, Move, Text } from '#shared/text/structure.ts'
import { isShown, piecesIn, type Stretch } from './server-writer.ts'

/** Where things named in a leaf stand now that the server may have moved them. */

/** A place between words that is there now. `own`: what goes there must be a bracket, for it comes from words that were withdrawn. */
export interface Place {
  leaf: LeafId
  after: ItemId | null
  own: boolean
}

/** More than any text has had moves of one word. */
const HOPS = 10_000

/** The server's moves by what was moved; each unit moves at most once. */
export class Moves {
  readonly #byClient = new Map<number, Move[]>()
  static readonly #known = new WeakMap<readonly Move[], Moves>()

  /** The table is immutable: the same array gives the same index. */
  static of(moves: readonly Move[]): Moves {
    const known = Moves.#known.get(moves) ?? new Moves(moves)
    Moves.#known.set(moves, known)
    return known
  }

  private constructor(moves: readonly Move[]) {
    for (const move of moves) {
      const own = this.#byClient.get(move.client)
      if (own) own.push(move)
      else this.#byClient.set(move.client, [move])
    }
    for (const own of this.#byClient.values()) own.sort((a, b) => a.clock - b.clock)
  }

  /** Moves of any of the stretch's units, in clock order, cut to it. */
  within({ client, clock, length }: Stretch): Move[] {
    const own = this.#byClient.get(client) ?? []
    const found: Move[] = []
    for (let i = firstEndingAfter(own, clock); i < own.length; i++) {
      const move = own[i]
      if (!move || move.clock >= clock + length) break
      const from = Math.max(move.clock, clock)
      const to = Math.min(move.clock + move.length, clock + length)
      found.push({
        ...move,
        clock: from,
        length: to - from,
        to: { ...move.to, clock: move.to.clock + from - move.clock },
      })
    }
    return found
  }
}

function firstEndingAfter(moves: Move[], clock: number): number {
  let low = 0
  let high = moves.length
  while (low < high) {
    const middle = (low + high) >> 1
    const move = moves[middle]
    if (move && move.clock + move.length <= clock) low = middle + 1
    else high = middle
  }
  return low
}

const closedOf = (text: Text, leaf: LeafId): ClosedLeaf | null =>
  Object.hasOwn(text.closed, leaf) ? (text.closed[leaf] ?? null) : null
const isOwn = (closed: ClosedLeaf | null): boolean => closed?.why === 'withdrawn' || closed?.why === 'removed'

/**
 * Where "right of `after` in `leaf`" is now: a deleted item counts as where it stood, a moved one takes the place with it,
 * and out of a leaf that closed it climbs to the host. Null: not of this text, or an item this document does not know.
 */
export function placeOf(doc: Y.Doc, text: Text, leaf: LeafId, after: ItemId | null): Place | null {
  const moves = Moves.of(text.moves)
  let at: { leaf: LeafId; after: ItemId | null } = { leaf, after }
  let own = false
  // Words that moved out of a leaf and were removed there point back into it: then the place itself, as deleted, is the answer.
  const passed = new Set<string>()
  for (let hops = 0; hops < HOPS; hops++) {
    const open = clauseHolding(text, at.leaf) !== null
    const closed = open ? null : closedOf(text, at.leaf)
    if (!open && !closed) return null
    own ||= isOwn(closed)
    const found = whereIn(doc, moves, at, open)
    if (found === null) return null
    const key = `${at.leaf} ${at.after?.client} ${at.after?.clock}`
    const again = passed.has(key)
    passed.add(key)
    if (found === 'here' || (open && again)) return { ...at, own }
    if (closed && (found === 'start' || again)) at = { leaf: closed.host, after: closed.after }
    else if (found !== 'start') at = found
  }
  return null
}

type Where = { leaf: LeafId; after: ItemId } | 'here' | 'start' | null
/** The nearest thing at or left of `after` that says where it stands: something that shows, something that moved, or the start. */
function whereIn(doc: Y.Doc, moves: Moves, { leaf, after }: Omit<Place, 'own'>, open: boolean): Where {
  if (after === null) return open ? 'here' : 'start'
  const text = leafIn(doc, leaf)
  let item = text && findItem(text, after)
  if (!item) return null
  let end = after.clock + 1
  while (item) {
    if (open && !item.deleted && item.countable) return 'here'
    const { client, clock } = item.id
    const move = moves.within({ client, clock, length: end - clock }).at(-1)
    if (move) return { leaf: move.to.leaf, after: { client: move.to.client, clock: move.to.clock + move.length - 1 } }
    item = item.left
    if (item) end = item.id.clock + item.length
  }
  return open ? 'here' : 'start'
}

/** Where the units of a stretch stand in the end, after every move; units that never moved stand where they are. */
export function follow(moves: Moves, leaf: LeafId, stretch: Stretch): (Stretch & { leaf: LeafId })[] {
  const out: (Stretch & { leaf: LeafId })[] = []
  let clock = stretch.clock
  const end = stretch.clock + stretch.length
  const rest = (to: number) => {
    if (clock < to) out.push({ leaf, client: stretch.client, clock, length: to - clock })
  }
  for (const move of moves.within(stretch)) {
    rest(move.clock)
    const { leaf: to, ...id } = move.to
    out.push(...follow(moves, to, { ...id, length: move.length }))
    clock = move.clock + move.length
  }
  rest(end)
  return out
}

/** The pieces cut in two right of `after` (null: before all). Null when the item is not there. */
export function cutAfter(pieces: Piece[], after: ItemId | null): [Piece[], Piece[]] | null {
  if (after === null) return [[], pieces]
  const index = pieces.findIndex((piece) => includes(piece, after))
  const piece = pieces[index]
  if (!piece) return null
  const keep = after.clock - piece.clock + 1
  const [left, right] = [part(piece, 0, keep), part(piece, keep, piece.length)]
  return [
    [...pieces.slice(0, index), ...(left ? [left] : [])],
    [...(right ? [right] : []), ...pieces.slice(index + 1)],
  ]
}

export const includes = (piece: Stretch, { client, clock }: ItemId): boolean =>
  piece.client === client && piece.clock <= clock && clock < piece.clock + piece.length

/** Units `from` up to, not including, `to` of a piece; null when that is none. */
export function part(piece: Piece, from: number, to: number): Piece | null {
  if (from >= to) return null
  const cut = { ...piece, clock: piece.clock + from, length: to - from }
  return cut.is === 'words' ? { ...cut, words: cut.words.slice(from, to) } : cut
}

/** The item a whole character ends with: half of a pair is never a place. */
export function wholeCharacter(pieces: Piece[], item: ItemId, end: 'first' | 'last'): ItemId {
  const piece = pieces.find((one) => includes(one, item))
  if (piece?.is !== 'words') return item
  const unit = piece.words.charCodeAt(item.clock - piece.clock) & 0xfc00
  if (end === 'last' && unit === 0xd800 && item.clock + 1 < piece.clock + piece.length)
    return { ...item, clock: item.clock + 1 }
  if (end === 'first' && unit === 0xdc00 && item.clock > piece.clock) return { ...item, clock: item.clock - 1 }
  return item
}

/** The last item in the leaf's list, deleted or not; null when it is empty. */
export function lastItem(pieces: Piece[]): ItemId | null {
  const last = pieces.at(-1)
  return last ? { client: last.client, clock: last.clock + last.length - 1 } : null
}

/**
 * What a place is remembered by: the nearest thing on its left that shows. A deleted item would not do, for the server may
 * have moved it elsewhere, and the place with it.
 */
export const lastShown = (pieces: Piece[]): ItemId | null => lastItem(pieces.filter(isShown))

/** The words between two items of a leaf that still show anywhere, by the leaf they now show in; each range in that leaf's order. */
export function shownBetween(
  doc: Y.Doc,
  text: Text,
  leaf: LeafId,
  struck: { from: ItemId; to: ItemId },
): { leaf: LeafId; struck: { from: ItemId; to: ItemId } }[] | null {
  const pieces = piecesIn(doc, leaf)
  const from = pieces.findIndex((piece) => includes(piece, struck.from))
  const to = pieces.findIndex((piece) => includes(piece, struck.to))
  if (from < 0 || to < 0) return null
  const moves = Moves.of(text.moves)
  const stretches = pieces.slice(from, to + 1).flatMap((piece, index, all) => {
    const first = index === 0 ? struck.from.clock : piece.clock
    const end = index === all.length - 1 ? struck.to.clock + 1 : piece.clock + piece.length
    return first < end ? follow(moves, leaf, { client: piece.client, clock: first, length: end - first }) : []
  })
  return rangesOf(doc, stretches)
}

/** One range per leaf around those of the units that show there as words. */
export function rangesOf(
  doc: Y.Doc,
  stretches: (Stretch & { leaf: LeafId })[],
): { leaf: LeafId; struck: { from: ItemId; to: ItemId } }[] {
  const byLeaf = Map.groupBy(stretches, (stretch) => stretch.leaf)
  return [...byLeaf].flatMap(([leaf, own]) => {
    const pieces = piecesIn(doc, leaf)
    const shown = pieces.flatMap((piece) => (piece.is === 'words' ? overlaps(piece, own) : []))
    const [first, last] = [shown[0], shown.at(-1)]
    if (!first || !last) return []
    const from = wholeCharacter(pieces, { client: first.client, clock: first.clock }, 'first')
    const to = wholeCharacter(pieces, { client: last.client, clock: last.clock + last.length - 1 }, 'last')
    return [{ leaf, struck: { from, to } }]
  })
}

/** Those units of `piece` that any of the stretches names. */
export function overlaps(piece: Piece, stretches: Stretch[]): Stretch[] {
  const found = stretches.flatMap(({ client, clock, length }) => {
    if (client !== piece.client) return []
    const from = Math.max(clock, piece.clock)
    const to = Math.min(clock + length, piece.clock + piece.length)
    return from < to ? [{ client, clock: from, length: to - from }] : []
  })
  return found.sort((a, b) => a.clock - b.clock)
}

/** The place of a bracket in its host: the embed's item, what stands left of it, and what shows left of it. */
export function embedOf(pieces: Piece[], bracket: string): Embed {
  const index = pieces.findIndex((piece) => piece.is === 'bracket' && piece.bracket === bracket)
  const left = index < 0 ? pieces : pieces.slice(0, index)
  return { embed: pieces[index] ?? null, after: lastItem(left), shown: lastShown(left) }
}
export interface Embed {
  embed: Stretch | null
  after: ItemId | null
  shown: ItemId | null
}

/** How many units show. */
export const shownLength = (pieces: Piece[]): number =>
  pieces.reduce((sum, piece) => sum + (isShown(piece) ? piece.length : 0), 0)
