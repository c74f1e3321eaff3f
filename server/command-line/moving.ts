import { join } from 'node:path'
import { type ProcessId, parseProcessId } from '#shared/ids.ts'
import type { Config } from '../config.ts'
import { LOG_FILE } from '../folder.ts'
import { type Log, LogDamaged, LogUnavailable } from '../log/log.ts'
import type { OnProgress } from '../log/moving.ts'
import { openLogAt } from '../log/open.ts'
import { failed, type Line, type Result } from './command.ts'

/** Long work is told of this often. */
const TELL_EVERY_MS = 1_000

/** What the two commands that move a log have alike: it is opened here and not by a server, and everything that goes wrong is a sentence. */
export async function withLog(
  { config, tell, logFile }: Line,
  name: string,
  work: (log: Log, file: string, onProgress: OnProgress) => Promise<Result>,
): Promise<Result> {
  if (!logFile) return failed(`Name the file: npm run parley -- ${name} --log <file>`)
  const { redisUrl } = config
  let log: Log | null = null
  try {
    log = await openLogAt({ file: join(config.folder, LOG_FILE), redisUrl }, (said) => tell(`REDIS_URL: ${said}`))
    return await work(log, logFile, teller(tell))
  } catch (cause) {
    if (!(cause instanceof LogDamaged || cause instanceof LogUnavailable || isOfSystem(cause))) throw cause
    return failed(cause.message)
  } finally {
    await log?.close()
  }
}

/** A file that is not there, a folder that may not be written. */
const isOfSystem = (cause: unknown): cause is Error => cause instanceof Error && 'syscall' in cause

function teller(tell: (sentence: string) => void): OnProgress {
  let last = performance.now()
  return (what, entries, of) => {
    if (performance.now() - last < TELL_EVERY_MS) return
    last = performance.now()
    tell(`${entries.toLocaleString('en')} of ${of.toLocaleString('en')} entries ${what}`)
  }
}

/** Where the log is, for a person; without the password that an address may have. */
export function placeOf({ folder, redisUrl }: Config): string {
  if (!redisUrl) return join(folder, LOG_FILE)
  return redisUrl
    .split(',')
    .map((address) => new URL(address).host)
    .join(', ')
}

/** The process that was named; null for all. Throws LogDamaged when the name can be none. */
export function processNamed([name]: string[]): ProcessId | null {
  if (name === undefined) return null
  const process = parseProcessId(name)
  if (!process) throw new LogDamaged(`${name} is not the name of a process.`)
  return process
}
