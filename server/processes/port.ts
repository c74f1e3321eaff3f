import type { AccessCommand, Command } from '#shared/domain/commands.ts'
import type { AccessEvent, Fact } from '#shared/domain/events.ts'
import type { ProcessFile } from '#shared/domain/file.ts'
import type { Process } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { AskId, IncarnationId, Instant, PartyId, ProcessId, SeatId, SessionId, TrackId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Level, Refusal } from '#shared/refusals.ts'
import type { LiveText } from '../documents/documents.ts'
import type { Audience, Health, Seq } from '../log/log.ts'

/** The processes this node runs: each folded from its log and following it. */
export interface Processes {
  /**
   * Starts a new process from a parsed file; durable on return. Under `id`, when that is given: refused `nothing-to-change` when there
   * is one of that id, whatever node began it.
   */
  start(file: ProcessFile, id?: ProcessId): Promise<Outcome<ProcessId, Refusal>>
  /** The running process, opened from snapshot and log when it is not yet. Null when the log has none of that id. */
  open(process: ProcessId): Promise<Running | null>
  list(): Promise<ProcessId[]>
  /** Resolves when every process that runs here has all that its log has now. Rejects when the log can not be read. */
  catchUp(): Promise<void>
  /** As `catchUp`, of those that are open by now: one that is being opened takes its time. */
  hears(): Promise<void>
  /** Resolves when the process, if it runs here, has everything up to `seq`. */
  reached(process: ProcessId, seq: Seq): Promise<void>
  /** Whether the log takes writes; the listener is called on every change. The result stops it. */
  health(): Health
  onHealth(listener: (health: Health) => void): () => void
  /** Stops following; snapshots what changed. */
  close(): Promise<void>
}

/** One process on this node. State and live texts change only from `follow`. */
export interface Running {
  readonly id: ProcessId
  /** Folded up to the last entry that `follow` gave. */
  readonly state: Process
  /** `state` without the sight that was cut in memory only: every answer about what may be seen is made from this. */
  readonly shown: Process
  live(track: TrackId): LiveText | null
  /** What the viewer may do in a track at this instant: the folded state, the store's clock and what was closed in memory. */
  level(by: Pick<Viewer, 'seat' | 'confined'>, track: TrackId): Level
  /** The store's clock. */
  now(): Instant
  /** Decides, acts and appends; again on conflict. Resolves when durable and applied here; a narrowing: when in force. A repeated ask gets the first answer. */
  act(by: Viewer | 'operator', ask: AskId | null, command: Command): Promise<Outcome<{ made: string[] }, Refusal>>
  /**
   * Guards and appends one frame of a lane. Resolves when durable and applied here. A known number is `ok` again. What `turn`
   * gives, asked once they are guarded, is waited for: so that words which go out together are recorded together.
   */
  words(by: Viewer, words: Words, turn?: Turn): Promise<Outcome<null, Refusal>>
  /**
   * Leases a client id for a new lane of this text (no entry is written until its first frame). `wanted`, an id leased before
   * and never used, is given again when nobody holds it.
   */
  lease(track: TrackId, wanted?: number): number
  /** Seals and opens what belongs to an erasable track beside the log, under the track's own key; null for all other tracks. */
  cipher(track: TrackId): Promise<Outcome<Cipher | null, Refusal>>
  /** Gives a lease back; a lane that was used can still be resumed by its seat. */
  endLease(track: TrackId, client: number): void
  /** Nobody on this node reads the text any more: it rests as bytes until the next use. */
  rest(track: TrackId): void
  /** Where a lane of the present incarnation stands; null when it is not this seat's or never was used. */
  lane(track: TrackId, client: number, seat: SeatId): LaneStand | null
  /** Where the log has a lane of any incarnation. */
  pastLane(track: TrackId, client: number, seat: SeatId): Promise<LaneStand | null>
  /**
   * Appends access facts (invitations, sessions); durable and folded on return. Refused `session-ended` when `session`, in
   * which this was asked, has ended meanwhile.
   */
  recordAccess(
    by: SeatId | 'operator' | 'server',
    audience: Audience,
    events: AccessEvent[],
    session?: SessionId | null,
  ): Promise<Outcome<null, Refusal>>
  /**
   * As `recordAccess`, once for each ask on whatever nodes it is repeated. `policy` is the head of events that it was decided on:
   * 'overtaken', with nothing recorded, when that is another by now, and it is to be decided again.
   */
  recordAsked(
    by: SeatId,
    audience: Audience,
    events: AccessEvent[],
    asked: { session: SessionId | null; ask: AskId; policy: Seq },
  ): Promise<Outcome<null, Refusal> | 'overtaken'>
  /** Whether an ask that was recorded is this one; resolves when what it ended has ended on every node. */
  isAnswered(seat: SeatId, ask: AskId): Promise<boolean>
  /**
   * 16 bytes that follow from an ask, the same on every node, so that a repeat gets the same code. The log has neither these nor
   * the ask itself. Refused when the key they are made with could not be kept.
   */
  secretOf(seat: SeatId, ask: AskId): Promise<Outcome<Uint8Array, Refusal>>
  /** Called after each batch of entries was folded and applied, in log order. */
  onApplied(listener: (applied: Applied) => void): () => void
  /** Called when what may be seen changed without an entry: an instant passed, or sight was cut in memory. The result stops it. */
  onDue(listener: () => void): () => void
  /** Resolves when everything the log has now is folded here. Other nodes write too: what a client did there, it finds here. */
  caughtUp(): Promise<void>
  /** The head of events that `state` is of. */
  readonly policy: Seq
  /** The log can not be followed further, or was reset: nothing more is served from what was folded. `onDue` tells when it happens. */
  readonly isDamaged: boolean
  /** Sight cut in memory though the log could not record it: nothing of the track is served to these until restart. */
  readonly closures: ReadonlySet<`${TrackId}/${PartyId | SeatId}`>
}

/** When words that were guarded are to be recorded; null for at once. */
export type Turn = () => Promise<void> | null

export interface Cipher {
  seal(bytes: Uint8Array): Uint8Array
  /** Null when the key was erased, or these bytes are not what was sealed. */
  unseal(bytes: Uint8Array): Uint8Array | null
}

/** A lane's next frame number and next clock. */
export interface LaneStand {
  number: number
  clock: number
}

export interface Words {
  track: TrackId
  client: number
  number: number
  update: Uint8Array
}

/** One batch of log entries, folded: what delivery needs to tell everyone what they may know. */
export interface Applied {
  before: Process
  after: Process
  at: Instant
  facts: (Fact | Fact<AccessEvent>)[]
  /** The words of texts, in log order: one item per update entry, with the structure events of the same log step already in `after`. */
  texts: AppliedWords[]
  /** Tracks whose text has a new incarnation in this batch. */
  renewed: TrackId[]
}

/** The words of one update entry. `incarnation` is the one they were written in, which `renewed` may have ended since. */
export interface AppliedWords {
  track: TrackId
  incarnation: IncarnationId
  update: Uint8Array
  lane: { client: number; owner: SeatId; number: number } | null
}

/**
 * Decides access commands: it makes secrets, so it is no pure function. A repeated ask gets the first answer. Injected by
 * `server/app.ts` from `server/access`.
 */
export type AccessActs = (
  running: Running,
  by: Viewer | 'operator',
  command: AccessCommand,
  ask: AskId | null,
) => Promise<Outcome<{ made: string[] }, Refusal>>

/**
 * Told when sight of tracks ends, or a session (then `ended` is empty), at `seq` or before; resolves when it is in force on every
 * node (frames purged, receipts in or connections reset).
 */
export type Withdraw = (process: ProcessId, ended: { track: TrackId; seats: SeatId[] }[], seq: Seq) => Promise<void>
