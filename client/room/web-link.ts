import type { Hello } from '#shared/protocol/frames.ts'
import { Decoder, Encoder, FRAME_EVENT, type Packet } from '#shared/protocol/parser.ts'
import type { Refusal } from '#shared/refusals.ts'
import { helloOf } from './hello.ts'
import { type Link, type LinkListener, refusalIn, type Wire } from './link.ts'
import type { RoomOptions } from './room.ts'

/**
 * The same port as `socket-link.ts`, for browsers, which the build puts in its place: Socket.IO as the server speaks it, on the
 * browser's own WebSocket. Socket.IO's client brings other ways to connect and to come back that this room does not use, and
 * they would be a sixteenth of the first load.
 */

/** A server that is there answers a handshake within this, on the worst line we know. */
const CONNECT_MS = 20_000
/** Engine.IO's packets that are text: the first character. */
const [OPEN, CLOSE, PING, PONG] = ['0', '1', '2', '3']
/** Socket.IO's packets: see `parser.ts`. */
const [CONNECT, DISCONNECT, EVENT, CONNECT_ERROR] = [0, 1, 2, 4]

export function socketLink(options: RoomOptions): Link {
  return { connect: (listener) => new WebWire(options.url, helloOf(options), listener) }
}

class WebWire implements Wire {
  readonly #socket: WebSocket
  readonly #hello: Hello
  readonly #listener: LinkListener
  readonly #encoder = new Encoder()
  /** Handed over before the server took the handshake. */
  #waiting: Uint8Array[] | null = []
  #isOver = false
  #timer: ReturnType<typeof setTimeout>
  /** A server that beats is heard again within this; known with its first word. */
  #beatMs = CONNECT_MS

  constructor(url: string, hello: Hello, listener: LinkListener) {
    this.#hello = hello
    this.#listener = listener
    const address = new URL('/socket.io/?EIO=4&transport=websocket', url)
    address.protocol = address.protocol.replace('http', 'ws')
    const socket = new WebSocket(address)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => this.#hear(data)
    socket.onclose = () => this.#over(null)
    const decoder = new Decoder().on('decoded', (packet) => this.#take(packet))
    this.#decode = (bytes) => decoder.add(bytes)
    this.#timer = setTimeout(() => this.#over(null), CONNECT_MS)
    // The browser knows at once; the beat would tell after its time.
    addEventListener('offline', this.#away)
  }
  readonly #decode: (bytes: ArrayBuffer) => void
  readonly #away = (): void => this.#over(null)

  send(frame: Uint8Array): void {
    if (this.#isOver) return
    if (this.#waiting) this.#waiting.push(frame)
    else this.#put({ type: EVENT, nsp: '/', data: [FRAME_EVENT, frame] })
  }
  close(): void {
    if (this.#isOver) return
    if (!this.#waiting) this.#put({ type: DISCONNECT, nsp: '/' })
    this.#end()
  }

  #put(packet: Packet): void {
    for (const bytes of this.#encoder.encode(packet)) this.#socket.send(bytes as Uint8Array<ArrayBuffer>)
  }
  #hear(data: string | ArrayBuffer): void {
    if (this.#isOver) return
    const kind = typeof data === 'string' ? data[0] : null
    if (typeof data !== 'string') this.#decode(data)
    else if (kind === PING) {
      this.#beat()
      this.#socket.send(PONG)
    } else if (kind === CLOSE) this.#over(null)
    else if (kind === OPEN) {
      const beatMs = beatIn(data.slice(1))
      if (beatMs === null) {
        this.#over(null)
        return
      }
      this.#beatMs = beatMs
      this.#put({ type: CONNECT, nsp: '/', data: this.#hello })
    }
  }
  #take({ type, nsp, data }: Packet): void {
    if (nsp !== '/') return
    if (type === EVENT) this.#listener.frame((data as [string, Uint8Array])[1])
    else if (type === DISCONNECT) this.#over(null)
    else if (type === CONNECT_ERROR) this.#over(refusalIn((data as { data?: unknown } | undefined)?.data))
    else if (type === CONNECT) {
      this.#beat()
      const waiting = this.#waiting ?? []
      this.#waiting = null
      for (const frame of waiting) this.send(frame)
    }
  }
  #beat(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#over(null), this.#beatMs)
  }

  #over(refusal: Refusal | null): void {
    if (this.#isOver) return
    this.#end()
    this.#listener.closed(refusal)
  }
  #end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    removeEventListener('offline', this.#away)
    this.#socket.onmessage = this.#socket.onclose = null
    this.#socket.close()
  }
}

/** How long the server may be silent, as its first packet says; null when that says something else. */
function beatIn(packet: string): number | null {
  try {
    const { pingInterval, pingTimeout } = JSON.parse(packet) as Record<string, unknown>
    const ms = Number(pingInterval) + Number(pingTimeout)
    return Number.isFinite(ms) ? ms : null
  } catch {
    return null
  }
}
