import { writeVarUint } from 'lib0/encoding'
import * as Y from 'yjs'
import { addRange, countRanges, type Ranges, tidy } from './ranges.ts'

/**
 * Encodes what this client wrote as updates the server admits: only structs by its own client id from a clock on, and the
 * ranges it deleted itself. Never a state diff: Yjs tidies format marks after remote changes, and that is not this seat's doing.
 */

/** The server admits 64 kB, 500 structs and 500 ranges. A UTF-16 unit takes at most three bytes, a struct's head under 40. */
const MAX_UNITS = 15_000
const MAX_STRUCTS = 400
const MAX_RANGES = 400
const HEAD_UNITS = 14

export interface Part {
  update: Uint8Array
  /** The lane's clock after it. */
  next: number
  /** What did not fit: deletions for the next part. Words beyond `next` did not fit either. */
  rest: Ranges
}

interface Piece {
  item: Y.Item
  /** Units of the item: from `offset` up to `end`. */
  offset: number
  end: number
}

/** The words of `client` from clock `from` up to `until`, and `deletes`, as far as one update may carry them. */
export function encodePart(doc: Y.Doc, client: number, from: number, until: number, deletes: Ranges): Part {
  const { pieces, next } = piecesOf(doc, client, from, until)
  const now: Ranges = new Map()
  const rest: Ranges = new Map()
  // Words deleted before they were ever sent travel as a length only, and are named as deleted in the same update.
  for (const { item, offset, end } of pieces)
    if (item.deleted) addRange(now, client, item.id.clock + offset, end - offset)
  const room = MAX_RANGES - pieces.length
  for (const [of, list] of tidy(deletes)) {
    for (const [clock, length] of list) {
      const known = of === client ? Math.max(0, Math.min(length, next - clock)) : length
      if (countRanges(now) >= room || known === 0) addRange(rest, of, clock, length)
      else {
        addRange(now, of, clock, known)
        if (known < length) addRange(rest, of, clock + known, length - known)
      }
    }
  }
  return { update: encode(client, pieces, tidy(now)), next, rest }
}

function piecesOf(doc: Y.Doc, client: number, from: number, until: number): { pieces: Piece[]; next: number } {
  const structs = doc.store.clients.get(client) ?? []
  const pieces: Piece[] = []
  let next = from
  let units = 0
  const first = from < until ? Y.findIndexSS(structs, from) : structs.length
  for (let i = first; i < structs.length && next < until && pieces.length < MAX_STRUCTS; i++) {
    const item = structs[i]
    // Leaves are roots, so Yjs never turns their items into GC structs.
    if (!(item instanceof Y.Item)) throw new Error(`no item at clock ${next}`)
    const offset = next - item.id.clock
    const room = MAX_UNITS - units - HEAD_UNITS
    if (room <= 1) break
    const whole = Math.min(item.length, until - item.id.clock)
    const end = cut(item, item.deleted ? whole : Math.min(whole, offset + room), whole)
    pieces.push({ item, offset, end })
    units += HEAD_UNITS + (item.deleted ? 0 : end - offset)
    next = item.id.clock + end
  }
  return { pieces, next }
}

/** `end`, or one less when it would part the two halves of one character. */
function cut(item: Y.Item, end: number, whole: number): number {
  if (end === whole || !(item.content instanceof Y.ContentString)) return end
  const code = item.content.str.charCodeAt(end - 1)
  return code >= 0xd800 && code <= 0xdbff ? end - 1 : end
}

function encode(client: number, pieces: Piece[], deletes: Ranges): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  const first = pieces[0]
  writeVarUint(encoder.restEncoder, first ? 1 : 0)
  if (first) {
    writeVarUint(encoder.restEncoder, pieces.length)
    encoder.writeClient(client)
    writeVarUint(encoder.restEncoder, first.item.id.clock + first.offset)
    for (const { item, offset, end } of pieces) upTo(item, end).write(encoder, offset)
  }
  writeVarUint(encoder.restEncoder, deletes.size)
  for (const [of, list] of deletes) {
    writeVarUint(encoder.restEncoder, of)
    writeVarUint(encoder.restEncoder, list.length)
    for (const [clock, length] of list) {
      writeVarUint(encoder.restEncoder, clock)
      writeVarUint(encoder.restEncoder, length)
    }
  }
  return encoder.toUint8Array()
}

/** The item's first `end` units, without words that are deleted (undo keeps them in the document; others need not get them). */
function upTo(item: Y.Item, end: number): Y.Item {
  if (end === item.length && !item.deleted) return item
  const content = item.deleted ? new Y.ContentDeleted(end) : new Y.ContentString(wordsOf(item).slice(0, end))
  return new Y.Item(item.id, null, item.origin, null, item.rightOrigin, item.parent, item.parentSub, content)
}
const wordsOf = (item: Y.Item): string => (item.content instanceof Y.ContentString ? item.content.str : '')
