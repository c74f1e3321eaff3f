import type { Command } from '#shared/domain/commands.ts'
import type { View } from '#shared/domain/view.ts'
import { type AskId, mintId, parseSeatId, parseTrackId, type TrackId } from '#shared/ids.ts'
import {
  type Down,
  decodeDown,
  encodeUp,
  type Look,
  type Opened,
  type Shown,
  type Up,
} from '#shared/protocol/frames.ts'
import { applyPatch, type Json, unpack } from '#shared/protocol/patch.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random, Time } from '#shared/world.ts'
import { type Answer, type Asking, Asks } from './asks.ts'
import { type Happening, nextConnection } from './connection.ts'
import { Listeners } from './events.ts'
import type { Link, Wire } from './link.ts'
import { LiveText } from './open-text.ts'
import {
  type Connection,
  type LostWords,
  type OpenText,
  type Presence,
  Refused,
  type Room,
  type Saving,
} from './room.ts'
import { TextLine } from './text-line.ts'

interface Told extends Record<string, unknown> {
  view: View
  connection: Connection
  saving: Saving
  presence: { track: string; here: Presence[] }
  stirred: string
  lost: LostWords & { track: string }
}

/** Whoever leaves is not held longer by words on their way. */
const CLOSE_MS = 3000
/** What one frame may name. */
const MAX_WATCHED = 500

/** The client behind `enterRoom`: one seat's connection, its view, its questions and its open texts. */
export class RoomClient implements Room {
  /** Resolves with the first view; rejects with `Refused` when there will be none. */
  readonly entered: Promise<void>
  readonly #link: Link
  readonly #time: Time
  readonly #random: Random
  readonly #asks = new Asks()
  readonly #told = new Listeners<Told>()
  readonly #texts = new Map<TrackId, LiveText>()
  readonly #opening = new Map<TrackId, Promise<OpenText>>()
  readonly #here = new Map<string, Presence[]>()
  #watched: TrackId[] = []
  #connection: Connection = { at: 'joining', attempt: 1 }
  #wire: Wire | null = null
  #bye: Refusal | null = null
  #wake: (() => void) | null = null
  #packed: Json = null
  #view: View | null = null
  #mark = ''
  #saving: Saving
  #notSaving: string | null = null
  #begin: { resolve(): void; reject(cause: Refused): void } | null = null

  constructor(link: Link, { time, random }: { time: Time; random: Random }) {
    this.#link = link
    this.#time = time
    this.#random = random
    this.#saving = { at: 'saved', since: time.now() }
    this.entered = new Promise((resolve, reject) => {
      this.#begin = { resolve, reject }
    })
    this.#connect()
  }

  get view(): View {
    if (!this.#view) throw new Error('the room is not entered yet')
    return this.#view
  }
  get me(): { seat: string; party: string; role: string } {
    const { seat, party, role } = this.view.me
    return { seat, party, role }
  }
  get connection(): Connection {
    return this.#connection
  }
  get saving(): Saving {
    return this.#saving
  }
  onView(listener: (view: View) => void): () => void {
    return this.#told.on('view', listener)
  }
  onConnection(listener: (connection: Connection) => void): () => void {
    return this.#told.on('connection', listener)
  }
  onSaving(listener: (saving: Saving) => void): () => void {
    return this.#told.on('saving', listener)
  }
  presence(track: string): Presence[] {
    return this.#here.get(track) ?? []
  }
  onPresence(listener: (track: string, here: Presence[]) => void): () => void {
    return this.#told.on('presence', ({ track, here }) => listener(track, here))
  }

  watch(tracks: string[]): void {
    const watched = tracks.flatMap((track) => parseTrackId(track) ?? []).slice(0, MAX_WATCHED)
    if (watched.join() === this.#watched.join()) return
    this.#watched = watched
    if (this.#connection.at === 'live') this.#send({ frame: 'watch', tracks: watched })
  }
  onStirred(listener: (track: string) => void): () => void {
    return this.#told.on('stirred', listener)
  }

  onLost(listener: (lost: LostWords & { track: string }) => void): () => void {
    return this.#told.on('lost', listener)
  }

  act(command: Command): Promise<{ made: string[] }> {
    return this.#asked<{ made: string[] }>(
      (ask) => ({ frame: 'act', ask, command }),
      (done) => ({ answered: (made) => done({ made }) }),
    )
  }
  look(look: Look): Promise<Shown> {
    return this.#asked<Shown>(
      (ask) => ({ frame: 'look', ask, look }),
      (done) => ({ shown: done }),
    )
  }

  /** Commands are never queued offline: what is asked without a line is refused at once. */
  #asked<T>(frame: (ask: AskId) => Asking, taker: (done: (value: T) => void) => Omit<Answer, 'refused'>): Promise<T> {
    if (this.#connection.at !== 'live') return Promise.reject(new Refused({ code: 'unanswered' }))
    return new Promise((resolve, reject) => {
      this.#ask(frame(this.#mint()), { ...taker(resolve), refused: (refusal) => reject(new Refused(refusal)) })
    })
  }
  #ask(frame: Asking, answer: Answer, once = false): void {
    this.#asks.put(frame, answer, once)
    if (this.#connection.at === 'live') this.#send(frame)
  }

  open(track: string): Promise<OpenText> {
    const id = parseTrackId(track)
    if (!id || !this.view.tracks.some((one) => one.id === id))
      return Promise.reject(new Refused({ code: 'no-such-thing' }))
    const known = this.#texts.get(id)
    if (known) {
      known.line.reopen()
      return Promise.resolve(known)
    }
    const opening = this.#opening.get(id) ?? this.#firstOpen(id)
    this.#opening.set(id, opening)
    return opening
  }
  async #firstOpen(track: TrackId): Promise<OpenText> {
    try {
      return await new Promise<LiveText>((resolve, reject) => {
        this.#ask(
          { frame: 'open', ask: this.#mint(), track },
          {
            opened: (opened, update) => resolve(this.#began(opened, update)),
            refused: (refusal) => reject(new Refused(refusal)),
          },
        )
      })
    } finally {
      this.#opening.delete(track)
    }
  }
  #began(opened: Opened, update: Uint8Array): LiveText {
    const { view } = this
    const seat = parseSeatId(view.me.seat)
    if (!seat) throw new Error('a view without a seat')
    const line = new TextLine(opened, update, {
      time: this.#time,
      random: this.#random,
      by: { seat, party: view.me.party },
      view: () => this.view,
      isLive: () => this.#connection.at === 'live',
      send: (frame) => this.#send(frame),
      ask: (frame, answer) => this.#ask(frame, answer, true),
      forget: (ask) => void this.#asks.take(ask),
      changed: () => this.#tellSaving(),
      ended: () => this.#texts.delete(opened.track),
      lost: (detail) => this.#told.tell('lost', { ...detail, track: opened.track }),
    })
    const text = new LiveText(line)
    this.#texts.set(opened.track, text)
    return text
  }
  get #lines(): TextLine[] {
    return [...this.#texts.values()].map(({ line }) => line)
  }

  retry(): void {
    if (this.#connection.at === 'waiting') this.#happened({ what: 'due' })
  }

  async close(): Promise<void> {
    if (this.#connection.at === 'live') await this.#saved()
    for (const text of this.#lines) text.end({ code: 'session-ended' })
    this.#happened({ what: 'closed' })
    this.#wire?.close()
    this.#wire = null
    this.#told.clear()
  }

  /** Until all that was written is durable, or it takes too long. */
  #saved(): Promise<void> {
    const saved = Promise.all(this.#lines.map((text) => text.saved().catch(() => undefined)))
    return new Promise((resolve) => {
      const cancel = this.#time.after(CLOSE_MS, resolve)
      void saved.then(() => {
        cancel()
        resolve()
      })
    })
  }

  // ---- the line

  #connect(): void {
    this.#bye = null
    const wire = this.#link.connect({
      frame: (bytes) => {
        if (wire === this.#wire) this.#hear(bytes)
      },
      closed: (refusal) => {
        if (wire !== this.#wire) return
        this.#wire = null
        this.#happened({ what: 'lost', refusal: refusal ?? this.#bye })
      },
    })
    this.#wire = wire
  }

  #happened(happening: Happening): void {
    const chance = (this.#random.bytes(1)[0] ?? 0) / 256
    const before = this.#connection
    const next = nextConnection(before, happening, this.#time.now(), chance)
    if (next === before) return
    this.#connection = next
    this.#wake?.()
    this.#wake = null
    if (before.at === 'live') {
      // The next server says for itself whether it saves.
      this.#notSaving = null
      this.#asks.lost()
      for (const text of this.#lines) text.lost()
    }
    if (next.at === 'waiting')
      this.#wake = this.#time.after(Math.max(0, next.retryAt - this.#time.now()), () => this.#happened({ what: 'due' }))
    if (next.at === 'joining') this.#connect()
    if (next.at === 'ended') this.#ended(next.refusal)
    this.#told.tell('connection', next)
    this.#tellSaving()
  }

  #ended(refusal: Refusal | null): void {
    const why: Refusal = refusal ?? { code: 'session-ended' }
    this.#asks.end(why)
    // An outdated page is left by its own author, who has to take along what did not go out.
    const told = why.code === 'outdated-client' ? 'withdrawn' : undefined
    for (const text of this.#lines) text.end(why, told)
    this.#begin?.reject(new Refused(why))
    this.#begin = null
    if (refusal) this.#wire?.close()
  }

  #send(frame: Up): void {
    this.#wire?.send(encodeUp(frame))
  }

  #hear(bytes: Uint8Array): void {
    const frame = decodeDown(bytes)
    if (frame) this.#take(frame, bytes.length)
  }

  #take(frame: Down, size: number): void {
    switch (frame.frame) {
      case 'welcome':
        this.#welcomed(frame.view, frame.mark)
        return
      case 'view':
        if (frame.from === this.#mark) this.#seen(applyPatch(this.#packed, frame.patch), frame.mark)
        else this.#again()
        return
      case 'answered':
        this.#asks.take(frame.ask)?.answered?.(frame.made)
        return
      case 'refused':
        this.#asks.take(frame.ask)?.refused(frame.refusal)
        return
      case 'shown':
        this.#asks.take(frame.ask)?.shown?.(frame.shown)
        return
      case 'opened':
        if (frame.ask) this.#asks.take(frame.ask)?.opened?.(frame.opened, frame.update)
        else this.#texts.get(frame.opened.track)?.line.renewed(frame.opened, frame.update)
        return
      case 'text':
      case 'acked':
      case 'words-refused':
        for (const text of this.#lines) if (text.channel === frame.channel) text.hear(frame, size)
        return
      case 'withdrawn':
        this.#withdrawn(frame.track)
        this.#send({ frame: 'receipt', withdrawal: frame.withdrawal })
        return
      case 'presence':
        this.#here.set(frame.track, frame.here)
        this.#told.tell('presence', { track: frame.track, here: frame.here })
        return
      case 'stirred':
        this.#told.tell('stirred', frame.track)
        return
      case 'saving':
        this.#notSaving = frame.state === 'not-saving' ? (frame.reason ?? 'unavailable') : null
        if (!this.#notSaving) for (const text of this.#lines) text.sendAgain()
        this.#tellSaving()
        return
      case 'bye':
        this.#bye = frame.refusal
        return
      default:
        throw frame satisfies never
    }
  }

  /** A mark nobody knows: a fresh connection gets a whole view. */
  #again(): void {
    this.#wire?.close()
    this.#wire = null
    this.#happened({ what: 'lost', refusal: null })
  }

  #welcomed(packed: Json, mark: string): void {
    const again = this.#asks.again()
    this.#happened({ what: 'welcomed' })
    this.#seen(packed, mark)
    for (const text of this.#lines) text.resume()
    if (this.#watched.length > 0) this.#send({ frame: 'watch', tracks: this.#watched })
    for (const frame of again) this.#send(frame)
    this.#begin?.resolve()
    this.#begin = null
  }

  #seen(packed: Json, mark: string): void {
    this.#packed = packed
    this.#mark = mark
    const view = unpack(packed) as unknown as View
    this.#view = view
    for (const track of [...this.#texts.keys()]) if (!view.tracks.some(({ id }) => id === track)) this.#withdrawn(track)
    this.#told.tell('view', view)
    for (const text of this.#lines) text.looked()
  }

  #withdrawn(track: TrackId): void {
    this.#here.delete(track)
    this.#texts.get(track)?.line.end({ code: 'no-such-thing' }, 'withdrawn')
  }

  // ---- what the header says

  #tellSaving(): void {
    const changes = this.#lines.reduce((sum, text) => sum + text.unsaved, 0)
    const next = this.#savingNow(changes)
    if (JSON.stringify(next) === JSON.stringify(this.#saving)) return
    this.#saving = next
    this.#told.tell('saving', next)
  }
  #savingNow(changes: number): Saving {
    if (this.#notSaving) return { at: 'not-saving', reason: this.#notSaving, changes }
    if (changes === 0) return this.#saving.at === 'saved' ? this.#saving : { at: 'saved', since: this.#time.now() }
    return this.#connection.at === 'live' ? { at: 'saving' } : { at: 'not-sent', changes }
  }

  #mint(): AskId {
    return mintId<AskId>(this.#random.bytes(22))
  }
}
