import type { Socket } from 'socket.io'
import type { Viewer } from '#shared/domain/view.ts'
import { type ProcessId, parseAskId } from '#shared/ids.ts'
import { parseUp } from '#shared/protocol/command-schema.ts'
import { decodeUp, encodeDown, encodeUp, MAX_FRAME_UP, type Up } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Time } from '#shared/world.ts'
import type { Delivery, Receiver, Seated, SharedFrame } from '../delivery/receiver.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Account } from './accounts.ts'
import { Inbox } from './inbox.ts'
import { BUSY_BACKLOG, GOODBYE_MS, MAX_EARLY_FRAMES } from './limits.ts'
import { Outflow } from './outflow.ts'
import { Outlet } from './outlet.ts'
import type { Queue, Rounds } from './rounds.ts'
import { cut, onFrame } from './wire.ts'

export interface SessionOptions {
  socket: Socket
  process: ProcessId
  viewer: Viewer
  account: Account
  rounds: Rounds
  delivery: Delivery
  time: Time
  telemetry: Telemetry
  /** Whether this node may write to anyone at this instant. */
  mayServe: () => boolean
  /** Called once, when the connection is gone. */
  onGone: () => void
}

type Life =
  | { at: 'entering' }
  | { at: 'seated'; seated: Seated }
  /** The goodbye is written or the line is cut; nothing more is heard or said. */
  | { at: 'leaving' }

/** Acknowledgements and receipts, of so many bytes at most, wait behind no question: readers are judged by them. */
const SHORT = 64
const ACKNOWLEDGEMENTS: ReadonlySet<number | undefined> = new Set([
  encodeUp({ frame: 'got', channel: 0, bytes: 0 })[0],
  encodeUp({ frame: 'receipt', withdrawal: '' })[0],
])
const isAcknowledgement = (bytes: Uint8Array): boolean => bytes.length <= SHORT && ACKNOWLEDGEMENTS.has(bytes[0])
/** What a frame costs beside the time until it is handed on: the log's thread, the other readers. In milliseconds. */
const BEYOND: Partial<Record<Up['frame'], number>> = { act: 1, words: 0.3, open: 0.5 }
/** Reading and checking 64 kB. */
const MS_A_BYTE = 1 / (64 * 1024)

/** One connection's life after its handshake: bytes to parsed frames, frames to bytes. No rule lives here. */
export class Session implements Receiver, Queue {
  readonly id: string
  readonly viewer: Viewer
  readonly account: Account
  readonly #options: SessionOptions
  readonly #inbox: Inbox
  readonly #outlet: Outlet
  readonly #outflow: Outflow
  readonly #wake: () => void
  #life: Life = { at: 'entering' }
  #isPingOut = false

  constructor(options: SessionOptions) {
    const { socket, time, account, rounds } = options
    this.id = socket.id
    this.viewer = options.viewer
    this.account = account
    this.#options = options
    this.#inbox = new Inbox(socket, account, time)
    this.#outlet = new Outlet(socket, options.mayServe, () => this.reset())
    this.#outflow = new Outflow(socket, this.#outlet)
    this.#wake = () => rounds.wake(this)
    account.seated += 1
    account.freed.add(this.#wake)
    // Before Socket.IO looks at it: pongs and frames alike.
    socket.conn.on('packet', (packet) => this.#guarded(() => this.#pay(packet)))
    socket.conn.on('packetCreate', ({ type }) => {
      if (type === 'ping') this.#isPingOut = true
    })
    // What waited here while this node stood still is nobody's to read.
    socket.conn.on('flush', (waiting) => {
      if (options.mayServe()) return
      waiting.length = 0
      this.reset()
    })
    onFrame(socket, (bytes) => this.#guarded(() => this.#hear(bytes)))
    socket.on('error', () => this.reset())
    socket.on('disconnect', () => this.#guarded(() => this.#gone()))
  }

  /** Asks delivery for a seat, then hands on what came meanwhile. */
  async enter(): Promise<void> {
    const { delivery, process } = this.#options
    const entered = await delivery.enter(process, this)
    if (!entered.ok) return this.close(entered.refusal)
    if (this.#life.at !== 'entering') return entered.value.left()
    this.#life = { at: 'seated', seated: entered.value }
    this.#wake()
  }

  send(frame: Uint8Array): void {
    if (this.#life.at === 'leaving') return
    this.#outlet.send(frame)
    this.#tally(frame)
  }

  sendShared(frame: SharedFrame): void {
    if (this.#life.at === 'leaving') return
    this.#outlet.sendShared(frame)
    this.#tally(frame.bytes)
  }

  close(refusal: Refusal): void {
    if (this.#life.at === 'leaving') return
    const { socket, time } = this.#options
    this.send(encodeDown({ frame: 'bye', refusal }))
    this.#outlet.end()
    this.#leave()
    socket.conn.close()
    time.after(GOODBYE_MS, () => cut(socket))
  }

  reset(): void {
    this.#options.telemetry.count('sockets_reset')
    this.#outlet.drop()
    this.#leave()
    cut(this.#options.socket)
  }

  /** To be called now and then: cuts a line whose other end has stopped reading; goes on with one that reads again. */
  look(now: number): void {
    if (this.#life.at === 'leaving') return
    if (this.#outflow.isStuck(now)) this.reset()
    else this.#wake()
  }

  /** Budget before anything is parsed; a flood ends the connection, and so does an answer that nothing asked for. */
  #pay({ type, data }: { type: string; data?: unknown }): void {
    if (this.#life.at === 'leaving') return
    const isUnasked = type === 'pong' && !this.#isPingOut
    if (type === 'pong') this.#isPingOut = false
    const wait = this.#inbox.pay(data instanceof Uint8Array ? data.length : 1)
    if (isUnasked) this.reset()
    else if (wait > 0) this.close({ code: 'too-fast', retryAfterMs: wait })
  }

  #hear(bytes: Uint8Array): void {
    const life = this.#life
    if (life.at === 'leaving') return
    if (bytes.length > MAX_FRAME_UP) this.#refuse({ code: 'too-large', limit: MAX_FRAME_UP })
    else if (life.at === 'seated' && isAcknowledgement(bytes)) this.#take(bytes, life.seated)
    else if (life.at === 'entering' && this.#inbox.length >= MAX_EARLY_FRAMES)
      this.close({ code: 'too-fast', retryAfterMs: GOODBYE_MS })
    else {
      this.#inbox.put(bytes)
      this.#wake()
    }
  }

  /** Questions wait while too many of the seat's are under way, and while their asker does not read the answers. */
  get isReady(): boolean {
    const isFree = !this.account.isFull && !this.account.isResting && this.#outflow.waits < BUSY_BACKLOG
    return isFree && this.#life.at === 'seated' && this.#inbox.length > 0
  }

  handle(): number {
    const bytes = this.#inbox.take()
    const life = this.#life
    if (!bytes || life.at !== 'seated') return 0
    let beyond = 0
    this.#guarded(() => {
      beyond = this.#take(bytes, life.seated)
    })
    return bytes.length * MS_A_BYTE + beyond
  }

  #take(bytes: Uint8Array, seated: Seated): number {
    this.#options.telemetry.count('frames_up')
    const frame = this.#parse(bytes)
    if (!frame) return 0
    const rest = this.account.spend(frame)
    if (rest > 0) this.#options.time.after(rest, () => this.account.wake())
    const answered = seated.receive(frame)
    if (answered) this.account.begin(answered)
    return BEYOND[frame.frame] ?? 0
  }

  /** Null when it was refused: to the ask if it can be named, else the connection ends with the reason. */
  #parse(bytes: Uint8Array): Up | null {
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
    this.#inbox.end()
    if (life.at === 'seated') life.seated.left()
  }

  #gone(): void {
    if (this.#life.at !== 'leaving') this.#leave()
    // A client can leave the namespace and keep the line.
    this.#options.socket.conn.close()
    this.account.seated -= 1
    this.account.touch()
    this.account.freed.delete(this.#wake)
    this.#options.rounds.forget(this)
    this.#options.onGone()
  }

  /** Words have windows of their own; this is for a reader that takes nothing at all off the line. */
  #tally({ length }: Uint8Array): void {
    const { telemetry } = this.#options
    telemetry.count('frames_down')
    telemetry.count('bytes_down', length)
    this.#outflow.sent(length)
    if (this.#outflow.isTooMuch) this.reset()
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
