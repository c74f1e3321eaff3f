import type {
  AnnexId,
  ClauseId,
  CommentId,
  Hash,
  Instant,
  ItemId,
  LeafId,
  NoticeId,
  PartyId,
  ProcessId,
  SeatId,
  SessionId,
  TrackId,
} from '../ids.ts'
import type { Level } from '../refusals.ts'
import type { Text } from '../text/structure.ts'

/** Rows by id, and the order in which people see them. */
export interface Table<K extends string, T> {
  order: K[]
  by: Record<K, T>
}

/** The state of one negotiation, folded from its events. Immutable: `evolve` makes the next one. */
export interface Process {
  id: ProcessId
  title: string
  languages: string[]
  startedAt: Instant
  /** Null until the talks have opened. */
  openedAt: Instant | null
  charter: Charter
  secretariat: Secretariat
  parties: Table<PartyId, Party>
  seats: Table<SeatId, Seat>
  nominations: Table<SeatId, Nomination>
  tracks: Table<TrackId, Track>
  notices: Notice[]
  comments: Table<CommentId, Comment>
  /** Per party and clause; private to the party and the mediators. */
  positions: Record<PartyId, Record<ClauseId, Position>>
  /** The mediators' access decisions, newest last, at most 200: the desk's "last changes". */
  changes: AccessChangeRecord[]
  /** The last 1,000 answered asks of each seat, so that a repeat gets the first answer. */
  answers: Record<SeatId, { ask: string; made: string[] }[]>
  access: Access
}

export interface Charter {
  text: string
  /** SHA-256 of RFC 8785 JSON of {text, decisionRule}. */
  hash: Hash
  decisionRule: 'consensus'
  acceptance: 'waived' | 'required'
  accepted: Record<PartyId, { hash: Hash; by: SeatId; at: Instant }>
}
export interface Secretariat {
  name: string
  phone: string
  email: string
}

export type PartyKind = 'delegation' | 'mediation' | 'civil' | 'observer' | 'guarantor' | 'expert' | 'verifier'
export interface Party {
  id: PartyId
  name: string
  /** Two to five letters, as in a bracket's tag. */
  short: string
  kind: PartyKind
}
export const ROLES = [
  'head',
  'alternate',
  'adviser',
  'mediator',
  'expert',
  'observer',
  'moderator',
  'verifier',
] as const
export type Role = (typeof ROLES)[number]
/** Of a person or a party, in characters. */
export const MAX_NAME = 200
export const MAX_SEATS = 2_000
export interface Seat {
  id: SeatId
  party: PartyId
  role: Role
  name: string
  /** A mandate that ends: binding acts after this instant are refused (at the instant is in time). */
  until?: Instant
  /**
   * Absent while the person has it. Suspended: nobody enters until the side that did it (`by`) lifts it. Ended: another
   * person took the place, under a seat of their own; this one keeps its name on what was done in it.
   */
  standing?: { is: 'suspended'; by: SeatId } | { is: 'ended' }
}

/** A person proposed for a party. No seat yet: the person can not enter, and nobody but the party and the mediators hears of it. */
export interface Nomination {
  /** The id its seat will have. */
  id: SeatId
  party: PartyId
  role: Role
  name: string
  by: SeatId
  at: Instant
  /** The seat whose person this one follows. */
  replaces: SeatId | null
  /** When the mediators said no; the party that proposed it takes it off its list. */
  declinedAt: Instant | null
}

export type TrackKind = 'plenary' | 'caucus' | 'proximity' | 'backchannel' | 'group' | 'civil' | 'implementation'
export interface Track {
  id: TrackId
  title: string
  kind: TrackKind
  status: 'open' | 'paused' | 'closed'
  openedAt: Instant
  /** A caucus: the party whose room it is. */
  owner: PartyId | null
  /** Who is not named is hidden. A seat's own cell wins over its party's. */
  cells: { parties: Record<PartyId, Cell>; seats: Record<SeatId, Cell> }
  text: Text | null
  /** Files beside the text, the oldest first; absent while there never was one. */
  annexes?: Annexes
  /** When it left the room, newest last, at most 100; absent while it never did. */
  exports?: ExportRecord[]
}
/** One cell of the view matrix. */
export interface Cell {
  level: Level
  grant: Grant
  /** When this unbroken sight began (level above hidden); what came before is subject to `grant.history`. */
  since: Instant
}
/** How a level is granted. Defaults: clean, no annotations from before, no expiry, no export, no offline copy. */
export interface Grant {
  /** clean: the text as it stands now, in a new incarnation. full: comments and brackets' past too, the same incarnation. */
  history: 'clean' | 'full'
  /** Whether comments from before the grant are shown. */
  annotations: boolean
  /** The last instant of sight; `at == until` is in time. */
  until?: Instant
  export: boolean
  offline: boolean
}
export const DEFAULT_GRANT: Grant = { history: 'clean', annotations: false, export: false, offline: false }

export interface Annexes {
  /** Those that are there. */
  here: Annex[]
  /** How many were ever brought, and their bytes: what was removed stays in the operator's store. */
  count: number
  bytes: number
}
/** Kinds of files that show something and do nothing. */
export const ANNEX_KINDS = ['pdf', 'png', 'jpeg', 'webp'] as const
export type AnnexKind = (typeof ANNEX_KINDS)[number]
export interface Annex {
  id: AnnexId
  name: string
  kind: AnnexKind
  bytes: number
  /** SHA-256 of the file. */
  hash: Hash
  /** SHA-256 of what is stored: another in a room of its members' own, where files are sealed. */
  stored: Hash
  by: SeatId
  party: PartyId
  at: Instant
}
export type ExportForm = 'markdown' | 'print'
export interface ExportRecord {
  at: Instant
  by: SeatId
  form: ExportForm
}

export interface Notice {
  id: NoticeId
  at: Instant
  by: SeatId
  words: string
  /** Null: everyone accredited, or with `track`, whoever reads that track and has since before it was given. */
  to: PartyId[] | null
  track?: TrackId
}

export type CommentAudience = 'party' | 'party+mediators' | 'track'
export interface Comment {
  id: CommentId
  track: TrackId
  clause: ClauseId
  by: SeatId
  party: PartyId
  at: Instant
  words: string
  audience: CommentAudience
  quote: Quote | null
  /** The comment this one answers; a thread is one deep. */
  answers: CommentId | null
  resolved: { by: SeatId; at: Instant } | null
}
/** The words a comment is about; `from`/`to` are the first and last item, absent when only the words are known. */
export interface Quote {
  words: string
  leaf?: LeafId
  from?: ItemId
  to?: ItemId
}

export interface Position {
  /** The track whose text has the clause. */
  track: TrackId
  position: 'none' | 'accept' | 'ad-referendum' | 'reserve' | 'object'
  hash: Hash
  by: SeatId
  at: Instant
  until?: Instant
}

export interface AccessChangeRecord {
  at: Instant
  by: SeatId
  changes: AccessChange[]
}
/** One changed cell. Exactly one of `party` and `seat` is set. */
export interface AccessChange {
  track: TrackId
  party?: PartyId
  seat?: SeatId
  level: Level
  was: Level
  grant: Grant
}

/* ---- invitations and sessions: hashes only, folded from `access` entries ---- */

export interface Access {
  invitations: Record<Hash, Invitation>
  sessions: Table<SessionId, Session>
  /** Of each seat's screens, where it chose one. */
  languages?: Record<SeatId, string>
}
export interface Invitation {
  seat: SeatId
  /** Who issued it: a seat, or the operator's command line. */
  by: SeatId | 'operator'
  at: Instant
  until: Instant
  /**
   * Re-issued by a mediator or the operator: opens only what its issuer may know of, until a member of the
   * delegation confirms the person. The first invitations of a new process are not confined.
   */
  confined: boolean
  /** Set when redeemed; an invitation opens once. */
  session: SessionId | null
  revoked: boolean
}
export interface Session {
  id: SessionId
  seat: SeatId
  /** SHA-256 of the bearer token. */
  token: Hash
  at: Instant
  /** Waits for a member of the delegation; null once confirmed or when never needed. */
  confined: { figures: Hash } | null
  /** The operator: for a delegation none of whose devices is in. */
  confirmedBy: SeatId | 'operator' | null
  ended: { at: Instant; by: SeatId | 'operator' } | null
}
