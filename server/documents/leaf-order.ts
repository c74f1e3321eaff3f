import type * as Y from 'yjs'
import type { ItemId } from '#shared/ids.ts'

/** A stretch of one author's clocks that stands in one place of a leaf. */
interface Piece {
  client: number
  clock: number
  length: number
  origin: ItemId | null
  rightOrigin: ItemId | null
  prev: Piece | null
  next: Piece | null
}

const same = (a: ItemId | null, b: ItemId | null): boolean =>
  a === b || (a !== null && b !== null && a.client === b.client && a.clock === b.clock)

/**
 * The order of one leaf's items, copied from the live text, in which an update's structs are placed exactly as Yjs
 * would place them (`Item.integrate`, YATA), without touching the live text. Needed only when a struct names
 * another struct of the same update and their order does not follow from their anchors alone.
 */
export class LeafOrder {
  /** Items of the leaf when it was copied; past `limit` the copy is not complete. */
  readonly size: number
  #first: Piece | null = null
  readonly #pieces = new Map<number, Piece[]>()

  constructor(start: Y.Item | null, limit: number) {
    let size = 0
    let prev: Piece | null = null
    for (let item = start; item !== null && size <= limit; item = item.right) {
      const { id, length, origin, rightOrigin } = item
      const piece: Piece = { client: id.client, clock: id.clock, length, origin, rightOrigin, prev, next: null }
      if (prev === null) this.#first = piece
      else prev.next = piece
      this.#of(id.client).push(piece)
      prev = piece
      size++
    }
    for (const pieces of this.#pieces.values()) pieces.sort((a, b) => a.clock - b.clock)
    this.size = size
  }

  /**
   * Places `length` clocks from `id` on between two anchors that stand in this leaf. Returns how many items stood
   * between them, or null when `origin` does not stand left of `rightOrigin`; then nothing was placed.
   */
  place(id: ItemId, length: number, origin: ItemId | null, rightOrigin: ItemId | null): number | null {
    const left = origin && this.#endingAt(origin)
    const right = rightOrigin && this.#startingAt(rightOrigin)
    const between = this.#between(left, right)
    if (between === null) return null
    const piece: Piece = { ...id, length, origin, rightOrigin, prev: null, next: null }
    this.#link(piece, between === 0 ? left : this.#conflictFree(piece, left, right))
    this.#of(id.client).push(piece)
    return between
  }

  #between(left: Piece | null, right: Piece | null): number | null {
    let count = 0
    let piece = left ? left.next : this.#first
    for (; piece !== null && piece !== right; piece = piece.next) count++
    return piece === right ? count : null
  }

  /** The piece to stand left of `piece` among concurrent ones: the scan of `Item.integrate`, case by case. */
  #conflictFree(piece: Piece, origin: Piece | null, right: Piece | null): Piece | null {
    let left = origin
    const conflicting = new Set<Piece>()
    const beforeOrigin = new Set<Piece>()
    let other = origin ? origin.next : this.#first
    for (; other !== null && other !== right; other = other.next) {
      beforeOrigin.add(other)
      conflicting.add(other)
      const otherOrigin = other.origin && this.#holding(other.origin)
      if (same(piece.origin, other.origin)) {
        if (other.client < piece.client) {
          left = other
          conflicting.clear()
        } else if (same(piece.rightOrigin, other.rightOrigin)) break
      } else if (otherOrigin && beforeOrigin.has(otherOrigin)) {
        if (!conflicting.has(otherOrigin)) {
          left = other
          conflicting.clear()
        }
      } else break
    }
    return left
  }

  #link(piece: Piece, left: Piece | null): void {
    piece.prev = left
    piece.next = left ? left.next : this.#first
    if (left) left.next = piece
    else this.#first = piece
    if (piece.next) piece.next.prev = piece
  }

  #of(client: number): Piece[] {
    let pieces = this.#pieces.get(client)
    if (!pieces) {
      pieces = []
      this.#pieces.set(client, pieces)
    }
    return pieces
  }

  /** Index of the last piece of `pieces` that does not start after `clock`; -1 when all do. */
  #indexOf(pieces: Piece[], clock: number): number {
    let low = 0
    let high = pieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pieces[middle] as Piece).clock <= clock) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Null when the id does not stand in this leaf. */
  #holding({ client, clock }: ItemId): Piece | null {
    const pieces = this.#of(client)
    const piece = pieces[this.#indexOf(pieces, clock)]
    return piece && clock < piece.clock + piece.length ? piece : null
  }

  #endingAt({ client, clock }: ItemId): Piece | null {
    const piece = this.#holding({ client, clock })
    if (piece) this.#split(piece, clock + 1 - piece.clock)
    return piece
  }

  #startingAt({ client, clock }: ItemId): Piece | null {
    const piece = this.#holding({ client, clock })
    return piece && (this.#split(piece, clock - piece.clock) ?? piece)
  }

  /** Cuts `piece` after `length` clocks, as `splitItem` does, and returns the second half; null when there is nothing to cut. */
  #split(piece: Piece, length: number): Piece | null {
    if (length <= 0 || length >= piece.length) return null
    const { client, clock, rightOrigin } = piece
    const origin = { client, clock: clock + length - 1 }
    const rest: Piece = { ...piece, clock: clock + length, length: piece.length - length, origin, rightOrigin }
    piece.length = length
    this.#link(rest, piece)
    const pieces = this.#of(client)
    pieces.splice(this.#indexOf(pieces, clock) + 1, 0, rest)
    return rest
  }
}
