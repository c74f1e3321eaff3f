import type { Delivery } from '#server/delivery/receiver.ts'
import type { DrillLog, Entry } from '#server/log/log.ts'
import { type NodePorts, openNode } from '#server/node.ts'
import type { Hub } from '#server/nodes/hub.ts'
import { joinNodes } from '#server/nodes/member.ts'
import type { NodeDuties, Nodes } from '#server/nodes/nodes.ts'
import type { Wire } from '#server/nodes/wire.ts'
import type { Processes } from '#server/processes/port.ts'
import type { Random, Time } from '#shared/world.ts'
import type { FakeTime } from './fake-world.ts'

/** The telemetry of a node under test: bugs are kept. */
export type BugTelemetry = NodePorts['telemetry']

export interface StageNodeOptions {
  log: DrillLog
  time: FakeTime
  random: Random
  telemetry: BugTelemetry
  /** Left out: the node is alone. */
  hub?: Hub
}

/** One node of a stage. It can be made to stand still, as a machine that was suspended does, and to hear the log late. */
export interface StageNode {
  readonly processes: Processes
  readonly delivery: Delivery
  readonly nodes: Nodes
  readonly wire: Wire | null
  /** How long after they are durable entries come to this node. */
  lagMs: number
  /** Whether it hears the log at all. */
  isDeaf: boolean
  freeze(): void
  thaw(): void
  /** Gone without a word: nothing of it runs any more. */
  die(): void
}

/** What of a node waits while it stands still. */
class Pulse implements Time {
  readonly #time: FakeTime
  #isFrozen = false
  #isDead = false
  #waiting: (() => void)[] = []

  constructor(time: FakeTime) {
    this.#time = time
  }

  now() {
    return this.#time.now()
  }

  after(ms: number, task: () => void): () => void {
    let isOff = false
    const cancel = this.#time.after(ms, () => this.run(() => isOff || task()))
    return () => {
      isOff = true
      cancel()
    }
  }

  run(task: () => void): void {
    if (this.#isDead) return
    if (this.#isFrozen) this.#waiting.push(task)
    else task()
  }

  freeze(): void {
    this.#isFrozen = true
  }

  die(): void {
    this.#isDead = true
  }

  thaw(): void {
    this.#isFrozen = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const task of waiting) task()
  }
}

export async function openStageNode(options: StageNodeOptions): Promise<StageNode> {
  const { time, random, telemetry, hub } = options
  const pulse = new Pulse(time)
  const lag = { lagMs: 0, isDeaf: false }
  const log = hub ? lagging(options.log, pulse, lag) : options.log
  const wire = hub?.wire() ?? null
  const monotonic = () => time.now()
  const joining = wire && {
    joinNodes: (duties: NodeDuties) =>
      joinNodes({ wire: heldBack(wire, pulse), duties, time: pulse, monotonic, random, telemetry }),
  }
  const { processes, delivery, nodes } = await openNode({ log, time: pulse, random, telemetry, ...joining })
  return Object.assign(lag, {
    processes,
    delivery,
    nodes,
    wire,
    freeze: () => pulse.freeze(),
    thaw: () => pulse.thaw(),
    die: () => pulse.die(),
  })
}

/** What other nodes say waits while this one stands still. */
function heldBack(wire: Wire, pulse: Pulse): Wire {
  return {
    ...wire,
    onMessage: (listener) => wire.onMessage((from, message) => pulse.run(() => listener(from, message))),
  }
}

/** The shared log as one node hears it: late, or not at all, and never while it stands still. */
function lagging(log: DrillLog, pulse: Pulse, lag: { lagMs: number; isDeaf: boolean }): DrillLog {
  const follow: DrillLog['follow'] = (process, after, onEntries, onReset) => {
    const waiting: Entry[][] = []
    const hear = () =>
      pulse.run(() => {
        if (lag.isDeaf) {
          pulse.after(50, hear)
          return
        }
        // One for each that came, in order, however the lag changed meanwhile.
        const next = waiting.shift()
        if (next) onEntries(next)
      })
    return log.follow(
      process,
      after,
      (entries) => {
        waiting.push(entries)
        if (lag.lagMs > 0) pulse.after(lag.lagMs, hear)
        else hear()
      },
      onReset && (() => pulse.run(onReset)),
    )
  }
  return new Proxy(log, {
    get(target, name) {
      if (name === 'follow') return follow
      const own = Reflect.get(target, name, target)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}
