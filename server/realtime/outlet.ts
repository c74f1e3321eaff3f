import type { Socket } from 'socket.io'
import type { SharedFrame } from '../delivery/receiver.ts'
import { FRAME_OVERHEAD } from './limits.ts'
import { backlog, framed, isOpen, writeBehind, writeWhole } from './wire.ts'

/**
 * What is written to one line. All frames of one turn go in one write, and the next write waits until the system has taken
 * the last: until then they can still be thrown away.
 */
export class Outlet {
  readonly #socket: Socket
  readonly #mayWrite: () => boolean
  readonly #onForbidden: () => void
  readonly #flush = () => this.#write()
  readonly #taken = () => this.#wasTaken()
  #waiting: Buffer[] = []
  #isDue = false
  #isWriting = false

  /** `mayWrite` is asked at each write; `onForbidden` is called when what waited was thrown away for it. */
  constructor(socket: Socket, mayWrite: () => boolean, onForbidden: () => void) {
    this.#socket = socket
    this.#mayWrite = mayWrite
    this.#onForbidden = onForbidden
  }

  send(bytes: Uint8Array): void {
    this.#put(framed(bytes))
  }

  /** Framed at the first of its many receivers. */
  sendShared(frame: SharedFrame): void {
    const known = frame.framed as Buffer | undefined
    const bytes = known ?? framed(frame.bytes)
    frame.framed = bytes
    this.#put(bytes)
  }

  /** Bytes that wait in this process's memory because the other side does not read, with what each waiting frame costs. */
  get waits(): number {
    return this.#waiting.reduce((sum, { length }) => sum + FRAME_OVERHEAD + length, backlog(this.#socket))
  }

  /** Writes what waits now: what is written by others from here on comes behind it. */
  end(): void {
    this.#isWriting = false
    this.#write()
  }

  /** Nothing that waits is ever written. */
  drop(): void {
    this.#waiting = []
  }

  #put(bytes: Buffer): void {
    this.#waiting.push(bytes)
    if (this.#isDue || this.#isWriting) return
    this.#isDue = true
    queueMicrotask(this.#flush)
  }

  #write(): void {
    this.#isDue = false
    const frames = this.#waiting
    if (frames.length === 0 || this.#isWriting) return
    this.#waiting = []
    if (!this.#mayWrite()) {
      this.#onForbidden()
      return
    }
    if (!isOpen(this.#socket) || writeBehind(this.#socket, frames)) return
    this.#isWriting = true
    writeWhole(this.#socket, frames, this.#taken)
  }

  #wasTaken(): void {
    this.#isWriting = false
    this.#write()
  }
}
