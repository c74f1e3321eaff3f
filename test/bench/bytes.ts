import { pause } from './clock.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { Stage } from './stage.ts'
import type { Workload } from './workloads.ts'

/** What one typed character costs on the line: one person types, one character a frame, four read. */

export const BYTES = 'bytes: 1 types 10 characters a second, 4 read'

export const bytes: Workload = async ({ short, quick, contenders }) => {
  const rows = new Rows(BYTES)
  for (const contender of contenders) {
    progress(`${BYTES}: ${contender}`)
    const setting = { texts: 1, people: 5, writers: 1, size: { clauses: 5, length: 80 } }
    const stage = await Stage.set(contender, setting)
    try {
      await stage.enter()
      await pause(short ? 300 : 1_500)
      const before = await stage.bytes()
      const typed = await stage.measure({ ms: short ? 600 : quick ? 5_000 : 20_000, warmUpMs: 0, rate: 10 })
      await pause(short ? 100 : 1_000)
      const after = await stage.bytes()
      await stage.expectEqual()
      const words = typed.expected / 4
      const each = after.map(({ up, down }, index) => ({
        up: (up - (before[index]?.up ?? 0)) / words,
        down: (down - (before[index]?.down ?? 0)) / words,
      }))
      const [writer, ...readers] = each
      const mean = (way: 'up' | 'down') => readers.reduce((sum, reader) => sum + reader[way], 0) / readers.length
      rows.add(contender, {
        'its writer sends': [writer?.up ?? Number.NaN, 'B'],
        'its writer receives': [writer?.down ?? Number.NaN, 'B'],
        'each reader receives': [mean('down'), 'B'],
        'each reader sends': [mean('up'), 'B'],
      })
    } finally {
      await stage.end()
    }
  }
  return { rows: rows.all }
}
