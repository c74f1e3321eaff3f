import * as Y from 'yjs'
import type { TrackView } from '#shared/domain/view.ts'
import { type AskId, type ClauseId, type LeafId, mintId, type TrackId } from '#shared/ids.ts'
import type { Down, Opened, Place } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import { Alarm } from './alarm.ts'
import { isDoneAnyway, mayComeAgain } from './asks.ts'
import { type CopyOf, type CopyPorts, nothingOf, TextCopy } from './copy.ts'
import { Listeners } from './events.ts'
import { Flow } from './flow.ts'
import { Here } from './here.ts'
import type { KeptUnsent } from './keep.ts'
import { keptOf, TextKeeper } from './keeper.ts'
import { Opening } from './opening.ts'
import type { TypedCommand } from './plan.ts'
import { comeBack } from './returning.ts'
import { type LostWords, type OpenText, Refused, type TextEventName } from './room.ts'
import type { Beginning, TextPorts } from './text-ports.ts'
import { leafOpenedBy, lostWords, putOver, unsentOf } from './unsent.ts'
import { Waiters } from './waiters.ts'

/** Words were not taken and the lane stands: so long until they are sent again when nothing else says so. */
const AGAIN_MS = 300
const NO_UPDATE = Y.encodeStateAsUpdate(new Y.Doc())

/**
 * One open text's line to the server, and one copy of it after another: what was written goes out and comes to rest, whatever
 * happens to the connection, the incarnation or the seat's rights meanwhile.
 */
export class TextLine {
  readonly track: TrackId
  readonly #ports: TextPorts
  readonly #told = new Listeners<Record<TextEventName, unknown>>()
  readonly #here: Here
  #copy: TextCopy
  #flow: Flow
  /** What stands for this text on the present connection; null while there is none. */
  #channel: number | null
  /** When the seat's present sight began: words are carried within one sight only. */
  #since: number
  #level: OpenText['level']
  #over: Refusal | null = null
  /** Leaves whose opening was refused, and their clauses: their words go back to their author. */
  readonly #barred = new Map<LeafId, ClauseId>()
  /** Why the text is to be taken anew once nothing is in flight. */
  #due: Refusal | null = null
  /** Words were refused, and none were taken since. */
  #isRefused = false
  /** Nobody looks any more: it ends when all is saved. */
  #isClosing = false
  readonly #waiters = new Waiters()
  readonly #keeper: TextKeeper
  readonly #again: Alarm
  readonly #opening: Opening
  #wasSaved = true

  constructor({ opened, update, channel, since, past }: Beginning, ports: TextPorts) {
    this.track = opened.track
    this.#ports = ports
    this.#level = this.#reached(opened.level)
    this.#since = since
    this.#channel = channel
    this.#flow = this.#newFlow(channel ?? 0)
    this.#here = new Here(ports.time, (place) => {
      if (this.#channel !== null) this.#ports.send({ frame: 'here', channel: this.#channel, place })
    })
    this.#again = new Alarm(ports.time, AGAIN_MS, () => this.sendAgain())
    this.#opening = new Opening(this.track, ports, (refusal) => this.end(refusal, 'withdrawn'))
    const text = (isWhole: boolean) =>
      keptOf(this.#copy, { title: this.#seen?.title ?? '', since: this.#since, level: this.#level }, isWhole)
    const { time, keep: put, changed } = ports
    this.#keeper = new TextKeeper({ time, isAway: () => this.#channel === null, text, put, changed }, channel === null)
    this.#copy = this.#newCopy(opened, update, past)
    if (channel === null) this.#copy.outbox.pause()
    this.#keeper.allow(ports.mayKeep())
  }
  get #seen(): TrackView | undefined {
    return this.#ports.view().tracks.find(({ id }) => id === this.track)
  }

  get copy(): TextCopy {
    return this.#copy
  }
  get level(): OpenText['level'] {
    return this.#level
  }
  get channel(): number | null {
    return this.#channel
  }
  /** Why it ended; null while it has not. */
  get over(): Refusal | null {
    return this.#over
  }
  get unsaved(): number {
    return this.#over ? 0 : this.#copy.outbox.unsaved
  }
  /** The leaves whose last words can not go out now. */
  get unsent(): ReadonlySet<LeafId> {
    return this.#over || this.#channel !== null ? new Set() : this.#copy.outbox.places
  }
  get #isSaved(): boolean {
    return this.#copy.outbox.unsaved === 0 && this.#due === null
  }
  saved(): Promise<void> {
    if (this.#over) return Promise.reject(new Refused(this.#over))
    if (this.#isSaved) return Promise.resolve()
    return this.#waiters.wait()
  }
  /** The device's copy of it. */
  get keeper(): TextKeeper {
    return this.#keeper
  }
  here(place: Place | null): void {
    this.#here.at(place)
  }
  on(event: TextEventName, listener: (detail: unknown) => void): () => void {
    return this.#told.on(event, listener)
  }
  close(): void {
    this.#told.clear()
    this.#isClosing = true
    this.#endWhenSaved()
  }
  reopen(): void {
    this.#isClosing = false
  }
  #endWhenSaved(): void {
    if (!this.#isClosing || this.#over || !this.#isSaved) return
    if (this.#keeper.isOn && !this.#keeper.isDurable) return void this.#keeper.now().then(() => this.#endWhenSaved())
    if (this.#channel !== null) this.#ports.send({ frame: 'leave', channel: this.#channel })
    this.end({ code: 'no-such-thing' })
  }

  // ---- copies

  #newCopy(opened: CopyOf, update: Uint8Array, past: KeptUnsent | null = null): TextCopy {
    const { time, by, view } = this.#ports
    const copyPorts: CopyPorts = {
      time,
      by,
      view,
      level: () => this.#level,
      mint: () => this.#mint(),
      words: (number, bytes) => {
        if (this.#channel !== null) this.#ports.send({ frame: 'words', channel: this.#channel, number, update: bytes })
      },
      ask: (ask, command) => this.#askTyped(ask, command),
      changed: () => {
        if (copy !== this.#copy) return
        this.#keeper.changed('unsent')
        this.#tellSaved()
      },
      told: (event, detail) => {
        if (copy === this.#copy && !this.#over) this.#told.tell(event, detail)
      },
    }
    const copy: TextCopy = new TextCopy(opened, update, copyPorts, past)
    return copy
  }
  #newFlow(channel: number): Flow {
    return new Flow(this.#ports.time, (bytes) => this.#ports.send({ frame: 'got', channel, bytes }))
  }
  #onLine(channel: number): void {
    this.#channel = channel
    this.#flow.end()
    this.#flow = this.#newFlow(channel)
    this.#here.again()
  }

  /**
   * Another copy takes the place of this one. Within one unbroken sight what was unsent goes over, but for words that a
   * refusal names or that may not stand there any more: those go back to their author. Words refused twice are not tried again.
   */
  #carry(opened: Opened, update: Uint8Array, refusal: Refusal | null): void {
    const old = this.#copy
    const unsent = unsentOf(old)
    const since = this.#since
    this.#due = null
    this.#since = this.#seen?.since ?? 0
    this.#setLevel(this.#reached(opened.level))
    this.#onLine(opened.channel)
    this.#copy = this.#newCopy(opened, update)
    if (this.#keeper.isOn) this.#sendOnceKept(this.#copy)
    old.end()
    const mayGoOver = since === this.#since && !(refusal && this.#isRefused)
    this.#isRefused = refusal !== null
    const kept = mayGoOver ? putOver(unsent, this.#copy, this.#barred) : new Set<LeafId>()
    const lost = unsent.changes.filter(({ leaf }) => !kept.has(leaf))
    const words = lostWords(lost, unsent.structure, this.#barred)
    this.#barred.clear()
    this.#told.tell('renewed', null)
    if (refusal || words.length > 0) this.#waiters.notSaved(refusal ?? { code: 'renewed' })
    if (refusal) this.#tellLost('refused', { refusal, words })
    else if (words.length > 0) this.#tellLost('set-aside', { words })
    this.#keeper.changed('served')
    this.#tellSaved()
  }
  /** What went over goes out under another lane: a page that comes after this one must not find it under the old one. */
  #sendOnceKept(copy: TextCopy): void {
    copy.outbox.pause()
    void Promise.resolve()
      .then(() => this.#keeper.now())
      .then(() => {
        if (copy === this.#copy && this.#channel !== null && !this.#over) copy.outbox.go()
      })
  }
  // ---- the line

  hear(frame: Extract<Down, { frame: 'text' | 'acked' | 'words-refused' }>, size: number): void {
    if (frame.frame === 'acked') this.#acked(frame.number)
    else if (frame.frame === 'words-refused') this.#wordsRefused(frame.number, frame.refusal)
    else this.#textCame(frame, size)
  }
  #textCame({ structure, moves, update }: Extract<Down, { frame: 'text' }>, size: number): void {
    if (structure) this.#copy.patched(structure)
    const isWhole = update ? this.#copy.apply(update) : true
    this.#flow.applied(size)
    if (moves.length > 0) this.#told.tell('moves', moves)
    if (structure) this.#told.tell('structure', null)
    this.#copy.tellServed()
    this.#keeper.changed('served')
    if (!isWhole) this.#resync()
  }
  #acked(number: number): void {
    this.#isRefused = false
    this.#copy.outbox.acked(number)
    this.#keeper.changed('served')
    this.#takeAnewIfDue()
  }

  /** The connection is gone: one goes on writing, nothing is sent. */
  lost(): void {
    this.#channel = null
    this.#flow.end()
    this.#copy.outbox.pause()
    this.#again.cancel()
    void this.#keeper.now()
  }
  /** A connection is there again. */
  resume(): void {
    const copy = this.#copy
    if (copy.outbox.pastLane === null) this.#opening.ask(copy.resume, (opened, update) => this.#resumed(opened, update))
    else {
      comeBack(copy, {
        open: this.#opening.ask,
        carry: (opened, update) => this.#carry(opened, update, null),
        afresh: () => this.#afresh(null),
      })
    }
  }

  /** What the document waits for was lost: asked for by state vector. */
  #resync(): void {
    if (this.#over || !this.#ports.isLive()) return
    this.lost()
    this.resume()
  }
  #resumed(opened: Opened, update: Uint8Array): void {
    const { outbox } = this.#copy
    // The frame in flight may have been recorded before the line went.
    if (opened.was && outbox.flying !== null && opened.was.number > outbox.flying) outbox.acked(outbox.flying)
    if (!opened.resumed) {
      this.#carry(opened, update, null)
      return
    }
    this.#onLine(opened.channel)
    this.#setLevel(this.#reached(opened.level))
    this.#copy.structured(opened.structure)
    const isWhole = this.#copy.apply(update)
    if (!isWhole || !outbox.resume(opened.lane)) {
      this.#afresh(this.#due)
      return
    }
    this.#told.tell('structure', null)
    this.#copy.tellServed()
    this.#told.tell('caught-up', null)
    this.#keeper.changed('served')
    this.#takeAnewIfDue()
    this.#tellSaved()
  }

  /** The server began a new incarnation. */
  renewed(opened: Opened, update: Uint8Array): void {
    if (!this.#over) this.#carry(opened, update, null)
  }
  /** What is in flight comes to its end first: nobody could say later whether it was recorded. */
  #takeAnewIfDue(): void {
    if (this.#due && this.#channel !== null && this.#copy.outbox.flying === null) this.#afresh(this.#due)
  }
  /** Takes the text anew from the server, and puts what was unsent on top of it. */
  #afresh(refusal: Refusal | null): void {
    this.lost()
    this.#opening.ask(null, (opened, update) => this.#carry(opened, update, refusal))
  }

  // ---- answers to what was typed

  #askTyped(ask: AskId, command: TypedCommand): void {
    this.#ports.ask(
      { frame: 'act', ask, command },
      {
        answered: () => this.#answered(ask),
        refused: (refusal) => this.#askRefused(ask, command, refusal),
      },
    )
  }
  #answered(ask: AskId): void {
    if (!this.#copy.outbox.answered(ask)) return
    this.#copy.overlay.answered(ask)
    this.#tellSaved()
  }
  #askRefused(ask: AskId, command: TypedCommand, refusal: Refusal): void {
    if (this.#over) return
    if (mayComeAgain(refusal)) this.#again.set()
    else if (refusal.code === 'already-exists') this.#answered(ask)
    else if (this.#copy.outbox.answered(ask)) this.#turnedDown(ask, command, refusal)
  }
  #turnedDown(ask: AskId, command: TypedCommand, refusal: Refusal): void {
    this.#copy.overlay.drop(ask)
    this.#copy.redraw()
    this.#told.tell('structure', null)
    const leaf = leafOpenedBy(command)
    if (leaf && command.type === 'OpenBracket') {
      // Its words are in the document and perhaps on their way: they come back to their author with another copy.
      this.#barred.set(leaf, command.clause)
      this.#copy.outbox.hold()
      this.#due ??= refusal
      this.#takeAnewIfDue()
    } else if (!isDoneAnyway(command, refusal)) {
      this.#waiters.notSaved(refusal)
      this.#tellLost('refused', { refusal, words: [] })
    }
    this.#tellSaved()
  }
  #wordsRefused(number: number, refusal: Refusal): void {
    if (number !== this.#copy.outbox.flying) return
    if (mayComeAgain(refusal)) this.#again.set()
    // The server hands on the new incarnation by itself.
    else if (refusal.code !== 'renewed') this.#afresh(this.#due ?? refusal)
  }
  /** What was not taken is sent again: the log takes words again, or some time has passed. */
  sendAgain(): void {
    if (this.#channel !== null && !this.#over) this.#copy.outbox.again()
  }

  // ---- level and end

  /** The view changed. */
  looked(): void {
    if (this.#seen) this.#setLevel(this.#reached(this.#seen.level))
    this.#copy.lookAgain()
    this.#keeper.allow(this.#ports.mayKeep())
  }
  /** In a track that is paused or closed one reads, whatever one may do there else. */
  readonly #reached = (level: OpenText['level']): OpenText['level'] =>
    this.#seen && this.#seen.status !== 'open' ? 'read' : level
  #setLevel(level: OpenText['level']): void {
    if (level === this.#level) return
    this.#level = level
    this.#told.tell('level', level)
  }

  /** The text is closed and forgotten. `told`: the event that says so, with what its author may keep. */
  end(refusal: Refusal, told?: 'withdrawn'): void {
    if (this.#over) return
    const { changes, structure } = unsentOf(this.#copy)
    const words = lostWords(changes, structure, this.#barred)
    this.#keeper.end()
    this.lost()
    this.#over = refusal
    this.#opening.forget()
    this.#here.end()
    this.#copy.end()
    this.#copy = this.#newCopy(nothingOf(this.#copy), NO_UPDATE)
    this.#waiters.notSaved(refusal)
    this.#ports.ended()
    if (told) this.#tellLost(told, { refusal, words })
    this.#told.clear()
    this.#ports.changed()
  }

  #tellLost(event: 'withdrawn' | 'refused' | 'set-aside', detail: LostWords): void {
    if (!this.#isClosing) this.#told.tell(event, detail)
    else if (detail.words.length > 0) this.#ports.lost(detail)
  }
  #tellSaved(): void {
    const isSaved = this.#isSaved
    if (isSaved) {
      this.#waiters.saved()
      this.#copy.forgetDeleted()
    }
    if (isSaved && !this.#wasSaved) this.#told.tell('saved', null)
    this.#wasSaved = isSaved
    this.#ports.changed()
    this.#endWhenSaved()
  }
  #mint<T extends string>(): T {
    return mintId<T>(this.#ports.random.bytes(22))
  }
}
