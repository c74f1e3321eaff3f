import { join } from 'node:path'
import { buildApp } from '#server/app.ts'
import { readConfig } from '#server/config.ts'
import { openFolderStore } from '#server/files/folder-store.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { machineRandom, machineTime } from '#server/machine.ts'
import { openTelemetry } from '#server/telemetry.ts'
import { ownCost } from './cost.ts'
import { listen } from './parts.ts'

/** The room as `server/main.ts` builds it, with a parent process that may ask what it costs. Never reachable by the network. */

const ROOT = join(import.meta.dirname, '../..')

export async function serve(): Promise<void> {
  const { folder, client } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as { folder: string; client?: string }
  const config = readConfig({ PORT: '0', PARLEY_DATA: folder, LOG_LEVEL: 'warn' })
  if (!config.ok) throw new Error(config.refusal.join(' '))
  const app = await buildApp({
    config: config.value,
    log: await openSqliteLog({ file: join(folder, 'log.db') }),
    telemetry: openTelemetry({ level: 'warn' }),
    time: machineTime,
    random: machineRandom,
    files: openFolderStore(join(folder, 'annexes')),
    operatorToken: 'measured-by-its-parent-only',
    clientFolder: client ?? join(ROOT, 'dist'),
  })
  await app.listen()
  listen({
    ...ownCost(),
    address: async () => app.address,
    start: async (file) => {
      const { process: id, invitations } = await app.startProcess(file)
      return { process: id, codes: Object.fromEntries(invitations.map(({ seat, code }) => [seat.id, code])) }
    },
  })
}
