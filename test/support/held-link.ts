import type { Link, LinkListener, Wire } from '#client/room/link.ts'
import type { OpenText, Room } from '#client/room/room.ts'
import { RoomClient } from '#client/room/room-client.ts'
import type { Receiver, Seated, SharedFrame } from '#server/delivery/receiver.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { SeatId, TrackId } from '#shared/ids.ts'
import { parseUp } from '#shared/protocol/command-schema.ts'
import { type Down, decodeDown, decodeUp, encodeDown, type Up } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import { settled } from './fake-world.ts'
import type { Stage } from './simulation.ts'

/**
 * The room's own client on the real server, with two queues between them that the test moves by hand: `up` to the server,
 * `down` to the client. A queue that is not held empties by itself, never during the call that filled it.
 */
export class HeldLink implements Link {
  readonly viewer: Viewer
  readonly up: Uint8Array[] = []
  readonly down: Uint8Array[] = []
  /** Everything the client said and heard, over all its connections. */
  readonly said: Up[] = []
  readonly heard: Down[] = []
  holdsUp = false
  holdsDown = false
  /** No connection comes to be. */
  isDead = false
  connections = 0
  readonly #stage: Stage
  #line: Line | null = null

  constructor(stage: Stage, viewer: Viewer) {
    this.#stage = stage
    this.viewer = viewer
  }

  connect(listener: LinkListener): Wire {
    const line = new Line(this, listener, `${this.viewer.seat}#${this.connections++}`)
    this.#line = line
    queueMicrotask(() => {
      if (this.isDead) line.cut()
      else void this.#enter(line)
    })
    return { send: (frame) => line.say(frame), close: () => line.left() }
  }
  async #enter(line: Line): Promise<void> {
    const entered = await this.#stage.delivery.enter(this.#stage.process, line)
    if (entered.ok) line.sit(entered.value)
    else line.close(entered.refusal)
  }

  /** Hands on what waits, at most `count` frames of each queue. */
  deliver(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && this.up.length > 0; i++) this.#line?.deliverUp()
    for (let i = 0; i < count && this.down.length > 0; i++) this.#line?.deliverDown()
  }
  deliverUp(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && this.up.length > 0; i++) this.#line?.deliverUp()
  }
  /** Nothing is held any more. */
  release(): void {
    this.holdsUp = false
    this.holdsDown = false
    this.deliver()
  }
  /** The line breaks: what is in the queues is lost, both sides notice. */
  cut(): void {
    this.#line?.cut()
  }
  /** The server says goodbye. */
  dismiss(refusal: Refusal): void {
    this.#line?.close(refusal)
  }
}

/** One connection. */
class Line implements Receiver {
  readonly id: string
  readonly viewer: Viewer
  readonly #link: HeldLink
  readonly #listener: LinkListener
  #seated: Seated | null = null
  #isOver = false
  #goodbye: Refusal | null = null

  constructor(link: HeldLink, listener: LinkListener, id: string) {
    this.#link = link
    this.#listener = listener
    this.id = id
    this.viewer = link.viewer
  }

  sit(seated: Seated): void {
    if (this.#isOver) seated.left()
    else this.#seated = seated
    this.#flowUp()
  }

  /** The client's side. */
  say(frame: Uint8Array): void {
    if (!this.#isOver) this.#queue(this.#link.up, frame, () => this.#flowUp())
  }
  left(): void {
    this.#end(false, null)
  }

  /** The server's side. */
  send(frame: Uint8Array): void {
    if (!this.#isOver) this.#queue(this.#link.down, frame, () => this.#flowDown())
  }
  sendShared({ bytes }: SharedFrame): void {
    this.send(bytes)
  }
  close(refusal: Refusal): void {
    this.#goodbye = refusal
    this.send(encodeDown({ frame: 'bye', refusal }))
  }
  reset(): void {
    this.#end(true, null)
  }
  cut(): void {
    this.#end(true, null)
  }

  #queue(queue: Uint8Array[], frame: Uint8Array, flow: () => void): void {
    queue.push(frame)
    queueMicrotask(flow)
  }
  #flowUp(): void {
    if (!this.#link.holdsUp) while (this.#seated && this.#link.up.length > 0 && !this.#isOver) this.deliverUp()
  }
  #flowDown(): void {
    if (!this.#link.holdsDown) while (this.#link.down.length > 0 && !this.#isOver) this.deliverDown()
  }
  deliverUp(): void {
    const bytes = this.#seated && this.#link.up.shift()
    if (!bytes) return
    const frame = decodeUp(bytes)
    if (!frame) throw new Error('the client sent what is no frame')
    const parsed = parseUp(frame)
    if (!parsed.ok) throw new Error(`${frame.frame}: ${JSON.stringify(parsed.refusal)}`)
    this.#link.said.push(frame)
    this.#seated?.receive(parsed.value)
  }
  deliverDown(): void {
    const bytes = this.#link.down.shift()
    const frame = bytes && decodeDown(bytes)
    if (!bytes || !frame) throw new Error('the server sent what is no frame')
    this.#link.heard.push(frame)
    this.#listener.frame(bytes)
    if (this.#goodbye && frame.frame === 'bye') this.#end(true, null)
  }

  #end(tells: boolean, refusal: Refusal | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#link.up.length = 0
    this.#link.down.length = 0
    this.#seated?.left()
    if (tells) this.#listener.closed(refusal)
  }
}

export interface Entered {
  room: Room
  link: HeldLink
  /** Opens a text and waits for it. */
  open(track: TrackId): Promise<OpenText>
}

/** Somebody enters with the room's own client. */
export async function enterStage(stage: Stage, seat: SeatId): Promise<Entered> {
  const link = new HeldLink(stage, { seat, confined: false, session: null })
  const nth = entered.get(stage) ?? 0
  entered.set(stage, nth + 1)
  const random = stage.random.stream(`client:${seat}:${nth}`)
  const room = new RoomClient(link, { time: stage.time, random })
  await settled()
  await room.entered
  return {
    room,
    link,
    async open(track) {
      const opening = room.open(track)
      await settled()
      return opening
    },
  }
}
/** How many entered each stage, so that each draws chance of its own. */
const entered = new WeakMap<Stage, number>()
