import * as Y from 'yjs'
import type { LiveText, Sender } from '#server/documents/documents.ts'
import { openLive } from '#server/documents/engine.ts'
import type {
  BracketId,
  ClauseId,
  DocumentId,
  IncarnationId,
  Instant,
  LeafId,
  PartyId,
  SeatId,
  TrackId,
} from '#shared/ids.ts'
import type { Bracket, Clause, Text } from '#shared/text/structure.ts'

/** One text with everything the guard tells apart: open and locked base words, brackets of two parties, a closed leaf. */

export const TRACK = 'plenary' as TrackId
export const TAVIRA = 'tavira' as PartyId
export const COUNCIL = 'council' as PartyId
export const UNION = 'union' as PartyId
/** Base words of an open clause, of a locked one, and of one whose second half was split off. */
export const BASE = 'base-open' as LeafId
export const LOCKED = 'base-locked' as LeafId
export const SPLIT = 'base-split' as LeafId
/** Brackets of Tavira and of the Council in the open clause, and one of Tavira in the locked clause. */
export const OURS = 'bracket-of-tavira-xxxx' as LeafId
export const THEIRS = 'bracket-of-council-xxx' as LeafId
export const FROZEN = 'bracket-in-locked-xxxx' as LeafId
/** Tavira's bracket that was accepted. */
export const CLOSED = 'bracket-accepted-xxxxx' as LeafId
/** A leaf of the text where nobody wrote yet. */
export const EMPTY = 'base-empty' as LeafId
export const LEAVES = [BASE, LOCKED, SPLIT, OURS, THEIRS, FROZEN, CLOSED, EMPTY]

/** The server's own client id in this incarnation, another seat's, and the one leased to the sender. */
export const SERVER = 2_100_000
export const VICTIM = 2_200_000
export const MINE = 2_300_000

const clause = (id: string, leaf: LeafId, locked = false): Clause => ({
  id: id as ClauseId,
  article: 'article-1' as Clause['article'],
  parent: null,
  items: [],
  leaf,
  locked,
  agreed: {},
})
export const bracket = (leaf: LeafId, host: LeafId, within: string, holders: PartyId[]): Bracket => ({
  id: leaf as string as BracketId,
  kind: 'insert',
  clause: within as ClauseId,
  host,
  leaf,
  struck: null,
  holders,
  placedBy: 'seat' as SeatId,
  placedAt: 1 as Instant,
  agreed: {},
})
const byId = <K extends string, T extends { id: K }>(rows: T[]): Record<K, T> =>
  Object.fromEntries(rows.map((row) => [row.id, row])) as Record<K, T>

export function guardedText(): Text {
  const clauses = [clause('open', BASE), clause('locked', LOCKED, true), clause('split', SPLIT), clause('empty', EMPTY)]
  return {
    title: 'Text',
    language: 'en',
    document: 'document-1' as DocumentId,
    incarnation: 'incarnation-1' as IncarnationId,
    client: SERVER,
    order: ['article-1' as Clause['article']],
    articles: byId([
      { id: 'article-1' as Clause['article'], kind: 'article', title: '', clauses: clauses.map(({ id }) => id) },
    ]),
    clauses: byId(clauses),
    brackets: byId([
      bracket(OURS, BASE, 'open', [TAVIRA]),
      bracket(THEIRS, BASE, 'open', [COUNCIL]),
      bracket(FROZEN, LOCKED, 'locked', [TAVIRA]),
    ]),
    closed: { [CLOSED]: { why: 'accepted', clause: 'open' as ClauseId, host: BASE, holders: [TAVIRA], after: null } },
    moves: [],
  }
}

/** Words of the server's: `The lake 😀 stays open.` with Tavira's bracket after `The lake`, and so on. */
export function guardedLive(text: Text): LiveText {
  const doc = new Y.Doc()
  doc.clientID = SERVER
  doc.transact(() => {
    doc.getText(BASE).insert(0, 'The lake 😀 stays open.')
    doc.getText(BASE).insertEmbed(8, { b: OURS })
    doc.getText(BASE).insertEmbed(9, { b: THEIRS })
    doc.getText(LOCKED).insert(0, 'Nobody fishes.')
    doc.getText(SPLIT).insert(0, 'First half. Second half.')
    doc.getText(OURS).insert(0, 'near the dam 😀')
    doc.getText(THEIRS).insert(0, 'in spring')
    doc.getText(FROZEN).insert(0, 'by night')
    doc.getText(CLOSED).insert(0, 'accepted')
  })
  doc.clientID = VICTIM
  doc.getText(OURS).insert(4, ' all')
  return openLive(TRACK, text, Y.encodeStateAsUpdate(doc))
}

/** The id of the visible unit at `index` of a leaf. */
export function idAt(doc: Y.Doc, leaf: LeafId, index: number): readonly [client: number, clock: number] {
  let left = index
  for (let item = doc.getText(leaf)._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue
    if (left < item.length) return [item.id.client, item.id.clock + left]
    left -= item.length
  }
  throw new Error(`${leaf} has no unit ${index}`)
}

export const sender = (over: Partial<Sender> = {}): Sender => ({
  seat: 'tavira-head' as SeatId,
  party: TAVIRA,
  level: 'suggest',
  client: MINE,
  clock: 0,
  ...over,
})
