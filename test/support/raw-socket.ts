import { connect, type Socket } from 'node:net'

/** A WebSocket client that does what a browser never would: any bytes, any headers, any silence. */
export interface RawSocket {
  /** The status line's number; 101 when the connection was upgraded, 0 when it was cut before an answer. */
  readonly status: number
  /** Payloads of the data frames that came, in order. */
  readonly frames: Buffer[]
  /** Writes one masked frame; text unless it is bytes. */
  write(payload: Uint8Array | string): void
  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void
  /** Stops reading, so that the system's buffers fill. */
  stop(): void
  resume(): void
  readonly closed: Promise<'ended' | 'reset'>
  /** The code of the close frame, when one came. */
  closeCode(): number | null
  destroy(): void
}

export interface RawOptions {
  headers?: Record<string, string>
  /** 127.0.0.2 and on are other people's machines, as the server sees it. */
  from?: string
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

export async function openRaw(url: string, { headers = {}, from }: RawOptions = {}): Promise<RawSocket> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), ...(from ? { localAddress: from } : {}) })
  const closed = new Promise<'ended' | 'reset'>((done) => {
    socket.once('error', () => done('reset'))
    socket.once('close', () => done('ended'))
  })
  const fields = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  const reader = new Reader(socket)
  await Promise.race([reader.head, closed])
  return {
    get status() {
      return reader.status
    },
    frames: reader.frames,
    closed,
    closeCode: () => reader.closeCode,
    write: (payload) => void socket.write(masked(payload)),
    raw: (bytes) => void socket.write(bytes),
    stop: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
  }
}

/** A client's frame; the mask of zeros leaves the payload readable. */
export function masked(payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload)
  const first = typeof payload === 'string' ? 0x81 : 0x82
  const length = bytes.length
  const head =
    length < 126
      ? [first, 0x80 | length]
      : length < 65_536
        ? [first, 0x80 | 126, length >> 8, length & 255]
        : [
            first,
            0x80 | 127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 255,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes])
}

/** Socket.IO's CONNECT in our parser. */
export const hello = (auth: unknown): Uint8Array =>
  Uint8Array.from([0, ...new TextEncoder().encode(JSON.stringify(auth))])

class Reader {
  status = 0
  closeCode: number | null = null
  readonly frames: Buffer[] = []
  readonly head: Promise<void>
  #rest = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.head = new Promise((done) => {
      socket.on('data', (part) => {
        this.#rest = Buffer.concat([this.#rest, part])
        if (this.status === 0 && this.#readHead()) done()
        if (this.status === 101) this.#readFrames()
      })
    })
  }
  #readHead(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end < 0) return false
    this.status = Number(this.#rest.toString('latin1', 9, 12))
    this.#rest = this.#rest.subarray(end + 4)
    return true
  }
  #readFrames(): void {
    for (;;) {
      const [first = 0, second = 0] = this.#rest
      const short = second & 127
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      if (this.#rest.length < head) return
      const length =
        short < 126 ? short : short === 126 ? this.#rest.readUInt16BE(2) : Number(this.#rest.readBigUInt64BE(2))
      if (this.#rest.length < head + length) return
      const payload = this.#rest.subarray(head, head + length)
      if ((first & 15) === 8) this.closeCode = length >= 2 ? payload.readUInt16BE(0) : 1005
      else if ((first & 15) < 3) this.frames.push(payload)
      this.#rest = this.#rest.subarray(head + length)
    }
  }
}
