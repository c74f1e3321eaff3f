import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { type ProcessId, parseProcessId } from '#shared/ids.ts'
import { LogDamaged, type Seq, type StoredEntry } from './log.ts'

/**
 * A log as one file that any engine can be filled from. First a line `parley-log <format>`, then records: type (1 byte), length of
 * the payload (4, big-endian), payload, and CRC-32 (4) of all three. After a process come its keys and files, its entries in order, and its
 * chain; at the end stands how many processes there are, so that a file that was cut is known for one.
 */
const FORMAT = 1
const HEAD = /^parley-log (\d{1,9})\n/
const HEAD_BYTES = 32
const BEFORE = 5
const SUM = 4
/** An entry is one command or one update, and a file 20 MB at most. */
const LONGEST = 64 * 1024 * 1024

export type PortableRecord =
  | { is: 'process'; process: ProcessId; seq: Seq }
  | { is: 'key'; key: string; secret: Uint8Array }
  /** Bytes that stand beside the log. */
  | { is: 'file'; name: string; bytes: Uint8Array }
  | { is: 'entry'; seq: Seq; entry: StoredEntry }
  | { is: 'chain'; hash: string }
  | { is: 'end'; processes: number }

const TYPES = ['process', 'key', 'entry', 'chain', 'end', 'file'] as const

/** Writes records into an open file, many at a time. */
export class PortableWriter {
  readonly #file: FileHandle
  #waiting: Uint8Array[] = [Buffer.from(`parley-log ${FORMAT}\n`)]
  #bytes = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  async add(record: PortableRecord): Promise<void> {
    const payload = payloadOf(record)
    const before = Buffer.alloc(BEFORE)
    before.writeUInt8(TYPES.indexOf(record.is) + 1)
    before.writeUInt32BE(payload.length, 1)
    const sum = Buffer.alloc(SUM)
    sum.writeUInt32BE(crc32(payload, crc32(before)))
    this.#waiting.push(before, payload, sum)
    this.#bytes += BEFORE + payload.length + SUM
    if (this.#bytes >= 1024 * 1024) await this.#flush()
  }

  /** Durable on return. */
  async close(): Promise<void> {
    await this.#flush()
    await this.#file.sync()
    await this.#file.close()
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    await this.#file.writeFile(bytes)
  }
}

function payloadOf(record: PortableRecord): Uint8Array {
  switch (record.is) {
    case 'entry': {
      const { bytes, rest } = record.entry
      const payload = Buffer.alloc(4 + bytes.length)
      payload.writeUInt32BE(rest)
      payload.set(bytes, 4)
      return payload
    }
    case 'file': {
      const name = Buffer.from(record.name)
      const payload = Buffer.alloc(2 + name.length + record.bytes.length)
      payload.writeUInt16BE(name.length)
      payload.set(name, 2)
      payload.set(record.bytes, 2 + name.length)
      return payload
    }
    case 'key':
      return json({ key: record.key, secret: Buffer.from(record.secret).toString('base64') })
    case 'process':
      return json({ process: record.process, seq: record.seq })
    case 'chain':
      return json({ hash: record.hash })
    case 'end':
      return json({ processes: record.processes })
    default:
      throw record satisfies never
  }
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

/**
 * The records of a file, in order. Throws LogDamaged, with a sentence for the operator, when it is no such file, of a newer format, or
 * damaged: then with the entry at which it is.
 */
export async function* readPortable(path: string): AsyncGenerator<PortableRecord> {
  const place = new Place(path)
  let held: Buffer = Buffer.alloc(0)
  let isBegun = false
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    if (!isBegun) held = withoutHead(held, path)
    isBegun = true
    let at = 0
    for (;;) {
      const record = recordAt(held, at, place)
      if (!record) break
      yield record.record
      at = record.end
    }
    held = held.subarray(at)
  }
  if (!isBegun) throw new LogDamaged(`${path} is empty.`)
  if (held.length > 0 || !place.isEnded) throw place.damaged('the rest is missing')
}

function withoutHead(bytes: Buffer, path: string): Buffer {
  const head = HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES))
  if (!head) throw new LogDamaged(`${path} is not a log that was exported.`)
  if (Number(head[1]) > FORMAT) {
    throw new LogDamaged(
      `${path} has format ${head[1]}, and this version of Parley knows up to ${FORMAT}: import it with the newer version.`,
    )
  }
  return bytes.subarray(head[0].length)
}

/** Null while not all of it is there. */
function recordAt(held: Buffer, at: number, place: Place): { record: PortableRecord; end: number } | null {
  if (held.length < at + BEFORE) return null
  const type = TYPES[held.readUInt8(at) - 1]
  const length = held.readUInt32BE(at + 1)
  if (!type || length > LONGEST || place.isEnded) throw place.damaged('what follows is no part of a log')
  const [from, end] = [at + BEFORE, at + BEFORE + length]
  if (held.length < end + SUM) return null
  if (crc32(held.subarray(at, end)) !== held.readUInt32BE(end)) throw place.damaged('it does not match its sum')
  try {
    return { record: place.read(type, held.subarray(from, end)), end: end + SUM }
  } catch (cause) {
    throw cause instanceof LogDamaged ? cause : place.damaged('it cannot be read')
  }
}

/** Where in the file the reader is. */
class Place {
  readonly #path: string
  #process: ProcessId | null = null
  #seq: Seq = 0
  isEnded = false

  constructor(path: string) {
    this.#path = path
  }

  damaged(what: string): LogDamaged {
    const where = this.#process ? `at entry ${this.#seq + 1} of process ${this.#process}` : 'at its beginning'
    return new LogDamaged(`${this.#path} is damaged ${where}: ${what}.`)
  }

  read(type: (typeof TYPES)[number], payload: Buffer): PortableRecord {
    if (type === 'entry') {
      const entry = { rest: payload.readUInt32BE(), bytes: new Uint8Array(payload.subarray(4)) }
      return { is: 'entry', seq: ++this.#seq, entry }
    }
    if (type === 'file') {
      const end = 2 + payload.readUInt16BE()
      return { is: 'file', name: payload.toString('utf8', 2, end), bytes: new Uint8Array(payload.subarray(end)) }
    }
    const value = JSON.parse(payload.toString())
    switch (type) {
      case 'process':
        this.#process = parseProcessId(value.process)
        this.#seq = 0
        if (!this.#process) throw this.damaged('a process has no name')
        return { is: 'process', process: this.#process, seq: value.seq }
      case 'key':
        return { is: 'key', key: value.key, secret: new Uint8Array(Buffer.from(value.secret, 'base64')) }
      case 'chain':
        return { is: 'chain', hash: value.hash }
      case 'end':
        this.isEnded = true
        return { is: 'end', processes: value.processes }
      default:
        throw type satisfies never
    }
  }
}
