import { Bucket, SEAT_BYTES, SEAT_FRAMES } from './limits.ts'

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
  /** Called when one more may be under way. */
  readonly freed = new Set<() => void>()
  #underWay = 0
  #used = 0
  #at: number
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
    this.#at = now()
    this.frames = new Bucket(SEAT_FRAMES, now)
    this.bytes = new Bucket(SEAT_BYTES, now)
  }
  /** Milliseconds of this node's work, of which two thirds are forgotten each second. */
  get used(): number {
    return this.#used * Math.exp(-Math.max(0, this.#now() - this.#at) / MEMORY_MS)
  }
  get isHeavy(): boolean {
    return this.used > HEAVY_MS
  }
  charge(ms: number): void {
    this.#used = this.used + ms
    this.#at = this.#now()
  }
  get isFull(): boolean {
    return this.#underWay >= MAX_UNDER_WAY
  }
  /** One more is under way until `done`. */
  begin(done: Promise<void>): void {
    this.#underWay += 1
    void done.finally(() => {
      this.#underWay -= 1
      for (const wake of this.freed) wake()
    })
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
