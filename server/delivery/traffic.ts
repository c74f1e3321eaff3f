import type { Instant } from '#shared/ids.ts'

/**
 * A write to one reader costs the server 10 to 14 microseconds. 375 deliveries a second, half a hundredth of a core, widen
 * the window by a millisecond: 5 readers of one typist wait for nothing, 50 people typing at once gather for the longest.
 */
const DELIVERIES_PER_MS = 375
/** Two frames of a screen: nobody sees later words. */
const LONGEST_MS = 33
/** How fast a burst is forgotten. */
const MEMORY_MS = 1000

/**
 * How long words of one text are gathered before they are sent: nothing while it is quiet, longer with readers times rate.
 * Knows that text's own traffic only, so that no other text can be heard in it.
 */
export class Traffic {
  #perSecond = 0
  #at = 0
  #sentAt = Number.NEGATIVE_INFINITY

  /** One update came. */
  note(now: Instant): void {
    this.#perSecond = this.#rate(now) + 1
    this.#at = now
  }

  sent(now: Instant): void {
    this.#sentAt = now
  }

  /** How many milliseconds apart frames are to be. */
  window(now: Instant, readers: number): number {
    return Math.min(LONGEST_MS, Math.floor((this.#rate(now) * readers) / DELIVERIES_PER_MS))
  }

  /** How many milliseconds to wait from `now` before the next frame. */
  wait(now: Instant, readers: number): number {
    return Math.max(0, this.#sentAt + this.window(now, readers) - now)
  }

  #rate(now: Instant): number {
    return this.#perSecond * Math.exp(-Math.max(0, now - this.#at) / MEMORY_MS)
  }
}
