import type { Contender } from './contenders.ts'
import { LOAD_IS_FULL } from './figures.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { type Measured, type Setting, Stage } from './stage.ts'
import type { Options, Workload } from './workloads.ts'

/** How many words a second one text takes while 95 of 100 are seen within 200 ms and none is lost. */

const WITHIN_MS = 200
const TEXT = { clauses: 60, length: 200 }
const FIRST_RATE = 100
/** Past it the search ends, and the figure says so as where the load is full. */
const HIGHEST_RATE = 400_000
/** A load that could not even type so much of what it should did not measure that rate. */
const KEPT_UP = 0.9
/** Each waits some seconds more. */
const DRAINS = 6
/** Between the last rate that held and the first that did not. */
const HALVINGS = 3

export const CROWD_50 = 'overload: 1 text, 50 people, all writing'
export const CROWD_200 = 'overload: 1 text, 200 people, 10 writing'

export const overload: Workload = (options) =>
  search(CROWD_50, { texts: 1, people: options.short ? 6 : 50, writers: options.short ? 6 : 50, size: TEXT }, options)
export const overload200: Workload = (options) =>
  search(CROWD_200, { texts: 1, people: options.short ? 8 : 200, writers: options.short ? 2 : 10, size: TEXT }, options)

async function search(workload: string, setting: Setting, options: Options) {
  const rows = new Rows(workload)
  for (const contender of options.contenders) {
    const best = await highest(workload, contender, setting, options)
    rows.add(
      contender,
      {
        'words taken': [best.typed / best.seconds, 'a second'],
        'words delivered': [best.seen.count / best.seconds, 'a second'],
        'seen by others p95': [best.seen.quantile(0.95), 'ms'],
        'processor of the server': [best.cpuMs / 10 / best.seconds, '% of a core'],
        'the load itself': [best.loadCore * 100, '% of a core'],
      },
      best.isLoadBound,
    )
  }
  return { rows: rows.all }
}

type Best = Measured & { isLoadBound: boolean }

async function highest(workload: string, contender: Contender, setting: Setting, options: Options): Promise<Best> {
  const { short, quick, profile } = options
  const stage = await Stage.set(contender, setting, { profile })
  try {
    await stage.enter()
    let best: Measured | null = null
    let failed: Measured | null = null
    const tryRate = async (rate: number): Promise<boolean> => {
      progress(`${workload}: ${contender} at ${Math.round(rate)} a second`)
      const ms = short ? 300 : quick ? 1_200 : 4_000
      const tried = await stage.measure({ ms, warmUpMs: ms / 3, rate })
      const holds = tried.delivered === tried.expected && (short || isInTime(tried, rate))
      if (holds) best = tried
      else {
        failed = tried
        await drained(stage)
      }
      return holds
    }
    let rate = FIRST_RATE
    while (rate < (short ? FIRST_RATE + 1 : HIGHEST_RATE) && (await tryRate(rate))) rate *= 2
    let [low, high] = [rate / 2, rate]
    for (let step = 0; step < (short ? 0 : quick ? 1 : HALVINGS) && failed; step += 1) {
      const middle = Math.sqrt(low * high)
      if (await tryRate(middle)) low = middle
      else high = middle
    }
    if (!best) throw new Error(`${contender} did not hold ${FIRST_RATE} words a second`)
    await stage.expectEqual()
    const full = failed as Measured | null
    // Nothing failed: the search ended before the server did.
    return { ...(best as Measured), isLoadBound: full === null ? !short : full.loadCore > LOAD_IS_FULL }
  } finally {
    await stage.end()
  }
}

/** What a rate too high left behind must be over before the next is tried. Throws when it never is. */
async function drained(stage: Stage): Promise<void> {
  for (let tries = 0; tries < DRAINS; tries += 1) {
    const { expected, delivered } = await stage.measure({ ms: 200, warmUpMs: 0, rate: 10 })
    if (expected === delivered) return
  }
  throw new Error(`${stage.server.contender} lost words when it had too many`)
}

const isInTime = ({ seen, typed, seconds }: Measured, rate: number): boolean =>
  seen.quantile(0.95) < WITHIN_MS && typed / seconds > rate * KEPT_UP
