import { isLimit } from './contenders.ts'
import type { Cost } from './cost.ts'
import { progress } from './progress.ts'
import type { Replayed } from './replaying.ts'
import { Rows } from './rows.ts'
import { Stage } from './stage.ts'
import { ONE_AUTHOR, TWO_AUTHORS } from './traces.ts'
import type { Options, Workload } from './workloads.ts'

/** Real editing traces, as fast as they go: the authors of the trace and one reader. */

export const REPLAY = `replay: ${TWO_AUTHORS}, two authors and a reader`
/** As it is called where there is no trace of real people. */
export const REPLAY_MADE = REPLAY.replace(TWO_AUTHORS, 'made by a generator')
const REPLAY_ONE = `replay: ${ONE_AUTHOR}, one author and a reader`
/** Words a deletion leaves no trace of in what lines count: time for the last ones. */
const SETTLE_MS = 300

export const replay: Workload = async (options) => {
  const two = await replayed(REPLAY, TWO_AUTHORS, 2, options)
  const one = options.quick ? [] : await replayed(REPLAY_ONE, ONE_AUTHOR, 1, options)
  return { rows: [...two, ...one] }
}

async function replayed(workload: string, name: string, authors: number, options: Options) {
  const { short, quick, runs, contenders, traces, profile } = options
  const rows = new Rows(traces ? workload : workload.replace(name, 'made by a generator'))
  for (let run = 0; run < runs; run += 1)
    for (const contender of contenders.filter((one) => !isLimit(one))) {
      progress(`${workload}: ${contender}, run ${run + 1} of ${runs}`)
      const setting = { texts: 1, people: authors + 1, writers: authors, size: { clauses: 1, length: 12 } }
      const stage = await Stage.set(contender, setting, { profile, editors: true })
      try {
        await stage.enter()
        const before = await stage.server.part.ask<Cost>('cost')
        const asked = { name, folder: traces, most: short ? 300 : quick ? 8_000 : 30_000, settleMs: SETTLE_MS }
        const done = await stage.crowd.ask<Replayed>('replay', asked)
        const after = await stage.server.part.ask<Cost>('cost')
        if (done.texts.length !== 1) throw new Error(`${contender}: the texts of a replay differ`)
        rows.add(contender, {
          'from first to last': [done.ms, 'ms'],
          'processor of the server': [after.cpuMs - before.cpuMs, 'ms'],
          'bytes of all lines': [done.bytes / 1000, 'kB'],
          'characters in the end': [done.characters, ''],
        })
      } finally {
        await stage.end()
      }
    }
  return rows.all
}
