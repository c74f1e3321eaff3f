import type {
  ArticleId,
  BracketId,
  ClauseId,
  DocumentId,
  Hash,
  IncarnationId,
  Instant,
  ItemId,
  LeafId,
  PartyId,
  SeatId,
} from '../ids.ts'

/** How words inside a leaf may be marked. The closed list of Yjs format keys; the only values are `true` and `null`. */
export const FORMATS = ['em', 'strong', 'term'] as const
export type Format = (typeof FORMATS)[number]
/** A stretch of words with one set of formats, or the place of a bracket (`bracket` set: one embed `{b: id}`, length 1 in the Y.Text). */
export type Run = { words: string; formats?: Partial<Record<Format, true>> } | { bracket: BracketId }

/**
 * One negotiated text as the log knows it: structure only. Words live in the document's leaves.
 * Folded from events by `shared/domain/structure.ts` and `shared/domain/brackets.ts`; treated as immutable.
 */
export interface Text {
  title: string
  /** BCP 47 tag of the language the words are written in. */
  language: string
  document: DocumentId
  incarnation: IncarnationId
  /** The Yjs client id the server itself writes under in this incarnation. Never leased to a seat. */
  client: number
  order: ArticleId[]
  articles: Record<ArticleId, Article>
  clauses: Record<ClauseId, Clause>
  /** Open brackets only, nested ones included. */
  brackets: Record<BracketId, Bracket>
  /** Leaves that no longer show, and where words that arrive late in them belong. Emptied by a new incarnation. */
  closed: Record<LeafId, ClosedLeaf>
  /** Characters the server moved, oldest first, so that late words and carets find their new place. Emptied by a new incarnation. */
  moves: Move[]
}

/** A heading and its clauses. The preamble and annexes are articles of their own kind. */
export interface Article {
  id: ArticleId
  kind: 'preamble' | 'article' | 'annex'
  title: string
  clauses: ClauseId[]
}

/** The smallest agreed unit. `items` are child clauses, to three levels below an article; the parent's words are their chapeau. */
export interface Clause {
  id: ClauseId
  article: ArticleId
  parent: ClauseId | null
  items: ClauseId[]
  leaf: LeafId
  /** No words of a locked clause change, for anybody, until it is unlocked. */
  locked: boolean
  /** Each party's agreement to the clause as it stood; stale when the clause's hash is another. */
  agreed: Record<PartyId, Agreement>
}

export interface Agreement {
  hash: Hash
  by: SeatId
  at: Instant
  /** Ad referendum: agreed subject to the capital; not agreed any more after this instant. */
  until?: Instant
}

export type BracketKind = 'insert' | 'delete' | 'replace' | 'placeholder' | 'dispute'

export interface Bracket {
  id: BracketId
  kind: BracketKind
  clause: ClauseId
  /** The leaf that hosts it: a clause's base leaf, or another bracket's leaf when nested. */
  host: LeafId
  /** Kinds with words of their own: the leaf of those words (same characters as `id`); its place is the embed `{b: id}` in `host`. */
  leaf: LeafId | null
  /** Kinds that strike words of the host: first and last struck item, inclusive. */
  struck: { from: ItemId; to: ItemId } | null
  /** Insert, delete, replace: its proposers. Dispute: the parties that do not accept the words. Never empty while open. */
  holders: PartyId[]
  /** Null: somebody of the holders who had left before this incarnation began. */
  placedBy: SeatId | null
  placedAt: Instant
  /** The party that holds it alone and whose head or alternate placed it: it consents by that. */
  proposer?: PartyId
  agreed: Record<PartyId, Agreement>
}

/** Where words that arrive late in a leaf that closed belong. */
export interface ClosedLeaf {
  why: 'accepted' | 'withdrawn' | 'removed' | 'merged'
  clause: ClauseId
  host: LeafId
  /** The parties that could write there; late words of theirs become a new bracket where they may not write. */
  holders: PartyId[]
  /** The item of `host` that stood just before the place when it closed, if any. */
  after: ItemId | null
}

/** `length` characters that stood at `client:clock` and on in `leaf` now stand at `to.client:to.clock` and on in `to.leaf`. */
export interface Move {
  leaf: LeafId
  client: number
  clock: number
  length: number
  to: { leaf: LeafId; client: number; clock: number }
}

/** What a person asks the room to start a text from: the inline form of a process file. */
export interface SeedText {
  title: string
  language?: string
  articles: { kind?: Article['kind']; title: string; clauses: SeedClause[] }[]
}
export type SeedClause = string | { words: string; items?: SeedClause[] }

/* ---- what a reader of the track receives (nested; every collection is an array of things with `id`) ---- */

/** The structure as one viewer sees it. `hash` and `state` of a clause are computed where the words are (see `shared/text/compose.ts`). */
export interface StructureView {
  title: string
  language: string
  articles: ArticleView[]
}
export interface ArticleView {
  id: ArticleId
  kind: Article['kind']
  /** '5', 'A' for an annex, '' for the preamble. Counted per viewer. */
  number: string
  title: string
  clauses: ClauseView[]
}
export interface ClauseView {
  id: ClauseId
  /** '5.2', '5.2(a)', '5.2(a)(i)'; in the preamble 'P.1'. Counted per viewer. */
  number: string
  leaf: LeafId
  locked: boolean
  agreed: AgreementView[]
  brackets: BracketView[]
  alternatives: { id: string; holders: PartyId[]; leaf: LeafId }[]
  items: ClauseView[]
}
export interface AgreementView {
  /** The party. */
  id: PartyId
  hash: Hash
  at: Instant
  until?: Instant
}
/** All of a bracket but its clause, which it stands in here. */
export interface BracketView extends Omit<Bracket, 'clause' | 'agreed'> {
  agreed: AgreementView[]
  /**
   * Only in a client, never on the wire: opened by typing here and not yet planted by the server. Its place is right of
   * `after` in `host` (null: the start), where the embed will be.
   */
  pending?: { after: ItemId | null }
}
