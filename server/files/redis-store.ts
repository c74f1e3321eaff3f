import { createClient, RESP_TYPES } from 'redis'
import type { ProcessId } from '#shared/ids.ts'
import { type FileStore, parseStoredName, type StoredName, StoreUnavailable } from './store.ts'

/** A file of 20 MB crosses any machine room in this. */
const CALL_MS = 15_000
const CONNECT_MS = 2_000
const RETRY_MS = 500
/** Keys looked at in one step: under a millisecond of Redis. */
const SCANNED = 1_000

/** Beside the log of its process, in the same hash slot: what a replica or a backup of Redis has of the log it has of these. */
const keyOf = (process: ProcessId, name: StoredName): string => `parley:{${process}}:annex:${name}`

/**
 * Files in the Redis that the nodes share. `url` as the log takes it: several addresses with commas between, of which the
 * master is used. Durable as the log is: with `appendfsync always`, and on the replicas that the log's next entry waits for.
 */
export async function openRedisStore(url: string, onTrouble: (cause: unknown) => void): Promise<FileStore> {
  const lines = url.split(',').map((address) => lineTo(address, onTrouble))
  await Promise.all(lines.map((line) => line.connect().catch(onTrouble)))
  return new RedisStore(lines)
}

type Line = ReturnType<typeof lineTo>
function lineTo(url: string, onTrouble: (cause: unknown) => void) {
  const line = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: CALL_MS },
    socket: { reconnectStrategy: () => RETRY_MS, connectTimeout: CONNECT_MS },
  })
  line.on('error', onTrouble)
  return line
}

class RedisStore implements FileStore {
  readonly #lines: Line[]

  constructor(lines: Line[]) {
    this.#lines = lines
  }

  async save(process: ProcessId, name: StoredName, bytes: Uint8Array): Promise<void> {
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#atMaster((line) => line.set(keyOf(process, name), value))
  }

  read(process: ProcessId, name: StoredName, from: number, to: number): Promise<Uint8Array | null> {
    const key = keyOf(process, name)
    return this.#atMaster(async (line) => {
      const raw = line.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
      if ((await line.exists(key)) === 0) return null
      const bytes = to > from ? ((await raw.getRange(key, from, to - 1)) as unknown as Buffer) : Buffer.alloc(0)
      return new Uint8Array(bytes)
    })
  }

  async forget(process: ProcessId, name: StoredName): Promise<void> {
    await this.#atMaster((line) => line.unlink(keyOf(process, name))).catch(() => undefined)
  }

  list(process: ProcessId): Promise<StoredName[]> {
    const before = `parley:{${process}}:annex:`
    return this.#atMaster(async (line) => {
      const names = new Set<StoredName>()
      for await (const keys of line.scanIterator({ MATCH: `${before}*`, COUNT: SCANNED }))
        for (const key of keys) {
          const name = parseStoredName(String(key).slice(before.length))
          if (name) names.add(name)
        }
      return [...names].sort()
    })
  }

  async close(): Promise<void> {
    for (const line of this.#lines) if (line.isOpen) line.destroy()
  }

  /** The one that is master now: asked each time, for it may be another since. */
  async #atMaster<T>(ask: (line: Line) => Promise<T>): Promise<T> {
    let cause: unknown = null
    for (const line of this.#lines) {
      try {
        if (!line.isReady) continue
        const [role] = (await line.sendCommand(['ROLE'])) as unknown as [string]
        if (String(role) === 'master') return await ask(line)
      } catch (trouble) {
        cause = trouble
        if (isFull(trouble)) break
      }
    }
    throw new StoreUnavailable(isFull(cause) ? 'disk-full' : 'unavailable', { cause })
  }
}

const isFull = (cause: unknown): boolean => cause instanceof Error && /^(?:OOM|MISCONF)/.test(cause.message)
