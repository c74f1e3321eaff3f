import type { Process } from '#shared/domain/process.ts'
import type { Instant } from '#shared/ids.ts'
import type { Time } from '#shared/world.ts'
import { type Due, dues, passedDues } from './sight.ts'

/** A timer's longest wait; one that is due later is set again. */
const LONGEST_MS = 24 * 60 * 60 * 1000
/** The log could not take the record: the effect holds anyway, the record comes later. */
const AGAIN_MS = 5000

/**
 * Watches for grants whose last instant passes. The effect needs no entry; this tells those who send, and records it.
 * `now` is the store's clock, which the node's own may differ from.
 */
export class Passing {
  readonly #time: Time
  readonly #state: () => Process
  readonly #now: () => Instant
  readonly #onPassed: () => Promise<void>
  #cancel: () => void = () => undefined
  #isRecording = false

  constructor(time: Time, state: () => Process, now: () => Instant, onPassed: () => Promise<void>) {
    this.#time = time
    this.#state = state
    this.#now = now
    this.#onPassed = onPassed
  }

  /** Sets the alarm for the earliest grant that ends. To be called after every change of state. */
  watch(): void {
    if (this.#isRecording) return
    this.#cancel()
    const [first] = dues(this.#state())
    if (first) this.#set(Math.max(first.due + 1 - this.#now(), 1))
  }

  stop(): void {
    this.#cancel()
    this.#isRecording = true
  }

  #set(ms: number): void {
    this.#cancel = this.#time.after(Math.min(ms, LONGEST_MS), () => void this.#ring())
  }

  async #ring(): Promise<void> {
    if (this.#passed().length === 0) return this.watch()
    this.#isRecording = true
    await this.#onPassed()
    this.#isRecording = false
    if (this.#passed().length > 0) this.#set(AGAIN_MS)
    else this.watch()
  }

  #passed(): Due[] {
    return passedDues(this.#state(), this.#now())
  }
}
