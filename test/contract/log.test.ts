import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DrillLog } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { logContract } from './log.contract.ts'
import { TestClock } from './log-build.ts'
import { losing } from './log-following.contract.ts'

logContract('memory', async () => {
  const clock = new TestClock()
  const log = openMemoryLog({ time: clock })
  return { log, clock, reopen: null, copy: null, cleanUp: () => log.close() }
})

losing(() => openMemoryLog())

logContract('SQLite', async () => {
  const clock = new TestClock()
  const folder = await mkdtemp(join(tmpdir(), 'parley-log-'))
  const openFile = (file: string): Promise<DrillLog> => openSqliteLog({ file, time: clock, probeMs: 20 })
  let log = await openFile(join(folder, 'log.db'))
  const reopen = async () => {
    await log.close()
    log = await openFile(join(folder, 'log.db'))
    return log
  }
  const cleanUp = async () => {
    await log.close()
    await rm(folder, { recursive: true })
  }
  return { log, clock, reopen, copy: { file: join(folder, 'copy.db'), open: openFile }, cleanUp }
})
