import { createHash } from 'node:crypto'
import * as Y from 'yjs'

/** What a document says, whoever asks: the words, formats and embeds of every leaf that has any. */
export function digestOf(doc: Y.Doc): string {
  const leaves = [...doc.share.keys()].sort().map((leaf) => [leaf, doc.getText(leaf).toDelta()])
  const written = leaves.filter(([, words]) => words.length > 0)
  return createHash('sha256').update(JSON.stringify(written)).digest('hex')
}

/** Which words an update brings: by client id, the clocks from `from` on. */
export interface Brought {
  client: number
  from: number
  length: number
}
const KEPT = 256
const known = new Map<string, Brought[]>()

/** The same frame reaches many readers of one process: it is read once. */
export function broughtBy(update: Uint8Array): Brought[] {
  const key = Buffer.from(update.buffer, update.byteOffset, update.length).toString('latin1')
  const found = known.get(key)
  if (found) return found
  const brought = Y.decodeUpdate(update)
    .structs.filter((struct) => !(struct instanceof Y.Skip))
    .map(({ id, length }) => ({ client: id.client, from: id.clock, length }))
  known.set(key, brought)
  const [oldest] = known.keys()
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
  return brought
}
