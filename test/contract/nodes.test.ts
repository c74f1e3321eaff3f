import { afterAll, beforeAll } from 'vitest'
import { Hub } from '#server/nodes/hub.ts'
import { openRedisWire } from '#server/nodes/redis.ts'
import type { Wire } from '#server/nodes/wire.ts'
import { FakeTime } from '../support/fake-world.ts'
import { RedisServer } from '../support/redis.ts'
import { wireContract } from './nodes.contract.ts'

wireContract('in memory', async () => {
  const time = new FakeTime()
  const hub = new Hub({ now: () => time.now(), after: (ms, task) => time.after(ms, task) })
  return {
    wire: async () => hub.wire(),
    pass: (ms) => time.advance(ms),
    takeOver: async () => hub.takeOver(),
    end: async () => undefined,
  }
})

let redis: RedisServer | null = null
let opened = 0
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis?.end())

wireContract('in Redis', async () => {
  const wires: Wire[] = []
  const database = `${opened++}`
  const url = `${redis?.url}/${database}`
  return {
    async wire() {
      const wire = await openRedisWire({
        url,
        onTrouble: (cause) => {
          throw cause
        },
      })
      wires.push(wire)
      return wire
    },
    pass: (ms) => new Promise((done) => setTimeout(done, ms)),
    async takeOver() {
      await redis?.ask('REPLICAOF', '127.0.0.1', '1')
      await redis?.ask('REPLICAOF', 'NO', 'ONE')
      await redis?.ask(
        'EVAL',
        `redis.call('SELECT', '${database}') return redis.call('DEL', 'parley:{nodes}:leases')`,
        '0',
      )
    },
    end: async () => void (await Promise.all(wires.map((wire) => wire.close()))),
  }
})
