import type { DocumentId, Instant, ProcessId, SeatId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'

/**
 * The port to the log: one totally ordered list of entries per process. Three engines answer to the same contract
 * (`test/contract/log.contract.ts`): memory, SQLite, Redis. No engine has private rules.
 */

/** Place of an entry in one process's log: 1, 2, 3, ... 0 is before the first. Never leaves the server. */
export type Seq = number

export type Kind = 'event' | 'update' | 'access'

/** Who may be told of an entry: used by records and exports, and to split chance. */
export type Audience =
  | { who: 'everyone' }
  | { who: 'track'; track: string }
  | { who: 'party'; party: string }
  | { who: 'mediators' }
  | { who: 'server' }

/** Entry v1, before the store gives it its place and time. */
export interface NewEntry {
  kind: Kind
  by: SeatId | 'server' | 'operator'
  audience: Audience
  /** Set on the first entry of an answered ask. */
  ask?: string
  document?: DocumentId
  /** The lane a client's update continues. */
  lane?: Lane
  /** The seq of the events' head the entry was decided or guarded under. */
  policy: Seq
  /** Names the key that seals the body of an erasable object (`log/seal.ts`). */
  key?: string
  /** 16 random bytes: makes equal bodies differ under the chain's hash. */
  salt: Uint8Array
  /** Canonical JSON of an event (kinds event, access), or the bytes of a Yjs update; sealed when `key` is set. */
  body: Uint8Array
}

export interface Entry extends NewEntry {
  v: 1
  seq: Seq
  /** Set by the store; never goes back within a process. */
  at: Instant
}

/** One leased Yjs client id of one document: whose it is, this frame's number, its first clock, and the clock after it. */
export interface Lane {
  client: number
  owner: SeatId
  /** Counts from 0. */
  number: number
  /** The lane's next clock before this frame. Frames that only delete leave it unchanged. */
  clock: number
  next: number
}

/** All that must still hold for an append, checked together by the engine: all entries are added, or none. */
export interface Conditions {
  /** No `event` entry after this one. */
  events?: Seq
  /** The lane of `document` stands exactly at `lane.number` and `lane.clock` and belongs to `lane.owner` (an unknown lane: both are 0). */
  lane?: { document: DocumentId; lane: Lane }
  /** Of each of these documents no entry after its head. */
  documents?: { id: DocumentId; head: Seq }[]
  /** The store's clock has not passed this instant (`at == notAfter` is in time). */
  notAfter?: Instant
}

export type NotAppended =
  | { code: 'conflict'; on: 'events' | 'document' }
  /** The lane stands elsewhere. `known`: this number was appended before. `foreign`: it belongs to another seat. */
  | { code: 'lane'; why: 'known' | 'ahead' | 'overlap' | 'foreign'; number: number; clock: number }
  | { code: 'too-late' }
  | { code: 'unavailable'; reason: 'disk-full' | 'read-only' | 'unavailable' }

export interface Appended {
  /** The place of the first entry; the others follow without gap. */
  first: Seq
  at: Instant
}

export interface Heads {
  seq: Seq
  events: Seq
}

export interface Snapshot {
  seq: Seq
  bytes: Uint8Array
}

export type Health =
  | { state: 'writable' }
  | { state: 'not-writable'; reason: 'disk-full' | 'read-only' | 'unavailable' }

/** An entry as it is kept: its bytes (`entry.ts`), and how many entries of the same append follow it. */
export interface StoredEntry {
  bytes: Uint8Array
  rest: number
}

export type NotAdopted =
  /** The process has entries here. */
  { code: 'not-empty' } | { code: 'unavailable'; reason: 'disk-full' | 'read-only' | 'unavailable' }

/**
 * A process on its way in from another log. Until `finish` said so it is there for nobody; one that was not finished never was, and
 * can be begun anew.
 */
export interface Adoption {
  /** Adds entries behind those added before, as they are, times included. Throws LogDamaged when they do not follow, LogUnavailable. */
  add(entries: readonly StoredEntry[]): Promise<void>
  /**
   * Everything at once, durable, with these keys: heads and lanes as its entries say. Gives the chain of what was taken in. Nothing
   * may be under way with the process here. Throws LogDamaged when the last append is not whole; LogUnavailable when nobody knows
   * whether it is done.
   */
  finish(keys: ReadonlyMap<string, Uint8Array>): Promise<Outcome<{ seq: Seq; hash: string }, NotAdopted>>
  /** Gives up what was added. */
  abandon(): Promise<void>
}

export interface Log {
  /** Adds `entries` durably, in order, without gap, all or none. Resolves after the store has them on disk. Never throws for expected failure. */
  append(process: ProcessId, entries: NewEntry[], conditions: Conditions): Promise<Outcome<Appended, NotAppended>>
  /**
   * As `append`, for an entry that narrows sight: may use the reserve kept for it when the disk is full.
   * Only when even that fails is it refused `unavailable`.
   */
  appendNarrowing(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
  ): Promise<Outcome<Appended, NotAppended>>
  /** At most `limit` entries after `after`, in order. */
  read(process: ProcessId, after: Seq, limit: number): Promise<Entry[]>
  /** As `read`: the entries as they are kept, byte for byte. */
  stored(process: ProcessId, after: Seq, limit: number): Promise<StoredEntry[]>
  /**
   * Calls `onEntries` with every entry after `after`, in order, without gap or repeat, for ever; entries of one append
   * arrive in one call. Durable entries only. The result stops it. On one node a batch is delivered before the `append` that made it resolves.
   * Resolves when everything up to the head was given. Never called from within itself, nor before `follow` or `append` returned.
   * A follower that throws is stopped (it can no longer promise "without gap"), and the error is thrown on its own.
   *
   * `onReset`: the store lost entries that it had shown, or may have (a failover, a restart elsewhere): what was folded may
   * be of a past that never was. The follower is stopped, and is called once. Forget everything of this process, load and follow it
   * anew; append nothing that was decided before. Several nodes only: an engine with one writer never calls it.
   */
  follow(
    process: ProcessId,
    after: Seq,
    onEntries: (entries: Entry[]) => void,
    onReset?: () => void,
  ): Promise<() => void>
  heads(process: ProcessId): Promise<Heads>
  /** The lane's next number and clock, and whose it is; null when it never was used. */
  lane(
    process: ProcessId,
    document: DocumentId,
    client: number,
  ): Promise<{ owner: SeatId; number: number; clock: number } | null>
  /** Every process that has an entry. */
  processes(): Promise<ProcessId[]>
  /**
   * Keeps the newest snapshot of `name` (a folded state or a document). One with a smaller seq than the kept one is ignored.
   * Resolves without keeping it while the store cannot write: a snapshot only saves time.
   */
  saveSnapshot(process: ProcessId, name: string, snapshot: Snapshot): Promise<void>
  loadSnapshot(process: ProcessId, name: string): Promise<Snapshot | null>
  /** Keys of erasable objects, beside the log, outside the chain. Of a key saved twice the first secret stays, until it is erased. `saveKey` and `eraseKey` throw LogUnavailable when that could not be made durable. */
  saveKey(process: ProcessId, key: string, secret: Uint8Array): Promise<void>
  loadKey(process: ProcessId, key: string): Promise<Uint8Array | null>
  eraseKey(process: ProcessId, key: string): Promise<void>
  /** Every key that was not erased. */
  keys(process: ProcessId): Promise<Map<string, Uint8Array>>
  /** Begins to take a process over from another log. Several at once do not disturb each other: the first to finish has it. */
  adopt(process: ProcessId): Promise<Adoption>
  /** The chain as of the head: SHA-256 over (previous hash, entry bytes), starting from the SHA-256 of the process id. Lower-case hex. */
  chain(process: ProcessId): Promise<{ seq: Seq; hash: string }>
  /** The store's clock. */
  now(): Instant
  health(): Health
  /** Called on every change of health. The result stops it. */
  onHealth(listener: (health: Health) => void): () => void
  /** Copies everything to `file` while in use. The copy opens as a log of the same content. */
  backup(file: string): Promise<void>
  /** Waits for what is under way, checkpoints, closes. */
  close(): Promise<void>
}

/** A log that can be made to fail on purpose: for drills, and for tests of all that must go on when nothing can be saved. */
export interface DrillLog extends Log {
  /** From now on the store behaves as a full disk (no room but the reserve) or a read-only one; null ends it, and the log recovers by itself. */
  restrict(to: 'disk-full' | 'read-only' | null): Promise<void>
}

/** A log that can lose what it had shown, as a failover without replicas' consent does: for drills of `follow`'s `onReset`. */
export interface ForgetfulLog extends DrillLog {
  /** Takes the last `count` entries out of the log, with every head, and resets who follows the process. */
  lose(process: ProcessId, count: number): void
}

/** The file or store is damaged, of a newer format, or cannot be opened: the start stops with this sentence. Nothing was changed. */
export class LogDamaged extends Error {
  override name = 'LogDamaged'
}

/** The store cannot write now; nothing was changed. Health says when it can again. */
export class LogUnavailable extends Error {
  override name = 'LogUnavailable'
}
