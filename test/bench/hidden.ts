import type { Ended, Pace, Typed } from './crowd.ts'
import { type Figure, round } from './figures.ts'
import { Histogram } from './histogram.ts'
import { MeasuredServer } from './measured.ts'
import { talks } from './talks.ts'
import type { Options, Workload } from './workloads.ts'

/** How much a party can tell, by the time its own words take, of traffic it may not see (P3 d). */

const ROUNDS = 5
const HEAVY = { people: 40, rate: 10 }

export const hidden: Workload = async (options) => {
  const server = await MeasuredServer.start({ profile: options.profile })
  try {
    return { figures: await measure(server, options) }
  } finally {
    await server.end()
  }
}

async function measure(server: MeasuredServer, { short, seconds }: Options): Promise<Figure[]> {
  const people = short ? 4 : HEAVY.people
  const size = { clauses: 50, length: 200 }
  const file = talks({ north: people, south: 3, team: 1 }, [
    { id: 'shared', size, access: { south: 'edit', team: 'edit' } },
    { id: 'unseen', size, access: { north: 'edit', team: 'edit' } },
  ])
  const { tokens } = await server.talks(file)
  const crowdOf = async (party: string, room: string) => {
    const crowd = await server.load('crowd', {})
    const seats = Object.keys(tokens).filter((seat) => seat.startsWith(party))
    await crowd.ask(
      'enter',
      seats.map((seat, index) => ({ room, text: room, token: tokens[seat], index, writes: true })),
    )
    return crowd
  }
  const probe = await crowdOf('south', 'shared')
  const unseen = await crowdOf('north', 'unseen')
  const time = short ? { ms: 600, warmUpMs: 200 } : { ms: (seconds * 1000) / 2, warmUpMs: 2_000 }
  const own: Pace = { ...time, rate: 15 }
  const others: Pace = { ...time, rate: people * HEAVY.rate }
  const acks = { quiet: new Histogram(), busy: new Histogram() }
  // In turns, so that what else the machine does falls on both.
  for (let count = 0; count < (short ? 1 : ROUNDS); count += 1) {
    acks.quiet.take((await probe.ask<Typed>('type', own)).acked)
    const [typed] = await Promise.all([probe.ask<Typed>('type', own), unseen.ask<Typed>('type', others)])
    acks.busy.take(typed.acked)
  }
  for (const crowd of [probe, unseen])
    for (const { text, vectors } of await crowd.ask<Ended[]>('ended'))
      if (vectors.length > 1) throw new Error(`the replicas of ${text} differ`)
  const workload = `hidden: ${people} people at ${HEAVY.rate}/s in a track not seen`
  const told = (figure: string, value: number): Figure => ({ workload, figure, value: round(value), unit: 'ms' })
  const shares = { p50: 0.5, p95: 0.95, p99: 0.99 }
  return [
    ...Object.entries(shares).flatMap(([name, share]) => [
      told(`acknowledgement ${name}, quiet`, acks.quiet.quantile(share)),
      told(`acknowledgement ${name}, with hidden traffic`, acks.busy.quantile(share)),
    ]),
    told('difference p50', acks.busy.quantile(0.5) - acks.quiet.quantile(0.5)),
    told('difference p95', acks.busy.quantile(0.95) - acks.quiet.quantile(0.95)),
  ]
}
