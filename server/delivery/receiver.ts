import type { Viewer } from '#shared/domain/view.ts'
import type { ProcessId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Up } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'

/** One connection as delivery sees it; the gateway makes it out of a socket, tests out of two queues. */
export interface Receiver {
  /** Unique among the connections of this node. */
  readonly id: string
  readonly viewer: Viewer
  /** Writes one frame now, behind those written before. */
  send(frame: Uint8Array): void
  /** Writes one frame that goes to many: framed for the socket once (`frame.once`). */
  sendShared(frame: SharedFrame): void
  /** Says goodbye and closes after what was written. */
  close(refusal: Refusal): void
  /** Cuts the connection: nothing written and not yet received follows. The client resumes by itself. */
  reset(): void
}

/** A frame for several receivers. `framed` caches the bytes with the socket's own framing around them. */
export interface SharedFrame {
  readonly bytes: Uint8Array
  framed?: unknown
}

/** Where the gateway hands connections in. */
export interface Delivery {
  /** Seats a connection: sends `welcome` with its view, then follows. Refused `session-ended` or `no-such-thing`. */
  enter(process: ProcessId, receiver: Receiver): Promise<Outcome<Seated, Refusal>>
  /** Tells every connection to come back after a spread of `overMs`, and resolves when all are gone. */
  drain(overMs: number): Promise<void>
  /** Ends every connection of a session at once. */
  endSession(process: ProcessId, session: string): void
}

/** One seated connection. */
export interface Seated {
  /**
   * Handles one parsed frame; answers go to the receiver. Never throws. A frame that is answered later gives what resolves,
   * and never rejects, once it was.
   */
  receive(frame: Up): Promise<void> | undefined
  /** The connection is gone. */
  left(): void
}
