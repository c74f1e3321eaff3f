import { stands } from '#shared/domain/people.ts'
import type { ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { encodeDown } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Health } from '../log/log.ts'
import { alone } from '../nodes/alone.ts'
import type { Fenced, Nodes } from '../nodes/nodes.ts'
import type { Processes, Running, Withdraw } from '../processes/port.ts'
import type { Telemetry } from '../telemetry.ts'
import { Hall, NOT_FOLLOWED } from './hall.ts'
import type { Delivery, Receiver, Seated } from './receiver.ts'

export interface DeliveryOptions {
  processes: Processes
  time: Time
  random: Random
  telemetry: Pick<Telemetry, 'log' | 'count'>
  /** The others that serve the same log; none when left out. */
  nodes?: Nodes
}

/** After the spread, those who did not go by themselves are cut off. */
const LAST_MS = 1000
/** Another node serves, or this one does again soon. */
const ELSEWHERE = { code: 'draining', retryAfterMs: LAST_MS } as const

/** Log order to connections. Its `withdraw` is what processes wait for before a narrowing is in force. */
export function openDelivery(options: DeliveryOptions): Delivery & { withdraw: Withdraw; settled: Settled } {
  const delivery = new NodeDelivery(options)
  return {
    enter: (process, receiver) => delivery.enter(process, receiver),
    drain: (overMs) => delivery.drain(overMs),
    endSession: (process, session) => delivery.endSession(process, session),
    withdraw: (process, ended, seq) => delivery.withdraw(process, ended, seq),
    settled: (process) => delivery.settled(process),
  }
}

/** Resolves when everything that was cut in the process, as far as it is folded here, is in force on this node. */
type Settled = (process: ProcessId) => Promise<void>

class NodeDelivery implements Delivery {
  readonly #options: DeliveryOptions
  readonly #halls = new Map<ProcessId, { running: Running; hall: Hall }>()
  readonly #nodes: Nodes
  readonly #stopHealth: () => void
  #isDraining = false

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#nodes = options.nodes ?? alone
    this.#nodes.onFenced((how) => this.#fenced(how))
    this.#nodes.onTold((from, told) => this.#halls.get(told.process)?.hall.heard(from, told))
    this.#nodes.onGone((node) => {
      for (const { hall } of this.#halls.values()) hall.lost(node)
    })
    this.#stopHealth = options.processes.onHealth((health) => this.#tellHealth(health))
  }

  async enter(process: ProcessId, receiver: Receiver): Promise<Outcome<Seated, Refusal>> {
    const running = await this.#options.processes.open(process)
    const isBehind = !this.#nodes.isAlone && running !== null && !(await hasCaughtUp(running))
    if (isBehind || this.#isDraining || !this.#nodes.mayServe()) return refuse(ELSEWHERE)
    const { seat, session } = receiver.viewer
    const seated = running?.state.seats.by[seat]
    if (!running || !seated) return refuse({ code: 'no-such-thing' })
    if (!stands(seated)) return refuse({ code: 'session-ended' })
    if (running.isDamaged) return refuse(NOT_FOLLOWED)
    if (session && running.state.access.sessions.by[session]?.ended) return refuse({ code: 'session-ended' })
    const connection = this.#hallOf(running).seat(receiver)
    const health = this.#options.processes.health()
    if (health.state === 'not-writable')
      connection.tell({ frame: 'saving', state: 'not-saving', reason: health.reason })
    return ok(connection)
  }

  #hallOf(running: Running): Hall {
    const known = this.#halls.get(running.id)
    if (known?.running === running) return known.hall
    known?.hall.end()
    const { time, telemetry } = this.#options
    const nodes = this.#nodes
    const hall = new Hall({
      running,
      time,
      telemetry,
      nodes,
      random: this.#options.random.stream(`delivery:${running.id}`),
    })
    this.#halls.set(running.id, { running, hall })
    return hall
  }

  async withdraw(...[process, ended, seq]: Parameters<Withdraw>): Promise<void> {
    await Promise.all([this.#halls.get(process)?.hall.withdraw(ended), this.#nodes.inForce(process, seq)])
  }

  async settled(process: ProcessId): Promise<void> {
    await this.#halls.get(process)?.hall.settled()
  }

  /** Others may be told by now that this node is gone. */
  #fenced(how: Fenced): void {
    for (const { receiver } of this.#connections()) {
      if (how === 'late') receiver.reset()
      else receiver.close(ELSEWHERE)
    }
  }

  endSession(process: ProcessId, session: string): void {
    const found = this.#halls.get(process)
    const id = found && Object.values(found.running.state.access.sessions.by).find(({ id }) => id === session)?.id
    if (id) found.hall.endSession(id)
  }

  async drain(overMs: number): Promise<void> {
    this.#isDraining = true
    this.#stopHealth()
    const { time, random } = this.#options
    const chance = random.stream('drain')
    const leaving = this.#connections().map(async (connection) => {
      const [high = 0, low = 0] = chance.bytes(2)
      const share = ((high << 8) | low) / 65_536
      await wait(time, Math.floor(share * overMs))
      if (!connection.isGone) connection.receiver.close(ELSEWHERE)
    })
    await Promise.all(leaving)
    if (this.#connections().length > 0) await wait(time, LAST_MS)
    for (const connection of this.#connections()) connection.receiver.reset()
    for (const { hall } of this.#halls.values()) hall.end()
    this.#halls.clear()
  }

  #connections() {
    return [...this.#halls.values()].flatMap(({ hall }) => [...hall.connections])
  }

  #tellHealth(health: Health): void {
    const frame = { bytes: encodeDown(savingOf(health)) }
    for (const connection of this.#connections()) connection.sendShared(frame)
  }
}

/** False when the log can not be read now. */
const hasCaughtUp = (running: Running): Promise<boolean> =>
  running.caughtUp().then(
    () => true,
    () => false,
  )

const savingOf = (health: Health) =>
  health.state === 'writable'
    ? ({ frame: 'saving', state: 'saving' } as const)
    : ({ frame: 'saving', state: 'not-saving', reason: health.reason } as const)

const wait = (time: Time, ms: number): Promise<void> => new Promise((resolve) => time.after(ms, resolve))
