import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeEntry, stampEntry } from '#server/log/entry.ts'
import type { DrillLog, Entry } from '#server/log/log.ts'
import { openRedisLog } from '#server/log/redis.ts'
import { keysOf } from '#server/log/redis-functions.ts'
import { chainAfter, hexOf } from '#server/log/segments.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { RedisServer } from '../support/redis.ts'
import { logContract } from './log.contract.ts'
import { bodiesOf, entryOf, need, P, TestClock } from './log-build.ts'

describe.skipIf(!findRedisServer()).each([
  { name: 'Redis', replicas: 0 },
  { name: 'Redis with a replica', replicas: 1 },
])('$name', ({ name, replicas }) => {
  let redis: RedisServer
  const others: RedisServer[] = []
  beforeAll(async () => {
    redis = await RedisServer.start()
    for (let count = 0; count < replicas; count++) {
      const replica = await RedisServer.start()
      others.push(replica)
      await replica.replicate(redis)
    }
  })
  afterAll(() => Promise.all([redis, ...others].map((server) => server.end())))

  /** Full and read-only are made at the server itself: no memory left, and a replica of nobody. */
  async function restrict(to: 'disk-full' | 'read-only' | null): Promise<void> {
    await redis.ask('CONFIG', 'SET', 'maxmemory', to === 'disk-full' ? '1' : '0')
    if (to === 'read-only') await redis.ask('REPLICAOF', '127.0.0.1', '1')
    else await redis.ask('REPLICAOF', 'NO', 'ONE')
  }

  logContract(name, async () => {
    const clock = new TestClock()
    await redis.ask('FLUSHALL')
    for (const replica of others)
      await replica.until('INFO replication', (reply) => String(reply).includes('master_link_status:up'))
    if (replicas > 0)
      await redis.until('INFO replication', (reply) => String(reply).includes(`connected_slaves:${replicas}`))
    const open = async (): Promise<DrillLog> =>
      Object.assign(await openRedisLog({ url: redis.url, time: clock, probeMs: 20 }), { restrict })
    let log = await open()
    const reopen = async () => {
      await log.close()
      log = await open()
      return log
    }
    return { log, clock, reopen, copy: null, cleanUp: () => log.close() }
  })
})

describe.skipIf(!findRedisServer())('segments', () => {
  test('L16 old entries are packed out of the stream below what every node has, and read and followed as before', async () => {
    const redis = await RedisServer.start()
    let floor = 0
    const log = await openRedisLog({ url: redis.url, floor: () => floor })
    const write = async (from: number, to: number) => {
      const bodies = Array.from({ length: to - from }, (_, index) => `${from + index}`)
      await Promise.all(bodies.map((body) => log.append(P, [entryOf(body), entryOf(`${body} too`)], {})))
    }
    const inStream = async () => Number(await redis.ask('XLEN', keysOf(P).log))
    try {
      await log.follow(P, 0, () => undefined)
      await write(0, 1_500)
      expect(await inStream()).toBe(3_000)
      const chain = await log.chain(P)
      const whole = await log.read(P, 0, 10_000)
      floor = 2_000
      // An epoch that begins amid what is packed.
      await redis.ask('REPLICAOF', '127.0.0.1', '1')
      await redis.ask('REPLICAOF', 'NO', 'ONE')
      const again = await openRedisLog({ url: redis.url, floor: () => floor })
      await again.follow(P, 3_000, () => undefined)
      await again.append(P, [entryOf('last')], {})
      while ((await inStream()) > 2_000) await new Promise((done) => setTimeout(done, 10))
      expect(await inStream()).toBe(3_001 - 1_024)
      const expected = [...bodiesOf(whole), 'last']
      expect(bodiesOf(await again.read(P, 0, 10_000))).toEqual(expected)
      expect(bodiesOf(await again.read(P, 1_000, 50))).toEqual(expected.slice(1_000, 1_050))
      const followed: string[] = []
      await again.follow(P, 10, (entries) => followed.push(...bodiesOf(entries)))
      expect(followed).toEqual(expected.slice(10))
      const last = (await again.read(P, 3_000, 1))[0]
      expect(last).toBeDefined()
      expect(whole.length).toBe(chain.seq)
      expect(hexOf(chainAfter(Buffer.from(chain.hash, 'hex'), bytesOf(need(last))))).toBe((await again.chain(P)).hash)
      await again.close()
    } finally {
      await log.close()
      await redis.end()
    }
  })
})

const bytesOf = (entry: Entry): Uint8Array => {
  const bytes = encodeEntry(entry)
  stampEntry(bytes, entry.at)
  return bytes
}
