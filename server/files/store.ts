import { type AnnexId, type Hash, type ProcessId, parseHash, parseOpaque } from '#shared/ids.ts'

/** Names the bytes of one annex in the store: whose they are, and what they are. Two annexes never share bytes. */
export type StoredName = `${AnnexId}.${Hash}`
export const storedName = ({ id, stored }: { id: AnnexId; stored: Hash }): StoredName => `${id}.${stored}`

/** Null when a text names no such bytes. */
export function parseStoredName(text: string): StoredName | null {
  const [annex = '', hash = '', ...more] = text.split('.')
  const [id, stored] = [parseOpaque<AnnexId>(annex), parseHash(hash)]
  return id && stored && more.length === 0 ? storedName({ id, stored }) : null
}

/**
 * The port to the bytes of annexes, beside the log: a folder, or the Redis that several nodes share. One contract
 * (`test/contract/files.contract.ts`). It knows of no track: whoever asks has asked first who may.
 */
export interface FileStore {
  /** Durable on return. Throws `StoreUnavailable`; then nothing of it counts. */
  save(process: ProcessId, name: StoredName, bytes: Uint8Array): Promise<void>
  /** The bytes from `from` up to `to` (not included), fewer at the end. Null when there are none of that name. Throws `StoreUnavailable`. */
  read(process: ProcessId, name: StoredName, from: number, to: number): Promise<Uint8Array | null>
  /** For bytes whose annex was not attached after all. Resolves whether or not it worked. */
  forget(process: ProcessId, name: StoredName): Promise<void>
  /** Every name of a process. Throws `StoreUnavailable`. */
  list(process: ProcessId): Promise<StoredName[]>
  close(): Promise<void>
}

/** The bytes can not be kept or read now. `full`: there is no room. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
  readonly reason: 'disk-full' | 'unavailable'
  constructor(reason: StoreUnavailable['reason'], options?: ErrorOptions) {
    super(`files cannot be stored: ${reason}`, options)
    this.reason = reason
  }
}

/** What is kept is not what was stored. The sentence names it. */
export class FilesDamaged extends Error {
  override name = 'FilesDamaged'
}
