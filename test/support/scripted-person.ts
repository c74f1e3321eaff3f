import * as Y from 'yjs'
import type { Receiver, Seated, SharedFrame } from '#server/delivery/receiver.ts'
import type { Command } from '#shared/domain/commands.ts'
import type { View, Viewer } from '#shared/domain/view.ts'
import { type AskId, type LeafId, mintId, type SeatId, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import {
  type Down,
  decodeDown,
  decodeUp,
  encodeUp,
  type Look,
  type Opened,
  type Place,
  type Resume,
  type Shown,
  type Up,
} from '#shared/protocol/frames.ts'
import { applyPatch, type Json, unpack } from '#shared/protocol/patch.ts'
import type { Refusal } from '#shared/refusals.ts'
import { insertAt } from '#shared/text/leaf.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import type { Random, Time } from '#shared/world.ts'

/** Everything one connection was sent, in order, as bytes. */
export interface Received {
  at: number
  bytes: Uint8Array
  frame: Down
}

/** One text as a scripted person has it. */
export class PersonsText {
  readonly doc = new Y.Doc()
  readonly opened: Opened
  channel: number
  structure: Json
  applied = 0
  /** The frame on its way, and what was typed meanwhile. */
  flight: { number: number; update: Uint8Array } | null = null
  unsent: Uint8Array[] = []
  number: number
  /** Ended, or begun anew: nothing more comes for it. */
  isClosed = false
  /** Its lane was refused: it only reads on. */
  isReadOnly = false

  constructor(opened: Opened, update: Uint8Array) {
    this.opened = opened
    this.channel = opened.channel
    this.structure = opened.structure
    this.number = opened.lane.number
    Y.applyUpdate(this.doc, update, 'room')
    this.doc.clientID = opened.lane.client
    this.doc.on('update', (bytes: Uint8Array, origin: unknown) => {
      if (origin === 'typed') this.unsent.push(bytes)
    })
  }

  get view(): StructureView {
    return unpack(this.structure) as unknown as StructureView
  }

  /** Every clause, items after their parent. */
  get clauses(): ClauseView[] {
    const all = (clause: ClauseView): ClauseView[] => [clause, ...clause.items.flatMap(all)]
    return this.view.articles.flatMap((article) => article.clauses.flatMap(all))
  }

  words(leaf: LeafId): string {
    return this.doc.getText(leaf).toString()
  }

  get resume(): Resume {
    const vector = Buffer.from(Y.encodeStateVector(this.doc)).toString('base64')
    return { incarnation: this.opened.incarnation, vector, client: this.doc.clientID }
  }
}

/** As the room's client does. */
const HELD_AGAIN_MS = 300

export interface PersonOptions {
  id: string
  viewer: Viewer
  time: Time
  random: Random
}

/**
 * A scripted person: a small client that follows the protocol, on a line the test can hold. What it is sent waits in `inbox`
 * while `isHeld`; `deliver` hands it over.
 */
export class Person implements Receiver {
  readonly id: string
  readonly viewer: Viewer
  readonly received: Received[] = []
  readonly texts = new Map<TrackId, PersonsText>()
  readonly here = new Map<TrackId, SeatId[]>()
  readonly places = new Map<SeatId, Place | null>()
  readonly refusedWords: Refusal[] = []
  readonly withdrawn: TrackId[] = []
  saving: Down | null = null
  /** How the connection ended. */
  end: Refusal | 'reset' | null = null
  isHeld = false
  /** What it says waits too, until `speak`. */
  isMuted = false
  /** Whether it says what it applied, and when it closed a view. */
  acknowledges = true
  view: View | null = null
  #inbox: Received[] = []
  #outbox: Up[] = []
  #packed: Json = null
  #mark = ''
  readonly #time: Time
  readonly #random: Random
  #seated: Seated | null = null
  readonly #asks = new Map<AskId, (answer: Outcome<Down, Refusal>) => void>()

  constructor(options: PersonOptions) {
    this.id = options.id
    this.viewer = options.viewer
    this.#time = options.time
    this.#random = options.random
  }

  sit(seated: Seated): void {
    this.#seated = seated
  }

  get seat(): SeatId {
    return this.viewer.seat
  }

  // ---- the server's side of the line

  send(bytes: Uint8Array): void {
    if (this.end) throw new Error(`${this.id} was written to after its end`)
    const frame = decodeDown(bytes)
    if (!frame) throw new Error('the server sent bytes that are no frame')
    const received = { at: this.#time.now(), bytes, frame }
    this.received.push(received)
    this.#inbox.push(received)
    if (!this.isHeld) this.deliver()
  }

  sendShared(frame: SharedFrame): void {
    this.send(frame.bytes)
  }

  close(refusal: Refusal): void {
    this.#ended(refusal)
  }

  reset(): void {
    this.#ended('reset')
  }

  #ended(how: Refusal | 'reset'): void {
    if (this.end) return
    this.end = how
    this.#inbox = []
    this.#outbox = []
    this.#seated?.left()
    for (const answer of this.#asks.values()) answer(refuse({ code: 'unanswered' }))
    this.#asks.clear()
  }

  /** Goes away as a phone in a tunnel does. */
  drop(): void {
    this.#ended('reset')
  }

  /** Takes up to `count` frames that wait. */
  deliver(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count; i++) {
      const next = this.#inbox.shift()
      if (!next) return
      this.#take(next)
    }
  }

  get waiting(): number {
    return this.#inbox.length
  }

  // ---- what it does

  say(frame: Up): void {
    const parsed = decodeUp(encodeUp(frame))
    if (!parsed || this.end) return
    this.#outbox.push(parsed)
    if (!this.isMuted) queueMicrotask(() => this.speak())
  }

  /** Hands up to `count` of its frames to the server. */
  speak(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && !this.end; i++) {
      const frame = this.#outbox.shift()
      if (!frame) return
      this.#seated?.receive(frame)
    }
  }

  #ask(frame: (ask: AskId) => Up): Promise<Outcome<Down, Refusal>> {
    const ask = mintId<AskId>(this.#random.bytes(22))
    return new Promise((resolve) => {
      this.#asks.set(ask, resolve)
      this.say(frame(ask))
    })
  }

  async act(command: Command): Promise<Outcome<string[], Refusal>> {
    const answer = await this.#ask((ask) => ({ frame: 'act', ask, command }))
    if (!answer.ok) return answer
    return ok(answer.value.frame === 'answered' ? answer.value.made : [])
  }

  async look(look: Look): Promise<Outcome<Shown, Refusal>> {
    const answer = await this.#ask((ask) => ({ frame: 'look', ask, look }))
    if (!answer.ok) return answer
    if (answer.value.frame !== 'shown') throw new Error('a look is answered by what is shown')
    return ok(answer.value.shown)
  }

  async open(track: TrackId, resume?: Resume): Promise<Outcome<PersonsText, Refusal>> {
    const answer = await this.#ask((ask) => ({ frame: 'open', ask, track, ...(resume ? { resume } : {}) }))
    if (!answer.ok) return answer
    // It may have been withdrawn behind the answer.
    const text = this.texts.get(track)
    return text ? ok(text) : refuse({ code: 'no-such-thing' })
  }

  text(track: TrackId): PersonsText {
    const text = this.texts.get(track)
    if (!text) throw new Error(`${this.id} has ${track} not open`)
    return text
  }

  type(track: TrackId, leaf: LeafId, index: number, words: string): void {
    const text = this.text(track)
    insertAt(text.doc.getText(leaf), index, words, 'typed')
    this.flush(text)
  }

  erase(track: TrackId, leaf: LeafId, index: number, length: number): void {
    const text = this.text(track)
    text.doc.transact(() => text.doc.getText(leaf).delete(index, length), 'typed')
    this.flush(text)
  }

  /** Sends what was typed, one frame at a time. */
  flush(text: PersonsText): void {
    if (text.flight || text.unsent.length === 0 || text.isClosed || text.isReadOnly) return
    const update = Y.mergeUpdates(text.unsent.splice(0))
    text.flight = { number: text.number, update }
    this.say({ frame: 'words', channel: text.channel, number: text.number, update })
  }

  #take({ frame, bytes }: Received): void {
    switch (frame.frame) {
      case 'welcome':
        this.#packed = frame.view
        this.#mark = frame.mark
        this.view = unpack(frame.view) as unknown as View
        return
      case 'view':
        if (frame.from !== this.#mark) throw new Error('a patch of a view it does not have')
        this.#packed = applyPatch(this.#packed, frame.patch)
        this.#mark = frame.mark
        this.view = unpack(this.#packed) as unknown as View
        return
      case 'answered':
      case 'shown':
        this.#answer(frame.ask, ok(frame))
        return
      case 'refused':
        this.#answer(frame.ask, refuse(frame.refusal))
        return
      case 'opened':
        this.#opened(frame)
        return
      case 'text':
        this.#text(frame, bytes.length)
        return
      case 'acked':
        this.#acked(frame)
        return
      case 'words-refused':
        this.#wordsRefused(frame)
        return
      case 'withdrawn':
        this.#withdrawn(frame)
        return
      case 'presence':
        this.here.set(
          frame.track,
          frame.here.map(({ seat }) => seat),
        )
        for (const { seat, place } of frame.here) this.places.set(seat, place)
        return
      case 'saving':
        this.saving = frame
        return
      case 'stirred':
      case 'bye':
        return
      default:
        throw frame satisfies never
    }
  }

  #answer(ask: AskId, answer: Outcome<Down, Refusal>): void {
    const asked = this.#asks.get(ask)
    this.#asks.delete(ask)
    asked?.(answer)
  }

  #opened(frame: Extract<Down, { frame: 'opened' }>): void {
    const { track } = frame.opened
    const known = this.texts.get(track)
    if (known && frame.opened.resumed) {
      Y.applyUpdate(known.doc, frame.update, 'room')
      known.channel = frame.opened.channel
      known.structure = frame.opened.structure
      known.applied = 0
      known.isClosed = false
      known.isReadOnly = false
      this.#goOn(known, frame.opened)
    } else {
      if (known) known.isClosed = true
      this.texts.set(track, new PersonsText(frame.opened, frame.update))
    }
    if (frame.ask) this.#answer(frame.ask, ok(frame))
  }

  /** Goes on with the lane where the server says it stands. */
  #goOn(text: PersonsText, { lane }: Opened): void {
    const { flight } = text
    if (lane.client !== text.doc.clientID) throw new Error('a scripted person keeps its lane')
    text.number = lane.number
    // The very same frame: its first copy may be on its way into the log still.
    if (flight?.number === lane.number) this.say({ frame: 'words', channel: text.channel, ...flight })
    else text.flight = null
    this.flush(text)
  }

  #text(frame: Extract<Down, { frame: 'text' }>, length: number): void {
    const text = [...this.texts.values()].find(({ channel, isClosed }) => channel === frame.channel && !isClosed)
    if (!text) throw new Error(`${this.id} was sent words of a text it has not open`)
    if (frame.structure) text.structure = applyPatch(text.structure, frame.structure)
    if (frame.update) Y.applyUpdate(text.doc, frame.update, 'room')
    if (text.doc.store.pendingStructs) throw new Error('words arrived before what they follow')
    text.applied += length
    if (this.acknowledges) this.say({ frame: 'got', channel: text.channel, bytes: text.applied })
  }

  #acked({ channel, number }: Extract<Down, { frame: 'acked' }>): void {
    const text = [...this.texts.values()].find((one) => one.channel === channel)
    if (!text || text.flight?.number !== number) return
    text.flight = null
    text.number = number + 1
    this.flush(text)
  }

  #wordsRefused({ channel, refusal }: Extract<Down, { frame: 'words-refused' }>): void {
    this.refusedWords.push(refusal)
    const text = [...this.texts.values()].find((one) => one.channel === channel)
    if (text && refusal.code === 'text-held') this.#time.after(HELD_AGAIN_MS, () => this.#again(text))
    else if (text) text.isReadOnly = true
  }

  /** The lane stands: the same frame goes out again. */
  #again(text: PersonsText): void {
    if (text.flight && !text.isClosed) this.say({ frame: 'words', channel: text.channel, ...text.flight })
  }

  #withdrawn({ withdrawal, track }: Extract<Down, { frame: 'withdrawn' }>): void {
    this.withdrawn.push(track)
    this.texts.delete(track)
    if (this.acknowledges) this.say({ frame: 'receipt', withdrawal })
  }
}
