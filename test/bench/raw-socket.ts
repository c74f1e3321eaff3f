import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/**
 * A WebSocket client that costs the load as little as possible: no events, no copies, one write a frame. The mask is
 * zero, so a frame is as long as anyone's and is made without touching its bytes. Text and binary messages come alike.
 */
export interface RawSocket {
  send(message: Uint8Array | string): void
  /** Bytes since the connection was made, as TCP payload. */
  readonly bytes: { up: number; down: number }
  readonly isOpen: boolean
  /** Messages from now on. Only the last listener hears them; those that came before any are kept for it. */
  listen(hear: (message: Buffer, isText: boolean) => void): void
  onClosed(closed: () => void): void
  close(): void
}

const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const FIN = 0x80
const MASKED = 0x80
const HEAD_END = '\r\n\r\n'
const CONNECT_MS = 15_000

/** `from`: the local address to come from; servers limit what one address may do. */
export function rawSocket(url: string, from?: string): Promise<RawSocket> {
  const { hostname, port, pathname, search, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, ...(from ? { localAddress: from } : {}) })
  const raw = new Raw(socket)
  return new Promise((opened, failed) => {
    const late = setTimeout(() => failed(new Error(`${url} did not open`)), CONNECT_MS)
    raw.onOpen = (why) => {
      clearTimeout(late)
      if (why) failed(new Error(`${url}: ${why}`))
      else opened(raw)
    }
    socket.on('error', (cause) => raw.onOpen(cause.message))
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
  })
}

class Raw implements RawSocket {
  readonly bytes = { up: 0, down: 0 }
  onOpen: (why: string | null) => void = () => {}
  isOpen = false
  readonly #socket: Socket
  #rest: Buffer | null = null
  #parts: Buffer[] = []
  #isText = false
  #early: [Buffer, boolean][] = []
  #hear: (message: Buffer, isText: boolean) => void = (message, isText) => this.#early.push([message, isText])

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => {
      this.isOpen = false
      this.onOpen('closed')
    })
  }

  listen(hear: (message: Buffer, isText: boolean) => void): void {
    this.#hear = hear
    for (const [message, isText] of this.#early.splice(0)) hear(message, isText)
  }

  onClosed(closed: () => void): void {
    this.#socket.once('close', closed)
  }

  send(message: Uint8Array | string): void {
    if (typeof message === 'string') this.#write(OPCODE.text, Buffer.from(message))
    else this.#write(OPCODE.binary, message)
  }

  close(): void {
    this.isOpen = false
    this.#socket.destroy()
  }

  #write(opcode: number, payload: Uint8Array): void {
    const { length } = payload
    const head = length < 126 ? 6 : length < 65_536 ? 8 : 14
    const frame = Buffer.alloc(head + length)
    frame[0] = FIN | opcode
    if (length < 126) frame[1] = MASKED | length
    else if (length < 65_536) {
      frame[1] = MASKED | 126
      frame.writeUInt16BE(length, 2)
    } else {
      frame[1] = MASKED | 127
      frame.writeUIntBE(length, 4, 6)
    }
    frame.set(payload, head)
    this.bytes.up += frame.length
    this.#socket.write(frame)
  }

  #read(chunk: Buffer): undefined {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = null
    if (!this.isOpen) {
      const end = data.indexOf(HEAD_END)
      if (end < 0) {
        this.#rest = data
        return
      }
      const head = data.toString('latin1', 0, end)
      if (!head.startsWith('HTTP/1.1 101')) return void this.onOpen(head.split('\r\n')[0] ?? 'refused')
      this.isOpen = true
      this.onOpen(null)
      data = data.subarray(end + HEAD_END.length)
      chunk = data
    }
    this.bytes.down += chunk.length
    let at = 0
    for (let next = frameEnd(data, at); next !== null; next = frameEnd(data, at)) {
      this.#frame(data[at] ?? 0, data.subarray(next.from, next.to))
      at = next.to
    }
    if (at < data.length) this.#rest = at === 0 ? data : data.subarray(at)
  }

  #frame(first: number, payload: Buffer): void {
    const opcode = first & 15
    if (opcode === OPCODE.ping) this.#write(OPCODE.pong, payload)
    else if (opcode === OPCODE.close) this.close()
    else if (opcode !== OPCODE.pong) this.#part(opcode, (first & FIN) !== 0, payload)
  }

  #part(opcode: number, isLast: boolean, payload: Buffer): void {
    if (opcode !== 0) this.#isText = opcode === OPCODE.text
    if (!isLast) this.#parts.push(payload)
    else if (this.#parts.length === 0) this.#hear(payload, this.#isText)
    else this.#hear(Buffer.concat([...this.#parts.splice(0), payload]), this.#isText)
  }
}

/** Where the payload of the server's frame at `at` begins and ends; null when it is not all there. */
function frameEnd(data: Buffer, at: number): { from: number; to: number } | null {
  if (data.length - at < 2) return null
  const short = (data[at + 1] ?? 0) & 127
  const head = short < 126 ? 2 : short === 126 ? 4 : 10
  if (data.length - at < head) return null
  const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : data.readUIntBE(at + 4, 6)
  const from = at + head
  return data.length < from + length ? null : { from, to: from + length }
}
