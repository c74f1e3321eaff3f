import type { Socket } from 'socket.io'
import type { Viewer } from '#shared/domain/view.ts'
import { type ProcessId, parseAskId } from '#shared/ids.ts'
import { parseUp } from '#shared/protocol/command-schema.ts'
import { decodeUp, encodeDown, MAX_FRAME_UP, type Up } from '#shared/protocol/frames.ts'
import { FRAME_EVENT } from '#shared/protocol/parser.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Time } from '#shared/world.ts'
import type { Delivery, Receiver, Seated, SharedFrame } from '../delivery/receiver.ts'
import type { Telemetry } from '../telemetry.ts'
import { Bucket, BYTES, FRAMES, GOODBYE_MS, LOOK_EVERY_FRAMES, MAX_BACKLOG, MAX_EARLY_FRAMES } from './limits.ts'
import { backlog, cut, pauseReading, resumeReading, writeFrame, writeShared } from './wire.ts'

export interface SessionOptions {
  socket: Socket
  process: ProcessId
  viewer: Viewer
  delivery: Delivery
  time: Time
  telemetry: Telemetry
  /** Called once, when the connection is gone. */
  onGone: () => void
}

type Life =
  | { at: 'entering'; early: Uint8Array[] }
  | { at: 'seated'; seated: Seated }
  /** The goodbye is written or the line is cut; nothing more is heard or said. */
  | { at: 'leaving' }

/** One connection's life after its handshake: bytes to parsed frames, frames to bytes. No rule lives here. */
export class Session implements Receiver {
  readonly id: string
  readonly viewer: Viewer
  readonly #options: SessionOptions
  readonly #frames: Bucket
  readonly #bytes: Bucket
  #life: Life = { at: 'entering', early: [] }
  #paused = false
  #sent = 0

  constructor(options: SessionOptions) {
    const { socket, time } = options
    this.id = socket.id
    this.viewer = options.viewer
    this.#options = options
    this.#frames = new Bucket(FRAMES, () => time.now())
    this.#bytes = new Bucket(BYTES, () => time.now())
    // Before Socket.IO looks at it: pongs and frames alike.
    socket.conn.on('packet', (packet: { data?: unknown }) => this.#guarded(() => this.#pay(packet.data)))
    socket.on(FRAME_EVENT, (bytes: unknown) => this.#guarded(() => this.#hear(bytes)))
    socket.on('error', () => this.reset())
    socket.on('disconnect', () => this.#guarded(() => this.#gone()))
  }

  /** Asks delivery for a seat, then hands on what came meanwhile. */
  async enter(): Promise<void> {
    const { delivery, process } = this.#options
    const entered = await delivery.enter(process, this)
    if (!entered.ok) return this.close(entered.refusal)
    const life = this.#life
    if (life.at !== 'entering') return entered.value.left()
    this.#life = { at: 'seated', seated: entered.value }
    for (const bytes of life.early) this.#guarded(() => this.#hear(bytes))
  }

  send(frame: Uint8Array): void {
    if (this.#life.at === 'leaving') return
    writeFrame(this.#options.socket, frame)
    this.#tally(frame)
  }

  sendShared(frame: SharedFrame): void {
    if (this.#life.at === 'leaving') return
    writeShared(this.#options.socket, frame)
    this.#tally(frame.bytes)
  }

  close(refusal: Refusal): void {
    if (this.#life.at === 'leaving') return
    const { socket, time } = this.#options
    this.send(encodeDown({ frame: 'bye', refusal }))
    this.#leave()
    socket.conn.close()
    time.after(GOODBYE_MS, () => cut(socket))
  }

  reset(): void {
    this.#options.telemetry.count('sockets_reset')
    this.#leave()
    cut(this.#options.socket)
  }

  /** Budget before anything is parsed: a debt stops the reading, a flood ends the connection. */
  #pay(data: unknown): void {
    const size = data instanceof Uint8Array ? data.length : 1
    const wait = Math.max(this.#frames.take(1), this.#bytes.take(size))
    if (wait === 0 || this.#life.at === 'leaving') return
    if (this.#frames.flooded || this.#bytes.flooded) this.close({ code: 'too-fast', retryAfterMs: wait })
    else if (!this.#paused) this.#rest(wait)
  }

  /** The other side's sends wait in the network meanwhile. */
  #rest(wait: number): void {
    this.#paused = true
    pauseReading(this.#options.socket)
    this.#options.time.after(wait, () => {
      // What the network had already brought was taken on credit.
      const more = Math.max(this.#frames.take(0), this.#bytes.take(0))
      if (more > 0) return this.#rest(more)
      this.#paused = false
      resumeReading(this.#options.socket)
    })
  }

  #hear(bytes: unknown): void {
    const life = this.#life
    if (life.at === 'leaving') return
    if (!(bytes instanceof Uint8Array)) this.close({ code: 'malformed', where: '' })
    else if (life.at === 'seated') this.#take(bytes, life.seated)
    else if (life.early.length < MAX_EARLY_FRAMES) life.early.push(bytes)
    else this.close({ code: 'too-fast', retryAfterMs: GOODBYE_MS })
  }

  #take(bytes: Uint8Array, seated: Seated): void {
    this.#options.telemetry.count('frames_up')
    const frame = this.#parse(bytes)
    if (frame) seated.receive(frame)
  }

  /** Null when it was refused: to the ask if it can be named, else the connection ends with the reason. */
  #parse(bytes: Uint8Array): Up | null {
    if (bytes.length > MAX_FRAME_UP) return this.#refuse({ code: 'too-large', limit: MAX_FRAME_UP })
    const decoded = decodeUp(bytes)
    if (!decoded) return this.#refuse({ code: 'malformed', where: '' })
    const parsed = parseUp(decoded)
    if (parsed.ok) return parsed.value
    const ask = 'ask' in decoded && typeof decoded.ask === 'string' ? parseAskId(decoded.ask) : null
    if (!ask) return this.#refuse(parsed.refusal)
    this.#options.telemetry.count('frames_refused')
    this.send(encodeDown({ frame: 'refused', ask, refusal: parsed.refusal }))
    return null
  }

  #refuse(refusal: Refusal): null {
    this.#options.telemetry.count('frames_refused')
    this.close(refusal)
    return null
  }

  #leave(): void {
    const life = this.#life
    this.#life = { at: 'leaving' }
    if (life.at === 'seated') life.seated.left()
  }

  #gone(): void {
    if (this.#life.at !== 'leaving') this.#leave()
    // A client can leave the namespace and keep the line.
    this.#options.socket.conn.close()
    this.#options.onGone()
  }

  /** Words have windows of their own; this is for a reader that takes nothing at all off the line. */
  #tally(bytes: Uint8Array): void {
    const { telemetry, socket } = this.#options
    telemetry.count('frames_down')
    telemetry.count('bytes_down', bytes.length)
    this.#sent += 1
    if (this.#sent % LOOK_EVERY_FRAMES === 0 && backlog(socket) > MAX_BACKLOG) this.reset()
  }

  /** A bug in what a frame sets off ends this connection and no other. */
  #guarded(task: () => void): void {
    try {
      task()
    } catch (cause) {
      this.#options.telemetry.count('bugs')
      this.#options.telemetry.log.error({ err: cause }, 'a frame set off a bug; its connection is cut')
      this.reset()
    }
  }
}
