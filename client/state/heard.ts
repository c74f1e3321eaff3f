import type { ClauseId, LeafId } from '#shared/ids.ts'
import { clauseOfLeaf } from '#shared/text/structure-view.ts'
import type { OpenText } from '../room/room.ts'

/** What others wrote in a text since it was asked for: a page that says it by itself would talk over whoever is reading. */
export class Heard {
  readonly #text: OpenText
  readonly #stop: () => void
  #leaves = new Set<LeafId>()

  constructor(text: OpenText) {
    this.#text = text
    this.#stop = text.on('words', (leaves) => {
      // What one has just typed oneself is not sent yet.
      for (const leaf of leaves as Iterable<LeafId>) if (!text.unsent.has(leaf)) this.#leaves.add(leaf)
    })
  }
  /** The clauses that others changed since the last time, as far as they still stand. */
  take(): Set<ClauseId> {
    const { structure } = this.#text.sheet()
    const clauses = [...this.#leaves].flatMap((leaf) => clauseOfLeaf(structure, leaf)?.id ?? [])
    this.#leaves.clear()
    return new Set(clauses)
  }
  close(): void {
    this.#stop()
  }
}
