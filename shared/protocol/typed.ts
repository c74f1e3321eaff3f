import { createDecoder, readTailAsUint8Array, readVarUint } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeUint8, writeUint8Array, writeVarUint } from 'lib0/encoding'

/**
 * The short form of the commonest update there is, words typed on behind one's own: client, clock, the item to the right
 * (0 for none, else client and clock), words. The update says the client three times, and what follows from that.
 */

const STRING = 4
const HAS_RIGHT = 0b0100_0000
const HAS_LEFT = 0b1000_0000
/** Of an update: one author, one struct. */
const ONE = 1

/** Reads varints without making anything. */
class Cursor {
  at = 0
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
  byte(): number {
    return this.bytes[this.at++] ?? -1
  }
  /** -1 when there is none that is one safe number. */
  uint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = this.byte()
      if (byte < 0) return -1
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return -1
  }
}

/** Null when the update is anything else than one such run of words. */
export function shortOf(update: Uint8Array): Uint8Array | null {
  const cursor = new Cursor(update)
  if (cursor.byte() !== ONE || cursor.byte() !== ONE) return null
  const client = cursor.uint()
  const clock = cursor.uint()
  const named = cursor.at
  const info = cursor.byte()
  if (client < 1 || clock < 1 || (info & ~HAS_RIGHT) !== (HAS_LEFT | STRING)) return null
  if (cursor.uint() !== client || cursor.uint() !== clock - 1) return null
  const right = cursor.at
  if (info & HAS_RIGHT && (cursor.uint() < 1 || cursor.uint() < 0)) return null
  const length = cursor.at
  const size = cursor.uint()
  if (size < 1 || cursor.at + size + 1 !== update.length || update[update.length - 1] !== 0) return null
  const hasRight = info & HAS_RIGHT
  const head = named - 2
  const short = new Uint8Array(head + (hasRight ? length - right : 1) + size)
  short.set(update.subarray(2, named))
  if (hasRight) short.set(update.subarray(right, length), head)
  short.set(update.subarray(cursor.at, cursor.at + size), short.length - size)
  return short
}

/** The update that a short form stands for. Throws when it stands for none. */
export function longOf(short: Uint8Array): Uint8Array {
  const decoder = createDecoder(short)
  const client = readVarUint(decoder)
  const clock = readVarUint(decoder)
  const rightClient = readVarUint(decoder)
  const rightClock = rightClient === 0 ? 0 : readVarUint(decoder)
  const words = readTailAsUint8Array(decoder)
  if (client < 1 || clock < 1 || words.length < 1) throw new RangeError('no words that follow others')
  const encoder = createEncoder()
  writeUint8(encoder, ONE)
  writeUint8(encoder, ONE)
  writeVarUint(encoder, client)
  writeVarUint(encoder, clock)
  writeUint8(encoder, HAS_LEFT | STRING | (rightClient === 0 ? 0 : HAS_RIGHT))
  writeVarUint(encoder, client)
  writeVarUint(encoder, clock - 1)
  if (rightClient !== 0) {
    writeVarUint(encoder, rightClient)
    writeVarUint(encoder, rightClock)
  }
  writeVarUint(encoder, words.length)
  writeUint8Array(encoder, words)
  writeUint8(encoder, 0)
  return toUint8Array(encoder)
}
