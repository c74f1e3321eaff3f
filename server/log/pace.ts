/** A write to the disk costs the same for one as for many. So many a second make those who come wait for each other a millisecond. */
const ARRIVALS_PER_MS = 150
const LONGEST_MS = 5
/** What comes within this comes together. */
const TOGETHER_MS = 0.3
/** How fast a burst is forgotten. */
const MEMORY_MS = 1_000

/**
 * How long what comes waits for more before it is written: nothing while little comes, up to five milliseconds since the last
 * write on a node that has much to write. One for all processes: the shared latency of commits.
 */
export class Pace {
  #perSecond = 0
  #at = 0
  #writtenAt = Number.NEGATIVE_INFINITY

  /** Something came at `now`, in milliseconds; so long it waits. */
  arrived(now: number): number {
    if (now - this.#at >= TOGETHER_MS) {
      this.#perSecond = this.#perSecond * Math.exp(-(now - this.#at) / MEMORY_MS) + 1
      this.#at = now
    }
    const gap = Math.min(LONGEST_MS, Math.floor(this.#perSecond / ARRIVALS_PER_MS))
    return Math.max(0, Math.ceil(this.#writtenAt + gap - now))
  }

  written(now: number): void {
    this.#writtenAt = now
  }
}
