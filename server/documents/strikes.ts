import type * as Y from 'yjs'
import type { TextEvent } from '#shared/domain/events.ts'
import { type BracketId, type ItemId, type LeafId, mintId } from '#shared/ids.ts'
import { hashBytes } from '#shared/text/hash.ts'
import type { Piece } from '#shared/text/leaf.ts'
import type { Bracket, Move, Text } from '#shared/text/structure.ts'
import { includes, Moves, overlaps, shownBetween } from './places.ts'
import { piecesIn, type Stretch } from './server-writer.ts'

type Struck = { from: ItemId; to: ItemId }
type Split = Extract<TextEvent, { type: 'ClauseSplit' }>

/** The id of a strike's other part: the same on every node that computes it, and no clearer than the id it comes from. */
export function partId(bracket: BracketId, salt: string): BracketId {
  const hex = hashBytes(new TextEncoder().encode(`${bracket}/${salt}`))
  return mintId<BracketId>(Uint8Array.from({ length: 22 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)))
}

export const strikesIn = (text: Text, leaf: LeafId): Bracket[] =>
  Object.values(text.brackets).filter((bracket) => bracket.host === leaf && bracket.struck && !bracket.leaf)

/** The units of a leaf's shown words that a strike covers, in list order. */
function coveredBy(doc: Y.Doc, text: Text, leaf: LeafId, pieces: Piece[], struck: Struck): Stretch[] {
  const range = shownBetween(doc, text, leaf, struck)?.find((one) => one.leaf === leaf)?.struck
  if (!range) return []
  const from = pieces.findIndex((piece) => includes(piece, range.from))
  const to = pieces.findIndex((piece) => includes(piece, range.to))
  return pieces.flatMap((piece, index) => {
    if (piece.is !== 'words' || index < from || index > to) return []
    const first = index === from ? range.from.clock : piece.clock
    const end = index === to ? range.to.clock + 1 : piece.clock + piece.length
    return [{ client: piece.client, clock: first, length: end - first }]
  })
}

/** The words of a leaf that a strike covers. */
export function coveredWords(doc: Y.Doc, text: Text, pieces: Piece[], bracket: Bracket): Stretch[] {
  return bracket.struck ? coveredBy(doc, text, bracket.host, pieces, bracket.struck) : []
}

function ends(stretches: Stretch[]): Struck | null {
  const [first, last] = [stretches[0], stretches.at(-1)]
  if (!first || !last) return null
  return {
    from: { client: first.client, clock: first.clock },
    to: { client: last.client, clock: last.clock + last.length - 1 },
  }
}

function moved({ from, to }: Struck, moves: Move[]): Struck | null {
  const index = Moves.of(moves)
  const one = (id: ItemId): ItemId | null => {
    const move = index.within({ ...id, length: 1 })[0]
    return move ? { client: move.to.client, clock: move.to.clock } : null
  }
  const [first, last] = [one(from), one(to)]
  return first && last && { from: first, to: last }
}

/** A leaf's strikes by the new ids of its moved words; those with no words left are not among them. */
export function movedStrikes(
  doc: Y.Doc,
  text: Text,
  leaf: LeafId,
  moves: Move[],
): { bracket: BracketId; struck: Struck }[] {
  const pieces = piecesIn(doc, leaf)
  return strikesIn(text, leaf).flatMap((bracket) => {
    const covered = ends(coveredWords(doc, text, pieces, bracket))
    const struck = covered && moved(covered, moves)
    return struck ? [{ bracket: bracket.id, struck }] : []
  })
}

/** Strikes after the words of `tail` moved: those in it follow, one across becomes two. */
export function splitStrikes(doc: Y.Doc, text: Text, split: Split, tail: Piece[], moves: Move[]): Split['strikes'] {
  const pieces = piecesIn(doc, split.leaf)
  return strikesIn(text, split.leaf).flatMap((bracket): Split['strikes'] => {
    const covered = coveredWords(doc, text, pieces, bracket)
    const behind = ends(tail.flatMap((piece) => overlaps(piece, covered)))
    const second = behind && moved(behind, moves)
    if (!second) return []
    const head = ends(covered.flatMap((stretch) => outside(stretch, tail)))
    if (!head) return [{ bracket: bracket.id, struck: second, clause: split.made }]
    const half = { bracket: partId(bracket.id, split.made), struck: second, clause: split.made, halfOf: bracket.id }
    return [{ bracket: bracket.id, struck: head, clause: split.clause }, half]
  })
}

/** The units of a stretch that stand in none of the pieces. */
function outside(stretch: Stretch, pieces: Piece[]): Stretch[] {
  const inside = pieces.flatMap((piece) => overlaps(piece, [stretch])).sort((a, b) => a.clock - b.clock)
  const out: Stretch[] = []
  let clock = stretch.clock
  for (const cut of inside) {
    if (clock < cut.clock) out.push({ client: stretch.client, clock, length: cut.clock - clock })
    clock = cut.clock + cut.length
  }
  const end = stretch.clock + stretch.length
  if (clock < end) out.push({ client: stretch.client, clock, length: end - clock })
  return out
}
