import { round } from './figures.ts'
import { MeasuredServer, type Talks } from './parts.ts'
import type { Sitting } from './seats.ts'
import { TABLE, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/** People who have a text open and do nothing: ten in each track, four tracks and forty people in each process. */

const TRACKS = ['first', 'second', 'third', 'fourth']
const SEATS = { north: 16, south: 16, team: 8 }
/** As many as one address may have at the door. */
const AT_ONCE = 100

export const idle: Workload = async ({ short, profile }) => {
  const server = await MeasuredServer.start({ profile })
  try {
    const size = short ? { clauses: 3, length: 60 } : { clauses: 30, length: 200 }
    const file = talks(
      SEATS,
      TRACKS.map((id) => ({ id, size, access: TABLE })),
    )
    const processes: Talks[] = []
    for (let count = short ? 1 : 25; count > 0; count -= 1) processes.push(await server.talks(file))
    const people = processes.flatMap(({ tokens }) =>
      Object.values(tokens).map((token, index): Sitting => ({ token, track: TRACKS[index % 4] ?? '' })),
    )
    const seats = await server.load('seats', {})
    const before = await server.part.ask<number>('memory')
    for (let from = 0; from < people.length; from += AT_ONCE) await seats.ask('sit', people.slice(from, from + AT_ONCE))
    const after = await server.part.ask<number>('memory')
    const there = await seats.ask<number>('count')
    if (there !== people.length) throw new Error(`${there} of ${people.length} people stayed`)
    const workload = `idle: ${people.length} seats, ${processes.length * TRACKS.length} tracks`
    const each = (after - before) / people.length / 1000
    return [
      { workload, figure: 'memory of the server without them', value: round(before / 1e6), unit: 'MB' },
      { workload, figure: 'heap and external of each seat', value: round(each), unit: 'kB', target: 40 },
    ]
  } finally {
    await server.end()
  }
}
