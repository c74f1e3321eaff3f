import { type Instant, instant } from '#shared/ids.ts'
import { type Audience, type Entry, type Lane, LogDamaged, type NewEntry, type Seq } from './log.ts'

/**
 * Bytes of entry v1: version (1 byte), `at` (8, big-endian), salt (16), length of the header (4, big-endian), header
 * (canonical JSON of everything else but the body), body. `at` has a fixed place so that the store can set it without
 * reading the rest. `seq` is not in the bytes: it is the entry's place.
 */
const VERSION = 1
/** Where each part begins. */
const PLACE = { at: 1, salt: 9, length: 25, header: 29 } as const
const SALT_BYTES = PLACE.length - PLACE.salt
const UINT32 = 2 ** 32

type Header = Omit<NewEntry, 'salt' | 'body'>

const text = new TextDecoder('utf-8', { fatal: true })

/** The bytes of an entry, its time still 0. In memory of their own, so that they can be handed to another thread. */
export function encodeEntry(entry: NewEntry): Uint8Array<ArrayBuffer> {
  if (entry.salt.length !== SALT_BYTES) throw new TypeError(`an entry's salt has ${SALT_BYTES} bytes`)
  const header = Buffer.from(headerOf(entry))
  const bytes = new Uint8Array(PLACE.header + header.length + entry.body.length)
  bytes[0] = VERSION
  bytes.set(entry.salt, PLACE.salt)
  new DataView(bytes.buffer).setUint32(PLACE.length, header.length)
  bytes.set(header, PLACE.header)
  bytes.set(entry.body, PLACE.header + header.length)
  return bytes
}

/** Sets the time of an encoded entry. */
export function stampEntry(bytes: Uint8Array, at: Instant): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(PLACE.at, Math.floor(at / UINT32))
  view.setUint32(PLACE.at + 4, at % UINT32)
}

/**
 * Reads the bytes of any version into today's shape; an older version is lifted here, by one case more.
 * The salt and body share memory with `bytes`. Throws LogDamaged when the bytes are no entry.
 */
export function decodeEntry(bytes: Uint8Array, seq: Seq): Entry {
  switch (bytes[0]) {
    case VERSION:
      return decodeV1(bytes, seq)
    default:
      throw new LogDamaged(`Entry ${seq} has the unknown version ${bytes[0]}.`)
  }
}

function decodeV1(bytes: Uint8Array, seq: Seq): Entry {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const at = instant(view.getUint32(PLACE.at) * UINT32 + view.getUint32(PLACE.at + 4))
    const bodyStart = PLACE.header + view.getUint32(PLACE.length)
    if (bodyStart > bytes.length) throw new RangeError('the header is longer than the entry')
    const header: Header = JSON.parse(text.decode(bytes.subarray(PLACE.header, bodyStart)))
    return { v: 1, seq, at, ...header, salt: bytes.subarray(PLACE.salt, PLACE.length), body: bytes.subarray(bodyStart) }
  } catch (cause) {
    throw new LogDamaged(`Entry ${seq} cannot be read.`, { cause })
  }
}

/** Canonical JSON (RFC 8785): every object is written with its keys in order; absent fields are left out. */
function headerOf({ ask, audience, by, document, key, kind, lane, policy }: NewEntry): string {
  return JSON.stringify({
    ask,
    audience: audienceInOrder(audience),
    by,
    document,
    key,
    kind,
    lane: lane && laneInOrder(lane),
    policy,
  })
}

function audienceInOrder(audience: Audience): Audience {
  switch (audience.who) {
    case 'track':
      return { track: audience.track, who: audience.who }
    case 'party':
      return { party: audience.party, who: audience.who }
    case 'everyone':
    case 'mediators':
    case 'server':
      return { who: audience.who }
    default:
      throw audience satisfies never
  }
}

const laneInOrder = ({ client, clock, next, number, owner }: Lane): Lane => ({ client, clock, next, number, owner })
