import { figuresOf } from './contests.ts'
import { LOAD_IS_FULL } from './figures.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { Stage } from './stage.ts'
import type { Workload } from './workloads.ts'

/** A thousand people look on while three write. */

export const OBSERVERS = 'observers: 1 text, 3 write 5 characters a second each, 1,000 look on'

export const observers: Workload = async ({ short, quick, contenders, profile }) => {
  const rows = new Rows(OBSERVERS)
  const people = short ? 10 : 1_003
  for (const contender of contenders) {
    progress(`${OBSERVERS}: ${contender}`)
    const size = { clauses: 20, length: 200 }
    const stage = await Stage.set(contender, { texts: 1, people, writers: 3, size }, { profile })
    try {
      await stage.enter()
      const ms = short ? 500 : quick ? 4_000 : 15_000
      const measured = await stage.measure({ ms, warmUpMs: ms / 4, rate: 15 })
      if (measured.delivered !== measured.expected) throw new Error(`${contender} lost words before observers`)
      await stage.expectEqual()
      rows.add(contender, figuresOf(measured), measured.loadCore > LOAD_IS_FULL)
    } finally {
      await stage.end()
    }
  }
  return { rows: rows.all }
}
