import { createClient } from 'redis'
import type { NodeId } from './nodes.ts'
import type { Message, Wire } from './wire.ts'

/** All in one hash slot. Each script gets the two keys and reads the store's own clock. */
const KEYS = ['parley:{nodes}:leases', 'parley:{nodes}:fenced']
const CLOCK = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
/** What ended an hour ago is of no interest to anybody. */
const JOIN = `${CLOCK}
  for i = 1, 2 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - 3600000) end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) return 1`
const RENEW = `${CLOCK}
  local until_ = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not until_ or tonumber(until_) < now or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) return 1`
const LIVE = `${CLOCK} return redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')`
const FENCE = `${CLOCK} redis.call('ZADD', KEYS[2], now, ARGV[1]) return 1`
const LEAVE = `redis.call('ZREM', KEYS[1], ARGV[1]) redis.call('ZREM', KEYS[2], ARGV[1]) return 1`

/** A call that takes longer has failed: the lease must not depend on one that hangs. */
const CALL_MS = 1_000
const RETRY_MS = 200

export interface RedisWireOptions {
  url: string
  /** A line to the store broke, or an answer was no answer; it is tried again. */
  onTrouble(cause: unknown): void
}

/** Leases and messages in the Redis that holds the log. Rejects when it can not be reached at first. */
export async function openRedisWire({ url, onTrouble }: RedisWireOptions): Promise<Wire> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: CALL_MS },
    socket: { reconnectStrategy: () => RETRY_MS, connectTimeout: CALL_MS },
  })
  const hearing = createClient({ url, socket: { reconnectStrategy: () => RETRY_MS, connectTimeout: CALL_MS } })
  client.on('error', onTrouble)
  hearing.on('error', onTrouble)
  await Promise.all([client.connect(), hearing.connect()])
  // Channels are shared by all databases of a Redis.
  const channel = `parley:nodes:${new URL(url).pathname.slice(1) || '0'}`
  const run = (script: string, ...given: (string | number)[]) =>
    client.eval(script, { keys: KEYS, arguments: given.map(String) })
  let listener: (from: NodeId, message: Message) => void = () => undefined
  const own = new Set<NodeId>()
  await hearing.subscribe(channel, (text) => {
    const { from, message } = JSON.parse(text) as { from: NodeId; message: Message }
    if (!own.has(from)) listener(from, message)
  })
  return {
    async join(node, leaseMs) {
      own.add(node)
      await run(JOIN, node, leaseMs)
    },
    renew: async (node, leaseMs) => (await run(RENEW, node, leaseMs)) === 1,
    live: async (graceMs) => (await run(LIVE, graceMs)) as string[],
    fence: async (node) => void (await run(FENCE, node)),
    leave: async (node) => void (await run(LEAVE, node)),
    send: async (from, message) => void (await client.publish(channel, JSON.stringify({ from, message }))),
    onMessage(heard) {
      listener = heard
    },
    async close() {
      client.destroy()
      hearing.destroy()
    },
  }
}
