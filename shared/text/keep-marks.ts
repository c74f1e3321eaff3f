import type * as Y from 'yjs'

/**
 * Stops Yjs from deleting format marks by itself in `doc`. When an update of others arrives in a `Y.Text`, Yjs deletes
 * marks that are without effect at that moment; each replica sees other moments, and such deletions are nobody's act, so
 * they are not sent: replicas would come to show, and hash, different formats. Every document of words gets this,
 * before its first update, on the server and in every client. Marks deleted together with words, by a local act, are not concerned.
 */
export function keepMarks(doc: Y.Doc): void {
  // Yjs looks at this flag right after the event (`cleanupTransactions` in yjs/src/utils/Transaction.js).
  doc.on('afterTransaction', (transaction) => {
    transaction._needFormattingCleanup = false
  })
}
