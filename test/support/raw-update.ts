import { createEncoder, type Encoder, toUint8Array, writeUint8, writeVarString, writeVarUint } from 'lib0/encoding'

/** Writes V1 updates byte by byte, as no honest client would. */

export type Id = readonly [client: number, clock: number]
export interface RawStruct {
  left?: Id
  right?: Id
  root?: string
  /** Bits of the info byte, when they are not to follow from the rest. */
  info?: number
  kind: number
  /** Written between the parent and the content, such as a map key or the id of a parent item. */
  parent?: (to: Encoder) => void
  content: (to: Encoder) => void
}
export interface RawBlock {
  client: number
  clock: number
  structs: RawStruct[]
  /** Announced number of structs, when it lies. */
  count?: number
}
export type RawRanges = readonly [client: number, ranges: (readonly [clock: number, length: number])[]]

export const bytes = (write: (to: Encoder) => void): Uint8Array => {
  const encoder = createEncoder()
  write(encoder)
  return toUint8Array(encoder)
}

export function rawUpdate(blocks: RawBlock[], deletes: RawRanges[] = []): Uint8Array {
  return bytes((to) => {
    writeVarUint(to, blocks.length)
    for (const { client, clock, structs, count } of blocks) {
      writeVarUint(to, count ?? structs.length)
      writeVarUint(to, client)
      writeVarUint(to, clock)
      for (const struct of structs) writeStruct(to, struct)
    }
    writeVarUint(to, deletes.length)
    for (const [client, ranges] of deletes) {
      writeVarUint(to, client)
      writeVarUint(to, ranges.length)
      for (const [clock, length] of ranges) {
        writeVarUint(to, clock)
        writeVarUint(to, length)
      }
    }
  })
}

function writeStruct(to: Encoder, { left, right, root, info, kind, parent, content }: RawStruct): void {
  writeUint8(to, info ?? kind | (left ? 128 : 0) | (right ? 64 : 0))
  for (const [client, clock] of [left, right].filter((id) => id !== undefined)) {
    writeVarUint(to, client)
    writeVarUint(to, clock)
  }
  if (root !== undefined) {
    writeVarUint(to, 1)
    writeVarString(to, root)
  }
  parent?.(to)
  content(to)
}

type Place = Pick<RawStruct, 'left' | 'right' | 'root' | 'info' | 'parent'>
export const typed = (words: string, place: Place): RawStruct => ({
  kind: 4,
  ...place,
  content: (to) => writeVarString(to, words),
})
export const gone = (length: number, place: Place): RawStruct => ({
  kind: 1,
  ...place,
  content: (to) => writeVarUint(to, length),
})
export const marked = (key: string, json: string, place: Place): RawStruct => ({
  kind: 6,
  ...place,
  content: (to) => {
    writeVarString(to, key)
    writeVarString(to, json)
  },
})
/** GC (kind 0) and Skip (kind 10): a length and nothing else. */
export const bare = (kind: 0 | 10, length: number): RawStruct => ({ kind, content: (to) => writeVarUint(to, length) })
/** Any other kind of content: binary, embed, type, any, subdocument. */
export const other = (kind: number, place: Place, content: (to: Encoder) => void): RawStruct => ({
  kind,
  ...place,
  content,
})
