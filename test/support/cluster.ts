import { type Line, openLine } from './line.ts'
import { RedisServer } from './redis.ts'
import { newFolder, type Redeemed, type StartedProcess, type StartedServer, startServer } from './server.ts'

/** The room as it is run: one node on the embedded log, or several on Redis. Nodes are killed, stopped and started again. */

export type EngineName = 'sqlite' | 'redis'

export interface ClusterOptions {
  engine: EngineName
  /** One on the embedded log. */
  nodes: number
  /** Whether its Redis has a replica that must have what is acknowledged. */
  replica?: boolean
  /** Given to each node's own node, before the program. */
  execArgv?: string[]
}

export class Cluster {
  readonly engine: EngineName
  readonly #options: ClusterOptions
  readonly #folders: string[]
  readonly #nodes: (StartedServer | null)[] = []
  readonly #stopped = new Set<number>()
  readonly #lines: Line[] = []
  /** Where the log is, and each node's line to it; of the embedded log there is none. */
  #redis: RedisServer | null = null
  #replica: RedisServer | null = null
  readonly redisLines: Line[] = []

  private constructor(options: ClusterOptions) {
    this.engine = options.engine
    this.#options = options
    this.#folders = Array.from({ length: options.nodes }, newFolder)
  }
  static async open(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    if (options.engine === 'redis') await cluster.#openRedis()
    await Promise.all(cluster.#folders.map((_, nth) => cluster.start(nth)))
    return cluster
  }

  async #openRedis(): Promise<void> {
    const first = await RedisServer.start()
    this.#redis = first
    if (this.#options.replica) {
      this.#replica = await RedisServer.start('--replicaof', '127.0.0.1', `${first.port}`)
      await first.until('INFO replication', (reply) => String(reply).includes('state=online'))
    }
    for (const _ of this.#folders) this.redisLines.push(await openLine(() => this.redis.url))
  }
  /** The first Redis dies, and its replica takes its place. */
  async failOver(): Promise<void> {
    const replica = this.#replica
    if (!replica) throw new Error('no replica here')
    await this.redis.end()
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    this.#redis = replica
    this.#replica = null
  }
  get redis(): RedisServer {
    if (!this.#redis) throw new Error('no Redis here')
    return this.#redis
  }

  get size(): number {
    return this.#folders.length
  }
  node(nth: number): StartedServer {
    const node = this.#nodes[nth]
    if (!node) throw new Error(`node ${nth} does not run`)
    return node
  }
  /** Nodes that answer. */
  get awake(): number[] {
    return this.#nodes.flatMap((node, nth) => (node && !this.#stopped.has(nth) ? [nth] : []))
  }

  async start(nth: number): Promise<void> {
    const { execArgv } = this.#options
    const folder = this.#folders[nth] ?? newFolder()
    const line = this.redisLines[nth]
    const environment = line ? { REDIS_URL: `redis://127.0.0.1:${line.port}` } : {}
    this.#nodes[nth] = await startServer({ folder, environment, ...(execArgv ? { execArgv } : {}) })
  }
  async kill(nth: number): Promise<void> {
    const node = this.node(nth)
    this.#nodes[nth] = null
    this.#stopped.delete(nth)
    await node.end('SIGKILL')
  }
  /** Stops the process as it stands; its connections stay. */
  stop(nth: number): void {
    this.#stopped.add(nth)
    process.kill(this.node(nth).pid, 'SIGSTOP')
  }
  go(nth: number): void {
    this.#stopped.delete(nth)
    process.kill(this.node(nth).pid, 'SIGCONT')
  }

  /** A line to a node that answers, `first` if it does; each new connection asks again. As a balancer before the nodes does it. */
  async line(first = 0): Promise<Line> {
    const line = await openLine(() => {
      const { awake } = this
      const nth = awake.includes(first) ? first : (awake[first % awake.length] ?? first)
      // While none runs its port refuses, as a balancer does.
      return this.#nodes[nth]?.url ?? 'http://127.0.0.1:9'
    })
    this.#lines.push(line)
    return line
  }

  newProcess = (file: unknown): Promise<StartedProcess> => this.node(this.awake[0] ?? 0).newProcess(file)
  redeem = (code: string): Promise<Redeemed> => this.node(this.awake[0] ?? 0).redeem(code)

  /** Everything that nodes printed and that tells of a bug: a Redis that is not there is none. */
  bugs(): string[] {
    const told = this.#nodes.flatMap((node) => node?.output().match(/^.*"level":(?:50|60).*$/gm) ?? [])
    return told.filter((line) => !line.includes('LogUnavailable'))
  }
  async close(): Promise<void> {
    await Promise.all(this.#nodes.flatMap((node) => node?.end('SIGKILL') ?? []))
    await Promise.all([...this.#lines, ...this.redisLines].map((line) => line.close()))
    await this.#redis?.end()
    await this.#replica?.end()
  }
}
