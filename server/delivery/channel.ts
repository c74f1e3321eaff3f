import * as Y from 'yjs'
import type { Viewer } from '#shared/domain/view.ts'
import type { IncarnationId, TrackId } from '#shared/ids.ts'
import { encodeDown } from '#shared/protocol/frames.ts'
import { diff, type Json } from '#shared/protocol/patch.ts'
import type { Move } from '#shared/text/structure.ts'
import type { SharedFrame } from './receiver.ts'

/** How much of one text a reader may have un-acknowledged before more waits on this side. */
const TRACK_WINDOW = 64 * 1024
/** Waiting updates are merged when they are this many, while they are small: large ones are the same bytes for all who wait. */
const MERGE_AT = 64
const MERGE_BYTES = 64 * 1024

/** What a channel needs of its connection. */
export interface Line {
  readonly by: Pick<Viewer, 'seat' | 'confined'>
  send(frame: Uint8Array): void
  sendShared(frame: SharedFrame): void
  /** Whether the whole connection has room for more un-acknowledged bytes. */
  readonly hasRoom: boolean
  /** More or fewer bytes are un-acknowledged. */
  outstanding(change: number): void
}

/** One flush of a text: encoded once for all whose structure is at `from`. */
export interface Part {
  from: Json
  to: Json
  moves: Move[]
  updates: Uint8Array[]
  /** The lane that wrote all of it; null when several did, or when structure changed too. */
  by: number | null
  frames: SharedFrame[]
}

interface Waiting {
  updates: Uint8Array[]
  moves: Move[]
}

/** One open text of one connection: what it has, what it acknowledged, what waits for it. */
export class Channel {
  readonly line: Line
  readonly track: TrackId
  readonly incarnation: IncarnationId
  readonly number: number
  /** The lane it writes under; null once refused or taken over. */
  client: number | null
  /** The structure as last sent to it, or as it will be with what waits. */
  #structure: Json
  #target: Json
  #sent = 0
  #got = 0
  #waiting: Waiting | null = null
  #acks: number[] = []
  /** The first frame number that came over this line. */
  #offered: number | null = null
  /** One past the highest frame number that was acknowledged or will be. */
  #acked: number

  constructor(
    line: Line,
    opened: {
      track: TrackId
      incarnation: IncarnationId
      number: number
      client: number
      structure: Json
      acked: number
    },
  ) {
    this.line = line
    this.track = opened.track
    this.incarnation = opened.incarnation
    this.number = opened.number
    this.client = opened.client
    this.#structure = opened.structure
    this.#target = opened.structure
    this.#acked = opened.acked
  }

  /** A flush of the text. `isHeld`: the seat's sight is being cut; nothing goes out. */
  take(part: Part, isHeld: boolean): void {
    if (this.#waiting || isHeld || !this.#hasRoom) {
      this.#wait(part)
      return
    }
    if (this.#structure !== part.from) this.#sendOwn(part)
    else if (!this.#isSender(part))
      for (const frame of part.frames) this.#write(frame.bytes, () => this.line.sendShared(frame))
    this.#structure = part.to
    this.#target = part.to
    this.#sendAcks()
  }

  /** The reader sent this frame of its lane over this very line: it has the words. */
  offered(number: number): void {
    this.#offered ??= number
  }

  /** Whether the part is nothing but what this reader sent itself: the acknowledgement says all of it. */
  #isSender({ by }: Part): boolean {
    const first = this.#offered
    return by !== null && by === this.client && first !== null && this.#acks.every((number) => number >= first)
  }

  /** The lane's frame is durable: said after the text that carries it. */
  recorded(number: number): void {
    if (number < this.#acked) return
    this.#acked = number + 1
    this.#acks.push(number)
  }

  /** Whether the lane's frame was recorded before. */
  hasRecorded(number: number): boolean {
    return number < this.#acked
  }

  /** Says once more that the frame is durable, unless that is about to be said. */
  acknowledgeAgain(number: number): void {
    if (!this.#acks.includes(number)) this.line.send(encodeDown({ frame: 'acked', channel: this.number, number }))
  }

  /** The reader has applied so many bytes since `opened`. True when that is news. */
  got(bytes: number): boolean {
    const got = Math.min(bytes, this.#sent)
    if (got <= this.#got) return false
    this.line.outstanding(this.#got - got)
    this.#got = got
    return true
  }

  /** Sends what waits, as one, if it may. */
  resume(isHeld: boolean): void {
    if (this.#waiting && !isHeld && this.#hasRoom) this.sendWaiting()
  }

  /** Sends what waits whatever the windows say: the text is about to begin anew. */
  sendWaiting(): void {
    const waiting = this.#waiting
    if (!waiting) return
    this.#waiting = null
    this.#sendOwn({ to: this.#target, ...waiting })
    this.#structure = this.#target
    this.#sendAcks()
  }

  /** Nothing that waits is ever sent; what was sent is nobody's concern any more. */
  close(): void {
    this.#waiting = null
    this.#acks = []
    this.client = null
    this.line.outstanding(this.#got - this.#sent)
    this.#got = this.#sent
  }

  #wait({ updates, moves, to }: Part): void {
    const waiting = this.#waiting ?? { updates: [], moves: [] }
    waiting.updates.push(...updates)
    waiting.moves.push(...moves)
    if (waiting.updates.length > MERGE_AT && sizeOf(waiting.updates) < MERGE_BYTES)
      waiting.updates = [Y.mergeUpdates(waiting.updates)]
    this.#waiting = waiting
    this.#target = to
  }

  #sendOwn({ to, moves, updates }: Pick<Part, 'to' | 'moves' | 'updates'>): void {
    const patch = diff(this.#structure, to)
    const structure = patch.length > 0 ? patch : null
    const update = updates.length > 0 ? merged(updates) : null
    if (!structure && !update && moves.length === 0) return
    const frame = encodeDown({ frame: 'text', channel: this.number, structure, moves, update })
    this.#write(frame, () => this.line.send(frame))
  }

  #write(frame: Uint8Array, write: () => void): void {
    this.#sent += frame.length
    this.line.outstanding(frame.length)
    write()
  }

  #sendAcks(): void {
    for (const number of this.#acks) this.line.send(encodeDown({ frame: 'acked', channel: this.number, number }))
    this.#acks = []
  }

  /** A frame larger than the window goes out alone. */
  get #hasRoom(): boolean {
    const outstanding = this.#sent - this.#got
    return outstanding === 0 || (outstanding < TRACK_WINDOW && this.line.hasRoom)
  }
}

/** Updates in log order as one. */
export const merged = (updates: Uint8Array[]): Uint8Array =>
  updates.length === 1 ? (updates[0] as Uint8Array) : Y.mergeUpdates(updates)

const sizeOf = (updates: Uint8Array[]): number => updates.reduce((sum, { length }) => sum + length, 0)
