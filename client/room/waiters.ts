import type { Refusal } from '#shared/refusals.ts'
import { Refused } from './room.ts'

/** Those who wait for all to be durable. */
export class Waiters {
  #waiting: { resolve(): void; reject(cause: Refused): void }[] = []

  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
  saved(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }
  /** Some of it will not be. */
  notSaved(refusal: Refusal): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Refused(refusal))
  }
}
