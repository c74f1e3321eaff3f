import { type Contender, isLimit } from './contenders.ts'
import { LOAD_IS_FULL } from './figures.ts'
import type { Part } from './parts.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { type Measured, type Setting, Stage } from './stage.ts'
import type { Options, Workload } from './workloads.ts'

/** Everyone types at the pace of people: what it costs the server, and how long a word takes. */

const A_PERSON = 5
const TEXT = { clauses: 100, length: 300 }
const SMALL = { clauses: 2, length: 100 }
/** Real clients that read along in the first text. */
const REAL = 2

export const LIGHT = 'light: 1 text, 5 people, 5 characters a second each'
export const BUSY = 'busy: 1 text, 50 people, 5 characters a second each'
export const MANY = 'many: 100 texts, 4 people each, 2 characters a second each'

export const light: Workload = (options) =>
  contest(LIGHT, { texts: 1, people: 5, writers: 5, size: TEXT }, A_PERSON, options)
export const busy: Workload = (options) => {
  const people = options.short ? 8 : options.people
  const named = people === 50 ? BUSY : BUSY.replace('50', String(people))
  return contest(named, { texts: 1, people, writers: people, size: TEXT }, A_PERSON, options)
}
export const many: Workload = (options) =>
  contest(MANY, { texts: options.short ? 4 : 100, people: 4, writers: 4, size: SMALL }, 2, options)

async function contest(workload: string, setting: Setting, rate: number, options: Options) {
  const { short, seconds, runs, contenders } = options
  const rows = new Rows(workload)
  for (let run = 0; run < runs; run += 1)
    for (const contender of contenders) {
      progress(`${workload}: ${contender}, run ${run + 1} of ${runs}`)
      const pace = {
        ms: short ? 600 : seconds * 1000,
        warmUpMs: short ? 300 : 2_000,
        rate: rate * setting.texts * setting.writers,
      }
      const measured = await one(contender, setting, pace, options)
      rows.add(contender, figuresOf(measured), measured.loadCore > LOAD_IS_FULL)
    }
  return { rows: rows.all }
}

async function one(
  contender: Contender,
  setting: Setting,
  pace: { ms: number; warmUpMs: number; rate: number },
  { profile }: Options,
): Promise<Measured> {
  const stage = await Stage.set(contender, setting, { profile })
  try {
    await stage.enter()
    const readers: Part[] = []
    const [first] = stage.spots
    if (!isLimit(contender) && setting.texts === 1 && first) {
      const reals = await stage.server.load('reals', {})
      await reals.ask(
        'enter',
        Array.from({ length: REAL }, () => ({ room: first.room, token: first.token })),
      )
      readers.push(reals)
    }
    const measured = await stage.measure(pace)
    if (measured.delivered !== measured.expected)
      throw new Error(`${contender}: ${measured.delivered} words of ${measured.expected} arrived`)
    await stage.expectEqual(readers)
    return measured
  } finally {
    await stage.end()
  }
}

export function figuresOf({ typed, seen, acked, cpuMs, lateP99, seconds, expected, ...rest }: Measured) {
  // Of what was typed in the measured time, as many deliveries as of all.
  const deliveries = expected === 0 ? 0 : seen.count
  return {
    'processor a delivered word': [(cpuMs * 1000) / deliveries, 'us'],
    'processor of the server': [cpuMs / 10 / seconds, '% of a core'],
    'seen by others p50': [seen.quantile(0.5), 'ms'],
    'seen by others p95': [seen.quantile(0.95), 'ms'],
    'acknowledged p50': [acked.quantile(0.5), 'ms'],
    'acknowledged p95': [acked.quantile(0.95), 'ms'],
    'words typed': [typed / seconds, 'a second'],
    'loop late p99': [lateP99, 'ms'],
    'the load itself': [rest.loadCore * 100, '% of a core'],
  } satisfies Record<string, [number, string]>
}
