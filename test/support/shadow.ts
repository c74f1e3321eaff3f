import type { Node } from 'prosemirror-model'
import { Transform } from 'prosemirror-transform'
import { anchorAt, resolveIn } from '#client/editor/caret.ts'
import { type Part, partsOf, placeAt, type ReadLeaf, type Span } from '#client/editor/drawn.ts'
import { type ClauseRow, drawAll, type Row, rowsOf, startsOf, stepsFor } from '#client/editor/rows.ts'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { indexAfter, leafIn, piecesOf } from '#shared/text/leaf.ts'
import type { Racer } from './racer.ts'
import type { TextRoom } from './text-room.ts'

/** An editor's document that follows one person's copy of a text step by step, and is compared with one drawn afresh. */
export class Shadow {
  drawings = 0
  carets = 0
  kept = 0
  readonly wrong: string[] = []
  #person: Racer
  #room: TextRoom
  #rows: Row[]
  #doc: Node

  constructor(person: Racer, room: TextRoom) {
    this.#person = person
    this.#room = room
    this.#rows = rowsOf(this.#structure())
    this.#doc = drawAll(this.#rows, this.#read)
    person.doc.on('afterTransaction', (transaction) => {
      const leaves = [...person.doc.share].filter(([, type]) => transaction.changed.has(type as never))
      this.#follow(new Set(leaves.map(([leaf]) => leaf)))
    })
  }

  #structure = () => this.#person.sheet(() => this.#room.newBracket()).structure
  #read: ReadLeaf = (leaf) => {
    const text = leafIn(this.#person.doc, leaf)
    return text ? piecesOf(text) : []
  }

  #follow(leaves: Set<string>): void {
    const structure = this.#structure()
    const next = rowsOf(structure)
    const tr = new Transform(this.#doc)
    const changed = ({ clause }: ClauseRow): boolean =>
      [clause.leaf, ...clause.brackets.flatMap(({ leaf, host }) => [leaf, host])].some(
        (leaf) => leaf && leaves.has(leaf),
      )
    const old = this.#rows
    stepsFor(tr, { rows: old, doc: this.#doc, next, changed, held: null, written: null, read: this.#read })
    const fresh = drawAll(rowsOf(structure), this.#read)
    this.drawings++
    if (!tr.doc.eq(fresh)) this.wrong.push(`drawn ${tr.doc}\nfresh ${fresh}`)
    this.#compareCarets(tr, old, next)
    this.#rows = next
    this.#doc = tr.doc
  }

  /** Wherever a caret stood right of a character that still shows, it stands right of it; and nothing that stays was replaced. */
  #compareCarets(tr: Transform, old: Row[], next: Row[]): void {
    const [before, after] = [startsOf(this.#doc), startsOf(tr.doc)]
    const rows = new Map(next.map((row, index) => [row.id, { row, start: after[index] ?? 0 }]))
    old.forEach((row, index) => {
      const now = rows.get(row.id)
      if (row.is !== 'clause' || now?.row.is !== 'clause') return
      const places = charactersOf(now.row.drawn)
      for (const [key, at] of charactersOf(row.drawn)) {
        const to = places.get(key)
        if (to === undefined) continue
        this.carets++
        const place = placeOfCharacter(row.drawn, at)
        const found = place && resolveIn(now.row.drawn, anchorAt(place), this.#placeOf)
        if (found !== to + 1) this.wrong.push(`caret right of ${key} stands at ${found}, not ${to + 1}`)
        if (!inRoot(row.drawn, at)) continue
        this.kept++
        const mapped = tr.mapping.mapResult((before[index] ?? 0) + 1 + at, 1)
        if (mapped.deleted || mapped.pos !== now.start + 1 + to) this.wrong.push(`${key} was replaced`)
      }
    })
  }
  #placeOf = (part: Part, item: ItemId): number | null => {
    const text = leafIn(this.#person.doc, part.leaf)
    const index = text ? indexAfter(text, item) : null
    return index === null ? null : placeAt(part, index)
  }
}

/** Each character by leaf and item, with its place from the start of the clause's content. */
function charactersOf(root: Part): Map<string, number> {
  const out = new Map<string, number>()
  for (const { part, start } of partsOf(root))
    for (const span of part.spans)
      if (span.is === 'words')
        for (let i = 0; i < span.words.length; i++) out.set(keyOf(part.leaf, span, i), start + span.at + i)
  return out
}
const keyOf = (leaf: LeafId, span: Span & { is: 'words' }, i: number) => `${leaf} ${span.client}:${span.clock + i}`
const inRoot = (root: Part, at: number): boolean =>
  root.spans.some((span) => span.is === 'words' && at >= span.at && at < span.at + span.words.length)

function placeOfCharacter(root: Part, at: number): { part: Part; at: number } | null {
  for (const { part, start } of partsOf(root))
    for (const span of part.spans)
      if (span.is === 'words' && at >= start + span.at && at < start + span.at + span.words.length)
        return { part, at: at - start + 1 }
  return null
}
