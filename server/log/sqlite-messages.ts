import type { DocumentId, Instant, ProcessId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Gathered, Piece } from './adopting.ts'
import type { LaneState } from './conditions.ts'
import type { Appended, Conditions, Health, Kind, Lane, NotAppended, Snapshot } from './log.ts'

/** An encoded entry, and what the writer needs of it without reading it. */
export interface EncodedEntry {
  bytes: Uint8Array
  kind: Kind
  document: DocumentId | undefined
  lane: Lane | undefined
}

/** A piece of a process that is adopted, packed as a segment. */
export type PackedPiece = Omit<Piece, 'entries'> & { packed: Uint8Array }

/** One thing to write. All that waits is written in one transaction, in order. */
export type Job =
  | {
      type: 'append'
      id: number
      process: ProcessId
      entries: EncodedEntry[]
      conditions: Conditions
      narrowing: boolean
    }
  | { type: 'snapshot'; id: number; process: ProcessId; name: string; snapshot: Snapshot }
  | { type: 'save-key'; id: number; process: ProcessId; key: string; secret: Uint8Array }
  | { type: 'erase-key'; id: number; process: ProcessId; key: string }
  | {
      type: 'adopt'
      id: number
      process: ProcessId
      segments: PackedPiece[]
      heads: Pick<Gathered, 'seq' | 'events' | 'at' | 'chain' | 'documents'> & {
        lanes: { document: DocumentId; client: number; state: LaneState }[]
      }
      keys: Map<string, Uint8Array>
    }

/** From the log to its writer. `now` is set when the clock is not the machine's. */
export type ToWriter =
  | { type: 'jobs'; now: Instant | null; jobs: Job[] }
  | { type: 'restrict'; id: number; to: 'disk-full' | 'read-only' | null }
  | { type: 'close' }

export type Answer = { id: number; outcome: Outcome<Appended | null, NotAppended> }

/** From the writer to the log. A change of health comes before or with the answers it explains. */
export type FromWriter =
  | { type: 'ready'; latest: Instant; health: Health }
  | { type: 'damaged'; sentence: string; cause: string }
  | { type: 'answers'; answers: Answer[] }
  | { type: 'health'; health: Health }
  | { type: 'closed' }

export interface WriterOptions {
  file: string
  /** How often a store that could not write is tried again. */
  probeMs: number
}
