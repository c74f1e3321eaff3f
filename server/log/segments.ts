import { createHash } from 'node:crypto'
import type { ProcessId } from '#shared/ids.ts'

const sha256 = (...parts: (Uint8Array | string)[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** The chain before a process's first entry. */
export const chainStart = (process: ProcessId): Uint8Array => sha256(process)
/** The chain after an entry: the hash of the hash before it and its bytes. */
export const chainAfter = (previous: Uint8Array, entry: Uint8Array): Uint8Array => sha256(previous, entry)

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
