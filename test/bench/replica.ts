import { createHash } from 'node:crypto'
import type * as Y from 'yjs'

/** What a document says, whoever asks: the words, formats and embeds of every leaf that has any. */
export function digestOf(doc: Y.Doc): string {
  const leaves = [...doc.share.keys()].sort().map((leaf) => [leaf, doc.getText(leaf).toDelta()])
  const written = leaves.filter(([, words]) => words.length > 0)
  return createHash('sha256').update(JSON.stringify(written)).digest('hex')
}
