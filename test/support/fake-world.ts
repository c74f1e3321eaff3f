import { type Instant, instant } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import { type Chance, seeded } from './seeded.ts'

/** Lets everything run that waits for nothing but other code. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Alarm {
  at: number
  nth: number
  task: () => void
}

/** A clock that the test moves. */
export class FakeTime implements Time {
  #now: number
  #nth = 0
  #alarms: Alarm[] = []

  constructor(startAt = 1_700_000_000_000) {
    this.#now = startAt
  }

  now(): Instant {
    return instant(this.#now)
  }

  after(ms: number, task: () => void): () => void {
    const alarm: Alarm = { at: this.#now + Math.max(0, ms), nth: this.#nth++, task }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  /** Moves on by `ms`; what is due on the way runs at its instant, and all that follows from it. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settled()
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#alarms = this.#alarms.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.task()
      await settled()
    }
    this.#now = until
    await settled()
  }

  #next(until: number): Alarm | undefined {
    return this.#alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.nth - b.nth)[0]
  }
}

/** Chance that repeats: the same seed draws the same, and each stream draws on its own. */
export function fakeRandom(seed: number, name = ''): Random {
  const chance: Chance = seeded(seed + hashOf(name))
  const streams = new Map<string, Random>()
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => chance.below(256)),
    stream(audience) {
      const known = streams.get(audience) ?? fakeRandom(seed, `${name}/${audience}`)
      streams.set(audience, known)
      return known
    },
  }
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
