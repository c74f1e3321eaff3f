import { randomBytes } from 'node:crypto'
import { type DocumentId, type Instant, instant, type ProcessId, parseProcessId, parseSeatId } from '#shared/ids.ts'
import { type Outcome, refuse } from '#shared/outcome.ts'
import type { Time } from '#shared/world.ts'
import { PiecewiseAdoption } from './adopting.ts'
import type { LaneState } from './conditions.ts'
import { Engine } from './engine.ts'
import { decodeEntry, encodeEntry } from './entry.ts'
import type {
  Adoption,
  Appended,
  Conditions,
  Entry,
  Heads,
  Log,
  NewEntry,
  NotAppended,
  Seq,
  Snapshot,
  StoredEntry,
} from './log.ts'
import { LogDamaged, LogUnavailable } from './log.ts'
import type { Reply } from './master.ts'
import { RedisNursery } from './redis-adopting.ts'
import { type Reason, RedisAppends, reasonOf } from './redis-appends.ts'
import { checkRedis } from './redis-checks.ts'
import { copiesOf, RedisConfirming } from './redis-confirming.ts'
import { enter, RedisFollowing } from './redis-following.ts'
import { FUNCTIONS, keysOf, PROCESSES } from './redis-functions.ts'
import { type Line, Link } from './redis-link.ts'
import { readAll, readPage } from './redis-reading.ts'
import { RedisSealing } from './redis-sealing.ts'
import { chainAfter, chainStart, hexOf } from './segments.ts'

/** A line that breaks is back within this, mostly: until then nobody is told. */
const PATIENCE_MS = 1_000
/** An append that may have been added is not called refused before. */
const DOUBT_MS = 30_000
const PROBE_MS = 1_000
/** What Redis or its replicas have not answered by then is not waited for when closing. */
const CLOSE_MS = 3_000
/** Of so many beats the clock of Redis is known. */
const CLOCKS = 20

export interface RedisLogOptions {
  /** `redis://` or `rediss://`; several addresses of one Redis and its replicas with commas between: the master is found. */
  url: string
  /** Stands in for Redis's own clock: for tests. */
  time?: Pick<Time, 'now'>
  /** Called once with each sentence about a setting of Redis that is not as it should be. */
  onWarning?: (sentence: string) => void
  /** How far every living node has come in a process: nothing past it is packed away. Absent: as far as this node has come. */
  floor?: (process: ProcessId) => Seq
  /** How often a store that could not write is tried again. */
  probeMs?: number
}

/**
 * Opens the log in a Redis that several nodes share. Throws LogUnavailable when it cannot be reached at first; later it is found
 * again by itself. Throws LogDamaged when it is too old. Reading throws LogUnavailable while it cannot be reached.
 */
export async function openRedisLog(options: RedisLogOptions): Promise<Log> {
  const log = new RedisLog(options)
  await log.open()
  return log
}

class RedisLog extends Engine implements Log {
  readonly #time: Pick<Time, 'now'> | null
  readonly #probeMs: number
  readonly #link: Link
  readonly #appends: RedisAppends
  readonly #confirming: RedisConfirming
  readonly #following: RedisFollowing
  #generation = 0
  #probing: NodeJS.Timeout | null = null
  #outage: NodeJS.Timeout[] = []
  #latest = instant(0)
  /** How far Redis's clock is ahead of this machine's, as each answer showed: never more than it is. */
  readonly #ahead: number[] = []
  #isClosed = false
  readonly #warned = new Set<string>()
  readonly #onWarning: (sentence: string) => void

  constructor({
    url,
    time,
    onWarning = () => {},
    floor = () => Number.POSITIVE_INFINITY,
    probeMs = PROBE_MS,
  }: RedisLogOptions) {
    super()
    this.#onWarning = onWarning
    this.#time = time ?? null
    this.#probeMs = probeMs
    this.#link = new Link({
      urls: url.split(','),
      onUp: (line) => this.#up(line),
      onDown: (cause) => this.#down(cause),
      onClock: (ms) => this.#clock(ms),
    })
    this.#confirming = new RedisConfirming(
      (process, epoch, seq) => this.#following.confirm(process, epoch, seq),
      () => this.#cannotWrite('unavailable'),
    )
    const sealing = new RedisSealing(floor)
    this.#following = new RedisFollowing(this.#confirming, (line, process, seq) => sealing.note(line, process, seq))
    this.#appends = new RedisAppends({
      confirmed: (process, epoch, seq) => this.#confirming.confirmed(process, epoch, seq),
      node: randomBytes(12).toString('base64url'),
      onRefused: (reason) => this.#cannotWrite(reason),
      onClock: (at) => {
        this.#latest = instant(Math.max(this.#latest, at))
      },
    })
    this.#following.onBroken((line, cause) => this.#link.drop(line, cause))
  }

  async open(): Promise<void> {
    try {
      await this.#link.connect()
    } catch (cause) {
      this.#link.close()
      if (cause instanceof LogDamaged) throw cause
      throw new LogUnavailable(`Redis cannot be used: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }

  /** There is no reserve on the disk of another machine: when Redis's memory is full, a narrowing alone is still let through. */
  protected async adding(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
    narrowing: boolean,
  ): Promise<Outcome<Appended, NotAppended>> {
    if (this.#isClosed) return refuse({ code: 'unavailable', reason: 'unavailable' })
    const health = this.health()
    if (health.state === 'not-writable' && !(narrowing && this.#link.line))
      return refuse({ code: 'unavailable', reason: health.reason })
    const epoch = this.#following.epochOf(process)
    const came = await this.#appends.append({
      process,
      entries,
      bytes: entries.map(encodeEntry),
      conditions,
      narrowing,
      epoch,
      now: this.#time?.now() ?? null,
      since: `${epoch ?? 0}-${this.#following.givenOf(process)}`,
    })
    if (came.ok) {
      await this.#following.given(process, came.value.first + entries.length - 1)
      return came
    }
    if (came.refusal.code !== 'epoch') return refuse(came.refusal)
    this.#following.reset(process)
    return refuse({ code: 'conflict', on: 'events' })
  }

  async read(process: ProcessId, after: Seq, limit: number): Promise<Entry[]> {
    const stored = await this.#reading((line) => readAll(line, process, after, limit))
    return stored.map(({ bytes, seq }) => decodeEntry(bytes, seq))
  }

  async stored(process: ProcessId, after: Seq, limit: number): Promise<StoredEntry[]> {
    const stored = await this.#reading((line) => readAll(line, process, after, limit))
    return stored.map(({ bytes, rest }) => ({ bytes, rest }))
  }

  follow(
    process: ProcessId,
    after: Seq,
    onEntries: (entries: Entry[]) => void,
    onReset: () => void = () => {},
  ): Promise<() => void> {
    return this.#reading((line) => this.#following.follow(line, process, after, onEntries, onReset))
  }

  async heads(process: ProcessId): Promise<Heads> {
    const { seq, events } = await this.#reading((line) => enter(line, process))
    return { seq, events }
  }

  async lane(process: ProcessId, document: DocumentId, client: number): Promise<LaneState | null> {
    const field = `l ${document} ${client}`
    const reply = await this.#reading((line) => line.send('HGET', keysOf(process).heads, field))
    const [, number, clock, owner] = /^(\d+) (\d+) (.+)$/.exec(String(reply ?? '')) ?? []
    const seat = parseSeatId(owner ?? '')
    return seat ? { owner: seat, number: Number(number), clock: Number(clock) } : null
  }

  processes(): Promise<ProcessId[]> {
    return this.#reading(async (line) => {
      const names = ((await line.send('SMEMBERS', PROCESSES)) as Reply[]).flatMap((name) => {
        return parseProcessId(String(name)) ?? []
      })
      const heads = await Promise.all(names.map((name) => line.send('HEXISTS', keysOf(name).heads, 'seq')))
      return names.filter((_, index) => Number(heads[index]) === 1)
    })
  }

  async saveSnapshot(process: ProcessId, name: string, { seq, bytes }: Snapshot): Promise<void> {
    const { heads, snapshots } = keysOf(process)
    const epoch = this.#following.epochOf(process) ?? ''
    const save = (line: Line) =>
      line.send('FCALL', FUNCTIONS.snapshot, 2, heads, snapshots, name, seq, Buffer.from(bytes), epoch)
    await this.#writing(save).catch(() => undefined)
  }

  async loadSnapshot(process: ProcessId, name: string): Promise<Snapshot | null> {
    const kept = await this.#reading((line) => line.send('HGET', keysOf(process).snapshots, name))
    if (!(kept instanceof Buffer)) return null
    return { seq: Number(kept.readBigUInt64BE(0)), bytes: new Uint8Array(kept.subarray(8)) }
  }

  async saveKey(process: ProcessId, key: string, secret: Uint8Array): Promise<void> {
    await this.#writing((line) => line.send('HSETNX', keysOf(process).keys, key, Buffer.from(secret))).catch(
      (cause) => {
        throw new LogUnavailable('A key could not be saved.', { cause })
      },
    )
  }

  async loadKey(process: ProcessId, key: string): Promise<Uint8Array | null> {
    const kept = await this.#reading((line) => line.send('HGET', keysOf(process).keys, key))
    return kept instanceof Buffer ? new Uint8Array(kept) : null
  }

  /** Redis's file of appends has the key until it is written anew, which is begun at once. */
  async eraseKey(process: ProcessId, key: string): Promise<void> {
    await this.#writing((line) => line.send('HDEL', keysOf(process).keys, key)).catch((cause) => {
      throw new LogUnavailable('A key could not be erased.', { cause })
    })
    await this.#link.line?.send('BGREWRITEAOF').catch(() => undefined)
  }

  async keys(process: ProcessId): Promise<Map<string, Uint8Array>> {
    const kept = (await this.#reading((line) => line.send('HGETALL', keysOf(process).keys))) as Reply[]
    const secrets = new Map<string, Uint8Array>()
    for (let at = 0; at < kept.length; at += 2) secrets.set(String(kept[at]), new Uint8Array(kept[at + 1] as Buffer))
    return secrets
  }

  async adopt(process: ProcessId): Promise<Adoption> {
    const nursery = new RedisNursery(process, {
      writing: (write) => this.#writing(write),
      confirmed: (...entry) => this.#confirming.confirmed(...entry),
    })
    return new PiecewiseAdoption(process, nursery)
  }

  async chain(process: ProcessId): Promise<{ seq: Seq; hash: string }> {
    return this.#reading(async (line) => {
      const { sealed, chain, seq } = await readPage(line, process, Number.MAX_SAFE_INTEGER, 1)
      let hash: Uint8Array = chain ? new Uint8Array(Buffer.from(chain, 'hex')) : chainStart(process)
      for (const { bytes } of await readAll(line, process, sealed, seq - sealed)) hash = chainAfter(hash, bytes)
      return { seq, hash: hexOf(hash) }
    })
  }

  /** At most Redis's own clock, and behind it by no more than the way from there to here. */
  now(): Instant {
    const clock = this.#time?.now() ?? Math.floor(performance.now() + Math.max(...this.#ahead))
    this.#latest = instant(Math.max(this.#latest, clock))
    return this.#latest
  }

  async backup(): Promise<void> {
    throw new LogUnavailable('This log is kept in Redis: copy the files of Redis.')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const late = setTimeout(() => this.#appends.giveUp(true), this.#link.line ? CLOSE_MS : 0)
    await this.#appends.settled()
    clearTimeout(late)
    this.#following.stop()
    this.#endOutage()
    if (this.#probing) clearTimeout(this.#probing)
    this.#link.close()
  }

  async #reading<T>(read: (line: Line) => Promise<T>): Promise<T> {
    try {
      return await read(await this.#link.soon(PATIENCE_MS))
    } catch (cause) {
      if (cause instanceof LogUnavailable || this.#link.line === null) throw asUnavailable(cause)
      throw cause
    }
  }

  async #writing(write: (line: Line) => Promise<Reply>): Promise<Reply> {
    try {
      return await write(await this.#link.soon(PATIENCE_MS))
    } catch (cause) {
      const reason = reasonOf(cause)
      if (reason) this.#cannotWrite(reason)
      throw cause
    }
  }

  async #up(line: Line): Promise<void> {
    for (const sentence of await checkRedis(line)) this.#warn(sentence)
    await this.#countCopies(line)
    await this.#following.resume(line)
    this.#appends.resume(line)
    this.#endOutage()
    if (this.health().state === 'not-writable') this.#probeSoon(0)
  }

  #warn(sentence: string): void {
    if (!this.#warned.has(sentence)) this.#onWarning(sentence)
    this.#warned.add(sentence)
  }

  /** What was promised of one Redis holds for as long as it is that one: a line that breaks does not make its replicas needless. */
  async #countCopies(line: Line): Promise<void> {
    const before = this.#confirming.copies
    const found = await copiesOf(line)
    const copies = line.generation === this.#generation ? Math.max(before, found) : found
    if (copies < before)
      this.#warn('Redis was taken over by another that has no replica: what is saved now is in one place only.')
    this.#generation = line.generation
    this.#confirming.resume(line, copies)
  }

  /** Appends wait for the next line: a little, or for longer when they may have been added. */
  #down(_cause: unknown): void {
    this.#following.pause()
    this.#appends.pause()
    this.#confirming.pause()
    if (this.#outage.length > 0 || this.#isClosed) return
    this.#outage = [
      setTimeout(() => {
        this.setHealth({ state: 'not-writable', reason: 'unavailable' })
        this.#appends.giveUp(false)
      }, PATIENCE_MS),
      setTimeout(() => this.#appends.giveUp(true), DOUBT_MS),
    ]
  }

  #endOutage(): void {
    for (const timer of this.#outage.splice(0)) clearTimeout(timer)
  }

  #cannotWrite(reason: Reason): void {
    if (this.#isClosed) return
    this.setHealth({ state: 'not-writable', reason })
    this.#probeSoon(this.#probeMs)
  }

  #probeSoon(ms: number): void {
    if (this.#probing) clearTimeout(this.#probing)
    this.#probing = setTimeout(() => void this.#probe(), ms)
  }

  async #probe(): Promise<void> {
    const { line } = this.#link
    if (!line || this.#isClosed) return
    try {
      await line.send('FCALL', FUNCTIONS.probe, 0)
      if (this.#confirming.isSilent) return this.#cannotWrite('unavailable')
      this.setHealth({ state: 'writable' })
    } catch (cause) {
      this.#cannotWrite(reasonOf(cause) ?? 'unavailable')
      // Somebody took our functions away: a new line brings them.
      if (cause instanceof Error && cause.message.includes('Function not found')) this.#link.drop(line, cause)
    }
  }

  #clock(ms: number): void {
    this.#ahead.push(ms - performance.now())
    if (this.#ahead.length > CLOCKS) this.#ahead.shift()
  }
}

const asUnavailable = (cause: unknown): LogUnavailable =>
  cause instanceof LogUnavailable ? cause : new LogUnavailable('Redis cannot be reached.', { cause })
