import { afterAll, beforeAll, describe } from 'vitest'
import type { DrillLog } from '#server/log/log.ts'
import { openRedisLog } from '#server/log/redis.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { RedisServer } from '../support/redis.ts'
import { logContract } from './log.contract.ts'
import { TestClock } from './log-build.ts'

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
