import { type DocumentId, type Instant, instant, type ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Time } from '#shared/world.ts'
import { PiecewiseAdoption } from './adopting.ts'
import { brokenCondition, type LaneState, laneAfter, type Standing } from './conditions.ts'
import { Engine } from './engine.ts'
import { decodeEntry, encodeEntry, stampEntry } from './entry.ts'
import { Followers } from './followers.ts'
import type {
  Adoption,
  Appended,
  Conditions,
  Entry,
  ForgetfulLog,
  NewEntry,
  NotAppended,
  Seq,
  Snapshot,
  StoredEntry,
} from './log.ts'
import { LogUnavailable } from './log.ts'
import { chainAfter, chainStart, hexOf } from './segments.ts'

/** How many entries a follower that catches up is given at once. */
const CATCH_UP = 512

/** One process: everything an engine keeps. */
class Stored {
  readonly entries: StoredEntry[] = []
  readonly snapshots: Map<string, Snapshot>
  readonly keys: Map<string, Uint8Array>
  readonly #documents = new Map<DocumentId, Seq>()
  readonly #lanes = new Map<string, LaneState>()
  events: Seq = 0

  /** With the snapshots and keys of `before`. */
  constructor(before?: Stored) {
    this.snapshots = before?.snapshots ?? new Map()
    this.keys = before?.keys ?? new Map()
  }

  standing(now: Instant): Standing {
    return {
      events: this.events,
      now,
      documentHead: (document) => this.#documents.get(document) ?? 0,
      laneState: (document, client) => this.#lanes.get(`${document} ${client}`) ?? null,
    }
  }

  add(entry: NewEntry, at: Instant, rest: number): Entry {
    const bytes = encodeEntry(entry)
    stampEntry(bytes, at)
    return this.keep({ bytes, rest })
  }

  keep({ bytes, rest }: StoredEntry): Entry {
    const seq = this.entries.push({ bytes, rest })
    const entry = decodeEntry(bytes, seq)
    if (entry.kind === 'event') this.events = seq
    if (entry.document) this.#documents.set(entry.document, seq)
    if (entry.document && entry.lane) this.#lanes.set(`${entry.document} ${entry.lane.client}`, laneAfter(entry.lane))
    return entry
  }

  read(after: Seq, limit: number): Entry[] {
    return this.entries.slice(after, after + limit).map(({ bytes }, index) => decodeEntry(bytes, after + index + 1))
  }
}

/**
 * The reference engine: keeps everything in memory and nothing on disk. Needs no real time: everything it does is done
 * in microtasks, at `time`'s instants.
 */
export function openMemoryLog(options: { time?: Pick<Time, 'now'> } = {}): ForgetfulLog {
  return new MemoryLog(options.time ?? { now: () => instant(Date.now()) })
}

class MemoryLog extends Engine implements ForgetfulLog {
  readonly #time: Pick<Time, 'now'>
  readonly #stored = new Map<ProcessId, Stored>()
  readonly #followers = new Followers(
    (process, after) => this.#readOn(process, after),
    () => Promise.resolve(),
  )
  #restriction: 'disk-full' | 'read-only' | null = null
  #latest = instant(0)
  #closed = false

  constructor(time: Pick<Time, 'now'>) {
    super()
    this.#time = time
  }

  protected async adding(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
    narrowing: boolean,
  ): Promise<Outcome<Appended, NotAppended>> {
    await null
    if (this.#closed) return refuse({ code: 'unavailable', reason: 'unavailable' })
    const at = this.now()
    const stored = this.#stored.get(process) ?? new Stored()
    const broken = brokenCondition(conditions, stored.standing(at))
    if (broken) return refuse(broken)
    if (!this.#mayWrite(narrowing)) return refuse({ code: 'unavailable', reason: this.#restriction ?? 'unavailable' })
    this.#stored.set(process, stored)
    const added = entries.map((entry, index) => stored.add(entry, at, entries.length - 1 - index))
    this.#followers.deliver(process, added)
    return ok({ first: stored.entries.length - entries.length + 1, at })
  }

  async read(process: ProcessId, after: Seq, limit: number): Promise<Entry[]> {
    return this.#stored.get(process)?.read(after, limit) ?? []
  }

  async stored(process: ProcessId, after: Seq, limit: number): Promise<StoredEntry[]> {
    return this.#stored.get(process)?.entries.slice(after, after + limit) ?? []
  }

  follow(
    process: ProcessId,
    after: Seq,
    onEntries: (entries: Entry[]) => void,
    onReset?: () => void,
  ): Promise<() => void> {
    return this.#followers.follow(process, after, onEntries, onReset)
  }

  lose(process: ProcessId, count: number): void {
    const stored = this.#storedOf(process)
    const left = new Stored(stored)
    const kept = Math.max(0, stored.entries.length - count)
    for (const { bytes, rest } of stored.entries.slice(0, kept))
      left.keep({ bytes, rest: Math.min(rest, kept - 1 - left.entries.length) })
    this.#stored.set(process, left)
    this.#followers.reset(process)
  }

  async heads(process: ProcessId) {
    const stored = this.#stored.get(process)
    return { seq: stored?.entries.length ?? 0, events: stored?.events ?? 0 }
  }

  async lane(process: ProcessId, document: DocumentId, client: number): Promise<LaneState | null> {
    return this.#stored.get(process)?.standing(this.#latest).laneState(document, client) ?? null
  }

  async processes(): Promise<ProcessId[]> {
    return [...this.#stored].filter(([, { entries }]) => entries.length > 0).map(([process]) => process)
  }

  async saveSnapshot(process: ProcessId, name: string, { seq, bytes }: Snapshot): Promise<void> {
    const { snapshots } = this.#storedOf(process)
    if (this.#mayWrite(false) && seq >= (snapshots.get(name)?.seq ?? 0))
      snapshots.set(name, { seq, bytes: bytes.slice() })
  }

  async loadSnapshot(process: ProcessId, name: string): Promise<Snapshot | null> {
    return this.#stored.get(process)?.snapshots.get(name) ?? null
  }

  async saveKey(process: ProcessId, key: string, secret: Uint8Array): Promise<void> {
    if (!this.#mayWrite(false)) throw new LogUnavailable('A key could not be saved.')
    const { keys } = this.#storedOf(process)
    if (!keys.has(key)) keys.set(key, secret.slice())
  }

  async loadKey(process: ProcessId, key: string): Promise<Uint8Array | null> {
    return this.#stored.get(process)?.keys.get(key) ?? null
  }

  async eraseKey(process: ProcessId, key: string): Promise<void> {
    if (!this.#mayWrite(false)) throw new LogUnavailable('A key could not be erased.')
    this.#storedOf(process).keys.delete(key)
  }

  async keys(process: ProcessId): Promise<Map<string, Uint8Array>> {
    return new Map(this.#stored.get(process)?.keys)
  }

  async adopt(process: ProcessId): Promise<Adoption> {
    const adopted = new Stored()
    return new PiecewiseAdoption(process, {
      async add({ entries }) {
        for (const entry of entries) adopted.keep({ bytes: entry.bytes.slice(), rest: entry.rest })
      },
      finish: async ({ at }, keys) => {
        if ((this.#stored.get(process)?.entries.length ?? 0) > 0) return refuse({ code: 'not-empty' })
        if (!this.#mayWrite(false)) return refuse({ code: 'unavailable', reason: this.#restriction ?? 'unavailable' })
        for (const [key, secret] of keys) adopted.keys.set(key, secret.slice())
        this.#stored.set(process, adopted)
        this.#latest = instant(Math.max(this.#latest, at))
        this.#followers.reset(process)
        return ok(null)
      },
      abandon: async () => undefined,
    })
  }

  async chain(process: ProcessId): Promise<{ seq: Seq; hash: string }> {
    const entries = this.#stored.get(process)?.entries ?? []
    return {
      seq: entries.length,
      hash: hexOf(entries.reduce((hash, { bytes }) => chainAfter(hash, bytes), chainStart(process))),
    }
  }

  now(): Instant {
    this.#latest = instant(Math.max(this.#latest, this.#time.now()))
    return this.#latest
  }

  async restrict(to: 'disk-full' | 'read-only' | null): Promise<void> {
    this.#restriction = to
    if (to === null) this.setHealth({ state: 'writable' })
  }

  async backup(): Promise<void> {
    throw new LogUnavailable('A log in memory cannot be copied to a file.')
  }

  async close(): Promise<void> {
    await null
    this.#closed = true
    this.#followers.stop()
  }

  #readOn(process: ProcessId, after: Seq): Entry[] {
    const stored = this.#stored.get(process)
    if (!stored) return []
    let end = Math.min(after + CATCH_UP, stored.entries.length)
    while (end < stored.entries.length && stored.entries[end - 1]?.rest !== 0) end++
    return stored.read(after, end - after)
  }

  #storedOf(process: ProcessId): Stored {
    const stored = this.#stored.get(process) ?? new Stored()
    this.#stored.set(process, stored)
    return stored
  }

  /** Whether a write goes through; when not, health says so from here on. */
  #mayWrite(narrowing: boolean): boolean {
    if (this.#closed) return false
    const reason = this.#restriction
    if (reason === null) return true
    this.setHealth({ state: 'not-writable', reason })
    return narrowing && reason === 'disk-full'
  }
}
