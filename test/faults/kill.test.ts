import { afterEach, describe, expect, test, vi } from 'vitest'
import { Cluster, type EngineName } from '../support/cluster.ts'
import { Drill, elapsed } from '../support/drill.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { cleanUp } from '../support/server.ts'

/** `npm run soak` sets these; a replay needs the same seed, though no two runs cut an append at the same step. */
const KILLS = Number(process.env['PARLEY_KILLS'] ?? 25)
const SEED = Number(process.env['PARLEY_SEED'] ?? 1)
const MINUTES = Number(process.env['PARLEY_MINUTES'] ?? Number.POSITIVE_INFINITY)
const ENGINES = (['sqlite', 'redis'] as EngineName[]).filter((one) => one === (process.env['PARLEY_ENGINE'] ?? one))
/** That share a Redis. */
const NODES = Number(process.env['PARLEY_NODES'] ?? 2)
/** One negotiation lives through so many; the next begins with an empty text. */
const KILLS_A_ROOM = 25

afterEach(cleanUp)

/** A node, or in one of four the Redis under all of them, which keeps what it acknowledged. */
async function killOne(cluster: Cluster, chance: Chance): Promise<void> {
  if (cluster.engine === 'redis' && chance.below(4) === 0) {
    await cluster.redis.kill()
    await elapsed(chance.below(200))
    await cluster.redis.startAgain()
    return
  }
  const nth = chance.one(cluster.awake)
  await cluster.kill(nth)
  await cluster.start(nth)
}

describe.each(ENGINES)('on %s', (engine) => {
  test(
    `P1 P2 P3 P11 kill -9 while people type, order the text and let a party in and out, ${KILLS} times: nothing acknowledged or shown is lost`,
    async () => {
      const total: Record<string, number> = { kills: 0 }
      const until = performance.now() + MINUTES * 60_000
      for (let room = 0; (total['kills'] ?? 0) < KILLS && performance.now() < until; room += 1) {
        const chance = seeded(SEED + room)
        const cluster = await Cluster.open({ engine, nodes: engine === 'redis' ? NODES : 1 })
        const drill = await Drill.open({ cluster, chance })
        drill.begin()
        for (
          let kill = 0;
          kill < KILLS_A_ROOM && (total['kills'] ?? 0) < KILLS && performance.now() < until;
          kill += 1
        ) {
          await elapsed(60 + chance.below(240))
          await killOne(cluster, chance)
          total['kills'] = (total['kills'] ?? 0) + 1
          await drill.checkKept(`after kill ${total['kills']}`)
          await drill.back()
        }
        await vi.waitFor(() => expect(drill.oracle.tally.withdrawals).toBeGreaterThan(KILLS_A_ROOM / 25), 60_000)
        await drill.finish(`room ${room}`)
        expect(drill.oracle.problems, `seed ${SEED + room}`).toEqual([])
        for (const [name, count] of Object.entries(drill.oracle.tally)) total[name] = (total[name] ?? 0) + count
        console.log(`${engine}: ${JSON.stringify(total)}`)
        await cleanUp()
      }
      // Else the kills came in pauses, and proved nothing.
      for (const name of ['acknowledged', 'shown']) expect(total[name], name).toBeGreaterThan(KILLS * 20)
      expect(total['decided'], 'decided').toBeGreaterThan(KILLS / 5)
      // One that meets a Redis or a node that is gone waits until every lease is surely over, which may be several kills.
      for (const name of ['withdrawals', 'forbidden']) expect(total[name], name).toBeGreaterThan(KILLS / 25)
    },
    24 * 3_600_000,
  )
})
