import { isParley } from './contenders.ts'
import { round } from './figures.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { type Setting, Stage } from './stage.ts'
import type { Options, Workload } from './workloads.ts'

/** What the server keeps of people who have a text open and do nothing. */

export const CONNECTIONS = 'memory of an idle connection: 400 people in one text'
export const TEXTS = 'memory of an open small text with one reader: 100 texts'
const SEATS = 'idle: 1,000 people, 100 texts of 30 clauses'
const SMALL = { clauses: 1, length: 200 }

export const idle: Workload = async (options) => {
  const { short, contenders } = options
  const connections = new Rows(CONNECTIONS)
  const texts = new Rows(TEXTS)
  for (const contender of contenders) {
    progress(`memory: ${contender}`)
    const people = short ? 5 : 400
    const crowded = await kept(contender, { texts: 1, people, writers: 0, size: SMALL }, options)
    connections.add(contender, { 'heap and external': [crowded.bytes / people / 1000, 'kB'] })
    const count = short ? 4 : 100
    const spread = await kept(contender, { texts: count, people: 1, writers: 0, size: SMALL }, options)
    texts.add(contender, { 'heap and external': [spread.bytes / count / 1000, 'kB'] })
  }
  const seats = await kept(
    'parley',
    { texts: short ? 4 : 100, people: short ? 2 : 10, writers: 0, size: { clauses: short ? 3 : 30, length: 200 } },
    options,
  )
  const figures = [
    { workload: SEATS, figure: 'memory of the server without them', value: round(seats.without / 1e6), unit: 'MB' },
    {
      workload: SEATS,
      figure: 'heap and external of each seat',
      value: round(seats.bytes / seats.people / 1000),
      unit: 'kB',
      target: 40,
    },
  ]
  return { figures: contenders.some(isParley) ? figures : [], rows: [...connections.all, ...texts.all] }
}

async function kept(
  contender: Options['contenders'][number],
  setting: Setting,
  { profile }: Options,
): Promise<{ without: number; bytes: number; people: number }> {
  const stage = await Stage.set(contender, setting, { profile })
  try {
    const without = await stage.server.part.ask<number>('memory')
    await stage.enter()
    const bytes = (await stage.server.part.ask<number>('memory')) - without
    const people = await stage.present()
    if (people !== stage.spots.length) throw new Error(`${people} of ${stage.spots.length} people stayed`)
    return { without, bytes, people }
  } finally {
    await stage.end()
  }
}
