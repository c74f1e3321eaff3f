import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'

/** A line to a server that a test slows, narrows, stalls, cuts and mends. Bytes pass in order and unchanged. */
export interface Line {
  readonly url: string
  readonly port: number
  /** From now on every byte arrives this much later, each way. */
  delay(ms: number): void
  /** From now on at most so many bytes a second pass, each way of each connection; null: as many as can. */
  narrow(bytesPerSecond: number | null): void
  /** Half-open: nothing passes any more, and neither end is told. */
  stall(): void
  /** What is under way is lost, both ends notice, and until `mend` nothing connects. */
  cut(): void
  /** Ends `stall` and `cut`: what a stall held goes on, but where one end is gone meanwhile it is lost and the other is told. */
  mend(): void
  /** How many connections stand. */
  readonly open: number
  close(): Promise<void>
}

/** More than this under way makes the sender wait, as the buffers of a real path do. */
const HELD_BYTES = 1024 * 1024
/** A narrow line passes its bytes in steps of this. */
const STEP_MS = 10

/** `target`: where a new connection leads, asked anew for each: `http://host:port`, `redis://host:port`. */
export async function openLine(target: string | (() => string)): Promise<Line> {
  const state: State = { delayMs: 0, bytesPerSecond: null, stalled: false }
  const pairs = new Set<Pair>()
  let isCut = false
  const server = createServer((near) => {
    // Refused as nobody listening is.
    if (isCut) {
      near.resetAndDestroy()
      return
    }
    const { hostname, port } = new URL(typeof target === 'string' ? target : target())
    const pair = new Pair(near, dial(Number(port), hostname), state, () => pairs.delete(pair))
    pairs.add(pair)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const drop = () => {
    for (const pair of pairs) pair.cut()
  }
  const go = () => {
    for (const pair of pairs) pair.go()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get open() {
      return pairs.size
    },
    delay: (ms) => void Object.assign(state, { delayMs: ms }),
    narrow: (bytesPerSecond) => void Object.assign(state, { bytesPerSecond }),
    stall: () => void Object.assign(state, { stalled: true }),
    cut() {
      isCut = true
      drop()
    },
    mend() {
      isCut = false
      state.stalled = false
      go()
    },
    close() {
      drop()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
}

interface State {
  delayMs: number
  bytesPerSecond: number | null
  stalled: boolean
}

/** One connection: two ways. */
class Pair {
  readonly #ways: Way[]
  readonly #sockets: Socket[]
  readonly #state: State
  #isLost = false

  constructor(near: Socket, far: Socket, state: State, gone: () => void) {
    this.#state = state
    this.#sockets = [near, far]
    this.#ways = [new Way(near, far, state), new Way(far, near, state)]
    for (const socket of this.#sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => this.#lost())
      socket.on('close', (hadError) => {
        if (hadError) this.#lost()
        if (this.#sockets.every(({ destroyed }) => destroyed)) gone()
      })
    }
  }
  /** One end was reset: the other hears of it, unless nothing passes now. */
  #lost(): void {
    this.#isLost = true
    if (!this.#state.stalled) this.cut()
  }
  cut(): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.resetAndDestroy()
  }
  go(): void {
    if (this.#isLost || this.#ways.some(({ isOver }) => isOver)) this.cut()
    else for (const way of this.#ways) way.go()
  }
}

/** One way of one connection. */
class Way {
  readonly #from: Socket
  readonly #to: Socket
  readonly #state: State
  #held: { bytes: Buffer; due: number }[] = []
  #heldBytes = 0
  #timer: NodeJS.Timeout | null = null
  #hasEnded = false
  /** Its sender left while nothing passed. */
  isOver = false

  constructor(from: Socket, to: Socket, state: State) {
    this.#from = from
    this.#to = to
    this.#state = state
    from.on('data', (bytes: Buffer) => {
      this.#held.push({ bytes, due: performance.now() + state.delayMs })
      this.#heldBytes += bytes.length
      if (this.#heldBytes > HELD_BYTES) from.pause()
      this.go()
    })
    from.on('end', () => {
      this.#hasEnded = true
      this.isOver = state.stalled
      this.go()
    })
    to.on('close', () => from.destroy())
  }
  /** Passes on what is due. */
  go(): void {
    if (this.#timer || this.#state.stalled || this.#to.destroyed) return
    const { bytesPerSecond } = this.#state
    let budget = bytesPerSecond === null ? Number.POSITIVE_INFINITY : Math.ceil((bytesPerSecond * STEP_MS) / 1000)
    for (let next = this.#held[0]; next; next = this.#held[0]) {
      const wait = budget > 0 ? next.due - performance.now() : STEP_MS
      if (wait > 0) {
        this.#later(wait)
        return
      }
      const part = next.bytes.subarray(0, Math.min(budget, next.bytes.length))
      if (part.length < next.bytes.length) next.bytes = next.bytes.subarray(part.length)
      else this.#held.shift()
      budget -= part.length
      this.#heldBytes -= part.length
      this.#to.write(part)
    }
    if (this.#from.isPaused()) this.#from.resume()
    if (this.#hasEnded) this.#to.end()
  }
  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.go()
    }, Math.ceil(ms))
  }
}
