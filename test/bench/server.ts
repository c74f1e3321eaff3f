import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { buildApp } from '#server/app.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { machineRandom, machineTime } from '#server/machine.ts'
import { openTelemetry } from '#server/telemetry.ts'
import { listen } from './parts.ts'

/** The room as `server/main.ts` builds it, with a parent process that may ask what it costs. Never reachable by the network. */

const ROOT = join(import.meta.dirname, '../..')
/** So long no finalizer runs any more after a collection. */
const COLLECTIONS = 3

export interface Cost {
  /** Milliseconds of processor time of all threads since the start. */
  cpuMs: number
  /** How late the loop was since the last question, ms. */
  lateP99: number
}

export async function serve(): Promise<void> {
  const { folder, client } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as { folder: string; client?: string }
  const app = await buildApp({
    config: {
      port: 0,
      host: '127.0.0.1',
      folder,
      publicUrl: null,
      redisUrl: null,
      logLevel: 'warn',
      sample: false,
      trust: { proxies: 'none' },
    },
    log: await openSqliteLog({ file: join(folder, 'log.db') }),
    telemetry: openTelemetry({ level: 'warn' }),
    time: machineTime,
    random: machineRandom,
    operatorToken: 'measured-by-its-parent-only',
    clientFolder: client ?? join(ROOT, 'dist'),
  })
  await app.listen()
  const late = monitorEventLoopDelay({ resolution: 5 })
  late.enable()
  listen({
    address: async () => app.address,
    start: async (file) => {
      const { process: id, invitations } = await app.startProcess(file)
      return { process: id, codes: Object.fromEntries(invitations.map(({ seat, code }) => [seat.id, code])) }
    },
    cost: async (): Promise<Cost> => {
      const { user, system } = process.cpuUsage()
      const lateP99 = late.percentile(99) / 1e6
      late.reset()
      return { cpuMs: (user + system) / 1000, lateP99 }
    },
    /** Bytes of heapUsed + external after a forced collection. */
    memory: async () => {
      for (let round = 0; round < COLLECTIONS; round += 1) {
        globalThis.gc?.()
        await new Promise((done) => setTimeout(done, 50))
      }
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    },
    end: async () => {
      setImmediate(() => process.exit(0))
      return null
    },
  })
}
