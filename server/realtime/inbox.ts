import type { Socket } from 'socket.io'
import type { Time } from '#shared/world.ts'
import type { Account } from './accounts.ts'
import { Bucket, BYTES, FRAMES } from './limits.ts'
import { pauseReading, resumeReading } from './wire.ts'

/** Frames that may wait here; past it the rest waits in the network, on the sender's side. */
const MAX_FRAMES = 256
const MAX_BYTES = 512 * 1024

/**
 * What came on one line and was not handled yet, in order. Budgets are taken before anything is parsed, from the line's and
 * from its seat's: a debt, or too much that waits, stops the reading; nothing is lost.
 */
export class Inbox {
  readonly account: Account
  readonly #socket: Socket
  readonly #time: Time
  readonly #frames: Bucket
  readonly #bytes: Bucket
  #waiting: Uint8Array[] = []
  #at = 0
  #size = 0
  #isPaused = false
  #cancelRest: (() => void) | null = null

  constructor(socket: Socket, account: Account, time: Time) {
    this.#socket = socket
    this.account = account
    this.#time = time
    this.#frames = new Bucket(FRAMES, () => time.now())
    this.#bytes = new Bucket(BYTES, () => time.now())
  }

  get length(): number {
    return this.#waiting.length - this.#at
  }

  /** Takes what one frame costs. Milliseconds to wait when it is a flood, which no honest client sends; else 0. */
  pay(size: number): number {
    const buckets = [this.#frames, this.account.frames]
    const wait = Math.max(
      this.#frames.take(1),
      this.account.frames.take(1),
      this.#bytes.take(size),
      this.account.bytes.take(size),
    )
    if (wait === 0) return 0
    if (buckets.some(({ flooded }) => flooded) || this.#bytes.flooded || this.account.bytes.flooded) return wait
    this.#cancelRest ??= this.#time.after(wait, () => this.#rested())
    this.#pause()
    return 0
  }

  /** What the network had already brought was taken on credit. */
  #rested(): void {
    this.#cancelRest = null
    const { frames, bytes } = this.account
    const more = Math.max(this.#frames.take(0), frames.take(0), this.#bytes.take(0), bytes.take(0))
    if (more > 0) this.#cancelRest = this.#time.after(more, () => this.#rested())
    else this.#resume()
  }

  put(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#size += bytes.length
    if (this.length > MAX_FRAMES || this.#size > MAX_BYTES) this.#pause()
  }

  /** The first frame, which is then gone from here. */
  take(): Uint8Array | null {
    const first = this.#waiting[this.#at]
    if (!first) return null
    this.#at += 1
    this.#size -= first.length
    if (this.#at === this.#waiting.length) {
      this.#waiting = []
      this.#at = 0
    }
    this.#resume()
    return first
  }

  /** Nothing that waits is handled any more. */
  end(): void {
    this.#cancelRest?.()
    this.#waiting = []
    this.#at = 0
    this.#size = 0
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    pauseReading(this.#socket)
  }

  #resume(): void {
    const isHalfEmpty = this.length <= MAX_FRAMES / 2 && this.#size <= MAX_BYTES / 2
    if (!this.#isPaused || this.#cancelRest || !isHalfEmpty) return
    this.#isPaused = false
    resumeReading(this.#socket)
  }
}
