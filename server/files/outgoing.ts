import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Viewer } from '#shared/domain/view.ts'
import type { TrackId } from '#shared/ids.ts'
import type { Nodes } from '../nodes/nodes.ts'
import type { Running } from '../processes/port.ts'
import { hasEnded } from '../processes/sight.ts'

/** What is on its way to somebody over HTTP, and on what it depends. */
export interface Leaving {
  running: Running
  viewer: Viewer
  track: TrackId
  /** What else must still be so, such as that the file is there. */
  still: () => boolean
}

/**
 * Bytes of a track on their way out over HTTP. They flow while their receiver may read the track, asked before every write; when
 * that ends, in the same turn in which this node learns of it, the connection is reset, so that nothing that waits in this
 * machine goes out either. A connection counts as on its way until its other end has sent its next request or has gone:
 * until then nobody knows that what was written has arrived.
 */
export class Outgoing {
  readonly #nodes: Pick<Nodes, 'mayServe'>
  readonly #held = new Map<Socket, () => void>()

  constructor(nodes: Pick<Nodes, 'mayServe' | 'onFenced'>) {
    this.#nodes = nodes
    nodes.onFenced(() => {
      for (const socket of [...this.#held.keys()]) this.#reset(socket)
    })
  }

  /** The other end of the connection asks for something: it has read what went before. */
  acknowledged(socket: Socket): void {
    this.#held.get(socket)?.()
  }

  /** Its other end is silent. Whether it has read everything is not known: what it has not is taken back. */
  isHeld(socket: Socket): boolean {
    return this.#held.has(socket)
  }

  /** Writes `parts` and ends the response, as long as it may go. */
  async write(response: ServerResponse, leaving: Leaving, parts: AsyncIterable<Uint8Array>): Promise<void> {
    const { socket } = response
    if (!socket) return
    this.#hold(socket, leaving)
    try {
      for await (const part of parts) {
        if (!this.#goesOn(socket, leaving)) return
        if (!response.write(part) && !(await drained(response))) return this.#reset(socket)
      }
    } catch (cause) {
      this.#reset(socket)
      throw cause
    }
    if (this.#goesOn(socket, leaving)) response.end()
  }

  #hold(socket: Socket, leaving: Leaving): void {
    this.acknowledged(socket)
    const look = (): void => void this.#goesOn(socket, leaving)
    const stops = [leaving.running.onApplied(look), leaving.running.onDue(look)]
    const release = (): void => {
      for (const stop of stops) stop()
      socket.off('close', release)
      this.#held.delete(socket)
    }
    socket.once('close', release)
    this.#held.set(socket, release)
  }

  /** Whether the next byte may go; if not, none goes any more. */
  #goesOn(socket: Socket, { running, viewer, track, still }: Leaving): boolean {
    if (socket.destroyed || !this.#held.has(socket)) return false
    const may =
      this.#nodes.mayServe() &&
      !running.isDamaged &&
      !hasEnded(running.state, viewer.session) &&
      running.level(viewer, track) !== 'hidden' &&
      still()
    if (!may) this.#reset(socket)
    return may
  }

  #reset(socket: Socket): void {
    this.#held.get(socket)?.()
    socket.resetAndDestroy()
  }
}

/** Whoever takes nothing for so long is not waited for. */
const STUCK_MS = 30_000

/** False when the other side takes nothing. */
const drained = (response: ServerResponse): Promise<boolean> =>
  new Promise((resolve) => {
    const done = (isTaken: boolean): void => {
      clearTimeout(late)
      response.off('drain', go).off('close', go)
      resolve(isTaken)
    }
    const go = (): void => done(true)
    const late = setTimeout(() => done(false), STUCK_MS)
    response.on('drain', go).on('close', go)
  })
