import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate, inflateSync } from 'node:zlib'
import type { ProcessId } from '#shared/ids.ts'
import type { StoredEntry } from './log.ts'

export const sha256 = (...parts: (Uint8Array | string)[]): Uint8Array => {
  const whole = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return new Uint8Array(hash('sha256', whole, 'buffer'))
}

/** The chain before a process's first entry. */
export const chainStart = (process: ProcessId): Uint8Array => sha256(process)
/** The chain after an entry: the hash of the hash before it and its bytes. */
export const chainAfter = (previous: Uint8Array, entry: Uint8Array): Uint8Array => sha256(previous, entry)

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

/** Before each packed entry: `rest` and length, 4 bytes each, big-endian. */
const FRAME = 8

/** Half the room at a third of the time of zlib's own choice, 6: sealing must keep up with 100,000 entries a second. */
const LEVEL = 2
const compress = promisify(deflate)

/** Compresses old entries into one piece, off this thread. */
export async function packSegment(entries: readonly StoredEntry[]): Promise<Uint8Array> {
  const plain = Buffer.alloc(entries.reduce((sum, { bytes }) => sum + FRAME + bytes.length, 0))
  let at = 0
  for (const { bytes, rest } of entries) {
    plain.writeUInt32BE(rest, at)
    plain.writeUInt32BE(bytes.length, at + 4)
    plain.set(bytes, at + FRAME)
    at += FRAME + bytes.length
  }
  return new Uint8Array(await compress(plain, { level: LEVEL }))
}

/** The entries of a packed segment. Throws when it is damaged. */
export function unpackSegment(packed: Uint8Array): StoredEntry[] {
  const plain = inflateSync(packed)
  const entries: StoredEntry[] = []
  for (let at = 0; at < plain.length; ) {
    const end = at + FRAME + plain.readUInt32BE(at + 4)
    entries.push({ rest: plain.readUInt32BE(at), bytes: new Uint8Array(plain.subarray(at + FRAME, end)) })
    at = end
  }
  return entries
}
