import type { Instant } from '#shared/ids.ts'
import type { Time } from '#shared/world.ts'

/**
 * Lets words of one text through to the log together, a window apart: what goes to its readers in one frame is one write to
 * the disk. Whoever comes first after a quiet window waits for nothing.
 */
export class Together {
  readonly #time: Time
  readonly #window: (now: Instant) => number
  #letAt = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | null = null
  #waiting: { client: number; go: () => void }[] = []
  /** Lanes whose words were let through and are not recorded yet. */
  readonly #through = new Set<number>()

  /** `window`: how many milliseconds apart, by that text's own traffic. */
  constructor(time: Time, window: (now: Instant) => number) {
    this.#time = time
    this.#window = window
  }

  turn(client: number): Promise<void> | null {
    const now = this.#time.now()
    const wait = this.#letAt + this.#window(now) - now
    if (wait <= 0 && !this.#cancel) {
      this.#letAt = now
      this.#through.add(client)
      return null
    }
    this.#cancel ??= this.#time.after(wait, () => this.#let())
    return new Promise((go) => this.#waiting.push({ client, go }))
  }

  /** True when they had been let through. */
  ended(client: number): boolean {
    return this.#through.delete(client)
  }

  /** Nothing that was let through is under way any more. */
  get isOver(): boolean {
    return this.#through.size === 0
  }

  /** Nobody waits any more. */
  end(): void {
    this.#cancel?.()
    this.#let()
  }

  #let(): void {
    this.#cancel = null
    this.#letAt = this.#time.now()
    const waiting = this.#waiting
    this.#waiting = []
    for (const { client } of waiting) this.#through.add(client)
    for (const { go } of waiting) go()
  }
}
