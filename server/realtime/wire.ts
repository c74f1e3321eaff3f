import type { Server, Socket } from 'socket.io'
import type { SharedFrame } from '../delivery/receiver.ts'
import { FRAME_OVERHEAD } from './limits.ts'

/** The few things Socket.IO can do but does not say in its types: whole WebSocket frames, stopping to read, cutting. */

const FIN_BINARY = 0x82
const LENGTH_16 = 126
const LENGTH_64 = 127

/** A server's frame is unmasked, so the same bytes are good for every receiver. */
function frameHeader(length: number): Buffer {
  if (length < LENGTH_16) return Buffer.from([FIN_BINARY, length])
  if (length < 65_536) return Buffer.from([FIN_BINARY, LENGTH_16, length >> 8, length & 255])
  const header = Buffer.alloc(10)
  header[0] = FIN_BINARY
  header[1] = LENGTH_64
  header.writeUIntBE(length, 4, 6)
  return header
}

interface WriteOptions {
  compress: false
  wsPreEncodedFrame?: Buffer[]
}
interface Connection {
  readonly writeBuffer: { data?: Uint8Array }[]
  write(bytes: Uint8Array, options: WriteOptions): unknown
}
interface RawSocket {
  /** Bytes handed to the connection and not yet taken by the system. */
  readonly bufferedAmount: number
  pause(): void
  resume(): void
  terminate(): void
  _socket?: {
    resetAndDestroy?(): unknown
    _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
  }
}

/** Socket.IO hides these behind `private`; their shapes are checked by the gateway's tests. */
const connectionOf = ({ conn }: { conn: unknown }) => conn as Connection
const rawOf = (socket: Socket): RawSocket | undefined => Reflect.get(Reflect.get(socket.conn, 'transport'), 'socket')

export function writeFrame(socket: Socket, bytes: Uint8Array): void {
  connectionOf(socket).write(bytes, { compress: false })
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length)

/** Frames the bytes at the first of many receivers and writes them as they are to all. */
export function writeShared(socket: Socket, frame: SharedFrame): void {
  const framed = frame.framed ?? {
    compress: false,
    wsPreEncodedFrame: [frameHeader(frame.bytes.length), viewOf(frame.bytes)],
  }
  frame.framed = framed
  connectionOf(socket).write(frame.bytes, framed as WriteOptions)
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
