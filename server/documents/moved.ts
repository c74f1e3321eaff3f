import type { LeafId } from '#shared/ids.ts'
import type { Move } from '#shared/text/structure.ts'

/** Which clocks the server has moved elsewhere, for look-up while typing. Made once per table of moves. */
export class Moved {
  /** Leaves that words moved out of. */
  readonly leaves: ReadonlySet<LeafId>
  readonly #byClient = new Map<number, { from: number; to: number }[]>()

  private constructor(moves: readonly Move[]) {
    this.leaves = new Set(moves.map((move) => move.leaf))
    for (const { client, clock, length } of moves) {
      const ranges = this.#byClient.get(client) ?? []
      ranges.push({ from: clock, to: clock + length })
      this.#byClient.set(client, ranges)
    }
    for (const ranges of this.#byClient.values()) ranges.sort((a, b) => a.from - b.from)
  }

  static readonly #known = new WeakMap<readonly Move[], Moved>()
  /** The table is immutable: the same array gives the same index. */
  static of(moves: readonly Move[]): Moved {
    let moved = Moved.#known.get(moves)
    if (!moved) {
      moved = new Moved(moves)
      Moved.#known.set(moves, moved)
    }
    return moved
  }

  /** Whether any of `client`'s clocks from `from` up to, not including, `to` was moved. */
  touches(client: number, from: number, to: number): boolean {
    const ranges = this.#byClient.get(client)
    if (!ranges) return false
    let low = 0
    let high = ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ranges[middle] as { from: number }).from < to) low = middle + 1
      else high = middle
    }
    const last = ranges[low - 1]
    return last !== undefined && last.to > from
  }
}
