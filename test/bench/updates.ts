/** Yjs updates without Yjs: what a crowd writes and reads, at a fraction of the price. */

/** An item that words stand behind, or the root they begin. */
export type Anchor = { client: number; clock: number } | { root: string }

/** The V1 update, as Yjs writes it, of words typed in one go behind `left`. Only for words of one byte a character. */
export function typedRun(client: number, clock: number, left: Anchor, words: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [1, 1]
  uint(bytes, client)
  uint(bytes, clock)
  if ('root' in left) {
    bytes.push(4, 1)
    string(bytes, left.root)
  } else {
    bytes.push(0x84)
    uint(bytes, left.client)
    uint(bytes, left.clock)
  }
  string(bytes, words)
  bytes.push(0)
  return Uint8Array.from(bytes)
}

export function uint(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
}
export function string(bytes: number[], value: string): void {
  const utf8 = Buffer.from(value)
  uint(bytes, utf8.length)
  for (const byte of utf8) bytes.push(byte)
}

/** Which words an update brings: by client id, the clocks from `from` on. */
export interface Brought {
  client: number
  from: number
  length: number
}
const KEPT = 512
const known = new Map<string, Brought[]>()

/** The same frame reaches many readers of one process: it is read once. */
export function broughtBy(update: Uint8Array): Brought[] {
  const key = Buffer.from(update.buffer, update.byteOffset, update.length).toString('latin1')
  const found = known.get(key)
  if (found) return found
  const brought = new Scan(update).structs()
  known.set(key, brought)
  if (known.size > KEPT) known.delete(known.keys().next().value as string)
  return brought
}

/** Of a struct, by Yjs's number. */
const KIND = { gc: 0, deleted: 1, string: 4, embed: 5, format: 6, skip: 10 } as const

/** Reads the structs of a V1 update: those of plain texts, nothing else. Throws on others. */
class Scan {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  structs(): Brought[] {
    const brought: Brought[] = []
    for (let authors = this.uint(); authors > 0; authors -= 1) {
      let count = this.uint()
      const client = this.uint()
      let clock = this.uint()
      for (; count > 0; count -= 1) {
        const { length, isSkip } = this.#struct()
        const last = brought.at(-1)
        if (!isSkip && last?.client === client && last.from + last.length === clock) last.length += length
        else if (!isSkip) brought.push({ client, from: clock, length })
        clock += length
      }
    }
    return brought
  }

  #struct(): { length: number; isSkip: boolean } {
    const info = this.#bytes[this.#at++] ?? 0
    const kind = info & 31
    if (kind === KIND.skip) return { length: this.uint(), isSkip: true }
    if (kind === KIND.gc) return { length: this.uint(), isSkip: false }
    if (info & 0x80) this.#skipUints(2)
    if (info & 0x40) this.#skipUints(2)
    if (!(info & 0xc0)) {
      if (this.uint() === 1) this.#skipString()
      else this.#skipUints(2)
      if (info & 0x20) this.#skipString()
    }
    return { length: this.#content(kind), isSkip: false }
  }

  #content(kind: number): number {
    if (kind === KIND.deleted) return this.uint()
    if (kind === KIND.string) return this.#stringLength()
    if (kind === KIND.embed) this.#skipString()
    else if (kind === KIND.format) {
      this.#skipString()
      this.#skipString()
    } else throw new Error(`no plain text has content of kind ${kind}`)
    return 1
  }

  uint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new Error('an update ends in the middle')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  #skipUints(count: number): void {
    for (let skipped = 0; skipped < count; skipped += 1) this.uint()
  }
  #skipString(): void {
    const length = this.uint()
    this.#at += length
  }
  /** In UTF-16 units. */
  #stringLength(): number {
    const bytes = this.uint()
    const from = this.#at
    this.#at += bytes
    for (let index = from; index < this.#at; index += 1)
      if ((this.#bytes[index] ?? 0) >= 128) return new TextDecoder().decode(this.#bytes.subarray(from, this.#at)).length
    return bytes
  }
}

/** What a replica has, by client id: the next clock. Throws on a gap: words came before those they follow. */
export class Vector {
  readonly #next = new Map<number, number>()

  take({ client, from, length }: Brought): void {
    const next = this.#next.get(client) ?? 0
    if (from > next) throw new Error(`words ${next} to ${from} of ${client} were never brought`)
    if (from + length > next) this.#next.set(client, from + length)
  }
  of(client: number): number {
    return this.#next.get(client) ?? 0
  }
  toString(): string {
    return [...this.#next].sort(([a], [b]) => a - b).join(' ')
  }
}
