import type { Socket } from 'socket.io'
import { FRAME_OVERHEAD, LOOK_EVERY_BYTES, MAX_BACKLOG, STUCK_MS } from './limits.ts'
import type { Outlet } from './outlet.ts'
import { taken } from './wire.ts'

/** What waits in this process's memory for one reader, and whether it still takes any of it. */
export class Outflow {
  readonly #socket: Socket
  readonly #outlet: Outlet
  #unseen = 0
  #waits = 0
  /** Of the frames sent since nothing waited. */
  #largest = 0
  #taken = 0
  #stuckSince: number | null = null

  constructor(socket: Socket, outlet: Outlet) {
    this.#socket = socket
    this.#outlet = outlet
  }

  sent(bytes: number): void {
    this.#unseen += bytes + FRAME_OVERHEAD
    this.#largest = Math.max(this.#largest, bytes)
    if (this.#unseen >= LOOK_EVERY_BYTES) this.#look()
  }

  /** More than the limit beside the largest frame: else a large text could not be opened on a slow line. */
  get isTooMuch(): boolean {
    return this.#waits - this.#largest > MAX_BACKLOG
  }

  /** Bytes that wait, as of the last look. */
  get waits(): number {
    return this.#waits
  }

  #look(): void {
    this.#unseen = 0
    this.#waits = this.#outlet.waits
    if (this.#waits === 0) this.#largest = 0
  }

  /** Whether the other side has taken nothing at all for too long, though something waits. To be asked now and then. */
  isStuck(now: number): boolean {
    this.#look()
    const was = this.#taken
    this.#taken = taken(this.#socket) ?? was
    if (this.#waits === 0 || this.#taken > was) this.#stuckSince = null
    else this.#stuckSince ??= now
    return this.#stuckSince !== null && now - this.#stuckSince >= STUCK_MS
  }
}
