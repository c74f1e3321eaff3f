import type { Command } from '#shared/domain/commands.ts'
import type { View } from '#shared/domain/view.ts'
import { parseTrackId, type TrackId } from '#shared/ids.ts'
import { type Down, decodeDown, encodeUp, type Look, type Shown, type Up } from '#shared/protocol/frames.ts'
import { applyPatch, type Json, unpack } from '#shared/protocol/patch.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random, Time } from '#shared/world.ts'
import { Asker } from './asker.ts'
import { type Happening, nextConnection } from './connection.ts'
import { Listeners } from './events.ts'
import { Expiry } from './expiry.ts'
import type { Kept } from './keep.ts'
import { RoomKeeping } from './keeping.ts'
import type { Link, Wire } from './link.ts'
import { LostAndFound } from './lost-words.ts'
import { OpenTexts } from './open-texts.ts'
import {
  type AwayWords,
  type Connection,
  type OpenText,
  type Presence,
  Refused,
  type Room,
  type RoomOptions,
  type Saving,
} from './room.ts'

interface Told extends Record<string, unknown> {
  view: View
  connection: Connection
  saving: Saving
  presence: { track: string; here: Presence[] }
  stirred: string
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
  readonly #asker: Asker
  readonly #keeping: RoomKeeping | null
  readonly #expiry: Expiry
  readonly #lost = new LostAndFound()
  readonly #told = new Listeners<Told>()
  readonly #texts: OpenTexts
  readonly #here = new Map<string, Presence[]>()
  #watched: TrackId[] = []
  #connection: Connection = { at: 'joining', attempt: 1 }
  #wire: Wire | null = null
  #bye: Refusal | null = null
  #wake: (() => void) | null = null
  #packed: Json = null
  #view: View | null = null
  #mark = ''
  #copyFrom: number | null = null
  #saving: Saving
  #notSaving: string | null = null
  #begin: { resolve(): void; reject(cause: Refused): void } | null = null

  constructor(link: Link, options: { time: Time; random: Random } & Pick<RoomOptions, 'keep' | 'impatient'>) {
    const { time, random, keep, impatient } = options
    this.#link = link
    this.#time = time
    this.#random = random
    this.#expiry = new Expiry(time)
    this.#asker = new Asker(random, { isLive: () => this.#isLive, send: (frame) => this.#send(frame) })
    this.#keeping = keep
      ? new RoomKeeping(keep, {
          time,
          view: () => (this.#packed === null ? null : this.view),
          lost: (words) => this.#lost.put(words),
          taken: () => void (this.#view && this.#isLive && this.#settle(this.#view)),
        })
      : null
    this.#texts = new OpenTexts({
      time,
      random,
      asker: this.#asker,
      keeping: this.#keeping,
      lost: this.#lost,
      view: () => this.view,
      isLive: () => this.#isLive,
      send: (frame) => this.#send(frame),
      changed: () => this.#tellSaving(),
    })
    void impatient?.then(async () => this.#showKept((await this.#keeping?.loaded) ?? null))
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
    if (this.#isLive) this.#send({ frame: 'watch', tracks: watched })
  }
  onStirred(listener: (track: string) => void): () => void {
    return this.#told.on('stirred', listener)
  }

  onLost(listener: (lost: AwayWords) => void): () => void {
    return this.#lost.listen(listener)
  }

  act(command: Command): Promise<{ made: string[] }> {
    return this.#asker.act(command)
  }
  look(look: Look): Promise<Shown> {
    return this.#asker.look(look)
  }

  open(track: string): Promise<OpenText> {
    const id = parseTrackId(track)
    if (!id || !this.view.tracks.some((one) => one.id === id))
      return Promise.reject(new Refused({ code: 'no-such-thing' }))
    return this.#texts.open(id)
  }

  retry(): void {
    if (this.#connection.at === 'waiting') this.#happened({ what: 'due' })
  }

  // ---- what is on the device

  get copyFrom(): number | null {
    return this.#copyFrom
  }
  get isOnlyHere(): boolean {
    return this.#texts.lines.some(({ unsaved, keeper }) => unsaved > 0 && !keeper.isDurable)
  }
  isKept(track: string): boolean {
    return this.#texts.lines.some((line) => line.track === track && line.keeper.isOn)
  }
  async flush(): Promise<void> {
    await Promise.all(this.#texts.lines.map(({ keeper }) => keeper.now()))
  }
  async forget(): Promise<void> {
    for (const { keeper } of this.#texts.lines) keeper.end()
    await this.#keeping?.eraseAll()
  }
  /** No word from the server: what is on the device is shown as it was kept. */
  #showKept(kept: Kept | null): void {
    if (!kept?.view || kept.view.tracks.length === 0 || !this.#begin) return
    this.#copyFrom = kept.at
    this.#view = kept.view
    this.#begin.resolve()
    this.#begin = null
    this.#expiry.watch(kept.view, (view) => this.#seenAlone(view))
  }
  /** Without a line, a grant ended by its instant. */
  #seenAlone(view: View): void {
    if (this.#isLive) return
    for (const { id } of this.view.tracks) if (!view.tracks.some((one) => one.id === id)) this.#withdrawn(id)
    this.#show(view)
    this.#expiry.watch(view, (next) => this.#seenAlone(next))
  }
  async close(): Promise<void> {
    if (this.#isLive) await this.#texts.saved(CLOSE_MS)
    await this.flush()
    for (const text of this.#texts.lines) text.end({ code: 'session-ended' })
    this.#happened({ what: 'closed' })
    this.#wire?.close()
    this.#wire = null
    this.#told.clear()
    this.#lost.clear()
    this.#expiry.stop()
    this.#keeping?.close()
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
      this.#asker.asks.lost()
      for (const text of this.#texts.lines) text.lost()
      this.#expiry.watch(this.view, (view) => this.#seenAlone(view))
    }
    if (next.at === 'waiting') void this.#keeping?.loaded.then((kept) => this.#showKept(kept))
    if (next.at === 'waiting')
      this.#wake = this.#time.after(Math.max(0, next.retryAt - this.#time.now()), () => this.#happened({ what: 'due' }))
    if (next.at === 'joining') this.#connect()
    if (next.at === 'ended') this.#ended(next.refusal)
    this.#told.tell('connection', next)
    this.#tellSaving()
  }

  #ended(refusal: Refusal | null): void {
    const why: Refusal = refusal ?? { code: 'session-ended' }
    this.#expiry.stop()
    if (refusal) this.#keeping?.ended(refusal)
    this.#asker.asks.end(why)
    // An outdated page is left by its own author, who has to take along what did not go out.
    const told = why.code === 'outdated-client' ? 'withdrawn' : undefined
    for (const text of this.#texts.lines) text.end(why, told)
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
        if (frame.from === this.#mark) {
          const view = this.#seen(applyPatch(this.#packed, frame.patch), frame.mark)
          this.#keeping?.seen(view)
        } else this.#again()
        return
      case 'answered':
        this.#asker.asks.take(frame.ask)?.answered?.(frame.made)
        return
      case 'refused':
        this.#asker.asks.take(frame.ask)?.refused(frame.refusal)
        return
      case 'shown':
        this.#asker.asks.take(frame.ask)?.shown?.(frame.shown)
        return
      case 'opened':
        if (frame.ask) this.#asker.asks.take(frame.ask)?.opened?.(frame.opened, frame.update)
        else this.#texts.line(frame.opened.track)?.renewed(frame.opened, frame.update)
        return
      case 'text':
      case 'acked':
      case 'words-refused':
        for (const text of this.#texts.lines) if (text.channel === frame.channel) text.hear(frame, size)
        return
      case 'withdrawn': {
        const receipt: Up = { frame: 'receipt', withdrawal: frame.withdrawal }
        const erasing = this.#withdrawn(frame.track)
        if (erasing) void erasing.then(() => this.#send(receipt))
        else this.#send(receipt)
        return
      }
      case 'presence':
        this.#here.set(frame.track, frame.here)
        this.#told.tell('presence', { track: frame.track, here: frame.here })
        return
      case 'stirred':
        this.#told.tell('stirred', frame.track)
        return
      case 'saving':
        this.#notSaving = frame.state === 'not-saving' ? (frame.reason ?? 'unavailable') : null
        if (!this.#notSaving) for (const text of this.#texts.lines) text.sendAgain()
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
    const again = this.#asker.asks.again()
    this.#expiry.stop()
    this.#copyFrom = null
    this.#happened({ what: 'welcomed' })
    const view = this.#seen(packed, mark)
    for (const text of this.#texts.lines) text.resume()
    if (this.#watched.length > 0) this.#send({ frame: 'watch', tracks: this.#watched })
    for (const frame of again) this.#send(frame)
    const begin = this.#begin
    this.#begin = null
    if (this.#keeping) void this.#settle(view).then(() => begin?.resolve())
    else begin?.resolve()
  }
  /** What may not stay on the device is erased; what an earlier page left there and may go out goes out. */
  async #settle(view: View): Promise<void> {
    const tracks = (await this.#keeping?.settle(view)) ?? []
    for (const text of this.#texts.lines) text.looked()
    void this.#texts.sendKept(tracks)
  }

  #seen(packed: Json, mark: string): View {
    this.#packed = packed
    this.#mark = mark
    const view = unpack(packed) as unknown as View
    for (const { track } of this.#texts.lines) if (!view.tracks.some(({ id }) => id === track)) this.#withdrawn(track)
    this.#show(view)
    return view
  }
  #show(view: View): void {
    this.#view = view
    this.#told.tell('view', view)
    for (const text of this.#texts.lines) text.looked()
  }

  /** Null when nothing of it is on the device. */
  #withdrawn(track: TrackId): Promise<void> | null {
    this.#here.delete(track)
    this.#texts.line(track)?.end({ code: 'no-such-thing' }, 'withdrawn')
    return this.#keeping?.forget(track) ?? null
  }

  // ---- what the header says

  #tellSaving(): void {
    const changes = this.#texts.lines.reduce((sum, text) => sum + text.unsaved, 0)
    const next = this.#savingNow(changes)
    if (JSON.stringify(next) === JSON.stringify(this.#saving)) return
    this.#saving = next
    this.#told.tell('saving', next)
  }
  #savingNow(changes: number): Saving {
    if (this.#notSaving) return { at: 'not-saving', reason: this.#notSaving, changes }
    if (changes === 0) return this.#saving.at === 'saved' ? this.#saving : { at: 'saved', since: this.#time.now() }
    if (this.#isLive) return { at: 'saving' }
    const isKept = this.#texts.lines.every(({ unsaved, keeper }) => unsaved === 0 || keeper.isOn)
    return { at: 'not-sent', changes, ...(isKept ? { kept: true } : {}) }
  }
  get #isLive(): boolean {
    return this.#connection.at === 'live'
  }
}
