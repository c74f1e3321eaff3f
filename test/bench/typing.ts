import { enterRoom } from '#client/room/index.ts'
import { pause } from './clock.ts'
import type { Typed } from './crowd.ts'
import { type Figure, quantile, round } from './figures.ts'
import { MeasuredServer, type Part } from './parts.ts'
import { digestOf } from './replica.ts'
import type { RoomsTyped } from './rooms.ts'
import type { Cost } from './server.ts'
import { TABLE, talks } from './talks.ts'
import type { Options, Workload } from './workloads.ts'

/** Everyone types five characters a second into one text: most by raw frames, a few at the room's own client. */

const RATE = 5
const WARM_UP_MS = 4_000
const CLAUSES = 100
const LENGTH = 300
const SETTLE_TRIES = 50

export const light: Workload = (options) =>
  type('light', 5, options, { 'seen by others p50': 8, 'durable acknowledgement p95': 50 })
export const busy: Workload = ({ people, ...options }) =>
  type('busy', options.short ? 6 : people, { people, ...options }, BUSY_TARGETS)
const BUSY_TARGETS = { 'durable acknowledgement p95': 50, 'seen by others p50': 25 }

async function type(
  workload: string,
  people: number,
  { short, seconds, profile }: Options,
  targets: Record<string, number>,
): Promise<Figure[]> {
  const server = await MeasuredServer.start({ profile })
  try {
    const inRooms = Math.min(3, people - 2)
    const party = Math.ceil(people / 3)
    const seats = { north: party, south: party, team: people - 2 * party }
    const file = talks(seats, [{ id: 'plenary', size: { clauses: CLAUSES, length: LENGTH }, access: TABLE }])
    const { tokens } = await server.talks(file)
    // One of each party at the room's own client.
    const own = ['north-0', 'south-0', 'team-0'].slice(0, inRooms)
    const others = Object.keys(tokens).filter((seat) => !own.includes(seat))
    const tokensOf = (names: string[]) => names.map((name) => tokens[name] ?? '')
    const crowd = await server.load('crowd', { track: 'plenary', tokens: tokensOf(others), rate: RATE })
    const rooms = await server.load('rooms', { track: 'plenary', tokens: tokensOf(own), rate: RATE })
    const time = short ? { ms: 600, warmUpMs: 300 } : { ms: seconds * 1000, warmUpMs: WARM_UP_MS }
    const measured = await run(server, crowd, rooms, time)
    await expectEqual(server.url, tokens['team-0'] ?? '', 'plenary', [crowd, rooms])
    return figuresOf(`${workload}: ${people} people`, measured, { people, seconds: time.ms / 1000 }, targets)
  } finally {
    await server.end()
  }
}

interface Measured {
  crowd: Typed
  rooms: RoomsTyped
  cost: Cost
}

async function run(
  server: MeasuredServer,
  crowd: Part,
  rooms: Part,
  time: { ms: number; warmUpMs: number },
): Promise<Measured> {
  const typed = Promise.all([crowd.ask<Typed>('type', time), rooms.ask<RoomsTyped>('type', time)])
  await pause(time.warmUpMs)
  const before = await server.part.ask<Cost>('cost')
  await pause(time.ms)
  const after = await server.part.ask<Cost>('cost')
  const [inCrowd, inRooms] = await typed
  return { crowd: inCrowd, rooms: inRooms, cost: { ...after, cpuMs: after.cpuMs - before.cpuMs } }
}

/** All replicas, and one that opens the text now, say the same. Throws when they do not within some seconds. */
export async function expectEqual(url: string, token: string, track: string, parts: Part[]): Promise<void> {
  const room = await enterRoom({ url, token })
  try {
    const text = await room.open(track)
    for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
      const digests = await Promise.all(parts.map((part) => part.ask<string[]>('digests')))
      if (new Set([...digests.flat(), digestOf(text.doc)]).size === 1) return
      await pause(100)
    }
    throw new Error('the replicas did not end equal')
  } finally {
    await room.close()
  }
}

function figuresOf(
  workload: string,
  { crowd, rooms, cost }: Measured,
  { people, seconds }: { people: number; seconds: number },
  targets: Record<string, number>,
): Figure[] {
  const inRooms = seenInRooms(crowd, rooms)
  if (crowd.acked.length === 0 || crowd.seen.length === 0 || inRooms.length === 0)
    throw new Error(`${workload}: nobody saw anything`)
  const of = (figure: string, value: number, unit: string): Figure => {
    const target = targets[figure]
    return { workload, figure, value: round(value), unit, ...(target === undefined ? {} : { target }) }
  }
  const delivered = (RATE * people * (people - 1) * seconds) / 1000
  return [
    of('durable acknowledgement p50', quantile(crowd.acked, 0.5), 'ms'),
    of('durable acknowledgement p95', quantile(crowd.acked, 0.95), 'ms'),
    of('seen by others p50', quantile(crowd.seen, 0.5), 'ms'),
    of('seen by others p95', quantile(crowd.seen, 0.95), 'ms'),
    of("seen in the room's own client p50", quantile(inRooms, 0.5), 'ms'),
    of("seen in the room's own client p95", quantile(inRooms, 0.95), 'ms'),
    of("saved in the room's own client p95", quantile(rooms.saved, 0.95), 'ms'),
    of('processor of the server', cost.cpuMs / 10 / seconds, '% of a core'),
    of('processor a word delivered', cost.cpuMs / delivered, 'us'),
    of('server loop late p99', cost.lateP99, 'ms'),
  ]
}

/** What the crowd typed and the rooms had: joined by client id and clock. */
function seenInRooms({ sent }: Typed, { seen }: RoomsTyped): number[] {
  const typedAt = new Map<string, number>()
  for (let index = 0; index < sent.length; index += 3)
    typedAt.set(`${sent[index]}.${sent[index + 1]}`, sent[index + 2] as number)
  const taken: number[] = []
  for (let index = 0; index < seen.length; index += 3) {
    const at = typedAt.get(`${seen[index]}.${seen[index + 1]}`)
    if (at !== undefined) taken.push((seen[index + 2] as number) - at)
  }
  return taken
}
