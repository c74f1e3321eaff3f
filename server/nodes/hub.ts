import type { NodeId } from './nodes.ts'
import type { Message, Wire } from './wire.ts'

interface Lease {
  end: number
  isFenced: boolean
}

/** What a test may do to the line between nodes. */
export interface HubFaults {
  /** Milliseconds until a message arrives; null: it never does. */
  delay?(from: Wire, to: Wire): number | null
  /** Whether the node reaches the store of leases now. */
  reaches?(wire: Wire): boolean
}

export interface HubOptions {
  /** The store's clock. */
  now: () => number
  after: (ms: number, task: () => void) => void
  faults?: HubFaults
}

/** The reference engine: leases in memory, and lines that a test can delay and cut. */
export class Hub {
  readonly #options: HubOptions
  readonly #leases = new Map<NodeId, Lease>()
  readonly #wires = new Map<Wire, (from: NodeId, message: Message) => void>()

  #since = Number.NEGATIVE_INFINITY

  constructor(options: HubOptions) {
    this.#options = options
  }

  /** Another takes the store over, and has none of the leases. */
  takeOver(): void {
    this.#leases.clear()
    this.#since = this.#options.now()
  }

  wire(): Wire {
    const leases = this.#leases
    const { now } = this.#options
    const reached = async () => {
      await null
      if (this.#options.faults?.reaches?.(wire) === false) throw new Error('the store of leases does not answer')
    }
    const wire: Wire = {
      join: async (node, leaseMs) => {
        await reached()
        leases.set(node, { end: now() + leaseMs, isFenced: false })
      },
      renew: async (node, leaseMs) => {
        await reached()
        const lease = leases.get(node)
        if (!lease || lease.isFenced || lease.end < now()) return false
        lease.end = now() + leaseMs
        return true
      },
      live: async (graceMs) => {
        await reached()
        const nodes = [...leases].filter(([, { end }]) => end + graceMs >= now()).map(([node]) => node)
        return { nodes, sinceMs: now() - this.#since }
      },
      fence: async (node) => {
        await reached()
        const lease = leases.get(node)
        if (lease) lease.isFenced = true
      },
      leave: async (node) => {
        await reached()
        leases.delete(node)
      },
      send: async (from, message) => {
        await reached()
        for (const to of this.#wires.keys()) if (to !== wire) this.#carry(wire, to, from, message)
      },
      onMessage: (listener) => this.#wires.set(wire, listener),
      close: async () => {
        this.#wires.delete(wire)
      },
    }
    return wire
  }

  #carry(wire: Wire, to: Wire, from: NodeId, message: Message): void {
    const { faults, after } = this.#options
    const delay = faults?.delay ? faults.delay(wire, to) : 0
    if (delay === null) return
    const arrive = () => this.#wires.get(to)?.(from, structuredClone(message))
    if (delay === 0) queueMicrotask(arrive)
    else after(delay, arrive)
  }
}
