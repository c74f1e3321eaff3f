import type { Account } from './accounts.ts'

/** One connection's frames that wait to be handled. */
export interface Queue {
  readonly account: Account
  /** Whether its first frame may be handled now. */
  readonly isReady: boolean
  /** Handles the first frame; returns what it costs beyond the time until it is done: other threads, other readers. */
  handle(): number
}

/** Frames of one look at the network: others come in between. */
const FRAMES_A_ROUND = 8
/** After this long the network is looked at again, so that nobody's first frame waits behind many of others. */
const ROUND_MS = 4
/** Of these, so long for those who have used much lately; then they rest for as long as they took. */
const HEAVY_ROUND_MS = 2

/**
 * Whose frame is handled next: the seat's that has used the least of this node lately. So whoever sends much, or sends
 * what is costly, waits behind everybody who does not; together they get half of the node at most.
 *
 * Each frame is handled in a callback of its own, so that what it sets off at once (guard, decision) is counted as its cost.
 */
export class Rounds {
  readonly #waiting = new Set<Queue>()
  readonly #now: () => number
  /** Callbacks still to come in this round: each handles a frame, the last one ends the round. */
  #steps = 0
  #isUnderWay = false
  #stopAt = 0
  #heavyUntil = 0
  #heavySpent = 0
  #running: { account: Account; began: number; beyond: number } | null = null

  /** `now`: milliseconds on a fine clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The queue has a first frame that may be handled. */
  wake(queue: Queue): void {
    if (!queue.isReady) return
    this.#waiting.add(queue)
    if (this.#steps === 0) this.#arm(1)
    else if (!this.#isUnderWay && this.#steps <= FRAMES_A_ROUND) this.#schedule()
  }

  forget(queue: Queue): void {
    this.#waiting.delete(queue)
  }

  #arm(frames: number): void {
    this.#stopAt = 0
    for (let step = 0; step <= frames; step++) this.#schedule()
  }

  #schedule(): void {
    this.#steps += 1
    setImmediate(() => this.#step())
  }

  #step(): void {
    const now = this.#now()
    this.#settle(now)
    this.#isUnderWay = true
    this.#steps -= 1
    if (this.#steps === 0) {
      this.#end(now)
      return
    }
    if (this.#stopAt === 0) this.#stopAt = now + ROUND_MS
    const queue = now < this.#stopAt ? this.#next(now) : null
    if (!queue) return
    this.#running = { account: queue.account, began: now, beyond: 0 }
    this.#running.beyond = queue.handle()
    if (!queue.isReady) this.#waiting.delete(queue)
  }

  /** The first that waits of those who used least; null while only such wait as have to rest. */
  #next(now: number): Queue | null {
    let least: Queue | null = null
    for (const queue of this.#waiting) {
      if (!queue.isReady) this.#waiting.delete(queue)
      else if (!least || queue.account.weight < least.account.weight) least = queue
    }
    if (!least) return null
    const mustRest = least.account.isHeavy && (now < this.#heavyUntil || this.#heavySpent >= HEAVY_ROUND_MS)
    if (mustRest) return null
    // Connections of one seat take turns.
    this.#waiting.delete(least)
    this.#waiting.add(least)
    return least
  }

  #settle(now: number): void {
    const running = this.#running
    if (!running) return
    this.#running = null
    const took = now - running.began
    if (running.account.isHeavy) this.#heavySpent += took
    running.account.charge(took + running.beyond)
  }

  #end(now: number): void {
    this.#isUnderWay = false
    if (this.#heavySpent > 0) {
      this.#heavyUntil = now + this.#heavySpent
      this.#heavySpent = 0
    }
    if (this.#waiting.size === 0) return
    const rest = this.#heavyUntil - now
    const someoneLight = [...this.#waiting].some(({ account }) => !account.isHeavy)
    if (someoneLight || rest <= 0) this.#arm(FRAMES_A_ROUND)
    else setTimeout(() => this.#waiting.size > 0 && this.#steps === 0 && this.#arm(FRAMES_A_ROUND), rest)
  }
}
