import type { Time } from '#shared/world.ts'

/** Runs tasks one after another, in the order they came. A task that throws ends only itself. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

interface Waiting {
  kind: 'shared' | 'alone'
  start: () => void
  cancel: () => void
}

/**
 * Lets many clients' updates of one document be under way together, and the server's own moves alone. Served in the order
 * of arrival, so that neither starves the other.
 */
export class Gate {
  readonly #time: Time
  #shared = 0
  #alone = false
  #waiting: Waiting[] = []

  constructor(time: Time) {
    this.#time = time
  }

  /** Runs `task` beside other shared ones; null, without running it, when its turn did not come within `patienceMs`. */
  async shared<T>(patienceMs: number, task: () => Promise<T>): Promise<T | null> {
    if (!(await this.#enter('shared', patienceMs))) return null
    try {
      return await task()
    } finally {
      this.#shared--
      this.#admit()
    }
  }

  /** Runs `task` when nothing else of this document is under way. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    const release = await this.hold()
    try {
      return await task()
    } finally {
      release()
    }
  }

  /** Waits until nothing else is under way and keeps it so until the result is called. */
  async hold(): Promise<() => void> {
    await this.#enter('alone', null)
    return () => {
      this.#alone = false
      this.#admit()
    }
  }

  #enter(kind: Waiting['kind'], patienceMs: number | null): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        kind,
        start: () => {
          cancel()
          resolve(true)
        },
        cancel: () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiting)
          resolve(false)
          this.#admit()
        },
      }
      this.#waiting.push(waiting)
      let cancel = (): void => undefined
      this.#admit()
      if (patienceMs !== null && this.#waiting.includes(waiting)) cancel = this.#time.after(patienceMs, waiting.cancel)
    })
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#mayStart(next.kind); next = this.#waiting[0]) {
      this.#waiting.shift()
      if (next.kind === 'shared') this.#shared++
      else this.#alone = true
      next.start()
    }
  }

  #mayStart(kind: Waiting['kind']): boolean {
    if (this.#alone) return false
    return kind === 'shared' || this.#shared === 0
  }
}
