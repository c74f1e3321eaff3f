import { io } from 'socket.io-client'
import type { Hello } from '#shared/protocol/frames.ts'
import * as parser from '#shared/protocol/parser.ts'
import type { Refusal } from '#shared/refusals.ts'
import { helloOf } from './hello.ts'
import { type Link, type LinkListener, refusalIn, type Wire } from './link.ts'
import type { RoomOptions } from './room.ts'

/** A server that is there answers a handshake within this, on the worst line we know. */
const CONNECT_MS = 20_000

/** The port over Socket.IO, in Node (a browser's build takes `web-link.ts`): websocket only, our own parser, and no reconnecting of its own (`connection.ts` decides that). */
export function socketLink(options: RoomOptions): Link {
  return { connect: (listener) => connect(options.url, helloOf(options), listener) }
}

function connect(url: string, auth: Hello, listener: LinkListener): Wire {
  const socket = io(url, {
    parser,
    auth,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout: CONNECT_MS,
    withCredentials: true,
  })
  let isOver = false
  const over = (refusal: Refusal | null): void => {
    if (isOver) return
    isOver = true
    socket.disconnect()
    listener.closed(refusal)
  }
  socket.on(parser.FRAME_EVENT, (bytes: unknown) => {
    if (!isOver) listener.frame(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes as ArrayBuffer))
  })
  socket.on('connect_error', (error) => over('data' in error ? refusalIn(error.data) : null))
  socket.on('disconnect', () => over(null))
  return {
    send(frame) {
      if (!isOver) socket.emit(parser.FRAME_EVENT, frame)
    },
    close() {
      isOver = true
      socket.disconnect()
    },
  }
}
