import type { AccessEvent, Event, Fact } from '#shared/domain/events.ts'
import type { Process } from '#shared/domain/process.ts'
import type { ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import { type Outcome, refuse } from '#shared/outcome.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Appended, Audience, Conditions, Entry, Lane, Log, NewEntry, NotAppended, Seq } from '../log/log.ts'
import { audienceOf, encodeBody, isAboutText, keyOf, trackOf } from './facts.ts'
import type { Folded, Opened } from './fold.ts'
import { Gate, Turns } from './gate.ts'
import type { Keys } from './keys.ts'
import type { Applied } from './port.ts'
import { weightOf } from './snapshots.ts'

/**
 * Whether what is under way was judged without it and has to be judged anew: every event; the end of a session, behind
 * which nothing of that session may land; and what was asked for, so that a repeat at another node finds it.
 */
const isDecision = (draft: Draft): boolean =>
  draft.kind === 'event' || (draft.kind === 'access' && (draft.event.type === 'SessionEnded' || !!draft.ask))

/** What is to be appended, before sealing. */
export type Draft = { by: Author } & (
  | { kind: 'event'; event: Event; ask?: string; made?: string[] }
  | { kind: 'update'; track: TrackId; update: Uint8Array; lane?: Lane }
  | { kind: 'access'; event: AccessEvent; audience: Audience; ask?: string }
)
export type Author = SeatId | 'server' | 'operator'

const UNAVAILABLE = refuse({ code: 'unavailable', reason: 'unavailable' } as const)

/** What the head of one process is made on. */
export interface HeadPorts {
  log: Log
  time: Time
  random: Random
  /** Called once when the log cannot be followed further; the process takes nothing more. */
  onDamage(cause: unknown): void
  /** Called once when the log was reset: this process is to be forgotten and opened anew. It takes nothing more. */
  onReset(): void
  /** A listener threw. */
  onBug(cause: unknown): void
  /** An append was answered after `ms` milliseconds; `isOvertaken`: another writer was first. */
  onAppended(ms: number, isOvertaken: boolean): void
}

/**
 * The head of one process's log on this node: follows it, folds it, appends to it. Nothing else changes what is folded.
 */
export class Head {
  readonly id: ProcessId
  readonly folded: Folded
  readonly ports: HeadPorts
  /** The server's decisions are made one after another. */
  readonly turns = new Turns()
  readonly #keys: Keys
  readonly #gates = new Map<TrackId, Gate>()
  readonly #listeners = new Set<(applied: Applied) => void>()
  readonly #unfolded: Entry[][] = []
  #waiting: { seq: Seq; resolve: () => void }[] = []
  #isFolding = false
  #isDamaged = false
  #onDamaged: () => void = () => undefined
  #stop: () => void = () => undefined
  #onFolded: (weight: { entries: number; bytes: number }) => void = () => undefined

  constructor(id: ProcessId, folded: Folded, keys: Keys, ports: HeadPorts) {
    this.id = id
    this.folded = folded
    this.ports = ports
    this.#keys = keys
  }

  /** Follows from where the snapshot ends; resolves when the present is reached. Throws `LogDamaged`. */
  async follow(): Promise<void> {
    let damage: unknown = null
    const onDamage = this.ports.onDamage
    this.ports.onDamage = (cause) => {
      damage = cause
    }
    const { seq } = await this.ports.log.heads(this.id)
    this.#stop = await this.ports.log.follow(
      this.id,
      this.folded.seq,
      (entries) => this.#take(entries),
      () => this.#reset(),
    )
    await this.#reached(seq)
    this.ports.onDamage = onDamage
    if (damage) throw damage
  }

  stop(): void {
    this.#stop()
  }

  get isDamaged(): boolean {
    return this.#isDamaged
  }

  /** The folded state. Only after `follow` resolved for a process that has begun. */
  get state(): Process {
    if (!this.folded.state) throw new Error(`process ${this.id} has not begun`)
    return this.folded.state
  }

  /** Client updates of one text go together, the server's moves alone. */
  gate(track: TrackId): Gate {
    const gate = this.#gates.get(track) ?? new Gate(this.ports.time)
    this.#gates.set(track, gate)
    return gate
  }

  onApplied(listener: (applied: Applied) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Told after every fold how much was folded. */
  onFolded(listener: (weight: { entries: number; bytes: number }) => void): void {
    this.#onFolded = listener
  }

  /** The first entries of a new process; nothing follows it yet. */
  async appendFirst(drafts: Draft[]): Promise<Outcome<Appended, NotAppended>> {
    const entries = await this.#entries(drafts, 0)
    if (!entries) return UNAVAILABLE
    return this.ports.log.append(this.id, entries, { events: 0 })
  }

  /** Waits until all that the log has now is folded here. */
  async caughtUp(): Promise<void> {
    const { seq } = await this.ports.log.heads(this.id)
    await this.#reached(seq)
  }

  /** Waits until everything up to `seq` is folded here. */
  reached(seq: Seq): Promise<void> {
    return this.#reached(seq)
  }

  /** Appends all or none; resolves when durable and folded here. */
  async append(
    drafts: Draft[],
    conditions: Conditions,
    options: { narrows?: boolean } = {},
  ): Promise<Outcome<Appended, NotAppended>> {
    const { log, time } = this.ports
    const entries = this.#isDamaged ? null : await this.#entries(drafts, this.folded.events)
    if (!entries) return UNAVAILABLE
    const asked = time.now()
    const appended = options.narrows
      ? await log.appendNarrowing(this.id, entries, conditions)
      : await log.append(this.id, entries, conditions)
    this.ports.onAppended(time.now() - asked, !appended.ok && appended.refusal.code === 'conflict')
    if (!appended.ok) return appended
    await this.#reached(appended.value.first + entries.length - 1)
    // After a reset nobody knows whether it is still there.
    return this.#isDamaged ? UNAVAILABLE : appended
  }

  /** Null when a key that seals them could not be kept. */
  async #entries(drafts: Draft[], policy: Seq): Promise<NewEntry[] | null> {
    const names = new Set(drafts.flatMap((draft) => this.#keyOf(draft) ?? []))
    if (names.size > 0 && !(await this.#keys.make(names))) return null
    return drafts.map((draft) => this.#entry(draft, policy))
  }

  #keyOf(draft: Draft): string | null {
    switch (draft.kind) {
      case 'event':
        return draft.event.type === 'TrackOpened'
          ? keyOf(draft.event.track.id, draft.event.track.kind)
          : keyOf(trackOf(draft.event), this.#kindOf(trackOf(draft.event)))
      case 'update':
        return keyOf(draft.track, this.#kindOf(draft.track))
      case 'access':
        return null
      default:
        throw draft satisfies never
    }
  }

  #kindOf(track: TrackId | null) {
    return (track && this.folded.state?.tracks.by[track]?.kind) || null
  }

  #entry(draft: Draft, policy: Seq): NewEntry {
    const key = this.#keyOf(draft)
    const body =
      draft.kind === 'update' ? draft.update : encodeBody(draft.event, 'made' in draft ? draft.made : undefined)
    const entry: NewEntry = {
      kind: isDecision(draft) ? 'event' : draft.kind,
      by: draft.by,
      audience: this.#audienceOf(draft),
      policy,
      salt: this.ports.random.stream('salt').bytes(16),
      body: key ? this.#keys.seal(key, body) : body,
    }
    if (key) entry.key = key
    const document = this.#documentOf(draft)
    if (document) entry.document = document
    if (draft.kind === 'update' && draft.lane) entry.lane = draft.lane
    if (draft.kind !== 'update' && draft.ask) entry.ask = draft.ask
    return entry
  }

  #audienceOf(draft: Draft): Audience {
    if (draft.kind === 'access') return draft.audience
    if (draft.kind === 'update') return { who: 'track', track: draft.track }
    return audienceOf(draft.event, this.folded.state, draft.by)
  }

  #documentOf(draft: Draft) {
    if (draft.kind === 'access') return null
    if (draft.kind === 'event' && !isAboutText(draft.event)) return null
    const track = draft.kind === 'update' ? draft.track : trackOf(draft.event)
    return (track && this.folded.state?.tracks.by[track]?.text?.document) || null
  }

  #take(entries: Entry[]): void {
    if (!this.#isFolding && this.#keys.has(entries)) {
      this.#fold(this.#keys.open(entries))
      return
    }
    this.#unfolded.push(entries)
    if (!this.#isFolding) void this.#foldAll()
  }

  /** Keys that other nodes made have to be fetched; the order of the log is kept meanwhile. */
  async #foldAll(): Promise<void> {
    this.#isFolding = true
    for (let next = this.#unfolded.shift(); next; next = this.#unfolded.shift()) {
      try {
        await this.#keys.fetch(next.flatMap(({ key }) => key ?? []))
        this.#fold(this.#keys.open(next))
      } catch (cause) {
        this.#damage(cause)
      }
    }
    this.#isFolding = false
  }

  #fold(opened: Opened[]): void {
    if (this.#isDamaged) return
    try {
      const applied = this.folded.fold(opened)
      this.#onFolded(weightOf(opened))
      if (applied) this.#tell(applied)
    } catch (cause) {
      this.#damage(cause)
    }
    const seq = this.folded.seq
    const reached = this.#waiting.filter((one) => one.seq <= seq)
    this.#waiting = this.#waiting.filter((one) => one.seq > seq)
    for (const one of reached) one.resolve()
  }

  /** What a listener does wrong is its own bug: the log is followed on. */
  #tell(applied: Applied): void {
    for (const listener of this.#listeners) {
      try {
        listener(applied)
      } catch (cause) {
        this.ports.onBug(cause)
      }
    }
  }

  onDamaged(listener: () => void): void {
    this.#onDamaged = listener
  }

  #damage(cause: unknown): void {
    if (this.#isDamaged) return
    this.ports.onDamage(cause)
    this.#end()
  }

  #reset(): void {
    if (this.#isDamaged) return
    this.ports.onReset()
    this.#end()
  }

  #end(): void {
    this.#isDamaged = true
    this.#onDamaged()
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) one.resolve()
  }

  #reached(seq: Seq): Promise<void> {
    if (this.folded.seq >= seq || this.#isDamaged) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ seq, resolve }))
  }
}

/** A fact as it will be recorded, to look ahead with. */
export const ahead = <E extends Event | AccessEvent>(event: E, by: Author, at: Fact['at']): Fact<E> => ({
  event,
  by,
  at,
})
