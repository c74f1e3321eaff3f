import type { Typed } from './crowd.ts'
import { type Figure, quantile, round } from './figures.ts'
import { MeasuredServer } from './parts.ts'
import { talks } from './talks.ts'
import { expectEqual } from './typing.ts'
import type { Options, Workload } from './workloads.ts'

/** How much a party can tell, by the time its own words take, of traffic it may not see (P3 d). */

const ROUNDS = 5
const HEAVY = { people: 40, rate: 10 }

export const hidden: Workload = async (options) => {
  const server = await MeasuredServer.start(options)
  try {
    return await measure(server, options)
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
  const of = (party: string) => Object.keys(tokens).flatMap((seat) => (seat.startsWith(party) ? tokens[seat] : []))
  const probe = await server.load('crowd', { track: 'shared', tokens: of('south'), rate: 5 })
  const unseen = await server.load('crowd', { track: 'unseen', tokens: of('north'), rate: HEAVY.rate })
  const round_ = short ? { ms: 600, warmUpMs: 200 } : { ms: (seconds * 1000) / 2, warmUpMs: 2_000 }
  const acks: Record<'quiet' | 'busy', number[]> = { quiet: [], busy: [] }
  // In turns, so that what else the machine does falls on both.
  for (let count = 0; count < (short ? 1 : ROUNDS); count += 1) {
    acks.quiet.push(...(await probe.ask<Typed>('type', round_)).acked)
    const [typed] = await Promise.all([probe.ask<Typed>('type', round_), unseen.ask<Typed>('type', round_)])
    acks.busy.push(...typed.acked)
  }
  const token = tokens['team-0'] ?? ''
  await expectEqual(server.url, token, 'shared', [probe])
  await expectEqual(server.url, token, 'unseen', [unseen])
  const workload = `hidden: ${people} people at ${HEAVY.rate}/s in a track not seen`
  const told = (figure: string, value: number): Figure => ({ workload, figure, value: round(value), unit: 'ms' })
  const shares = { p50: 0.5, p95: 0.95, p99: 0.99 }
  return [
    ...Object.entries(shares).flatMap(([name, share]) => [
      told(`acknowledgement ${name}, quiet`, quantile(acks.quiet, share)),
      told(`acknowledgement ${name}, with hidden traffic`, quantile(acks.busy, share)),
    ]),
    told('difference p50', quantile(acks.busy, 0.5) - quantile(acks.quiet, 0.5)),
    told('difference p95', quantile(acks.busy, 0.95) - quantile(acks.quiet, 0.95)),
  ]
}
