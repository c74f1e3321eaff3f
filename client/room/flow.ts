import type { Time } from '#shared/world.ts'

/** The server holds 64 kB per text unacknowledged and then waits: an eighth of it keeps words flowing. */
const EVERY_BYTES = 8 * 1024
const EVERY_FRAMES = 32
/** The longest a byte stays unacknowledged: within the five seconds after which a silent reader is closed, and rare enough to cost nothing. */
const AFTER_MS = 500

/** Says `got` for the text frames of one channel. Holds a timer only while something is unacknowledged. */
export class Flow {
  #time: Time
  #say: (bytes: number) => void
  #applied = 0
  #said = 0
  #frames = 0
  #cancel: (() => void) | null = null

  constructor(time: Time, say: (bytes: number) => void) {
    this.#time = time
    this.#say = say
  }

  /** A frame of `bytes` was applied. */
  applied(bytes: number): void {
    this.#applied += bytes
    this.#frames += 1
    if (this.#applied - this.#said >= EVERY_BYTES || this.#frames >= EVERY_FRAMES) this.#tell()
    else this.#cancel ??= this.#time.after(AFTER_MS, () => this.#tell())
  }

  end(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #tell(): void {
    this.end()
    this.#frames = 0
    this.#said = this.#applied
    this.#say(this.#applied)
  }
}
