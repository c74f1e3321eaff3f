/**
 * The Socket.IO parser of both ends: every packet is one binary frame, never an attachment.
 *
 * - An app frame (`shared/protocol/frames.ts`) is the event `f` with one `Uint8Array`, and passes unchanged. Its first
 *   byte is 16 or more.
 * - Socket.IO's own packets have their type in the first byte, then JSON or nothing: CONNECT (`auth` up, `{sid}` down),
 *   DISCONNECT, CONNECT_ERROR (`{message: code, data: Refusal}`: the handshake was refused).
 *
 * There is one namespace and there are no acknowledgements. Bytes that are none of this never throw: the decoder hands
 * on a packet of no namespace, upon which the server closes the connection and the client does nothing.
 */

/** The one event. */
export const FRAME_EVENT = 'f'

/** The part of a Socket.IO packet that crosses this parser. */
export interface Packet {
  type: number
  nsp: string
  data?: unknown
  id?: number
}

const CONNECT = 0
const DISCONNECT = 1
const EVENT = 2
const CONNECT_ERROR = 4
const FIRST_APP_KIND = 16
/** A token, a seat, a process and two numbers, or a refusal: under 400 bytes. */
const MAX_CONTROL = 4096
/** No socket has joined a namespace of this name. */
const BROKEN: Packet = { type: DISCONNECT, nsp: '' }

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Socket.IO's `Encoder`. Throws on packets this protocol does not have: only our own code makes packets. */
export class Encoder {
  encode(packet: Packet): Uint8Array[] {
    if (packet.type === EVENT) return [frameOf(packet)]
    if (packet.type !== CONNECT && packet.type !== DISCONNECT && packet.type !== CONNECT_ERROR)
      throw new Error(`no packet of type ${packet.type}`)
    const body = utf8.encode(packet.data === undefined ? '' : JSON.stringify(packet.data))
    const bytes = new Uint8Array(body.length + 1)
    bytes[0] = packet.type
    bytes.set(body, 1)
    return [bytes]
  }
}

function frameOf(packet: Packet): Uint8Array {
  const [name, frame, ...more] = Array.isArray(packet.data) ? packet.data : []
  if (name !== FRAME_EVENT || !(frame instanceof Uint8Array) || more.length > 0 || packet.id !== undefined)
    throw new Error('the one event is f, with one Uint8Array and no acknowledgement')
  if ((frame[0] ?? 0) < FIRST_APP_KIND) throw new Error('an app frame begins with its kind, 16 or more')
  return frame
}

type Listener = (packet: Packet) => void

/** Socket.IO's `Decoder`: emits `decoded` once for each frame. Has the few emitter methods that both ends call. */
export class Decoder {
  #listeners: Listener[] = []

  /** `event` is `decoded`; there is no other. */
  on(_event: string, listener: Listener): this {
    this.#listeners.push(listener)
    return this
  }
  off(_event: string, listener: Listener): this {
    this.#listeners = this.#listeners.filter((known) => known !== listener)
    return this
  }
  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener)
  }
  add(chunk: unknown): void {
    const packet = packetOf(chunk)
    for (const listener of this.#listeners) listener(packet)
  }
  /** Nothing is ever half decoded, so there is nothing to give up. */
  destroy(): void {}
}

function packetOf(chunk: unknown): Packet {
  const bytes = chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk
  if (!(bytes instanceof Uint8Array)) return BROKEN
  const type = bytes[0]
  if (type === undefined) return BROKEN
  if (type >= FIRST_APP_KIND) return { type: EVENT, nsp: '/', data: [FRAME_EVENT, bytes] }
  if (type === DISCONNECT) return bytes.length === 1 ? { type, nsp: '/' } : BROKEN
  if (type !== CONNECT && type !== CONNECT_ERROR) return BROKEN
  const data = controlData(bytes.subarray(1))
  return data ? { type, nsp: '/', data } : BROKEN
}

/** Always an object: Socket.IO reads properties of it without asking. */
function controlData(body: Uint8Array): object | null {
  if (body.length === 0) return {}
  if (body.length > MAX_CONTROL) return null
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(body))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
