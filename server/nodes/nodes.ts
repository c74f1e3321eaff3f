import type { ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import type { Place } from '#shared/protocol/frames.ts'
import type { Seq } from '../log/log.ts'

/** Names one node for as long as it holds one lease: random, new after every time it was fenced. */
export type NodeId = string

/** What nodes tell each other of who is where. Lost messages are made good by the next: each is the whole of one text. */
export type Told =
  | {
      told: 'presence'
      process: ProcessId
      track: TrackId
      /** The head of events it was true under. */
      policy: Seq
      here: { seat: SeatId; place: Place | null }[]
    }
  /** Everyone is asked to tell of this process again. */
  | { told: 'asked'; process: ProcessId }

/** How a node that may not serve any more lost its lease. */
export type Fenced =
  /** Before it ended: those here may still be told where to go. */
  | 'in-time'
  /** It ended unnoticed (the node stood still): not one byte may follow. */
  | 'late'

/** The other nodes that serve the same log: who is alive, and what is in force there. */
export interface Nodes {
  /** One node, and no others: nothing waits for anybody. */
  readonly isAlone: boolean
  /**
   * Whether this node may write to anyone at this instant: its lease holds on the monotonic clock, and it has caught up since it
   * got it. To be asked before every write: a node that stood still finds out here, not by an alarm.
   */
  mayServe(): boolean
  /** Called when this node may serve no more. */
  onFenced(listener: (how: Fenced) => void): void
  /**
   * Resolves when whatever was cut up to `seq` is in force on every other node: each said so, or its lease is surely over.
   * At most `LEASE_MS + MARGIN_MS` while the store of leases answers, counted anew when another takes that store over.
   */
  inForce(process: ProcessId, seq: Seq): Promise<void>
  tell(told: Told): void
  onTold(listener: (from: NodeId, told: Told) => void): void
  /** Called when another node went or died: whoever was there is not. */
  onGone(listener: (node: NodeId) => void): void
  /** Gives the lease up, so that nobody waits for this node. To be called when nobody is connected any more. */
  leave(): Promise<void>
}

/** What a node does for the others; given by who builds it. */
export interface NodeDuties {
  /** Resolves when everything up to `seq` of the process is folded here and what it cut is in force here. */
  settled(process: ProcessId, seq: Seq): Promise<void>
  /** Resolves when all processes that run here have all that their log has now. Rejects when the log can not be heard. */
  catchUp(): Promise<void>
  /** Resolves when what the log has now is folded in every process that is open here: a node that waits for it in vain is fenced. */
  hears(): Promise<void>
  /** Whether the log can be heard: a node that can not lets its lease run out. */
  canHear(): boolean
}

/** A node that stood still this long serves nobody: nobody waits longer for it. Redis on one machine answers within milliseconds. */
export const LEASE_MS = 4_000
/** For clocks that run apart, and for the time until a silent node is fenced. */
export const MARGIN_MS = 1_500
