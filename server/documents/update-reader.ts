import { type LeafId, parseOpaque } from '#shared/ids.ts'
import { MAX_UPDATE } from '#shared/protocol/frames.ts'
import type { GuardReason } from '#shared/refusals.ts'
import { FORMATS } from '#shared/text/structure.ts'

/** Structs of one update. A conflict scan is quadratic in them for every reader; a client splits larger pastes. */
export const MAX_STRUCTS = 500
/** Delete ranges of one update. */
const MAX_RANGES = 500
/**
 * Clocks one update may spend on words that were typed and deleted before they were sent: as many as it could have
 * carried as words. Without it, 20 bytes would spend all clocks of a lane.
 */
const MAX_DELETED = MAX_UPDATE
/** The last clock of a lane: the length of a Yjs item stays a 31-bit number. */
const MAX_CLOCK = 2 ** 31 - 1

/** The kinds of content a client may write: `ContentDeleted`, `ContentString`, `ContentFormat`. */
export const DELETED = 1
export const STRING = 4
const FORMAT = 6

const KIND = 0b0001_1111
const HAS_MAP_KEY = 0b0010_0000
const HAS_RIGHT = 0b0100_0000
const HAS_LEFT = 0b1000_0000
/** No client id: an anchor that is not there. */
export const NONE = -1

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Stage 1 of the guard: one pass over the bytes of a V1 update, with no Y.Doc at hand. What it read stands in columns,
 * one row per struct or delete range, until the next `read`; the columns are allocated once, so that a keystroke makes
 * no garbage but its words. Rows past `structs` and `ranges` are of earlier updates.
 */
export class UpdateReader {
  structs = 0
  /** The lane's clock after the update. */
  next = 0
  readonly kind = new Uint8Array(MAX_STRUCTS)
  readonly clock = new Float64Array(MAX_STRUCTS)
  readonly length = new Float64Array(MAX_STRUCTS)
  readonly leftClient = new Float64Array(MAX_STRUCTS)
  readonly leftClock = new Float64Array(MAX_STRUCTS)
  readonly rightClient = new Float64Array(MAX_STRUCTS)
  readonly rightClock = new Float64Array(MAX_STRUCTS)
  /** The root's name, where neither anchor is given. */
  readonly root: (LeafId | null)[] = new Array<LeafId | null>(MAX_STRUCTS).fill(null)
  /** The words of a `STRING`. */
  readonly words: string[] = new Array<string>(MAX_STRUCTS).fill('')
  ranges = 0
  readonly deleteClient = new Float64Array(MAX_RANGES)
  readonly deleteClock = new Float64Array(MAX_RANGES)
  readonly deleteLength = new Float64Array(MAX_RANGES)

  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #fault: GuardReason | null = null

  /**
   * Reads an update that must continue the lane of `client` at `clock`. Returns why it may not be one, or null.
   * Everything announced is compared with the limits before room is made for it. Never throws.
   */
  read(update: Uint8Array, client: number, clock: number): GuardReason | null {
    this.structs = 0
    this.ranges = 0
    this.next = clock
    if (update.length > MAX_UPDATE) return 'too-large'
    this.#bytes = update
    this.#at = 0
    this.#fault = null
    this.#readStructs(client, clock)
    this.#readRanges()
    if (this.#fault === null && this.#at < update.length) this.#fail('trailing')
    if (this.#fault === null && this.structs + this.ranges === 0) this.#fail('counts')
    return this.#fault
  }

  /** Whose update it says it is, and where it says it begins. */
  headOf(update: Uint8Array): { client: number; clock: number } {
    this.#bytes = update
    this.#at = 0
    this.#fault = null
    const authors = this.#uint()
    if (authors > 0) this.#uint()
    return authors > 0 ? { client: this.#uint(), clock: this.#uint() } : { client: NONE, clock: 0 }
  }

  #readStructs(client: number, clock: number): undefined {
    const authors = this.#uint()
    if (authors === 0 || this.#fault !== null) return
    if (authors > 1) return this.#fail('foreign-client')
    const count = this.#uint()
    if (count === 0) return this.#fail('counts')
    if (count > MAX_STRUCTS) return this.#fail('too-large')
    if (this.#uint() !== client) return this.#fail('foreign-client')
    const first = this.#uint()
    if (first !== clock) return this.#fail(first < clock ? 'clock' : 'gap')
    let deleted = 0
    for (let row = 0; row < count && this.#fault === null; row++) {
      this.#readStruct(row)
      if (this.kind[row] === DELETED) deleted += this.length[row] ?? 0
      if (deleted > MAX_DELETED) this.#fail('too-large')
      if (this.next > MAX_CLOCK) this.#fail('clock')
    }
    this.structs = this.#fault === null ? count : 0
  }

  #readStruct(row: number): undefined {
    const info = this.#byte()
    const kind = info & KIND
    if (kind !== STRING && kind !== FORMAT && kind !== DELETED) return this.#fail(kind === 10 ? 'gap' : 'content')
    if (info & HAS_MAP_KEY) return this.#fail('content')
    this.kind[row] = kind
    this.leftClient[row] = info & HAS_LEFT ? this.#uint() : NONE
    this.leftClock[row] = info & HAS_LEFT ? this.#uint() : 0
    this.rightClient[row] = info & HAS_RIGHT ? this.#uint() : NONE
    this.rightClock[row] = info & HAS_RIGHT ? this.#uint() : 0
    this.root[row] = info & (HAS_LEFT | HAS_RIGHT) ? null : this.#rootName()
    const length = this.#content(row, kind)
    if (length === 0) this.#fail('content')
    this.clock[row] = this.next
    this.length[row] = length
    this.next += length
  }

  #rootName(): LeafId | null {
    const named = this.#uint()
    if (named > 1) this.#fail('not-canonical')
    if (named === 0) this.#fail('root')
    const leaf = parseOpaque<LeafId>(this.#string())
    if (leaf === null) this.#fail('root')
    return leaf
  }

  /** The content's length in clocks. */
  #content(row: number, kind: number): number {
    if (kind === DELETED) return this.#uint()
    if (kind === STRING) {
      const words = this.#string()
      this.words[row] = words
      return words.length
    }
    const format = this.#string()
    if (!FORMATS.some((known) => known === format)) this.#fail('format')
    const value = this.#string()
    if (value !== 'true' && value !== 'null') this.#fail('format')
    return 1
  }

  /** As `writeDeleteSet` orders them: clients descending, ranges ascending and apart. */
  #readRanges(): undefined {
    const clients = this.#uint()
    if (clients > MAX_RANGES) return this.#fail('too-large')
    let above = Number.POSITIVE_INFINITY
    for (let i = 0; i < clients && this.#fault === null; i++) {
      const client = this.#uint()
      const count = this.#uint()
      if (client >= above) return this.#fail('not-canonical')
      above = client
      if (count === 0) return this.#fail('counts')
      if (this.ranges + count > MAX_RANGES) return this.#fail('too-large')
      this.#readRangesOf(client, count)
    }
  }

  #readRangesOf(client: number, count: number): undefined {
    let end = -1
    for (let i = 0; i < count && this.#fault === null; i++) {
      const clock = this.#uint()
      const length = this.#uint()
      if (length === 0 || clock + length > MAX_CLOCK) return this.#fail('deletes')
      if (clock <= end) return this.#fail('not-canonical')
      end = clock + length
      this.deleteClient[this.ranges] = client
      this.deleteClock[this.ranges] = clock
      this.deleteLength[this.ranges] = length
      this.ranges++
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) {
      this.#fail('truncated')
      return 0
    }
    this.#at++
    return byte
  }

  /** A varint in its shortest form, at most 2^53 - 1. */
  #uint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte >= 128) continue
      if (byte === 0 && scale > 1) this.#fail('not-canonical')
      if (value > Number.MAX_SAFE_INTEGER) this.#fail('counts')
      return value
    }
    this.#fail('counts')
    return 0
  }

  /** Valid UTF-8, which has one form only. The announced length is compared with what is left before anything is copied. */
  #string(): string {
    const length = this.#uint()
    if (this.#fault !== null) return ''
    const end = this.#at + length
    if (end > this.#bytes.length) {
      this.#fail('truncated')
      return ''
    }
    const first = this.#bytes[this.#at]
    if (length === 1 && first !== undefined && first < 128) {
      this.#at = end
      return String.fromCharCode(first)
    }
    try {
      return utf8.decode(this.#bytes.subarray(this.#at, end))
    } catch {
      this.#fail('content')
      return ''
    } finally {
      this.#at = end
    }
  }

  /** Keeps the first fault only: what is read after it means nothing. */
  #fail(why: GuardReason): undefined {
    this.#fault ??= why
    this.#at = this.#bytes.length
  }
}

const counter = new UpdateReader()
/** An update that could hold more pieces than this is read; a shorter one is not worth it. */
const SHORT = 96

/** How many structs and delete ranges an update has, as far as it can be read. */
export function piecesOf(update: Uint8Array): number {
  if (update.length < SHORT) return 1
  const { client, clock } = counter.headOf(update)
  counter.read(update, client, clock)
  return counter.structs + counter.ranges
}
