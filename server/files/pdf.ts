import { inflateSync } from 'node:zlib'
import { FileRefused } from '../texts/file-refused.ts'

/**
 * Whether a PDF only shows. Names that make a reader run, fetch, open or unpack something are looked for in all of its bytes and
 * in everything it packs, with their escapes undone: a file that two programs read differently is refused for what either
 * could find. What cannot be looked through, because it is encrypted or packed in another way, is refused too. A link that
 * a person follows is none of these.
 */

/** Long enough not to stand in packed bytes by chance. */
const ACTIVE = [
  'JavaScript',
  'Launch',
  'EmbeddedFile',
  'EmbeddedFiles',
  'RichMedia',
  'SubmitForm',
  'ImportData',
  'Rendition',
  'GoToE',
  'Movie',
  'Sound',
  'XFA',
]
/** Two letters stand in packed bytes by chance: they are looked for where a reader expects names. */
const ACTIVE_WHERE_NAMED = new Set([...ACTIVE, 'JS', 'EF', '3D'])
const END = '(?=[\\s/<>\\[\\]()%{}]|$)'
const LONG = new RegExp(`/(?:${ACTIVE.join('|')})${END}`)
const NAME = /\/([^\s/<>[\]()%{}]+)/g
const ESCAPED = /\/[^\s/<>[\]()%{}]{0,120}#[0-9a-f]{2}[^\s/<>[\]()%{}]{0,120}/gi

/** One packed stream, and all of them. */
const MAX_STREAM_BYTES = 96 * 1024 * 1024
const MAX_ALL_BYTES = 768 * 1024 * 1024
/** How packed objects begin: numbers and places, and then the first of them. */
const OBJECTS = /^\s*\d+\s+\d+(?:\s+\d+\s+\d+)*\s*(?:<<|\[|\/)/

/** Throws `FileRefused`. */
export function examinePdf(file: Buffer): void {
  const all = file.toString('latin1')
  if (!all.includes('%%EOF') || !/\d+\s+\d+\s+obj\b/.test(all)) throw new FileRefused('damaged')
  if (LONG.test(all) || namesIn(all, ESCAPED).some((name) => ACTIVE_WHERE_NAMED.has(name)))
    throw new FileRefused('active')
  let outside = ''
  let from = 0
  let unpacked = 0
  for (const { start, end } of streamsOf(all)) {
    const before = all.slice(from, start)
    outside += before
    from = end
    unpacked += lookInto(file.subarray(start, end), before)
    if (unpacked > MAX_ALL_BYTES) throw new FileRefused('bomb')
  }
  outside += all.slice(from)
  const named = new Set(namesIn(outside, NAME))
  if (named.has('Encrypt')) throw new FileRefused('password')
  if (!named.isDisjointFrom(ACTIVE_WHERE_NAMED)) throw new FileRefused('active')
}

function* streamsOf(all: string): Generator<{ start: number; end: number }> {
  const begins = /stream\r?\n/g
  for (let found = begins.exec(all); found; found = begins.exec(all)) {
    if (all.slice(found.index - 3, found.index) === 'end') continue
    const start = found.index + found[0].length
    const closed = all.indexOf('endstream', start)
    const end = closed < 0 ? all.length : closed
    yield { start, end }
    begins.lastIndex = end
  }
}

/** Looks through what a stream packs; `before`: all since the last stream, its dictionary too. Returns how much that was. */
function lookInto(stream: Buffer, before: string): number {
  const own = new Set(namesIn(before, NAME))
  const holdsObjects = own.has('ObjStm')
  const filters = [...own].filter((name) => /Decode$|^Crypt$/.test(name))
  if (holdsObjects && filters.some((name) => name !== 'FlateDecode')) throw new FileRefused('active')
  const inner = own.has('FlateDecode') || holdsObjects || isPacked(stream) ? inflated(stream) : null
  if (!inner) {
    if (holdsObjects && filters.length > 0) throw new FileRefused('damaged')
    return 0
  }
  const words = inner.toString('latin1')
  const pattern = holdsObjects || OBJECTS.test(words) ? NAME : ESCAPED
  if (LONG.test(words) || namesIn(words, pattern).some((name) => ACTIVE_WHERE_NAMED.has(name)))
    throw new FileRefused('active')
  return inner.length
}

/** As zlib begins, whatever its dictionary says. */
const isPacked = ([first = 0, second = 0]: Buffer): boolean =>
  (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0

/** Null for what is not packed this way. Throws when it would unpack past every sense. */
function inflated(bytes: Buffer): Buffer | null {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_STREAM_BYTES })
  } catch (cause) {
    if (cause instanceof RangeError) throw new FileRefused('bomb')
    return null
  }
}

const namesIn = (words: string, pattern: RegExp): string[] =>
  (words.match(pattern) ?? []).map((name) =>
    name.slice(1).replace(/#([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  )
