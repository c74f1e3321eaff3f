import { LogUnavailable } from '../log/log.ts'
import { type Client, findMaster, newClient } from '../log/master.ts'
import type { NodeId } from './nodes.ts'
import type { Live, Message, Wire } from './wire.ts'

/** All in one hash slot. Each script gets the keys and reads the store's own clock. */
const KEYS = ['parley:{nodes}:leases', 'parley:{nodes}:fenced', 'parley:{nodes}:store']
const CLOCK = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
/** What ended an hour ago is of no interest to anybody. */
const JOIN = `${CLOCK}
  for i = 1, 2 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - 3600000) end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) return 1`
const RENEW = `${CLOCK}
  local until_ = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not until_ or tonumber(until_) < now or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) return 1`
/** Every start of Redis and every promotion of a replica has another `master_replid`: leases may have been lost then. */
const LIVE = `${CLOCK}
  local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  local known = redis.call('HGET', KEYS[3], 'replid')
  if known ~= replid then redis.call('HSET', KEYS[3], 'replid', replid, 'since', known and now or 0) end
  local since = tonumber(redis.call('HGET', KEYS[3], 'since'))
  return { tostring(now - since), redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf') }`
const FENCE = `${CLOCK} redis.call('ZADD', KEYS[2], now, ARGV[1]) return 1`
const LEAVE = `redis.call('ZREM', KEYS[1], ARGV[1]) redis.call('ZREM', KEYS[2], ARGV[1]) return 1`

/** A call that takes longer has failed: the lease must not depend on one that hangs. */
const CALL_MS = 1_000
const RETRY_MS = 200

export interface RedisWireOptions {
  /** One address, or several of one Redis and its replicas with commas between: the master is used. */
  url: string
  /** A line to the store broke, or an answer was no answer; it is tried again. */
  onTrouble(cause: unknown): void
}

/** Leases and messages in the Redis that holds the log. Rejects when it can not be reached at first. */
export async function openRedisWire(options: RedisWireOptions): Promise<Wire> {
  const wire = new RedisWire(options)
  await wire.connect()
  return wire
}

class RedisWire implements Wire {
  readonly #urls: string[]
  readonly #channel: string
  readonly #onTrouble: (cause: unknown) => void
  readonly #own = new Set<NodeId>()
  #clients: { calling: Client; hearing: Client } | null = null
  #listener: (from: NodeId, message: Message) => void = () => undefined
  /** How far the content had gone on that was met: what has less is a past that was left. */
  #generation = 0
  #isOpen = true

  constructor({ url, onTrouble }: RedisWireOptions) {
    this.#urls = url.split(',')
    this.#onTrouble = onTrouble
    // Channels are shared by all databases of a Redis.
    this.#channel = `parley:nodes:${new URL(this.#urls[0] ?? '').pathname.slice(1) || '0'}`
  }

  async connect(): Promise<void> {
    const { redis: calling, url, generation } = await findMaster(this.#urls, this.#generation)
    const hearing = newClient(url)
    try {
      await hearing.connect()
      await hearing.subscribe(this.#channel, (text) => this.#hear(text))
      if (!this.#isOpen || !calling.isReady) throw new LogUnavailable('The line broke at once.')
    } catch (cause) {
      for (const one of [calling, hearing]) if (one.isOpen) one.destroy()
      throw cause
    }
    this.#generation = generation
    this.#clients = { calling, hearing }
    for (const one of [calling, hearing]) {
      one.on('error', (cause) => this.#drop(calling, cause))
      one.on('end', () => this.#drop(calling, new LogUnavailable('Redis closed the line.')))
    }
  }

  /** Gives the line up, if it is still this one, and finds the master anew. */
  #drop(calling: Client, cause: unknown): void {
    if (this.#clients?.calling !== calling) return
    const clients = Object.values(this.#clients)
    this.#clients = null
    for (const one of clients) if (one.isOpen) one.destroy()
    this.#onTrouble(cause)
    void this.#again()
  }

  async #again(): Promise<void> {
    while (this.#isOpen && !this.#clients) {
      await new Promise((done) => setTimeout(done, RETRY_MS))
      if (this.#isOpen) await this.connect().catch((cause: unknown) => this.#onTrouble(cause))
    }
  }

  #hear(text: string): void {
    const { from, message } = JSON.parse(text) as { from: NodeId; message: Message }
    if (!this.#own.has(from)) this.#listener(from, message)
  }

  async #call<T>(ask: (client: Client) => Promise<T>): Promise<T> {
    const calling = this.#clients?.calling
    if (!calling) throw new LogUnavailable('Redis cannot be reached.')
    let late: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, fail) => {
      late = setTimeout(() => fail(new LogUnavailable('Redis does not answer.')), CALL_MS)
    })
    try {
      return await Promise.race([ask(calling), tooLate])
    } catch (cause) {
      this.#drop(calling, cause)
      throw cause
    } finally {
      clearTimeout(late)
    }
  }

  #run(script: string, ...given: (string | number)[]): Promise<unknown> {
    return this.#call((client) => client.eval(script, { keys: KEYS, arguments: given.map(String) }))
  }

  async join(node: NodeId, leaseMs: number): Promise<void> {
    this.#own.add(node)
    await this.#run(JOIN, node, leaseMs)
  }

  async renew(node: NodeId, leaseMs: number): Promise<boolean> {
    return (await this.#run(RENEW, node, leaseMs)) === 1
  }

  async live(graceMs: number): Promise<Live> {
    const [age, nodes] = (await this.#run(LIVE, graceMs)) as [Buffer, Buffer[]]
    return { nodes: nodes.map(String), sinceMs: Number(age) }
  }

  async fence(node: NodeId): Promise<void> {
    await this.#run(FENCE, node)
  }

  async leave(node: NodeId): Promise<void> {
    await this.#run(LEAVE, node)
  }

  async send(from: NodeId, message: Message): Promise<void> {
    await this.#call((client) => client.publish(this.#channel, JSON.stringify({ from, message })))
  }

  onMessage(listener: (from: NodeId, message: Message) => void): void {
    this.#listener = listener
  }

  async close(): Promise<void> {
    this.#isOpen = false
    const clients = this.#clients
    this.#clients = null
    for (const one of clients ? Object.values(clients) : []) if (one.isOpen) one.destroy()
  }
}
