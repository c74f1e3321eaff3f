import * as Y from 'yjs'
import type { LiveText, Sender } from '#server/documents/documents.ts'
import type { BracketId, ItemId, LeafId, PartyId, SeatId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { insertAt, itemAt } from '#shared/text/leaf.ts'

/** One person's copy of a text: types under a lane of its own, and keeps what it wrote until it is sent. */
export class LaneTypist {
  readonly doc = new Y.Doc()
  readonly #unsent: Uint8Array[] = []
  readonly sender: Sender

  constructor(live: LiveText, seat: string, party: PartyId, level: Level, client: number) {
    Y.applyUpdate(this.doc, live.encode(), 'room')
    this.doc.clientID = client
    this.sender = { seat: seat as SeatId, party, level, client, clock: 0 }
    // What Yjs tidies after a remote change is nobody's act: only transactions begun here are sent.
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'typed') this.#unsent.push(update)
    })
  }

  leaf(id: LeafId): Y.Text {
    return this.doc.getText(id)
  }
  type(leaf: LeafId, index: number, words: string): void {
    insertAt(this.leaf(leaf), index, words, 'typed')
  }
  delete(leaf: LeafId, index: number, length: number): void {
    this.doc.transact(() => this.leaf(leaf).delete(index, length), 'typed')
  }
  /** The item left of a place. */
  item(leaf: LeafId, index: number): ItemId | null {
    return itemAt(this.leaf(leaf), index)
  }
  struck(leaf: LeafId, from: number, to: number): { from: ItemId; to: ItemId } {
    const [first, last] = [this.item(leaf, from + 1), this.item(leaf, to)]
    if (!first || !last) throw new Error('nothing there to strike')
    return { from: first, to: last }
  }

  receive(updates: Uint8Array[]): void {
    for (const update of updates) Y.applyUpdate(this.doc, update, 'room')
  }
  /** Everything typed since the last call, as one update; null when nothing was. */
  take(): Uint8Array | null {
    const parts = this.#unsent.splice(0)
    return parts.length > 0 ? Y.mergeUpdates(parts) : null
  }
}

export const bracketLeaf = (bracket: BracketId): LeafId => bracket as string as LeafId
