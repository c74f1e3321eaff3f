import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What a server's process tells of itself, whoever's it is. */

/** So long no finalizer runs any more after a collection. */
const COLLECTIONS = 3

export interface Cost {
  /** Milliseconds of processor time of all threads since the start. */
  cpuMs: number
  /** How late the loop was since the last question, ms. */
  lateP99: number
}

export function ownCost(): { cost(): Promise<Cost>; memory(): Promise<number>; end(): Promise<null> } {
  const late = monitorEventLoopDelay({ resolution: 5 })
  late.enable()
  return {
    async cost() {
      const { user, system } = process.cpuUsage()
      const lateP99 = late.percentile(99) / 1e6
      late.reset()
      return { cpuMs: (user + system) / 1000, lateP99 }
    },
    /** Bytes of heapUsed + external after a forced collection. */
    async memory() {
      for (let round = 0; round < COLLECTIONS; round += 1) {
        globalThis.gc?.()
        await new Promise((done) => setTimeout(done, 50))
      }
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    },
    async end() {
      setImmediate(() => process.exit(0))
      return null
    },
  }
}
