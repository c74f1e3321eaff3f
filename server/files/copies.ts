import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { type ProcessId, parseProcessId } from '#shared/ids.ts'
import { MAX_FILE_BYTES } from './annexes.ts'
import { type FileStore, FilesDamaged, type StoredName } from './store.ts'

/** Sealing adds 28 bytes to each of 80 parts. */
const MOST = MAX_FILE_BYTES + 4096

/** Where the files of a copied log stand: beside it, one folder for all. */
export const besideLog = (file: string): string => `${file}-annexes`

export interface Copied {
  files: number
  bytes: number
}

/** The processes that have files beside a copied log. */
export function processesBeside(file: string): ProcessId[] {
  const folder = besideLog(file)
  return existsSync(folder) ? readdirSync(folder).flatMap((name) => parseProcessId(name) ?? []) : []
}

/**
 * Copies every file of these processes, each looked at before: it is what its name says. `to` null: looks only. Files are
 * never changed and stay when their annex is removed, so a copy made after that of a log holds all that the log names. Throws
 * `FilesDamaged` with a sentence, and `StoreUnavailable`.
 */
export async function copyFiles(from: FileStore, to: FileStore | null, processes: ProcessId[]): Promise<Copied> {
  const copied: Copied = { files: 0, bytes: 0 }
  for (const process of processes) {
    for (const name of await from.list(process)) {
      const bytes = await wholeOf(from, process, name)
      await to?.save(process, name, bytes)
      copied.files += 1
      copied.bytes += bytes.length
    }
  }
  return copied
}

async function wholeOf(store: FileStore, process: ProcessId, name: StoredName): Promise<Uint8Array> {
  const bytes = await store.read(process, name, 0, MOST)
  const hash = bytes && createHash('sha256').update(bytes).digest('hex')
  if (!bytes || !name.endsWith(`.${hash}`))
    throw new FilesDamaged(`The annex ${name} of process ${process} is not what was stored.`)
  return bytes
}
