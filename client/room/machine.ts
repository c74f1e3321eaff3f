import { instant } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'

/** The real clock and the real chance of the machine this client runs on: browsers and Node alike. */
export const machineTime: Time = {
  now: () => instant(Date.now()),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

export const machineRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  // A client keeps no secrets from itself: one source serves every audience.
  stream: () => machineRandom,
}
