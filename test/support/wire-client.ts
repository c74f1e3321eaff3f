import { randomBytes } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import type { Command } from '#shared/domain/commands.ts'
import type { View } from '#shared/domain/view.ts'
import { type AskId, mintId } from '#shared/ids.ts'
import { type Down, decodeDown, encodeUp, type Opened, type Up } from '#shared/protocol/frames.ts'
import * as parser from '#shared/protocol/parser.ts'
import { applyPatch, type Json, unpack } from '#shared/protocol/patch.ts'
import { PROTOCOL } from '#shared/protocol/version.ts'
import type { Refusal } from '#shared/refusals.ts'

/** A seat's connection without the room's client: every byte that came is kept. */
export interface WireClient {
  readonly socket: Socket
  /** The last view that came. */
  view(): View
  /** All bytes that came on this connection. */
  bytes(): Buffer
  frames(): Down[]
  act(command: Command): Promise<{ made: string[] } | { refusal: Refusal }>
  open(track: string): Promise<{ opened: Opened; update: Uint8Array } | { refusal: Refusal }>
  send(frame: Up): void
  /** Calls back for every frame from now on, with its size in bytes. */
  onFrame(listener: (frame: Down, size: number) => void): void
  /** How it ended: the goodbye, or null without one. */
  readonly gone: Promise<Refusal | null>
  close(): void
}

export interface Auth {
  token?: string
  process?: string
  seat?: string
  protocol?: number
}

/** Resolves with the first view. Rejects with the refusal of the handshake as `cause`. */
export async function openWire(url: string, auth: Auth, headers: Record<string, string> = {}): Promise<WireClient> {
  const socket = io(url, {
    parser,
    transports: ['websocket'],
    auth: { protocol: PROTOCOL, schema: 1, ...auth },
    extraHeaders: headers,
    reconnection: false,
    forceNew: true,
  })
  const wire = new Wire(socket)
  await new Promise<void>((welcomed, refused) => {
    socket.once('connect_error', (error) =>
      refused(new Error(error.message, { cause: 'data' in error ? error.data : error })),
    )
    wire.gone.then((refusal) => refused(new Error('gone', { cause: refusal })))
    wire.onWelcome(welcomed)
  })
  return wire
}

class Wire implements WireClient {
  readonly socket: Socket
  readonly gone: Promise<Refusal | null>
  readonly #parts: Buffer[] = []
  readonly #frames: Down[] = []
  readonly #asked = new Map<AskId, (answer: Down) => void>()
  #packed: Json = null
  #bye: Refusal | null = null
  #welcome = () => {}
  #listener: (frame: Down, size: number) => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.on(parser.FRAME_EVENT, (bytes: Uint8Array) => this.#hear(bytes))
    this.gone = new Promise((done) => socket.once('disconnect', () => done(this.#bye)))
  }

  #hear(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes))
    const frame = decodeDown(bytes)
    if (!frame) throw new Error('the server sent what is no frame')
    this.#frames.push(frame)
    if (frame.frame === 'welcome' || frame.frame === 'view') {
      this.#packed = frame.frame === 'welcome' ? frame.view : applyPatch(this.#packed, frame.patch)
      if (frame.frame === 'welcome') this.#welcome()
    }
    if (frame.frame === 'bye') this.#bye = frame.refusal
    const ask = 'ask' in frame ? frame.ask : null
    if (ask) this.#asked.get(ask)?.(frame)
    this.#listener(frame, bytes.length)
  }
  onFrame(listener: (frame: Down, size: number) => void): void {
    this.#listener = listener
  }

  onWelcome(listener: () => void): void {
    this.#welcome = listener
  }
  view(): View {
    return unpack(this.#packed) as unknown as View
  }
  bytes = (): Buffer => Buffer.concat(this.#parts)
  frames = (): Down[] => this.#frames

  #ask(frame: (ask: AskId) => Up): Promise<Down> {
    const ask = mintId<AskId>(randomBytes(22))
    const answer = new Promise<Down>((done) => this.#asked.set(ask, done))
    const gone = this.gone.then((): Down => ({ frame: 'refused', ask, refusal: { code: 'unanswered' } }))
    this.send(frame(ask))
    return Promise.race([answer, gone])
  }
  async act(command: Command): Promise<{ made: string[] } | { refusal: Refusal }> {
    const answer = await this.#ask((ask) => ({ frame: 'act', ask, command }))
    if (answer.frame === 'answered') return { made: answer.made }
    if (answer.frame === 'refused') return { refusal: answer.refusal }
    throw new Error(`answered by ${answer.frame}`)
  }
  async open(track: string) {
    const answer = await this.#ask((ask) => ({ frame: 'open', ask, track }) as Up)
    if (answer.frame === 'opened') return { opened: answer.opened, update: answer.update }
    if (answer.frame === 'refused') return { refusal: answer.refusal }
    throw new Error(`answered by ${answer.frame}`)
  }
  send(frame: Up): void {
    this.socket.emit(parser.FRAME_EVENT, encodeUp(frame))
  }
  close(): void {
    this.socket.disconnect()
  }
}
