import { describe, expect, test } from 'vitest'
import type { Level } from '#shared/refusals.ts'
import { Races } from '../support/races.ts'
import type { Tally } from '../support/tally.ts'
import { seeded } from '../support/text-room.ts'

/** Every run: three people, 0 to 300 ms each way, cuts of up to three seconds, optimistic commands. */
const OPERATIONS = 2_000

interface Batch {
  name: string
  first: number
  runs: number
  pace: number
  levels: [Level, Level, Level]
  moves: boolean
}
const SUGGEST: Batch['levels'] = ['suggest', 'suggest', 'suggest']
const EDIT: Batch['levels'] = ['suggest', 'suggest', 'edit']

function play(batch: Batch): Tally[] {
  return Array.from({ length: batch.runs }, (_, index) => {
    const seed = batch.first + index
    const races = new Races({ ...batch, seed, operations: OPERATIONS }, seeded(seed))
    const tally = races.run()
    const { refused, lost, duplicated, unequal, caretWrong } = tally
    const replay = `PARLEY_SEED=${seed} vitest run test/fuzz/races.test.ts -t '${batch.name}'`
    expect({ refused, lost, duplicated, unequal, caretWrong }, replay).toEqual({
      refused: [],
      lost: 0,
      duplicated: 0,
      unequal: 0,
      caretWrong: 0,
    })
    if (batch.levels === SUGGEST) expect(races.baseUnchanged, replay).toBe(true)
    return tally
  })
}

const only = Number(process.env['PARLEY_SEED'] ?? Number.NaN)
/** The batch, or the one run of it that is to be replayed. */
const replayed = (batch: Batch): Batch => (Number.isNaN(only) ? batch : { ...batch, first: only, runs: 1 })

function report(name: string, tallies: Tally[]): Record<keyof Tally, number> {
  const sums = {} as Record<keyof Tally, number>
  for (const tally of tallies) {
    for (const [key, value] of Object.entries(tally) as [keyof Tally, Tally[keyof Tally]][]) {
      sums[key] = (sums[key] ?? 0) + (typeof value === 'number' ? value : value.length)
    }
  }
  console.log(
    `${name}: ${Object.entries(sums)
      .map(([key, value]) => `${value} ${key}`)
      .join(', ')}`,
  )
  return sums
}

describe('three people in one text', () => {
  const suggesting = replayed({ name: 'suggest', first: 1_000, runs: 12, pace: 40, levels: SUGGEST, moves: false })
  test('T11 P8 suggest: every word stands once, everywhere alike, and the base words are as they were', () => {
    const sums = report('suggest', play(suggesting))
    expect(sums.opens).toBeGreaterThan(100 * suggesting.runs)
    expect(sums.strikes).toBeGreaterThan(20 * suggesting.runs)
    expect(sums.withdrawals).toBeGreaterThan(20 * suggesting.runs)
    expect(sums.caretChecks).toBeGreaterThan(500 * suggesting.runs)
  })

  const editing = replayed({ name: 'edit', first: 2_000, runs: 12, pace: 40, levels: EDIT, moves: false })
  test('T11 P11 edit: every word stands once, everywhere alike', () => {
    const sums = report('edit', play(editing))
    expect(sums.opens).toBeGreaterThan(100 * editing.runs)
    expect(sums.typed).toBeGreaterThan(1_000 * editing.runs)
  })

  const moving = (name: string, first: number, pace: number) =>
    replayed({ name, first, runs: 12, pace, levels: EDIT, moves: true })
  test.each([moving('moves', 3_000, 60), moving('hurry', 4_000, 15)])(
    'T11 P11 $name: no word is lost or doubled while brackets are accepted and clauses split, merged and removed',
    (batch) => {
      const sums = report(batch.name, play(batch))
      expect(sums.accepts).toBeGreaterThan(20 * batch.runs)
      expect(sums.splits).toBeGreaterThan(10 * batch.runs)
      expect(sums.merges).toBeGreaterThan(5 * batch.runs)
      expect(sums.removals).toBeGreaterThan(batch.runs / 2)
      expect(sums.relocations).toBeGreaterThan(10 * batch.runs)
      expect(sums.lateBrackets).toBeGreaterThan(5 * batch.runs)
      expect(sums.lateDeletes).toBeGreaterThan(batch.runs / 2)
    },
  )
})
