import type { ProcessId } from '#shared/ids.ts'
import { decodeEntry } from './entry.ts'
import { type Entry, type Heads, LogUnavailable, type Seq } from './log.ts'
import type { Reply } from './master.ts'
import type { RedisConfirming } from './redis-confirming.ts'
import { FUNCTIONS, keysOf } from './redis-functions.ts'
import { BLOCK_MS, type Line } from './redis-link.ts'
import { type Placed, placedOf, readPage } from './redis-reading.ts'

const COUNT = 512
const WAKE_AGAIN_MS = 5
/** The node that appended says within this that the replicas have it. */
const LATE_MS = 100

interface Follower {
  next: Seq
  onEntries: (entries: Entry[]) => void
  onReset: () => void
}

/** One process that this node follows. */
interface Followed {
  epoch: number
  /** The last entry given to those who are up to date. */
  given: Seq
  /** The last entry read from the stream; between the two lies an append that has not come whole yet. */
  read: Seq
  partial: Placed[]
  /** The last entry that enough replicas have; of no meaning where none are waited for. */
  confirmed: Seq
  live: Set<Follower>
  /** Still reading what is stored. */
  behind: Set<Follower>
}

/**
 * Gives every follower every entry once, in order, from one waiting line for all processes. Nothing is given that did not come back
 * from Redis, so that all nodes see one order.
 */
export class RedisFollowing {
  readonly #confirming: Pick<RedisConfirming, 'copies' | 'confirmed'>
  readonly #processes = new Map<ProcessId, Followed>()
  readonly #waiting: { process: ProcessId; seq: Seq; resolve: () => void }[] = []
  #line: Line | null = null
  #isWaiting = false
  #turn = 0
  #onWork: () => void = () => {}

  readonly #onGiven: (line: Line, process: ProcessId, seq: Seq) => void

  /** `onGiven`: everything up to this entry was given to this node's followers. */
  constructor(
    confirming: Pick<RedisConfirming, 'copies' | 'confirmed'>,
    onGiven: (line: Line, process: ProcessId, seq: Seq) => void,
  ) {
    this.#confirming = confirming
    this.#onGiven = onGiven
  }

  /** The epoch this node's followers of a process are in; null when nobody follows it. */
  epochOf(process: ProcessId): number | null {
    return this.#processes.get(process)?.epoch || null
  }

  /** The last entry that this node's followers were given. */
  givenOf(process: ProcessId): Seq {
    return this.#processes.get(process)?.given ?? 0
  }

  /** Goes on at a line: who followed a past that may be no more is reset, the others go on. */
  async resume(line: Line): Promise<void> {
    for (const [process, followed] of [...this.#processes]) {
      const { epoch, seq } = await enter(line, process)
      if (isFresh(followed)) followed.epoch = epoch
      if (epoch !== followed.epoch || seq < followed.read) this.reset(process)
    }
    this.#line = line
    void this.#readOn(line)
  }

  pause(): void {
    this.#line = null
  }

  async follow(
    line: Line,
    process: ProcessId,
    after: Seq,
    onEntries: (entries: Entry[]) => void,
    onReset: () => void,
  ): Promise<() => void> {
    const follower = { next: after + 1, onEntries, onReset }
    const entered = await enter(line, process)
    const { epoch, seq, confirmed } = entered
    if (confirmed < seq && !this.#processes.has(process) && !(await this.#confirming.confirmed(process, epoch, seq)))
      throw new LogUnavailable('Redis cannot be reached.')
    const followed = this.#processes.get(process) ?? followedAt(entered)
    followed.behind.add(follower)
    if (!this.#processes.has(process)) {
      this.#processes.set(process, followed)
      this.#wake()
    }
    const isHere = () => followed.behind.has(follower) && this.#processes.get(process) === followed
    try {
      await this.#catchUp(line, process, followed, follower, isHere)
    } catch (cause) {
      this.#forget(process, followed, follower)
      throw cause
    }
    return () => this.#forget(process, followed, follower)
  }

  /** Resolves when this node's followers have the entry, or nobody here follows the process any more. */
  given(process: ProcessId, seq: Seq): Promise<void> {
    const followed = this.#processes.get(process)
    if (!followed || followed.live.size === 0 || followed.given >= seq) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ process, seq, resolve }))
  }

  /** Stops who follows a process, and tells them why. */
  reset(process: ProcessId): void {
    const followed = this.#processes.get(process)
    if (!followed) return
    this.#processes.delete(process)
    this.#settle(process, Number.POSITIVE_INFINITY)
    for (const { onReset } of [...followed.live, ...followed.behind]) onReset()
  }

  stop(): void {
    this.#line = null
    for (const process of [...this.#processes.keys()]) {
      this.#processes.delete(process)
      this.#settle(process, Number.POSITIVE_INFINITY)
    }
    this.#onWork()
  }

  /** Gives what is stored, whole appends, until the follower is where the others are. */
  async #catchUp(
    line: Line,
    process: ProcessId,
    followed: Followed,
    follower: Follower,
    isHere: () => boolean,
  ): Promise<void> {
    let held: Placed[] = []
    while (isHere() && follower.next <= followed.given) {
      const { epoch, entries } = await readPage(line, process, follower.next - 1 + held.length, COUNT)
      if (!isHere()) return
      if (epoch !== followed.epoch) return this.reset(process)
      held.push(...entries)
      const whole = held.findLastIndex(({ rest }) => rest === 0) + 1
      if (whole > 0 && !give(follower, held.slice(0, whole))) return this.#forget(process, followed, follower)
      held = held.slice(whole)
      if (entries.length === 0) throw new LogUnavailable('Redis has less than it said.')
    }
    if (!isHere()) return
    followed.behind.delete(follower)
    followed.live.add(follower)
  }

  #forget(process: ProcessId, followed: Followed, follower: Follower): void {
    followed.live.delete(follower)
    followed.behind.delete(follower)
    if (followed.live.size > 0) return
    if (this.#processes.get(process) !== followed) return
    this.#settle(process, Number.POSITIVE_INFINITY)
    if (followed.behind.size === 0) this.#processes.delete(process)
  }

  async #readOn(line: Line): Promise<void> {
    while (this.#line === line) {
      this.#turn++
      if (this.#processes.size === 0) {
        await new Promise<void>((done) => {
          this.#onWork = done
        })
        continue
      }
      const order = [...this.#processes]
      const keys = order.map(([process]) => keysOf(process).log)
      const places = order.map(([, { epoch, read }]) => `${epoch}-${read}`)
      if (this.#confirming.copies > 0) {
        keys.push(...order.map(([process]) => keysOf(process).confirmed))
        places.push(...order.map(([, { epoch, confirmed }]) => `${epoch}-${confirmed}`))
      }
      this.#isWaiting = true
      try {
        const reply = await line.wait('XREAD', 'BLOCK', BLOCK_MS, 'COUNT', COUNT, 'STREAMS', ...keys, ...places)
        this.#isWaiting = false
        for (const [key, entries] of (reply ?? []) as [Reply, Reply[]][]) {
          const at = keys.indexOf(String(key))
          const [process, followed] = order[at % order.length] ?? []
          if (!process || !followed || this.#processes.get(process) !== followed) continue
          if (at < order.length) await this.#take(line, process, followed, entries)
          else this.#hearConfirmed(process, entries)
        }
      } catch (cause) {
        this.#isWaiting = false
        if (this.#line === line) this.#onBroken(line, cause)
        return
      }
    }
  }

  #onBroken: (line: Line, cause: unknown) => void = () => {}
  /** Called when the waiting line can not be read any more. */
  onBroken(listener: (line: Line, cause: unknown) => void): void {
    this.#onBroken = listener
  }

  async #take(line: Line, process: ProcessId, followed: Followed, entries: Reply[]): Promise<void> {
    for (const entry of entries) {
      const { epoch, placed } = placedOf(entry)
      if (isFresh(followed)) followed.epoch = epoch
      if (epoch !== followed.epoch || placed.seq <= followed.read) return this.reset(process)
      while (followed.read < placed.seq - 1) {
        const missed = await readPage(line, process, followed.read, placed.seq - 1 - followed.read)
        if (missed.epoch !== followed.epoch || missed.entries.length === 0) return this.reset(process)
        followed.partial.push(...missed.entries)
        followed.read += missed.entries.length
      }
      followed.partial.push(placed)
      followed.read = placed.seq
    }
    this.#release(process, followed)
    const { epoch, read } = followed
    if (followed.given < read) setTimeout(() => this.#confirmLate(process, followed, epoch, read), LATE_MS)
  }

  #hearConfirmed(process: ProcessId, entries: Reply[]): void {
    const [epoch, seq] = String((entries.at(-1) as Reply[])[0]).split('-')
    this.confirm(process, Number(epoch), Number(seq))
  }

  /** Every entry up to this one may be given: enough replicas have it. */
  confirm(process: ProcessId, epoch: number, seq: Seq): void {
    const followed = this.#processes.get(process)
    if (!followed || followed.epoch !== epoch || followed.confirmed >= seq) return
    followed.confirmed = seq
    this.#release(process, followed)
  }

  /** Whoever appended them may be gone. */
  #confirmLate(process: ProcessId, followed: Followed, epoch: number, seq: Seq): void {
    if (this.#processes.get(process) !== followed || followed.confirmed >= seq) return
    void this.#confirming.confirmed(process, epoch, seq)
  }

  #release(process: ProcessId, followed: Followed): void {
    const limit = this.#confirming.copies > 0 ? followed.confirmed : Number.POSITIVE_INFINITY
    const whole = followed.partial.findLastIndex(({ rest, seq }) => rest === 0 && seq <= limit) + 1
    if (whole === 0) return
    const given = followed.partial.splice(0, whole)
    followed.given = given.at(-1)?.seq ?? followed.given
    for (const follower of [...followed.live])
      if (followed.live.has(follower) && !give(follower, given)) this.#forget(process, followed, follower)
    this.#settle(process, followed.given)
    if (this.#line) this.#onGiven(this.#line, process, followed.given)
  }

  #settle(process: ProcessId, seq: Seq): void {
    const reached = this.#waiting.filter((one) => one.process === process && one.seq <= seq)
    if (reached.length === 0) return
    const others = this.#waiting.filter((one) => !reached.includes(one))
    this.#waiting.splice(0, this.#waiting.length, ...others)
    for (const { resolve } of reached) resolve()
  }

  /** A process was added: the line that waits has to be told. */
  #wake(): void {
    this.#onWork()
    const [line, turn] = [this.#line, this.#turn]
    if (!line || !this.#isWaiting) return
    const again = (): void => {
      if (this.#line !== line || this.#turn !== turn) return
      line.wake().then(
        (woken) => woken || setTimeout(again, WAKE_AGAIN_MS),
        () => undefined,
      )
    }
    again()
  }
}

const followedAt = ({ epoch, seq }: Entered): Followed => ({
  epoch,
  given: seq,
  read: seq,
  partial: [],
  confirmed: seq,
  live: new Set(),
  behind: new Set(),
})

/** Followed before its first entry, which says the epoch. */
const isFresh = ({ epoch, read }: Followed): boolean => epoch === 0 && read === 0

/** False when the follower threw: it gets nothing more, and the error is thrown on its own. */
function give(follower: Follower, stored: Placed[]): boolean {
  const fresh = stored.filter(({ seq }) => seq >= follower.next)
  if (fresh.length === 0) return true
  follower.next = (fresh.at(-1)?.seq ?? 0) + 1
  try {
    follower.onEntries(fresh.map(({ bytes, seq }) => decodeEntry(bytes, seq)))
    return true
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return false
  }
}

export interface Entered extends Heads {
  epoch: number
  /** The last entry that replicas were heard to have. */
  confirmed: Seq
}

/** Where a process stands; its epoch is raised first when Redis is another than the one that wrote last. */
export async function enter(line: Line, process: ProcessId): Promise<Entered> {
  const { heads } = keysOf(process)
  const entered = ([epoch, seq, events, confirmed]: Reply[]): Entered => ({
    epoch: Number(epoch),
    seq: Number(seq),
    events: Number(events),
    confirmed: Number(confirmed),
  })
  try {
    return entered((await line.send('FCALL', FUNCTIONS.enter, 1, heads)) as Reply[])
  } catch (cause) {
    // One that takes no writes can still be read.
    if (!(cause instanceof Error && cause.message.startsWith('READONLY'))) throw cause
    return entered((await line.send('HMGET', heads, 'epoch', 'seq', 'events', 'confirmed')) as Reply[])
  }
}
