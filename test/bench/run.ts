import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { CONTENDERS, type Contender } from './contenders.ts'
import { installPeers } from './installed.ts'
import { progress, progressOver } from './progress.ts'
import { loadNow, printed, type Report, writeDocs } from './report.ts'
import { judged } from './targets.ts'
import type { Options, Result, Workload } from './workloads.ts'

/**
 * `npm run bench -- [workload...] [--against none | peer,peer] [--quick | --short] [--write] [--runs 3] [--people 50]
 * [--seconds 12] [--traces folder] [--json file] [--profile folder] [--client folder]`.
 * Prints tables, then the same as one line of JSON. Every part of a measurement is this program again, in another role.
 */

const WORKLOADS: Record<string, () => Promise<Workload>> = {
  light: async () => (await import('./contests.ts')).light,
  busy: async () => (await import('./contests.ts')).busy,
  many: async () => (await import('./contests.ts')).many,
  overload: async () => (await import('./overload.ts')).overload,
  overload200: async () => (await import('./overload.ts')).overload200,
  bytes: async () => (await import('./bytes.ts')).bytes,
  replay: async () => (await import('./replays.ts')).replay,
  cold: async () => (await import('./cold.ts')).cold,
  idle: async () => (await import('./idle.ts')).idle,
  observers: async () => (await import('./observers.ts')).observers,
  growth: async () => (await import('./growth.ts')).growth,
  client: async () => (await import('./client.ts')).client,
  opening: async () => (await import('./opening.ts')).opening,
  hidden: async () => (await import('./hidden.ts')).hidden,
  page: async () => (await import('./page.ts')).page,
  load: async () => (await import('./load.ts')).load,
  nodes: async () => (await import('./nodes.ts')).nodes,
  slow: async () => (await import('./slow.ts')).slow,
  documents: async () => (await import('./documents.ts')).documents,
}
/** About Parley alone and slow: only when named. */
const NAMED_ONLY = ['hidden', 'page', 'load', 'opening', 'client', 'nodes', 'slow', 'documents']
const SHORT_AT_ONCE = 3

const ARGUMENTS = {
  short: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  against: { type: 'string' },
  runs: { type: 'string' },
  people: { type: 'string', default: '50' },
  seconds: { type: 'string' },
  traces: { type: 'string', default: process.env['BENCH_TRACES'] },
  json: { type: 'string' },
  profile: { type: 'string' },
  client: { type: 'string' },
} as const

/** In the quick form: whoever the targets name; the durable peer only where durability is the question. */
const QUICK: Contender[] = ['hocuspocus', 'hocuspocus-sqlite', 'y-websocket', 'y-socket.io']
const DURABLE_ONLY = 'cold'

function contendersFor(against: string | undefined, quick: boolean): Contender[] {
  const ours: Contender[] = process.env['REDIS_URL'] ? ['parley', 'parley-redis'] : ['parley']
  if (against === 'none') return ours
  const known = Object.keys(CONTENDERS) as Contender[]
  const peers = known.filter((one) => !ours.includes(one) && one !== 'parley-redis')
  if (against === undefined) return [...ours, ...(quick ? QUICK : peers)]
  const named = against.split(',')
  const unknown = named.find((name) => !peers.some((peer) => peer === name))
  if (unknown !== undefined) throw new Error(`No peer is called ${unknown}. There are: ${peers.join(', ')}.`)
  return [...ours, ...peers.filter((peer) => named.includes(peer))]
}

export async function bench(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: ARGUMENTS })
  const known = Object.keys(WORKLOADS)
  const names = positionals.length > 0 ? positionals : known.filter((name) => !NAMED_ONLY.includes(name))
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`No workload is called ${unknown.join(' or ')}. There are: ${known.join(', ')}.`)
    process.exitCode = 2
    return
  }
  const { short, quick } = values
  const contenders = contendersFor(values.against, quick)
  if (contenders.some((one) => !one.startsWith('parley')) || values.write)
    installPeers({ native: contenders.includes('hocuspocus-sqlite') })
  const options: Options = {
    ...values,
    contenders,
    runs: Number(values.runs ?? (short || quick ? 1 : 3)),
    people: Number(values.people),
    seconds: Number(values.seconds ?? (quick ? 4 : 12)),
  }
  const before = loadNow()
  const results = await all(names, options)
  const rows = results.flatMap((result) => result.rows ?? [])
  const report: Report = {
    at: new Date().toISOString().slice(0, 16),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`,
    form: short ? 'short: shows that it works and measures nothing' : quick ? 'quick: one short run each' : '',
    load: [before, loadNow()],
    figures: [...(short ? [] : judged(rows)), ...results.flatMap((result) => result.figures ?? [])],
    rows,
  }
  progressOver()
  console.log(printed(report))
  const line = JSON.stringify(report)
  console.log(`\n${line}`)
  if (values.json) writeFileSync(values.json, `${line}\n`)
  if (values.write) await writeDocs(report)
}

/** One after another, so that none disturbs the next; without measuring they may. */
async function all(names: string[], options: Options): Promise<Result[]> {
  const results = names.map((): Result => ({}))
  const waiting = names.entries()
  const measure = async () => {
    for (const [index, name] of waiting) {
      progress(`measuring: ${name} (the machine's load is ${loadNow()})`)
      const workload = await WORKLOADS[name]?.()
      const isSpared = (one: Contender) => options.quick && one === 'hocuspocus-sqlite' && name !== DURABLE_ONLY
      const contenders = options.contenders.filter((one) => !isSpared(one))
      results[index] = (await workload?.({ ...options, contenders })) ?? {}
    }
  }
  await Promise.all(Array.from({ length: options.short ? SHORT_AT_ONCE : 1 }, measure))
  return results
}
