/** Deadlines and budgets, before and after a connection is seated. Sizes of frames are in `shared/protocol/frames.ts`. */

/** Socket.IO's own cap on one message: above every frame, so that frames get their typed refusal first. */
export const MAX_MESSAGE = 300_000
/** From the open socket to the handshake; a person's line needs one round trip. */
export const HANDSHAKE_MS = 5_000
/** A reader that has stopped is gone within ten seconds, however little waits for it. */
export const PING_EVERY_MS = 4_500
export const PONG_WITHIN_MS = 4_500
/** What a connection may send before it is seated: an eager client's first questions. */
export const MAX_EARLY_FRAMES = 32
/** What may wait in memory for one reader, beside one frame of any size: a line this far behind is cut, and resumes by itself. */
export const MAX_BACKLOG = 3 * 1024 * 1024
/** A reader this far behind is asked no more questions of until it has read. */
export const BUSY_BACKLOG = 512 * 1024
/** The backlog is looked at after so many bytes. */
export const LOOK_EVERY_BYTES = 64 * 1024
/** What one waiting frame costs beside its bytes. */
export const FRAME_OVERHEAD = 512
/** A line whose other end takes not one byte of what waits for it is dead, or pretends to be. */
export const STUCK_MS = 5_000
/** Lines are looked at this often. */
export const LOOK_EVERY_MS = 500
/** A goodbye that the other side does not read is not waited for longer. */
export const GOODBYE_MS = 2_000
/** Tabs of one seat on one device, and on all its devices. */
export const MAX_SOCKETS_A_SESSION = 24
export const MAX_SOCKETS_A_SEAT = 48
/** 34 kB each (measured): 9 MB. An office behind one address opens fewer at one moment. */
const MAX_WAITING_AN_ADDRESS = 256
const MAX_WAITING = 2_000

/** Frames and bytes that a connection may send: a steady rate, and a store of unused budget for bursts. */
export interface Rate {
  perSecond: number
  burst: number
}
/** Typing has one frame under way for each text; acknowledgements and carets add a few. A program that waits for each answer stays below too. */
export const FRAMES: Rate = { perSecond: 600, burst: 600 }
/** Two updates of the largest size each second, and a long paste at once. */
export const BYTES: Rate = { perSecond: 256 * 1024, burst: 1024 * 1024 }
/** All connections of one seat together: two people's worth, since some have two devices. */
export const SEAT_FRAMES: Rate = { perSecond: 1_200, burst: 2_400 }
export const SEAT_BYTES: Rate = { perSecond: 256 * 1024, burst: 2 * 1024 * 1024 }
/** Words that one seat adds: 100 pages at once, then far more than hands type. The rest waits on its side. */
export const SEAT_WORDS: Rate = { perSecond: 32 * 1024, burst: 512 * 1024 }
/** Pieces of updates beyond the few of a keystroke or a paste: every reader keeps each for as long as the text is not begun anew. */
export const SEAT_PIECES: Rate = { perSecond: 50, burst: 1_000 }
export const FREE_PIECES = 8
/** Texts that one seat opens: each is written out for it, and each opening may bring one more id into the text. */
export const SEAT_OPENS: Rate = { perSecond: 0.2, burst: 60 }
/** Commands of one seat: a program that sets up a text waits after the first ones. */
export const SEAT_ACTS: Rate = { perSecond: 60, burst: 1_500 }
/** Bytes of comments and notices, which stand in every reader's view from then on. */
export const SEAT_SAID: Rate = { perSecond: 1024, burst: 128 * 1024 }
/** Greetings of one seat: a line that breaks twice a second for a minute still gets in. Each costs a whole view. */
export const GREETINGS: Rate = { perSecond: 2, burst: 120 }
/** Connections from one address: a whole office that comes back after a restart, in one second. */
export const KNOCKS: Rate = { perSecond: 200, burst: 2_000 }
/** So many bursts of debt are a flood. At most four seconds of reading are put off, less than a ping waits for. */
const FLOOD = 2

/** A store of budget that refills with time. May go into debt: the caller stops listening until it is paid. */
export class Bucket {
  readonly #rate: Rate
  readonly #now: () => number
  #left: number
  #at: number

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
    this.#left = rate.burst
    this.#at = now()
  }
  /** Takes `amount`. Returns the milliseconds until the debt is paid: 0 while there is budget. */
  take(amount: number): number {
    const now = this.#now()
    // A clock that was set back refills nothing and takes nothing.
    const refill = (Math.max(0, now - this.#at) * this.#rate.perSecond) / 1000
    this.#left = Math.min(this.#rate.burst, this.#left + refill) - amount
    this.#at = now
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#rate.perSecond) * 1000)
  }
  /** So far in debt that it cannot be an honest client's burst. */
  get flooded(): boolean {
    return this.#left < -FLOOD * this.#rate.burst
  }
}

/** Counts what is open at one moment, by address, so that nobody fills the room by knocking. */
export class Knocking {
  readonly #waiting = new Map<string, number>()
  readonly #anAddress: number
  readonly #inAll: number
  #all = 0

  constructor(anAddress = MAX_WAITING_AN_ADDRESS, inAll = MAX_WAITING) {
    this.#anAddress = anAddress
    this.#inAll = inAll
  }
  /** Counts one more from this address, or refuses it. */
  begin(address: string): boolean {
    const here = this.#waiting.get(address) ?? 0
    if (here >= this.#anAddress || this.#all >= this.#inAll) return false
    this.#waiting.set(address, here + 1)
    this.#all += 1
    return true
  }
  end(address: string): void {
    const here = this.#waiting.get(address) ?? 0
    if (here === 0) return
    if (here === 1) this.#waiting.delete(address)
    else this.#waiting.set(address, here - 1)
    this.#all -= 1
  }
}

/** A bucket for each address; those that are full again are forgotten. */
export class Buckets {
  readonly #rate: Rate
  readonly #now: () => number
  readonly #known = new Map<string, { bucket: Bucket; at: number }>()
  #sweptAt: number

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
    this.#sweptAt = now()
  }
  /** As `Bucket.take`, but nothing is taken from a bucket in debt: who waits as told gets in. */
  take(key: string, amount: number): number {
    const now = this.#now()
    this.#sweep(now)
    const known = this.#known.get(key)?.bucket ?? new Bucket(this.#rate, this.#now)
    this.#known.set(key, { bucket: known, at: now })
    const owed = known.take(0)
    if (owed === 0) known.take(amount)
    return owed
  }
  #sweep(now: number): void {
    const refilledMs = (this.#rate.burst / this.#rate.perSecond) * 1000
    if (now - this.#sweptAt < refilledMs) return
    this.#sweptAt = now
    for (const [key, { at }] of this.#known) if (now - at > refilledMs) this.#known.delete(key)
  }
}
