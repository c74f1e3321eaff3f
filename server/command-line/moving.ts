import { join } from 'node:path'
import { type ProcessId, parseProcessId } from '#shared/ids.ts'
import type { Config } from '../config.ts'
import { openFolderStore } from '../files/folder-store.ts'
import { openRedisStore } from '../files/redis-store.ts'
import { type FileStore, parseStoredName, StoreUnavailable } from '../files/store.ts'
import { ANNEX_FOLDER, LOG_FILE } from '../folder.ts'
import { type Log, LogDamaged, LogUnavailable } from '../log/log.ts'
import type { Beside, OnProgress } from '../log/moving.ts'
import { openLogAt } from '../log/open.ts'
import { failed, type Line, type Result } from './command.ts'

/** Long work is told of this often. */
const TELL_EVERY_MS = 1_000

/** What the two commands that move a log have alike: it is opened here and not by a server, and everything that goes wrong is a sentence. */
export async function withLog(
  { config, tell, logFile }: Line,
  name: string,
  work: (log: Log, beside: Beside, file: string, onProgress: OnProgress) => Promise<Result>,
): Promise<Result> {
  if (!logFile) return failed(`Name the file: npm run parley -- ${name} --log <file>`)
  const { redisUrl } = config
  let log: Log | null = null
  let files: FileStore | null = null
  try {
    log = await openLogAt({ file: join(config.folder, LOG_FILE), redisUrl }, (said) => tell(`REDIS_URL: ${said}`))
    files = redisUrl
      ? await openRedisStore(redisUrl, () => undefined)
      : openFolderStore(join(config.folder, ANNEX_FOLDER))
    return await work(log, besideOf(files), logFile, teller(tell))
  } catch (cause) {
    if (!EXPECTED.some((kind) => cause instanceof kind) && !isOfSystem(cause)) throw cause
    return failed(cause instanceof Error ? cause.message : String(cause))
  } finally {
    await files?.close()
    await log?.close()
  }
}

const EXPECTED = [LogDamaged, LogUnavailable, StoreUnavailable]
/** An annex is read in pieces of this. */
const PIECE_BYTES = 1024 * 1024

/** The annexes of a log, by the names they have in it. */
function besideOf(files: FileStore): Beside {
  const nameOf = (text: string) => {
    const name = parseStoredName(text)
    if (!name) throw new LogDamaged(`${text} is not the name of an annex.`)
    return name
  }
  return {
    list: (process) => files.list(process),
    async read(process, name) {
      const pieces: Uint8Array[] = []
      for (let at = 0; pieces.length * PIECE_BYTES === at; ) {
        const piece = await files.read(process, nameOf(name), at, at + PIECE_BYTES)
        if (!piece) throw new LogDamaged(`The annex ${name} went while it was read. Try again.`)
        pieces.push(piece)
        at += piece.length
      }
      return Buffer.concat(pieces)
    },
    save: (process, name, bytes) => files.save(process, nameOf(name), bytes),
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
