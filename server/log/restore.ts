import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { LogDamaged } from './log.ts'
import { openSqliteLog } from './sqlite.ts'
import { forgetLog, lockLog } from './sqlite-files.ts'

/**
 * Puts a backup in the place of the log at `file`. The backup is opened and checked whole first, as a copy, and itself
 * is never written. The log that stood there is kept at `aside`, if that is named. Throws LogDamaged, with nothing
 * changed, when the backup is not sound or the log is in use.
 */
export async function restoreLog(backup: string, file: string, aside: string | null): Promise<void> {
  if (statSync(backup).size === 0) throw new LogDamaged(`${backup} is empty: it is no backup.`)
  lockLog(file).close()
  const folder = mkdtempSync(join(dirname(file), 'restore-'))
  try {
    const copy = join(folder, 'parley.db')
    // A log that a killed server left, or that was kept aside, has its newest words in the journal beside it.
    for (const part of ['', '-wal', '-mark'])
      if (part === '' || existsSync(`${backup}${part}`)) copyFileSync(`${backup}${part}`, `${copy}${part}`)
    const log = await openSqliteLog({ file: copy })
    await log.close()
    sync(copy)
    if (aside) keep(file, aside)
    forgetLog(file)
    renameSync(copy, file)
    if (existsSync(`${copy}-mark`)) renameSync(`${copy}-mark`, `${file}-mark`)
    sync(dirname(file))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** With its journal: what a killed server had not yet folded into the file is there. */
function keep(file: string, aside: string): void {
  for (const part of ['', '-wal', '-shm', '-mark'])
    if (existsSync(`${file}${part}`)) renameSync(`${file}${part}`, `${aside}${part}`)
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
