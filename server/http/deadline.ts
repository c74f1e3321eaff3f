import type { IncomingMessage } from 'node:http'

/** From the last header to the last byte of a body: 3 MB come in this on any line that types. */
const WHOLE_MS = 15_000
/** A file that goes on coming is waited for: 20 MB at 256 kbit/s take eleven minutes. */
const SILENCE_MS = 15_000
const LONGEST_MS = 20 * 60_000

/** Ends a request whose body does not come. */
export class Deadline {
  readonly #request: IncomingMessage
  readonly #last: number
  #timer: NodeJS.Timeout

  constructor(request: IncomingMessage) {
    this.#request = request
    this.#last = performance.now() + LONGEST_MS
    this.#timer = this.#after(WHOLE_MS)
    for (const over of ['end', 'close'] as const) request.once(over, () => clearTimeout(this.#timer))
  }

  /** More of the body came, in a route that waits for large ones. */
  moved(): void {
    if (this.#request.complete) return
    clearTimeout(this.#timer)
    this.#timer = this.#after(Math.min(SILENCE_MS, Math.max(0, this.#last - performance.now())))
  }

  #after(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      if (!this.#request.complete) this.#request.socket.destroy()
    }, ms).unref()
  }
}
