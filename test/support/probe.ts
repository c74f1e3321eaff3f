import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into a server's process before it (`--import`): on SIGUSR2 it collects garbage and says on standard output what
 * the heap holds, and how late the event loop was since it was last asked.
 */

/** So long no finalizer runs any more after a collection. */
const COLLECTIONS = 3

async function tell(late: ReturnType<typeof monitorEventLoopDelay>): Promise<void> {
  const [p999, most] = [late.percentile(99.9) / 1e6, late.max / 1e6]
  for (let round = 0; round < COLLECTIONS; round++) {
    globalThis.gc?.()
    await new Promise((done) => setTimeout(done, 20))
  }
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`probe ${JSON.stringify({ heap: heapUsed + external, p999, most })}\n`)
  // The collections were the probe's own.
  late.reset()
}

if (isMainThread) {
  const late = monitorEventLoopDelay({ resolution: 2 })
  late.enable()
  process.on('SIGUSR2', () => void tell(late))
}
