import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'

/** A line to a server that a test slows, narrows, stalls, cuts and mends. Bytes pass in order and unchanged. */
export interface Line {
  readonly url: string
  readonly port: number
  /** From now on every byte arrives this much later, each way. */
  delay(ms: number): void
  /** From now on at most so many bytes a second pass, each way of each connection; null: as many as can. */
  narrow(bytesPerSecond: number | null): void
  /** The same for all connections together, as they share one radio. */
  share(bytesPerSecond: number): void
  /** From now on this share of all packets is lost and comes `stallMs` late, and what is behind it waits, as TCP has it. */
  lose(share: number, stallMs: number): void
  /** From now on the first byte of a new connection leaves so much later, as the handshake of a far server takes. */
  greet(ms: number): void
  /** Half-open: nothing passes any more, and neither end is told. */
  stall(): void
  /** What is under way is lost, both ends notice, and until `mend` nothing connects. */
  cut(): void
  /** Ends `stall` and `cut`: what a stall held goes on, but where one end is gone meanwhile it is lost and the other is told. */
  mend(): void
  /** How many connections stand. */
  readonly open: number
  /** Bytes that passed since the line was opened, from who dials and to them. */
  readonly carried: { out: number; back: number }
  close(): Promise<void>
}

/** More than this under way makes the sender wait, as the buffers of a real path do. */
const HELD_BYTES = 1024 * 1024
/** A narrow line passes its bytes in steps of this. */
const STEP_MS = 10

/** `target`: where a new connection leads, asked anew for each: `http://host:port`, `redis://host:port`. */
export async function openLine(target: string | (() => string)): Promise<Line> {
  const state: State = { ...GOOD }
  const carried = { out: 0, back: 0 }
  const pairs = new Set<Pair>()
  let isCut = false
  const server = createServer((near) => {
    // Refused as nobody listening is.
    if (isCut) {
      near.resetAndDestroy()
      return
    }
    const { hostname, port } = new URL(typeof target === 'string' ? target : target())
    const pair = new Pair({ near, far: dial(Number(port), hostname), state, carried }, () => pairs.delete(pair))
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
    carried,
    ...worseningsOf(state),
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

const worseningsOf = (state: State): Pick<Line, 'delay' | 'narrow' | 'lose' | 'greet' | 'share' | 'stall'> => ({
  delay: (ms) => void Object.assign(state, { delayMs: ms }),
  narrow: (bytesPerSecond) => void Object.assign(state, { bytesPerSecond }),
  lose: (lost, stallMs) => void Object.assign(state, { lost, stallMs }),
  greet: (ms) => void Object.assign(state, { greetMs: ms }),
  share: (bytesPerSecond) => {
    state.out = new Budget(bytesPerSecond)
    state.back = new Budget(bytesPerSecond)
  },
  stall: () => void Object.assign(state, { stalled: true }),
})

interface State {
  delayMs: number
  bytesPerSecond: number | null
  stalled: boolean
  lost: number
  stallMs: number
  greetMs: number
  /** What all connections may pass together, each way. */
  out: Budget | null
  back: Budget | null
  /** Where the line's own chance stands: every run loses the same packets. */
  chance: number
}

const GOOD: State = {
  delayMs: 0,
  bytesPerSecond: null,
  stalled: false,
  lost: 0,
  stallMs: 0,
  greetMs: 0,
  out: null,
  back: null,
  chance: 1,
}

/** Bytes that may pass now; what was not used in a step is not saved for later. */
class Budget {
  readonly #aStep: number
  #left = 0
  #since = 0

  constructor(bytesPerSecond: number) {
    this.#aStep = Math.ceil((bytesPerSecond * STEP_MS) / 1000)
  }
  get left(): number {
    const now = performance.now()
    if (now - this.#since >= STEP_MS) {
      // A busy machine wakes late: the line went on meanwhile.
      this.#left = this.#aStep * Math.min(5, Math.floor((now - this.#since) / STEP_MS))
      this.#since = now
    }
    return this.#left
  }
  take(bytes: number): void {
    this.#left -= bytes
  }
}

/** What one packet carries. */
const PACKET_BYTES = 1460
/** Whether the next packet is lost. */
function isLost(state: State): boolean {
  state.chance = (state.chance * 48_271) % 2_147_483_647
  return state.chance / 2_147_483_647 < state.lost
}

/** One connection: two ways. */
class Pair {
  readonly #ways: Way[]
  readonly #sockets: Socket[]
  readonly #state: State
  #isLost = false

  constructor(
    { near, far, state, carried }: { near: Socket; far: Socket; state: State; carried: Line['carried'] },
    gone: () => void,
  ) {
    this.#state = state
    this.#sockets = [near, far]
    const opens = performance.now() + state.greetMs
    this.#ways = [
      new Way(near, far, { state, opens, shared: () => state.out, passed: (bytes) => (carried.out += bytes) }),
      new Way(far, near, { state, opens: 0, shared: () => state.back, passed: (bytes) => (carried.back += bytes) }),
    ]
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
  readonly #shared: () => Budget | null
  #held: { bytes: Buffer; due: number }[] = []
  #heldBytes = 0
  #timer: NodeJS.Timeout | null = null
  #hasEnded = false
  /** Its sender left while nothing passed. */
  isOver = false

  constructor(
    from: Socket,
    to: Socket,
    {
      state,
      opens,
      shared,
      passed,
    }: { state: State; opens: number; shared: () => Budget | null; passed: (bytes: number) => void },
  ) {
    this.#shared = shared
    this.#from = from
    this.#to = to
    this.#state = state
    from.on('data', (bytes: Buffer) => {
      passed(bytes.length)
      const due = Math.max(performance.now(), opens) + state.delayMs
      if (state.lost === 0) this.#held.push({ bytes, due })
      else
        for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
          const packet = bytes.subarray(at, at + PACKET_BYTES)
          this.#held.push({ bytes: packet, due: due + (isLost(state) ? state.stallMs : 0) })
        }
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
    const shared = this.#shared()
    const own = bytesPerSecond === null ? Number.POSITIVE_INFINITY : Math.ceil((bytesPerSecond * STEP_MS) / 1000)
    let budget = Math.min(own, shared?.left ?? own)
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
      shared?.take(part.length)
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
