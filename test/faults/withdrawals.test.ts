import { afterEach, expect, test } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { Drill, elapsed } from '../support/drill.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { cleanUp } from '../support/server.ts'

/** `npm run soak` sets these. */
const WITHDRAWALS = Number(process.env['PARLEY_WITHDRAWALS'] ?? 20)
const NODES = Math.max(2, Number(process.env['PARLEY_NODES'] ?? 3))
const SEED = Number(process.env['PARLEY_SEED'] ?? 1)
const MINUTES = Number(process.env['PARLEY_MINUTES'] ?? Number.POSITIVE_INFINITY)
/** One negotiation lives through so many; the next begins with an empty text. */
const WITHDRAWALS_A_ROOM = 500
const FAULT_EVERY_MS = 1_500
/** However quick the withdrawals are. */
const FEWEST_FAULTS = 3

afterEach(cleanUp)

/** Something fails for a while, and is there again. */
async function fail(cluster: Cluster, chance: Chance): Promise<void> {
  const nth = chance.below(cluster.size)
  const line = cluster.redisLines[nth]
  switch (chance.below(4)) {
    case 0:
      await cluster.kill(nth)
      return cluster.start(nth)
    case 1:
      cluster.stop(nth)
      await elapsed(chance.below(2_000))
      return cluster.go(nth)
    case 2:
      line?.stall()
      await elapsed(chance.below(2_000))
      return line?.mend()
    default:
      line?.cut()
      await elapsed(chance.below(1_000))
      return line?.mend()
  }
}

test(
  `P1 P2 P3 P11 ${WITHDRAWALS} withdrawals under broadcast over ${NODES} nodes that fail: not a byte after "in force"`,
  async () => {
    const total: Record<string, number> = { withdrawals: 0, faults: 0 }
    const until = performance.now() + MINUTES * 60_000
    for (let room = 0; (total['withdrawals'] ?? 0) < WITHDRAWALS && performance.now() < until; room += 1) {
      const chance = seeded(SEED + room)
      const cluster = await Cluster.open({ engine: 'redis', nodes: NODES })
      const drill = await Drill.open({ cluster, chance, withdrawEveryMs: 5, orderEveryMs: 200 })
      const { tally, problems } = drill.oracle
      const wanted = Math.min(WITHDRAWALS_A_ROOM, WITHDRAWALS - (total['withdrawals'] ?? 0))
      drill.begin()
      for (let faults = 0; performance.now() < until && problems.length === 0; faults += 1) {
        await elapsed(FAULT_EVERY_MS)
        if (tally.withdrawals >= wanted && faults >= FEWEST_FAULTS) break
        await fail(cluster, chance)
        total['faults'] = (total['faults'] ?? 0) + 1
        for (const person of drill.people) person.room.retry()
      }
      await drill.finish(`room ${room}`)
      expect(problems, `seed ${SEED + room}`).toEqual([])
      for (const [name, count] of Object.entries(tally)) total[name] = (total[name] ?? 0) + count
      console.log(JSON.stringify(total))
      await cleanUp()
    }
    expect(total['forbidden']).toBeGreaterThan(WITHDRAWALS / 5)
  },
  24 * 3_600_000,
)
