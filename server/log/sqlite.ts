import { renameSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type DocumentId, type Instant, instant, type ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Time } from '#shared/world.ts'
import { PiecewiseAdoption } from './adopting.ts'
import type { LaneState } from './conditions.ts'
import { Engine } from './engine.ts'
import { encodeEntry } from './entry.ts'
import { Followers } from './followers.ts'
import type {
  Adoption,
  Appended,
  Conditions,
  DrillLog,
  Entry,
  Heads,
  NewEntry,
  NotAppended,
  Seq,
  Snapshot,
  StoredEntry,
} from './log.ts'
import { LogDamaged, LogUnavailable } from './log.ts'
import { Pace } from './pace.ts'
import { packSegment } from './segments.ts'
import type { FromWriter, Job, PackedPiece, ToWriter, WriterOptions } from './sqlite-messages.ts'
import { SqliteReader } from './sqlite-reader.ts'

/** How many entries a follower that catches up is given at once: a few milliseconds of this thread. */
const CATCH_UP = 512
const PROBE_MS = 1_000

export interface SqliteLogOptions {
  /** The log's file; beside it stand `-wal`, `-shm`, `-mark`, `-reserve` and `-lock`. Its folder is made when missing. */
  file: string
  /** The store's clock; the machine's when absent. */
  time?: Pick<Time, 'now'>
  /** How often a store that could not write is tried again. */
  probeMs?: number
}

/**
 * Opens the log in one SQLite file, made when there is none. Checks the whole of it first: throws LogDamaged, with a
 * sentence for the operator, when it is damaged, newer, in use by another server, or cannot be opened.
 */
export async function openSqliteLog({ file, time, probeMs = PROBE_MS }: SqliteLogOptions): Promise<DrillLog> {
  const workerData: WriterOptions = { file, probeMs }
  const writer = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData, execArgv: [] })
  const first = await new Promise<FromWriter>((done, fail) => writer.once('message', done).once('error', fail))
  if (first.type === 'damaged') {
    await writer.terminate()
    throw new LogDamaged(first.sentence, { cause: first.cause })
  }
  if (first.type !== 'ready') throw new Error('the writer speaks before it is ready')
  return new SqliteLog(file, writer, first, time ?? null)
}

type Answered = (outcome: Outcome<Appended | null, NotAppended>) => void
/** A job without its number: each kind of job keeps its own fields. */
type NewJob = Job extends infer J ? (J extends Job ? Omit<J, 'id'> : never) : never

class SqliteLog extends Engine implements DrillLog {
  readonly #file: string
  readonly #writer: Worker
  readonly #reader: SqliteReader
  readonly #time: Pick<Time, 'now'> | null
  readonly #waiting = new Map<number, Answered>()
  /** Appended by the answers of one message, before anybody was told. */
  readonly #durable = new Map<ProcessId, Entry[]>()
  #answers: (() => void)[] = []
  readonly #followers = new Followers(
    (process, after) => this.#reader.readWhole(process, after, CATCH_UP),
    () => nextTurn(),
  )
  #latest: Instant
  readonly #pace = new Pace()
  #outbox: Job[] = []
  #isFlushing = false
  #lastId = 0
  #end: 'open' | 'closing' | 'ended' = 'open'
  #onClosed: () => void = () => {}
  #closed: Promise<void> | null = null

  constructor(
    file: string,
    writer: Worker,
    ready: Extract<FromWriter, { type: 'ready' }>,
    time: Pick<Time, 'now'> | null,
  ) {
    super()
    this.#file = file
    this.#writer = writer
    this.#time = time
    this.setHealth(ready.health)
    this.#latest = ready.latest
    this.#reader = new SqliteReader(file)
    writer.on('message', (message: FromWriter) => this.#hear(message))
    writer.on('error', (error) => this.#lost(error))
  }

  protected async adding(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
    narrowing: boolean,
  ): Promise<Outcome<Appended, NotAppended>> {
    const encoded = entries.map((entry) => ({
      bytes: encodeEntry(entry),
      kind: entry.kind,
      document: entry.document,
      lane: entry.lane,
    }))
    return new Promise((answer) => {
      this.#ask({ type: 'append', process, entries: encoded, conditions, narrowing }, (outcome) => {
        if (!outcome.ok) return answer(outcome)
        if (!outcome.value) throw new Error('an append was answered without its place')
        const { first, at } = outcome.value
        this.#latest = instant(Math.max(this.#latest, at))
        const durable = this.#durable.get(process) ?? []
        this.#durable.set(process, durable)
        for (const [index, entry] of entries.entries()) durable.push({ v: 1, seq: first + index, at, ...entry })
        this.#answers.push(() => answer(ok({ first, at })))
      })
    })
  }

  async read(process: ProcessId, after: Seq, limit: number): Promise<Entry[]> {
    return this.#reader.read(process, after, limit)
  }

  async stored(process: ProcessId, after: Seq, limit: number): Promise<StoredEntry[]> {
    return this.#reader.stored(process, after, limit)
  }

  follow(process: ProcessId, after: Seq, onEntries: (entries: Entry[]) => void): Promise<() => void> {
    return this.#followers.follow(process, after, onEntries)
  }

  async heads(process: ProcessId): Promise<Heads> {
    return this.#reader.heads(process)
  }

  async lane(process: ProcessId, document: DocumentId, client: number): Promise<LaneState | null> {
    return this.#reader.lane(process, document, client)
  }

  async processes(): Promise<ProcessId[]> {
    return this.#reader.processes()
  }

  async saveSnapshot(process: ProcessId, name: string, snapshot: Snapshot): Promise<void> {
    await this.#asked({ type: 'snapshot', process, name, snapshot })
  }

  async loadSnapshot(process: ProcessId, name: string): Promise<Snapshot | null> {
    return this.#reader.snapshot(process, name)
  }

  async saveKey(process: ProcessId, key: string, secret: Uint8Array): Promise<void> {
    const outcome = await this.#asked({ type: 'save-key', process, key, secret })
    if (!outcome.ok) throw new LogUnavailable('A key could not be saved.')
  }

  async loadKey(process: ProcessId, key: string): Promise<Uint8Array | null> {
    return this.#reader.key(process, key)
  }

  async eraseKey(process: ProcessId, key: string): Promise<void> {
    const outcome = await this.#asked({ type: 'erase-key', process, key })
    if (!outcome.ok) throw new LogUnavailable('A key could not be erased.')
  }

  async keys(process: ProcessId): Promise<Map<string, Uint8Array>> {
    return this.#reader.keys(process)
  }

  /** What comes in waits in memory, packed: then one transaction writes it. */
  async adopt(process: ProcessId): Promise<Adoption> {
    const segments: PackedPiece[] = []
    return new PiecewiseAdoption(process, {
      async add({ entries, ...piece }) {
        segments.push({ ...piece, packed: await packSegment(entries) })
      },
      finish: async (gathered, keys) => {
        const { seq, events, at, chain, documents } = gathered
        const lanes = [...gathered.lanes.values()]
        const heads = { seq, events, at, chain, documents, lanes }
        const adopted = await this.#asked({ type: 'adopt', process, segments, heads, keys: new Map(keys) })
        if (!adopted.ok) return refuse(adopted.refusal.code === 'unavailable' ? adopted.refusal : { code: 'not-empty' })
        this.#latest = instant(Math.max(this.#latest, at))
        this.#followers.reset(process)
        return ok(null)
      },
      async abandon() {
        segments.length = 0
      },
    })
  }

  async chain(process: ProcessId): Promise<{ seq: Seq; hash: string }> {
    return this.#reader.chain(process)
  }

  now(): Instant {
    this.#latest = instant(Math.max(this.#latest, this.#time?.now() ?? Date.now()))
    return this.#latest
  }

  async restrict(to: 'disk-full' | 'read-only' | null): Promise<void> {
    if (this.#end !== 'open') return
    await new Promise<void>((done) => {
      this.#flush()
      const id = ++this.#lastId
      this.#waiting.set(id, () => done())
      this.#post({ type: 'restrict', id, to })
    })
  }

  async backup(file: string): Promise<void> {
    const part = `${file}.part`
    rmSync(part, { force: true })
    const source = new DatabaseSync(this.#file, { readOnly: true })
    try {
      // An open read keeps one moment in view: without it the copy begins again at every commit.
      source.exec('BEGIN')
      source.prepare('SELECT count FROM commits').get()
      await backup(source, part, { rate: 256 })
    } finally {
      source.close()
    }
    renameSync(part, file)
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close(): Promise<void> {
    this.#flush()
    if (this.#end === 'open') {
      this.#end = 'closing'
      await new Promise<void>((done) => {
        this.#onClosed = done
        this.#post({ type: 'close' })
      })
    }
    this.#followers.stop()
    this.#reader.close()
    await this.#writer.terminate()
  }

  #asked(job: NewJob): Promise<Outcome<Appended | null, NotAppended>> {
    return new Promise((answered) => this.#ask(job, answered))
  }

  /** What is asked in one turn goes to the writer together, on a busy node in some milliseconds. A narrowing waits for nothing. */
  #ask(job: NewJob, answered: Answered): void {
    if (this.#end !== 'open') {
      answered(refuse({ code: 'unavailable', reason: 'unavailable' }))
      return
    }
    const id = ++this.#lastId
    this.#waiting.set(id, answered)
    const wait = job.type === 'append' && job.narrowing ? 0 : this.#pace.arrived(performance.now())
    const isFirst = this.#outbox.push({ ...job, id }) === 1
    if (wait > 0) {
      if (isFirst) setTimeout(() => this.#flush(), wait)
    } else if (!this.#isFlushing) {
      this.#isFlushing = true
      setImmediate(() => this.#flush())
    }
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#outbox.length === 0) return
    this.#post({ type: 'jobs', now: this.#time?.now() ?? null, jobs: this.#outbox })
    this.#outbox = []
    this.#pace.written(performance.now())
  }

  #post(message: ToWriter): void {
    this.#writer.postMessage(message)
  }

  #hear(message: FromWriter): void {
    switch (message.type) {
      case 'answers':
        for (const { id, outcome } of message.answers) {
          const answered = this.#waiting.get(id)
          this.#waiting.delete(id)
          answered?.(outcome)
        }
        this.#give()
        return
      case 'health':
        this.setHealth(message.health)
        return
      case 'closed':
        this.#end = 'ended'
        this.#onClosed()
        return
      case 'ready':
      case 'damaged':
        throw new Error('the writer starts once')
      default:
        throw message satisfies never
    }
  }

  /** What became durable together is given to followers together, and then said to those who asked for it. */
  #give(): void {
    const durable = [...this.#durable]
    const answers = this.#answers
    this.#durable.clear()
    this.#answers = []
    for (const [process, entries] of durable) this.#followers.deliver(process, entries)
    for (const answer of answers) answer()
  }

  /** The writer ended by itself: what it had is refused, though it may be found written after the next start. */
  #lost(error: unknown): void {
    this.#end = 'ended'
    this.#outbox = []
    this.setHealth({ state: 'not-writable', reason: 'unavailable' })
    for (const answered of this.#waiting.values()) answered(refuse({ code: 'unavailable', reason: 'unavailable' }))
    this.#waiting.clear()
    this.#onClosed()
    process.emitWarning(`The log's writer ended: ${error instanceof Error ? error.stack : error}`)
  }
}
