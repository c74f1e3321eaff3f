import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessId } from '#shared/ids.ts'
import { type FileStore, parseStoredName, type StoredName, StoreUnavailable } from './store.ts'

/** Files in `<folder>/<process>/<name>`, readable by the server's own user only. */
export function openFolderStore(folder: string): FileStore {
  return new FolderStore(folder)
}

class FolderStore implements FileStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  #pathOf(process: ProcessId, name: StoredName): string {
    return join(this.#folder, process, name)
  }

  /** Whole or not at all under its name: written aside, synced, and renamed into a folder that is synced after it. */
  async save(process: ProcessId, name: StoredName, bytes: Uint8Array): Promise<void> {
    const place = join(this.#folder, process)
    const path = this.#pathOf(process, name)
    const aside = `${path}.part`
    try {
      await mkdir(place, { recursive: true, mode: 0o700 })
      const file = await open(aside, 'w', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(aside, path)
      for (const changed of [place, this.#folder]) await syncFolder(changed)
    } catch (cause) {
      await rm(aside, { force: true }).catch(() => undefined)
      throw unavailable(cause)
    }
  }

  async read(process: ProcessId, name: StoredName, from: number, to: number): Promise<Uint8Array | null> {
    try {
      const file = await open(this.#pathOf(process, name), 'r')
      try {
        const bytes = new Uint8Array(Math.max(0, to - from))
        let filled = 0
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return bytes.subarray(0, filled)
      } finally {
        await file.close()
      }
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return null
      throw unavailable(cause)
    }
  }

  async forget(process: ProcessId, name: StoredName): Promise<void> {
    await rm(this.#pathOf(process, name), { force: true }).catch(() => undefined)
  }

  async list(process: ProcessId): Promise<StoredName[]> {
    try {
      return (await readdir(join(this.#folder, process))).sort().flatMap((name) => parseStoredName(name) ?? [])
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return []
      throw unavailable(cause)
    }
  }

  async close(): Promise<void> {}
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : null)
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])
const unavailable = (cause: unknown): StoreUnavailable =>
  new StoreUnavailable(FULL.has(codeOf(cause)) ? 'disk-full' : 'unavailable', { cause })
