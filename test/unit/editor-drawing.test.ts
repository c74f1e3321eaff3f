import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keptPairs } from '#client/editor/diff.ts'
import { Races } from '../support/races.ts'
import { Shadow } from '../support/shadow.ts'
import { seeded } from '../support/text-room.ts'

/** Some seconds of computing; machines that do much else take longer. */
const SLOW_MS = 60_000

test(
  'E1 whatever happens to a text, its drawing is brought up to date as if it were drawn afresh, and carets stay with the words left of them',
  () => {
    const sums = { drawings: 0, carets: 0, kept: 0 }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), (seed, moves) => {
        const options = { seed, operations: 160, pace: 40, levels: ['suggest', 'suggest', 'edit'] as never, moves }
        const races = new Races(options, seeded(seed))
        const shadows = races.people.map((person) => new Shadow(person, races.room))
        races.run()
        for (const shadow of shadows) {
          expect(shadow.wrong).toEqual([])
          sums.drawings += shadow.drawings
          sums.carets += shadow.carets
          sums.kept += shadow.kept
        }
      }),
      // The first: two brackets behind deleted words that Yjs merged between two drawings.
      { numRuns: 12, examples: [[684_423, true]] },
    )
    expect(sums.drawings).toBeGreaterThan(2_000)
    expect(sums.carets).toBeGreaterThan(100_000)
    expect(sums.kept).toBeGreaterThan(50_000)
  },
  SLOW_MS,
)

test('E1 of two lists the most that stands in the same order is kept', () => {
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 12 }).map((all) => all.map(String))
  fc.assert(
    fc.property(list, list, (old, next) => {
      const pairs = keptPairs(old, next)
      for (const [from, to] of pairs) expect(old[from]).toBe(next[to])
      pairs.slice(1).forEach(([from, to], i) => {
        expect(from).toBeGreaterThan(pairs[i]?.[0] ?? -1)
        expect(to).toBeGreaterThan(pairs[i]?.[1] ?? -1)
      })
      expect(pairs.length).toBe(longestCommon(old, next))
    }),
  )
})

function longestCommon(a: string[], b: string[]): number {
  const row = new Array<number>(b.length + 1).fill(0)
  for (const one of a) {
    let diagonal = 0
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0
      row[j] = one === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1] ?? 0)
      diagonal = above
    }
  }
  return row[b.length] ?? 0
}
