import { writeVarUint } from 'lib0/encoding'
import * as Y from 'yjs'
import type { Known } from './carry.ts'
import { addRange, type Ranges, subtract, tidy } from './ranges.ts'

/**
 * A document that holds unsent words, written out in two parts: what the server has, and what it has not. Of words that are
 * deleted for good neither holds more than their length, also where undo would still bring them back.
 */

interface Part {
  item: Y.Item | Y.GC
  offset: number
  end: number
  isGone: boolean
}

/** What the server has, as one update. */
export function encodeServed({ store }: Y.Doc, known: Known): Uint8Array {
  const parts = new Map<number, Part[]>()
  for (const [client, structs] of store.clients) {
    const limit = known.clocks.get(client) ?? Number.POSITIVE_INFINITY
    const own: Part[] = []
    for (const item of structs) {
      if (item.id.clock >= limit || !isPart(item)) break
      own.push(...partsOf(item, 0, Math.min(item.length, limit - item.id.clock), known.deletes))
    }
    if (own.length > 0) parts.set(client, own)
  }
  return encode(parts, new Map())
}

/** What the server has not: words and deletions. */
export function encodeUnsent({ store }: Y.Doc, known: Known): Uint8Array {
  const parts = new Map<number, Part[]>()
  for (const [client, clock] of known.clocks) {
    const own = (store.clients.get(client) ?? []).flatMap((item): Part[] => {
      const offset = Math.max(0, clock - item.id.clock)
      return offset < item.length && isPart(item) ? partsOf(item, offset, item.length, new Map()) : []
    })
    if (own.length > 0) parts.set(client, own)
  }
  return encode(parts, known.deletes)
}

const isPart = (struct: Y.AbstractStruct): struct is Y.Item | Y.GC => struct instanceof Y.Item || struct instanceof Y.GC

/** `standing`: deleted here, and not on the server. */
function partsOf(item: Y.Item | Y.GC, offset: number, end: number, standing: Ranges): Part[] {
  if (!item.deleted) return [{ item, offset, end, isGone: false }]
  const { client, clock } = item.id
  const all: Ranges = new Map([[client, [[clock + offset, end - offset]]]])
  const gone = subtract(all, standing)
  const pieces = [
    ...(gone.get(client) ?? []).map((range) => ({ range, isGone: true })),
    ...(subtract(all, gone).get(client) ?? []).map((range) => ({ range, isGone: false })),
  ].sort((a, b) => a.range[0] - b.range[0])
  return pieces.map(({ range: [at, length], isGone }) => ({
    item,
    offset: at - clock,
    end: at - clock + length,
    isGone,
  }))
}

function encode(parts: Map<number, Part[]>, deletes: Ranges): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  const gone: Ranges = new Map([...deletes].map(([client, list]) => [client, [...list]]))
  writeVarUint(encoder.restEncoder, parts.size)
  for (const [client, own] of [...parts].sort(([a], [b]) => b - a)) {
    writeVarUint(encoder.restEncoder, own.length)
    encoder.writeClient(client)
    const first = own[0]
    writeVarUint(encoder.restEncoder, first ? first.item.id.clock + first.offset : 0)
    for (const part of own) {
      structOf(part).write(encoder, 0)
      if (part.isGone) addRange(gone, client, part.item.id.clock + part.offset, part.end - part.offset)
    }
  }
  const tidied = tidy(gone)
  writeVarUint(encoder.restEncoder, tidied.size)
  for (const [client, list] of tidied) {
    writeVarUint(encoder.restEncoder, client)
    writeVarUint(encoder.restEncoder, list.length)
    for (const [clock, length] of list) {
      writeVarUint(encoder.restEncoder, clock)
      writeVarUint(encoder.restEncoder, length)
    }
  }
  return encoder.toUint8Array()
}

function structOf({ item, offset, end, isGone }: Part): Y.Item | Y.GC {
  const id = Y.createID(item.id.client, item.id.clock + offset)
  if (item instanceof Y.GC) return new Y.GC(id, end - offset)
  if (offset === 0 && end === item.length && !isGone) return item
  const origin = offset === 0 ? item.origin : Y.createID(id.client, id.clock - 1)
  const content = isGone ? new Y.ContentDeleted(end - offset) : cut(item.content, offset, end)
  return new Y.Item(id, null, origin, null, item.rightOrigin, item.parent, item.parentSub, content)
}
function cut(content: Y.Item['content'], offset: number, end: number): Y.Item['content'] {
  if (content instanceof Y.ContentString) return new Y.ContentString(content.str.slice(offset, end))
  if (content instanceof Y.ContentDeleted) return new Y.ContentDeleted(end - offset)
  // Marks and embeds are one unit long: they are never parted.
  return content
}

/** The deletions that an update names. */
export function deletesIn(update: Uint8Array): Ranges {
  const named: Ranges = new Map()
  for (const [client, items] of Y.decodeUpdate(update).ds.clients)
    for (const { clock, len } of items) addRange(named, client, clock, len)
  return named
}
