import type { ProcessId } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import { accessActs } from './access/acts.ts'
import { type DeliveryOptions, openDelivery } from './delivery/delivery.ts'
import type { Log } from './log/log.ts'
import { alone } from './nodes/alone.ts'
import type { NodeDuties, Nodes } from './nodes/nodes.ts'
import type { Withdraw } from './processes/port.ts'
import { openProcesses, type ProcessesOptions } from './processes/processes.ts'

/** What a node is made of: it has a log, and perhaps others beside it. */
export interface NodePorts {
  log: Log
  time: Time
  random: Random
  telemetry: ProcessesOptions['telemetry'] & DeliveryOptions['telemetry']
  /** Joins the other nodes on the same log. Left out: there are none. */
  joinNodes?: (duties: NodeDuties) => Promise<Nodes>
}

/** Runs processes and delivers them, and does for other nodes what they have to wait for. Resolves when it may serve. */
export async function openNode({ log, time, random, telemetry, joinNodes }: NodePorts) {
  const access = accessActs({ random: random.stream('access'), now: () => log.now() })
  let inForce: Withdraw = async () => undefined
  const processes = openProcesses({ log, time, random, telemetry, access, withdraw: (...cut) => inForce(...cut) })
  let settled = async (_: ProcessId): Promise<void> => undefined
  const duties: NodeDuties = {
    async settled(process, seq) {
      await processes.reached(process, seq)
      await settled(process)
    },
    catchUp: () => processes.catchUp(),
    hears: () => processes.hears(),
    canHear() {
      const health = log.health()
      return health.state === 'writable' || health.reason !== 'unavailable'
    },
  }
  const nodes = joinNodes ? await joinNodes(duties) : alone
  const delivery = openDelivery({ processes, time, random, telemetry, nodes })
  inForce = delivery.withdraw
  settled = delivery.settled
  return { processes, delivery, nodes }
}
