import { readFileSync } from 'node:fs'
import { RedisServer } from '../support/redis.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'
import { pause } from './clock.ts'
import type { Ended, Pace, Typed } from './crowd.ts'
import { type Figure, LOAD_IS_FULL, round } from './figures.ts'
import { Histogram } from './histogram.ts'
import type { Place } from './lines/line.ts'
import { Part } from './parts.ts'
import { progress } from './progress.ts'
import { TABLE, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/** Several real servers on one real Redis that keeps what it acknowledges: how soon words are durable, and what a node adds. */

const WRITERS = 50
const CHARACTERS = 5
const READERS = 300
const SIZE = { clauses: 50, length: 200 }
/** More lines than a seat may have are turned away. */
const LINES_A_SEAT = 10
/** Ticks of the processor's accounts in a second, everywhere on Linux. */
const TICKS = 100
/** A node that did nothing that could be counted: only in the short form. */
const LEAST = 0.01

export const nodes: Workload = async ({ short, seconds }) => {
  const time = short ? { ms: 500, warmUpMs: 200 } : { ms: seconds * 1_000, warmUpMs: 3_000 }
  const [writers, readers] = short ? [6, 9] : [WRITERS, READERS]
  const figures: Figure[] = []
  const told = (workload: string, figure: string, value: number, unit: string, target?: number) =>
    figures.push({ workload, figure, value: round(value), unit, ...(target === undefined ? {} : { target }) })
  const busy = await onNodes(3, { writers, lookers: 0 }, { ...time, rate: writers * CHARACTERS })
  const name = `nodes: 3 on one Redis, ${writers} write ${CHARACTERS} characters a second each in one text`
  told(name, 'durable and acknowledged p50', busy.acked.quantile(0.5), 'ms')
  told(name, 'durable and acknowledged p95', busy.acked.quantile(0.95), 'ms', 40)
  told(name, 'seen by others p95', busy.seen.quantile(0.95), 'ms')
  told(name, 'processor of a node', Math.max(...busy.cores), 'cores')
  for (const count of [1, 2, 3]) {
    const run = await onNodes(count, { writers: 3, lookers: readers }, { ...time, rate: 15 })
    const curve = `nodes: ${count} on one Redis, 3 write 15 characters a second, ${readers} look on`
    const capacity = run.cores.reduce((sum, cores) => sum + readers / count / Math.max(cores, LEAST), 0)
    told(curve, 'readers that these nodes could serve, a core each', capacity, '')
    told(curve, 'seen by others p95', run.seen.quantile(0.95), 'ms')
  }
  return { figures }
}

interface Run {
  acked: Histogram
  seen: Histogram
  /** Of each node, while it was measured. */
  cores: number[]
}

/** Everybody's node in turn. Throws when words were lost, or replicas did not end equal. */
async function onNodes(
  count: number,
  { writers, lookers }: { writers: number; lookers: number },
  pace: Pace,
): Promise<Run> {
  progress(`nodes: ${count}, ${writers} write and ${lookers} look on`)
  const redis = await RedisServer.start()
  const servers: StartedServer[] = []
  let crowd: Part | null = null
  try {
    for (let nth = 0; nth < count; nth += 1) servers.push(await startServer({ environment: { REDIS_URL: redis.url } }))
    const places = await placesOn(servers, writers, lookers)
    crowd = await Part.start('crowd', { url: servers[0]?.url, contender: 'parley' })
    await crowd.ask('enter', places)
    const typing = crowd.ask<Typed>('type', pace)
    await pause(pace.warmUpMs)
    const before = servers.map(processorOf)
    await pause(pace.ms)
    const cores = servers.map((server, nth) => ((processorOf(server) - (before[nth] ?? 0)) * 1_000) / pace.ms)
    const typed = await typing
    if (typed.delivered !== typed.expected) throw new Error('words were lost before their readers')
    if (typed.core > LOAD_IS_FULL) progress('nodes: the load process was the limit')
    const ended = await crowd.ask<Ended[]>('ended')
    if (ended.some(({ vectors }) => vectors.length > 1)) throw new Error('the replicas differ')
    return { acked: new Histogram().take(typed.acked), seen: new Histogram().take(typed.seen), cores }
  } finally {
    await crowd?.end()
    await cleanUp()
    await redis.end()
  }
}

async function placesOn(servers: StartedServer[], writers: number, lookers: number): Promise<Place[]> {
  const [first] = servers
  if (!first) throw new Error('no node')
  const party = Math.ceil(Math.max(writers, lookers / LINES_A_SEAT) / 3)
  const file = talks({ north: party, south: party, team: party }, [{ id: 'plenary', size: SIZE, access: TABLE }])
  const { codes } = await first.newProcess(file)
  const tokens: string[] = []
  for (const code of Object.values(codes)) tokens.push((await first.redeem(code)).token)
  return Array.from({ length: writers + lookers }, (_, index) => ({
    url: servers[index % servers.length]?.url ?? '',
    room: 'plenary',
    text: 'plenary',
    token: tokens[index % tokens.length] ?? '',
    index,
    writes: index < writers,
  }))
}

/** Seconds of processor time of a process with all its threads. */
function processorOf({ pid }: StartedServer): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
