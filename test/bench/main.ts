import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Figure, isMet, progress, tableOf } from './figures.ts'
import type { Options, Workload } from './workloads.ts'

/**
 * `npm run bench -- [workload...] [--short] [--people 50] [--seconds 20] [--json file] [--profile folder] [--client folder]`.
 * Prints a table, then the same as one line of JSON. Every part of a measurement is this program again, in another role.
 */

const WORKLOADS: Record<string, () => Promise<Workload>> = {
  light: async () => (await import('./typing.ts')).light,
  busy: async () => (await import('./typing.ts')).busy,
  opening: async () => (await import('./opening.ts')).opening,
  page: async () => (await import('./page.ts')).page,
  load: async () => (await import('./load.ts')).load,
  idle: async () => (await import('./idle.ts')).idle,
  hidden: async () => (await import('./hidden.ts')).hidden,
  bytes: async () => (await import('./bytes.ts')).bytes,
}

const SHORT_AT_ONCE = 3

async function bench(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      short: { type: 'boolean', default: false },
      people: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '20' },
      json: { type: 'string' },
      profile: { type: 'string' },
      client: { type: 'string' },
    },
  })
  const names = positionals.length > 0 ? positionals : Object.keys(WORKLOADS)
  const unknown = names.filter((name) => !(name in WORKLOADS))
  if (unknown.length > 0) {
    console.error(`No workload is called ${unknown.join(' or ')}. There are: ${Object.keys(WORKLOADS).join(', ')}.`)
    process.exitCode = 2
    return
  }
  const options = { ...values, people: Number(values.people), seconds: Number(values.seconds) }
  const results = names.map((): Figure[] => [])
  const waiting = names.entries()
  // One after another, so that none disturbs the next; without measuring they may.
  const measure = async () => {
    for (const [index, name] of waiting) results[index] = await run(name, options)
  }
  await Promise.all(Array.from({ length: values.short ? SHORT_AT_ONCE : 1 }, measure))
  report(results.flat(), values)
}

async function run(name: string, options: Options): Promise<Figure[]> {
  progress(`measuring: ${name} (the machine's load is ${loadavg()[0]?.toFixed(2)})`)
  const workload = await WORKLOADS[name]?.()
  return (await workload?.(options)) ?? []
}

function report(figures: Figure[], { short, json }: { short: boolean; json?: string | undefined }): void {
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`
  const at = new Date().toISOString().slice(0, 16)
  console.log(`${at}, ${machine}${short ? ', short: shows that it works and measures nothing' : ''}\n`)
  console.log(tableOf(figures))
  const missed = figures.filter((figure) => !isMet(figure))
  if (missed.length > 0)
    console.log(`\nNot met: ${missed.map(({ workload, figure }) => `${workload}, ${figure}`).join('; ')}.`)
  const line = JSON.stringify({ at, machine, short, figures })
  console.log(`\n${line}`)
  if (json) writeFileSync(json, `${line}\n`)
}

switch (process.env['BENCH_ROLE']) {
  case undefined:
    await bench()
    break
  case 'server':
    await (await import('./server.ts')).serve()
    break
  case 'crowd':
    await (await import('./crowd.ts')).crowd()
    break
  case 'rooms':
    await (await import('./rooms.ts')).rooms()
    break
  case 'seats':
    await (await import('./seats.ts')).seats()
    break
  default:
    throw new Error('a part of a measurement without a role')
}
