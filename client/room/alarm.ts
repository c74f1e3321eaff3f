import type { Time } from '#shared/world.ts'

/** Something to be done `ms` after it was first asked for. Holds a timer only while it is due. */
export class Alarm {
  readonly #time: Time
  readonly #ms: number
  readonly #task: () => void
  #cancel: (() => void) | null = null

  constructor(time: Time, ms: number, task: () => void) {
    this.#time = time
    this.#ms = ms
    this.#task = task
  }
  set(): void {
    this.#cancel ??= this.#time.after(this.#ms, () => {
      this.#cancel = null
      this.#task()
    })
  }
  cancel(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
