import type { Up } from '#shared/protocol/frames.ts'
import { piecesOf } from '../documents/update-reader.ts'
import {
  Bucket,
  FREE_PIECES,
  SEAT_ACTS,
  SEAT_BYTES,
  SEAT_FRAMES,
  SEAT_OPENS,
  SEAT_PIECES,
  SEAT_SAID,
  SEAT_WORDS,
} from './limits.ts'

/** How fast work is forgotten. */
const MEMORY_MS = 1_000
/** A tenth of a core for a second: more than any person's typing costs. */
const HEAVY_MS = 100
/** Questions and words of one seat that are under way at once; the next wait for their turn. */
const MAX_UNDER_WAY = 4
/** Accounts without a connection are kept this long, so that nobody sheds a debt by coming back. */
const KEPT_MS = 30_000

/** What one seat has used of this node lately. All its connections share it. */
export class Account {
  readonly frames: Bucket
  readonly bytes: Bucket
  /** Connections that sit. */
  seated = 0
  /** Called when the next frame may be handled. */
  readonly freed = new Set<() => void>()
  readonly #words: Bucket
  readonly #pieces: Bucket
  readonly #acts: Bucket
  readonly #opens: Bucket
  readonly #said: Bucket
  #restsUntil = 0
  #underWay = 0
  #used = 0
  #at: number
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
    this.#at = now()
    this.frames = new Bucket(SEAT_FRAMES, now)
    this.bytes = new Bucket(SEAT_BYTES, now)
    this.#words = new Bucket(SEAT_WORDS, now)
    this.#pieces = new Bucket(SEAT_PIECES, now)
    this.#acts = new Bucket(SEAT_ACTS, now)
    this.#opens = new Bucket(SEAT_OPENS, now)
    this.#said = new Bucket(SEAT_SAID, now)
  }
  /** Takes what a frame would leave with everybody. Milliseconds until the seat's next frame may be handled. */
  spend(frame: Up): number {
    const wait = this.#waitFor(frame)
    this.#restsUntil = Math.max(this.#restsUntil, this.#now() + wait)
    return wait
  }
  #waitFor(frame: Up): number {
    if (frame.frame === 'words') {
      const pieces = Math.max(0, piecesOf(frame.update) - FREE_PIECES)
      return Math.max(this.#words.take(frame.update.length), this.#pieces.take(pieces))
    }
    if (frame.frame === 'open') return this.#opens.take(1)
    if (frame.frame !== 'act') return 0
    const { command } = frame
    const said = command.type === 'Comment' || command.type === 'PublishNotice' ? command.words.length : 0
    return Math.max(this.#acts.take(1), this.#said.take(said))
  }
  /** Whether the seat added so much that its next frame waits. */
  get isResting(): boolean {
    return this.#now() < this.#restsUntil
  }
  /** Milliseconds of this node's work, of which two thirds are forgotten each second. */
  get used(): number {
    return this.#used * Math.exp(-Math.max(0, this.#now() - this.#at) / MEMORY_MS)
  }
  get isHeavy(): boolean {
    return this.used > HEAVY_MS
  }
  /** Grows with what was used; of two accounts the one with more has used more, at any time, since all forget alike. */
  weight = Number.NEGATIVE_INFINITY
  charge(ms: number): void {
    this.#used = this.used + ms
    this.#at = this.#now()
    this.weight = Math.log(this.#used) + this.#at / MEMORY_MS
  }
  get isFull(): boolean {
    return this.#underWay >= MAX_UNDER_WAY
  }
  /** One more is under way until `done`. */
  begin(done: Promise<void>): void {
    this.#underWay += 1
    void done.finally(() => {
      this.#underWay -= 1
      this.wake()
    })
  }
  wake(): void {
    for (const wake of this.freed) wake()
  }
  isForgotten(now: number): boolean {
    return this.seated === 0 && this.#underWay === 0 && now - this.#at > KEPT_MS
  }
  touch(): void {
    this.charge(0)
  }
}

/** The accounts of this node, by seat. */
export class Accounts {
  readonly #now: () => number
  readonly #known = new Map<string, Account>()
  #sweptAt: number

  constructor(now: () => number) {
    this.#now = now
    this.#sweptAt = now()
  }
  of(seat: string): Account {
    this.#sweep()
    const account = this.#known.get(seat) ?? new Account(this.#now)
    this.#known.set(seat, account)
    account.touch()
    return account
  }
  #sweep(): void {
    const now = this.#now()
    if (now - this.#sweptAt < KEPT_MS) return
    this.#sweptAt = now
    for (const [seat, account] of this.#known) if (account.isForgotten(now)) this.#known.delete(seat)
  }
}
