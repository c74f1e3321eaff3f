import { randomFillSync } from 'node:crypto'
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

/** Asked of the system at once: one call costs as much as thousands of bytes. */
const pool = new Uint8Array(4096)
let drawn = pool.length

/** Bytes that nobody was given before and nobody is given again; none are left behind in the pool. */
function draw(count: number): Uint8Array {
  if (count > pool.length) return randomFillSync(new Uint8Array(count))
  if (drawn + count > pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  const bytes = pool.slice(drawn, drawn + count)
  pool.fill(0, drawn, drawn + count)
  drawn += count
  return bytes
}

/** The system's generator: every draw is independent of all others, so streams need not be kept apart. */
export const machineRandom: Random = {
  bytes: draw,
  stream: () => machineRandom,
}
