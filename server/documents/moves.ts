import * as Y from 'yjs'
import type { TextEvent } from '#shared/domain/events.ts'
import { type BracketId, type LeafId, leafOf } from '#shared/ids.ts'
import { includes } from '#shared/refusals.ts'
import { leafIn, type Piece } from '#shared/text/leaf.ts'
import { clauseHolding, leafRights, mayWrite } from '#shared/text/rights.ts'
import type { Move, Text } from '#shared/text/structure.ts'
import type { Sender, Settle } from './documents.ts'
import { leafNameOf } from './leaf-name.ts'
import { follow, Moves, overlaps, type Place, part, placeOf, rangesOf } from './places.ts'
import { piecesIn, rewritten, ServerWriter, type Shown, type Stretch } from './server-writer.ts'

/** Words that came late, to stand at one place. */
interface Late {
  place: Place
  pieces: { leaf: LeafId; piece: Shown }[]
}

export const settle: Settle = (update, sender, live, before, mint) => {
  const text = before.tracks.by[live.track]?.text
  if (!text || (text.moves.length === 0 && Object.keys(text.closed).length === 0)) return null
  // The live text changes from the log only, so what the update will have done is seen in a copy.
  const doc = new Y.Doc({ gc: true })
  doc.clientID = 0
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(live.doc))
  Y.applyUpdate(doc, update)
  const settling = new Settling(doc, text, sender, mint)
  for (const leaf of writtenLeaves(doc, sender)) settling.words(leaf)
  settling.deletions(update)
  return settling.finish(live.track)
}

/** Leaves into which the update inserted. */
function writtenLeaves(doc: Y.Doc, { client, clock }: Sender): Set<LeafId> {
  const structs = doc.store.clients.get(client) ?? []
  const leaves = new Set<LeafId>()
  for (let i = structs.length - 1; i >= 0; i--) {
    const struct = structs[i]
    if (!struct || struct.id.clock + struct.length <= clock) break
    const leaf = struct instanceof Y.Item && !struct.deleted ? leafNameOf(doc, struct.parent as object) : null
    if (leaf) leaves.add(leaf)
  }
  return leaves
}

type Opened = Omit<Extract<TextEvent, { type: 'BracketOpened' }>, 'track'>

class Settling {
  readonly #doc: Y.Doc
  readonly #text: Text
  readonly #sender: Sender
  readonly #mint: <T extends string>() => T
  readonly #writer: ServerWriter
  readonly #opened: Opened[] = []
  readonly #moves: Move[] = []
  readonly #late: Late[] = []

  constructor(doc: Y.Doc, text: Text, sender: Sender, mint: <T extends string>() => T) {
    this.#doc = doc
    this.#text = text
    this.#sender = sender
    this.#mint = mint
    this.#writer = new ServerWriter(doc, text.client)
  }

  /** Moves the new words of one leaf that stand right of moved ones, or in a leaf that closed. */
  words(leaf: LeafId): void {
    leafIn(this.#doc, leaf)
    const open = clauseHolding(this.#text, leaf) !== null
    const moves = Moves.of(this.#text.moves)
    let place = open ? null : placeOf(this.#doc, this.#text, leaf, null)
    let late: Late | null = null
    for (const piece of piecesIn(this.#doc, leaf)) {
      for (const cut of this.#byAge(piece)) {
        if (cut.is === 'gone') {
          const last = moves.within(cut).at(-1)
          if (!last) continue
          place = placeOf(this.#doc, this.#text, last.to.leaf, endOf(last.to, last.length))
          late = null
        } else if (cut.is === 'words' && this.#isNew(cut)) {
          if (!place || !this.#takes(place)) continue
          late ??= this.#later({ place, pieces: [] })
          late.pieces.push({ leaf, piece: cut })
        } else if (open && cut.is !== 'mark') {
          place = null
          late = null
        }
      }
    }
  }

  #later(late: Late): Late {
    this.#late.push(late)
    return late
  }

  /** The piece as what stood before the update and what the update brought: Yjs may have joined them. */
  #byAge(piece: Piece): Piece[] {
    if (piece.client !== this.#sender.client) return [piece]
    const old = Math.min(Math.max(this.#sender.clock - piece.clock, 0), piece.length)
    return [part(piece, 0, old), part(piece, old, piece.length)].filter((cut) => cut !== null)
  }

  #isNew({ client, clock }: Piece): boolean {
    return client === this.#sender.client && clock >= this.#sender.clock
  }

  /** A locked clause takes nothing: then the words stay where they are. */
  #takes({ leaf }: Place): boolean {
    return leafRights(this.#text, leaf)?.locked === false
  }

  #relocate({ place, pieces }: Late): void {
    const { leaf, after } = place
    const rights = leafRights(this.#text, leaf)
    const written = pieces.flatMap(({ leaf: from, piece }) => rewritten(from, piece) ?? [])
    for (const { piece } of pieces) this.#writer.erase(piece)
    const may = !place.own && rights !== null && mayWrite(rights, this.#sender)
    if (may) {
      this.#moves.push(...this.#writer.insert(leaf, after, written))
      return
    }
    const bracket = this.#open({ kind: 'insert', host: leaf, after, struck: null })
    this.#writer.insert(leaf, after, [{ bracket }])
    this.#moves.push(...this.#writer.insert(leafOf(bracket), null, written))
  }

  #open(place: Pick<Opened, 'kind' | 'host' | 'after' | 'struck'>): BracketId {
    const bracket = this.#mint<BracketId>()
    const clause = clauseHolding(this.#text, place.host)
    if (!clause) throw new Error('A bracket is opened in a clause')
    const { party, seat } = this.#sender
    this.#opened.push({ type: 'BracketOpened', bracket, clause, holders: [party], placedBy: seat, ...place })
    return bracket
  }

  /** Deletions of words that had moved away: done there where the sender may, else a strike of its party. */
  deletions(update: Uint8Array): void {
    const moves = Moves.of(this.#text.moves)
    const reached = new Map<LeafId, Stretch[]>()
    for (const [client, ranges] of Y.decodeUpdate(update).ds.clients) {
      for (const { clock, len } of ranges) {
        for (const move of moves.within({ client, clock, length: len })) {
          const { leaf: to, ...id } = move.to
          for (const { leaf, ...stretch } of follow(moves, to, { ...id, length: move.length })) {
            reached.set(leaf, [...(reached.get(leaf) ?? []), stretch])
          }
        }
      }
    }
    for (const [leaf, stretches] of reached) this.#delete(leaf, stretches)
  }

  #delete(leaf: LeafId, stretches: Stretch[]): void {
    const rights = leafRights(this.#text, leaf)
    if (!rights || rights.locked || rights.late) return
    const shown = piecesIn(this.#doc, leaf).flatMap((piece) => (piece.is === 'words' ? overlaps(piece, stretches) : []))
    if (mayWrite(rights, this.#sender)) for (const stretch of shown) this.#writer.erase(stretch)
    else if (includes(this.#sender.level, 'suggest')) {
      for (const stretch of shown) {
        const struck = rangesOf(this.#doc, [{ leaf, ...stretch }])[0]?.struck
        if (struck) this.#open({ kind: 'delete', host: leaf, after: null, struck })
      }
    }
  }

  finish(track: TextEvent['track']): ReturnType<Settle> {
    for (const late of this.#late) this.#relocate(late)
    const events: TextEvent[] = this.#opened.map((event) => ({ track, ...event }))
    if (this.#moves.length > 0) events.push({ track, type: 'WordsRelocated', moves: this.#moves })
    const update = this.#writer.finish()
    return events.length > 0 || update ? { events, updates: update ? [update] : [] } : null
  }
}

const endOf = ({ client, clock }: { client: number; clock: number }, length: number) => ({
  client,
  clock: clock + length - 1,
})
