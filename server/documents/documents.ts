import type * as Y from 'yjs'
import type { Event, TextEvent } from '#shared/domain/events.ts'
import type { Process } from '#shared/domain/process.ts'
import type {
  ClauseId,
  DocumentId,
  Hash,
  IncarnationId,
  Instant,
  LeafId,
  PartyId,
  SeatId,
  TrackId,
} from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Level, Refusal } from '#shared/refusals.ts'
import type { Run, Text } from '#shared/text/structure.ts'

/**
 * What `server/processes` knows of documents. A live text is a garbage-collected Y.Doc of one track; it changes only by
 * `apply` (log order, from `follow`); the guard and the acts read it. Nobody observes it.
 */
export interface LiveText {
  readonly track: TrackId
  readonly document: DocumentId
  readonly incarnation: IncarnationId
  readonly doc: Y.Doc
  /** Applies the bytes of one `update` entry, by the time anything else here is asked. Throws only on a damaged log. */
  apply(update: Uint8Array): void
  /** True once an update named words that are not there; what waited for them was dropped. Open the text again, from the log. */
  readonly stuck: boolean
  /** The state for a joiner: no deleted words, no pending structs. With `vector`: what that state lacks. */
  encode(vector?: Uint8Array): Uint8Array
  /** `textHash` of a clause as it stands. Cached until the clause's leaves change. */
  hashOf(text: Text, language: string, clause: ClauseId): Hash | null
  /** The words of a leaf with the places of brackets. */
  words(leaf: LeafId): Run[]
}

/** Who sends an update, as the policy in force says at this place of the log. */
export interface Sender {
  seat: SeatId
  party: PartyId
  level: Level
  /** The lane leased to the sender's connection: only items by this client id, from this clock on. */
  client: number
  clock: number
}

/** An admitted update: what it does, for the append and for settling. */
export interface Admitted {
  /** The lane's clock after it. */
  next: number
  /** Leaves it inserts into or deletes from. */
  leaves: LeafId[]
  /** True when it reached a closed leaf or words that moved: `settle` has work. */
  late: boolean
}

/** Both stages of the guard: bytes first, then against the live text. Reads only; never applies. */
export type Guard = (update: Uint8Array, sender: Sender, live: LiveText, text: Text) => Outcome<Admitted, Refusal>

/** Opens the live text of `text` from its seed words: the same bytes on every node. */
export type BuildText = (track: TrackId, text: Text, words: Record<LeafId, Run[]>) => LiveText

/** What the server adds to a command's events in the same log step. */
export interface Acted {
  /** The events with their places filled in (moves, archives, anchors, hashes), in order; may add events. */
  events: Event[]
  /** The server's own updates, by the incarnation's server client, to be appended after the events. */
  updates: { track: TrackId; update: Uint8Array }[]
}
/** Completes decided events at the live texts' heads. Pure but for reading the live texts. May refuse (the place is gone, nothing to close). */
export type Act = (
  before: Process,
  events: Event[],
  lives: Map<TrackId, LiveText>,
  by: { seat: SeatId | 'operator'; at: Instant },
) => Outcome<Acted, Refusal>

/** Moves late words to where they belong, in the same log step as the update that brought them. Null when there is nothing to do. */
export type Settle = (
  update: Uint8Array,
  sender: Sender,
  live: LiveText,
  before: Process,
  mint: <T extends string>() => T,
) => { events: TextEvent[]; updates: Uint8Array[] } | null

/** Starts a new incarnation at the live text's head: the event (with hash and strikes) to append. */
export type Rebase = (
  live: LiveText,
  text: Text,
  incarnation: IncarnationId,
  client: number,
) => Extract<TextEvent, { type: 'TextRebased' }>
