import type { ClauseId, Hash, Instant, NoticeId, PartyId, SeatId, SessionId, TrackId } from '../ids.ts'
import type { Level } from '../refusals.ts'
import type {
  AccessChange,
  Annex,
  Charter,
  Comment,
  ExportForm,
  Grant,
  Nomination,
  Party,
  Position,
  Role,
  Secretariat,
  Track,
  TrackKind,
} from './process.ts'

/** Who looks. Everything they receive about the process is `viewFor` of this. */
export interface Viewer {
  seat: SeatId
  /**
   * A session opened by a re-issued invitation and not yet confirmed: caucus and backchannel are absent, and for a
   * delegation it reads and comments only.
   */
  confined: boolean
  session: SessionId | null
  /** With `confined`: a mediator's preview. What is the party's alone is absent, what the party may do is shown as it is. */
  previewed?: true
}

/**
 * All a viewer receives about the process, and nothing else. Canonical JSON; every collection is an array of things
 * with `id` (the wire packs those to maps plus order, see `shared/protocol/patch.ts`).
 */
export interface View {
  process: { id: string; title: string; languages: string[]; openedAt: Instant | null }
  charter: Pick<Charter, 'text' | 'hash' | 'decisionRule' | 'acceptance'> & {
    /** Whether the viewer's own party has accepted this hash. */
    accepted: boolean
    /** Mediators only, while the talks are closed: whose acceptance is missing. */
    missing?: PartyId[]
  }
  secretariat: Secretariat
  me: {
    seat: SeatId
    party: PartyId
    role: Role
    name: string
    binds: boolean
    confined: boolean
    session: SessionId | null
    /** Of the seat's screens; null: none was chosen yet. */
    language: string | null
  }
  /** The viewer's own, those it shares a track with, those a Notice or the charter told of. In the mediators' order; `slot` counts them from 1 without a gap. */
  parties: (Party & { slot: number })[]
  /** Persons the viewer may know by name: own party, and seats of parties in shared tracks. `id` is the seat. */
  people: {
    id: SeatId
    party: PartyId
    role: Role
    name: string
    /** Another person took the place. */
    left?: true
    /** By whom, who lifts it. Told to the seat's own party and to the mediators. */
    suspended?: 'mediators' | 'party'
  }[]
  /** The viewer's own party's, to those who look after it; to mediators all that wait for them. `id` is the seat it would be. */
  nominations: Nomination[]
  tracks: TrackView[]
  /** `track`: to all who read it. */
  notices: { id: NoticeId; at: Instant; by: SeatId; words: string; track?: TrackId }[]
  /** Those whose audience the viewer is in; who only reads a track gets no threads of others there. */
  comments: CommentView[]
  /** The viewer's own party's positions. `id` is the clause. */
  positions: {
    id: ClauseId
    track: TrackId
    position: Position['position']
    hash: Hash
    at: Instant
    until?: Instant
  }[]
  /**
   * Own delegation's invitations and sessions (heads and alternates: all of their party; everyone: their own, and sessions of
   * their party that wait to be confirmed; mediators: all).
   */
  access: { invitations: InvitationView[]; sessions: SessionView[] }
  /** Mediators only. */
  desk: Desk | null
}

export interface TrackView {
  id: TrackId
  title: string
  kind: TrackKind
  level: Exclude<Level, 'hidden'>
  status: Track['status']
  grant: Grant
  /** When the viewer's unbroken sight began. */
  since: Instant
  /** The title of its text, null when it has none. */
  text: { title: string; clauses: number } | null
  /** Everyone who may read it (P12), own party included. `id` is `party:<id>` or `seat:<id>`. */
  audience: { id: string; party: PartyId; seat: SeatId | null; level: Level }[]
  /** Files beside the text, the oldest first. `party` is null when whoever brought it does not read the track any more. */
  annexes: AnnexView[]
}
export interface AnnexView extends Pick<Annex, 'id' | 'name' | 'kind' | 'bytes' | 'hash' | 'at'> {
  party: PartyId | null
}

/** All of a comment but who resolved it: that person may have left since, and whoever came later knows nothing of them. */
export type CommentView = Omit<Comment, 'resolved'> & { resolved: { at: Instant } | null }

export interface InvitationView {
  /** The invitation's hash. */
  id: Hash
  seat: SeatId
  by: SeatId | 'operator'
  at: Instant
  until: Instant
  confined: boolean
  redeemed: boolean
  revoked: boolean
}
export interface SessionView {
  id: SessionId
  seat: SeatId
  at: Instant
  state: 'open' | 'to-be-confirmed' | 'ended'
  endedAt: Instant | null
  mine: boolean
}

export interface Desk {
  /** Every seat of the process. `id` is the seat. */
  seats: { id: SeatId; party: PartyId; role: Role; name: string; standing?: DeskStanding }[]
  /** To whom each notice went. Null: everyone accredited, or who reads the track. */
  told: { id: NoticeId; to: PartyId[] | null; track: TrackId | null }[]
  /** Whether the parties may still be put in another order. */
  ordering: boolean
  /** The tracks mediators may set access to (never a caucus or a backchannel), with every cell above hidden. */
  matrix: { id: TrackId; title: string; kind: TrackKind; status: Track['status']; cells: DeskCell[] }[]
  changes: { id: string; at: Instant; by: SeatId; changes: AccessChange[] }[]
  /** What left the room of the tracks above, track by track, newest last. `id` counts within its track. */
  exports: { id: string; track: TrackId; at: Instant; by: SeatId; form: ExportForm }[]
}
/** Absent while the person has the seat. `lifts`: whether the mediators suspended it, and so lift it. */
export type DeskStanding = { is: 'suspended'; lifts: boolean } | { is: 'ended' }
export interface DeskCell {
  /** `party:<id>` or `seat:<id>`. */
  id: string
  level: Level
  grant: Grant
  since: Instant
}
