import type { Refusal } from '#shared/refusals.ts'

/** The port to the server: a way to make connections. Socket.IO is behind it in life, two queues in tests. */
export interface Link {
  /** Begins one connection, with a handshake that says who we are. Everything that follows is told to `listener`, never during this call. */
  connect(listener: LinkListener): Wire
}

export interface LinkListener {
  /** One frame from the server, in order. */
  frame(bytes: Uint8Array): void
  /** The connection is gone, or never came to be; called once, last. `refusal`: the server turned the handshake down. */
  closed(refusal: Refusal | null): void
}

/** One connection. */
export interface Wire {
  /** Hands a frame over, behind those before it. Frames handed over before the connection is up wait; after its end they are dropped. */
  send(frame: Uint8Array): void
  /** Ends the connection; `closed` is not called for it. */
  close(): void
}

/** What a handshake was turned down with; null when it was not this server that did. */
export const refusalIn = (data: unknown): Refusal | null =>
  typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string'
    ? (data as Refusal)
    : null
