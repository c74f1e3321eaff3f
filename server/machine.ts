import { randomBytes } from 'node:crypto'
import { instant } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'

/** The machine's own clock and chance. Tests bring others. */

/** The clock as it stood at the start, and what passed since: setting the machine's clock makes nobody wait, and ends no wait. */
export const machineTime: Time = {
  now: () => instant(Math.floor(performance.timeOrigin + performance.now())),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

/** The system's generator: every draw is independent of all others, so streams need not be kept apart. */
export const machineRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  stream: () => machineRandom,
}
