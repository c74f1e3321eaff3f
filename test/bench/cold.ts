import { pause } from './clock.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { median } from './figures.ts'
import { progress } from './progress.ts'
import type { Opening } from './reals.ts'
import type { Replayed } from './replaying.ts'
import { Rows } from './rows.ts'
import { Stage } from './stage.ts'
import { ONE_AUTHOR } from './traces.ts'
import type { Options, Workload } from './workloads.ts'

/** A text with a long history is opened by its real client: while the server has it, and after the server was killed. */

export const COLD = `opening: the text of ${ONE_AUTHOR}, at each real client`
/** As it is called where there is no trace of real people. */
export const COLD_MADE = COLD.replace(ONE_AUTHOR, 'a made trace')
const WARM_TIMES = 9
/** Hocuspocus writes two seconds after the last word, and says nothing. */
const WRITTEN_MS = 4_000

export const cold: Workload = async (options) => {
  const rows = new Rows(options.traces ? COLD : COLD_MADE)
  const durable = options.contenders.filter((one) => ['first', 'later'].includes(CONTENDERS[one].keeps))
  for (let run = 0; run < options.runs; run += 1)
    for (const contender of durable) {
      progress(`${COLD}: ${contender}, run ${run + 1} of ${options.runs}`)
      rows.add(contender, await opened(contender, options))
    }
  return { rows: rows.all }
}

async function opened(contender: Contender, { short, quick, traces, profile }: Options) {
  const setting = { texts: 1, people: 1, writers: 1, size: { clauses: 1, length: 12 } }
  const stage = await Stage.set(contender, setting, { profile, editors: true })
  try {
    const [spot] = stage.spots
    await stage.enter()
    const asked = { name: ONE_AUTHOR, folder: traces, most: short ? 300 : quick ? 8_000 : 30_000, settleMs: 0 }
    const { characters } = await stage.crowd.ask<Replayed>('replay', asked)
    if (CONTENDERS[contender].keeps === 'later') await pause(WRITTEN_MS)
    const warm: Opening[] = []
    const reader = await stage.server.load('reals', {})
    for (let time = 0; time < (short ? 2 : WARM_TIMES); time += 1) warm.push(await reader.ask<Opening>('open', spot))
    await stage.server.endLoads()
    await stage.server.killAndStart()
    // The client has run once elsewhere: its own cold code is not the server's.
    const again = await stage.server.load('reals', {})
    await again.ask('warm')
    const cold = await again.ask<Opening>('open', spot)
    if (cold.characters < characters || cold.digest !== warm[0]?.digest)
      throw new Error(`${contender}: ${cold.characters} of ${characters} characters after a kill`)
    const line = await stage.server.load('crowd', {})
    await line.ask('enter', [{ ...spot, writes: false }])
    const [bytes] = await line.ask<{ down: number }[]>('bytes')
    return {
      'after kill and restart': [cold.ms, 'ms'],
      'while the server has it': [median(warm.map(({ ms }) => ms)), 'ms'],
      'bytes down': [(bytes?.down ?? Number.NaN) / 1000, 'kB'],
    } satisfies Record<string, [number, string]>
  } finally {
    await stage.end()
  }
}
