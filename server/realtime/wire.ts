import type { Server, Socket } from 'socket.io'
import { FRAME_OVERHEAD } from './limits.ts'

/** The few things Socket.IO can do but does not say in its types: whole WebSocket frames, stopping to read, cutting. */

const FIN_BINARY = 0x82
const LENGTH_16 = 126
const LENGTH_64 = 127

/** As a whole WebSocket frame. A server's is unmasked, so the same bytes are good for every receiver. */
export function framed(bytes: Uint8Array): Buffer {
  const { length } = bytes
  const head = length < LENGTH_16 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = FIN_BINARY
  frame[1] = head === 2 ? length : head === 4 ? LENGTH_16 : LENGTH_64
  if (head === 4) frame.writeUInt16BE(length, 2)
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(bytes, head)
  return frame
}

interface WriteOptions {
  compress: false
  wsPreEncodedFrame: Buffer[]
}
interface Connection {
  readonly writeBuffer: { data?: Uint8Array }[]
  write(bytes: Uint8Array, options: WriteOptions): unknown
}
interface RawSocket {
  readonly readyState: number
  /** Bytes handed to the connection and not yet taken by the system. */
  readonly bufferedAmount: number
  pause(): void
  resume(): void
  terminate(): void
  _socket?: {
    write(bytes: Buffer, taken?: () => void): boolean
    cork(): void
    uncork(): void
    resetAndDestroy?(): unknown
    _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
  }
}

/** Socket.IO hides these behind `private`; their shapes are checked by the gateway's tests. */
const connectionOf = ({ conn }: { conn: unknown }) => conn as Connection
const rawOf = (socket: Socket): RawSocket | undefined => Reflect.get(Reflect.get(socket.conn, 'transport'), 'socket')

/** As `WebSocket.OPEN`. */
const OPEN = 1
export const isOpen = (socket: Socket): boolean => rawOf(socket)?.readyState === OPEN

/** While packets of Socket.IO itself wait, whole frames go behind them, and this is true. */
export function writeBehind(socket: Socket, frames: Buffer[]): boolean {
  const connection = connectionOf(socket)
  if (connection.writeBuffer.length === 0) return false
  for (const frame of frames) connection.write(frame, { compress: false, wsPreEncodedFrame: [frame] })
  return true
}

/** Copied together up to this: one short write costs less than a list of pieces. */
const COPIED = 16 * 1024

/** Whole frames past Socket.IO, in one write; `taken` is called once the system has them. */
export function writeWhole(socket: Socket, frames: Buffer[], taken: () => void): void {
  const line = rawOf(socket)?._socket
  const [first] = frames
  if (!line || !first) return
  if (frames.length === 1) {
    line.write(first, taken)
    return
  }
  const size = frames.reduce((sum, { length }) => sum + length, 0)
  if (size <= COPIED) {
    line.write(Buffer.concat(frames, size), taken)
    return
  }
  line.cork()
  for (const [index, frame] of frames.entries()) line.write(frame, index === frames.length - 1 ? taken : undefined)
  line.uncork()
}

/** An app frame's first byte is at least this. */
const FIRST_FRAME = 16

/** Calls back for each app frame at once, past Socket.IO's events; all else is Socket.IO's. */
export function onFrame(socket: Socket, hear: (bytes: Uint8Array) => void): void {
  const decoder: { add(chunk: unknown): void } = Reflect.get(socket.client, 'decoder')
  const others = decoder.add.bind(decoder)
  decoder.add = (chunk) => {
    if (chunk instanceof Uint8Array && (chunk[0] ?? 0) >= FIRST_FRAME) hear(chunk)
    else others(chunk)
  }
}

/** Bytes that wait in this process's memory because the other side does not read, with what each waiting frame costs. */
export function backlog(socket: Socket): number {
  const waiting = connectionOf(socket).writeBuffer
  const handed = rawOf(socket)?.bufferedAmount ?? 0
  return waiting.reduce((sum, { data }) => sum + FRAME_OVERHEAD + (data?.length ?? 0), handed)
}

/** Bytes that the system has taken over for the other side so far; null when the line is gone. */
export function taken(socket: Socket): number | null {
  const handle = rawOf(socket)?._socket?._handle
  return handle ? handle.bytesWritten - handle.writeQueueSize : null
}

/** Stops reading from the network: the other side's sends wait there. */
export const pauseReading = (socket: Socket): void => rawOf(socket)?.pause()
export const resumeReading = (socket: Socket): void => rawOf(socket)?.resume()

/** Cuts with a TCP reset: what the system still holds unsent is thrown away too. */
export const cut = (socket: Socket): void => cutRaw(rawOf(socket))

function cutRaw(raw: RawSocket | undefined): void {
  raw?._socket?.resetAndDestroy?.()
  raw?.terminate()
}

/**
 * Calls back for each line that Socket.IO has closed: the other side may still hold it open. `cut` ends that. One that
 * answered no ping is not waited for.
 */
export function onClosed(io: Server, closed: (cut: () => void) => void): void {
  type Line = object & { once(event: 'close', listener: (reason: string) => void): unknown }
  io.engine.on('connection', (conn: Line) => {
    const raw: RawSocket = Reflect.get(Reflect.get(conn, 'transport'), 'socket')
    conn.once('close', (reason) => (reason === 'ping timeout' ? cutRaw(raw) : closed(() => cutRaw(raw))))
  })
}

/** One message of each line in one turn of the loop: a read of the network brings thousands of small ones. */
export function readOneByOne(io: Server): void {
  const { options }: { options: { allowSynchronousEvents: boolean } } = Reflect.get(io.engine, 'ws')
  options.allowSynchronousEvents = false
}
