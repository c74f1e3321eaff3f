import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { ProcessId } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import { type Door, type FirstInvitation, openDoor } from './access/door.ts'
import { openRegistry, type Registry } from './access/registry.ts'
import { sampleIdOf, startProcess } from './access/starting.ts'
import { addressOf, type Config } from './config.ts'
import type { Delivery } from './delivery/receiver.ts'
import { AnnexFiles } from './files/annexes.ts'
import { Outgoing } from './files/outgoing.ts'
import type { FileStore } from './files/store.ts'
import { type FileThread, openFileThread } from './files/thread.ts'
import { isSameToken } from './folder.ts'
import { seatCookies } from './http/cookies.ts'
import { problem, type Route } from './http/exchange.ts'
import { fileRoutes } from './http/files.ts'
import { firstStartRoutes } from './http/first-start.ts'
import { operatorRoutes } from './http/operator.ts'
import { publicRoutes } from './http/routes.ts'
import { openHttp } from './http/server.ts'
import { clientFiles } from './http/static.ts'
import type { Log } from './log/log.ts'
import { openNode } from './node.ts'
import type { NodeDuties, Nodes } from './nodes/nodes.ts'
import type { Processes } from './processes/port.ts'
import { type Gateway, openGateway } from './realtime/gateway.ts'
import type { Telemetry } from './telemetry.ts'

/** What an app is built from. `main.ts` brings the machine's; tests bring their own. */
export interface Ports {
  config: Config
  log: Log
  time: Time
  random: Random
  telemetry: Telemetry
  operatorToken: string
  /** The bytes of annexes, beside the log. Closed with the app. */
  files: FileStore
  /** Joins the other nodes on the same log. Left out: there are none. */
  joinNodes?: (duties: NodeDuties) => Promise<Nodes>
  /** The built client's folder; it may be empty. */
  clientFolder: string
}

export interface Started {
  process: ProcessId
  invitations: FirstInvitation[]
}

export interface App {
  /** Starts to listen. Resolves with the port. Throws with the system's reason when it cannot. */
  listen(): Promise<number>
  /** Where people reach the room. */
  readonly address: string
  /** Starts a process with an invitation for each seat. Throws on a file with mistakes. */
  startProcess(file: unknown): Promise<Started>
  /** Starts the sample, unless a node on the same log was first: then null, and `sample` is that one. Throws as `startProcess`. */
  startSample(file: unknown): Promise<Started | null>
  /** The process whose seats this machine may open; see `http/first-start.ts`. */
  sample: ProcessId | null
  /** Sends everyone away in a spread, finishes what is under way, closes the log. */
  drain(): Promise<void>
}

/** People come back over this time, so that another node or the next start is not run over. */
const SPREAD_MS = 3_000
/** A node that was behind serves again within this, or another does. */
const AWAY_MS = 1_000

export async function buildApp(ports: Ports): Promise<App> {
  const { log, time, random } = ports
  const now = () => log.now()
  const { processes, delivery, nodes } = await openNode(ports)
  const registry = openRegistry(processes, time, nodes)
  registry.onEnded((process, session) => delivery.endSession(process, session))
  await registry.fill()
  const door = openDoor({ registry, random: random.stream('access'), now })
  return new RunningApp(ports, { processes, delivery, registry, door, nodes })
}

interface Parts {
  processes: Processes
  delivery: Delivery
  registry: Registry
  door: Door
  nodes: Nodes
}

class RunningApp implements App {
  readonly #ports: Ports
  readonly #parts: Parts
  readonly #http: HttpServer
  readonly #gateway: Gateway
  readonly #thread: FileThread = openFileThread()
  #draining = false
  #port = 0
  sample: ProcessId | null = null

  constructor(ports: Ports, parts: Parts) {
    this.#ports = ports
    this.#parts = parts
    this.#http = this.#openHttp()
    const { config, time, telemetry } = ports
    const cookies = seatCookies(this.#secure)
    this.#gateway = openGateway({
      ...parts,
      http: this.#http,
      config,
      cookies,
      time,
      telemetry,
      draining: () => this.#isAway,
      mayServe: () => parts.nodes.mayServe(),
    })
  }

  /** On its way out, or behind the log: whoever comes is sent elsewhere. */
  get #isAway(): boolean {
    return this.#draining || !this.#parts.nodes.mayServe()
  }

  get #secure(): boolean {
    return this.#ports.config.publicUrl?.startsWith('https:') === true
  }

  #openHttp(): HttpServer {
    const { config, log, telemetry, operatorToken, clientFolder, time, files: store, random } = this.#ports
    const { processes, nodes } = this.#parts
    const thread = this.#thread
    const outgoing = new Outgoing(nodes)
    const shared = {
      thread,
      outgoing,
      annexes: new AnnexFiles({ store, thread, random: random.stream('annexes') }),
      ...this.#parts,
      telemetry,
      log,
      files: store,
      cookies: seatCookies(this.#secure),
      publicUrl: config.publicUrl,
      isOperator: (bearer: string | null) => isSameToken(operatorToken, bearer),
      health: () => processes.health(),
      draining: () => this.#isAway,
      clock: () => time.now(),
      address: () => this.address,
      sample: () => this.sample,
    }
    const served = [
      ...publicRoutes(shared),
      ...operatorRoutes(shared),
      ...firstStartRoutes(shared),
      ...fileRoutes(shared),
    ]
    const routes = new Map(served.map(([name, route]) => [name, this.#whileServing(name, route)]))
    return openHttp({ config, telemetry, routes, files: clientFiles(clientFolder), clock: shared.clock, outgoing })
  }

  /** Nothing of a process is told by a node that may be behind; looked at when the answer is ready, too. */
  #whileServing(name: string, route: Route): Route {
    if (!name.includes(' /api/')) return route
    const { nodes } = this.#parts
    const away = () => problem({ code: 'draining', retryAfterMs: AWAY_MS })
    return async (asked) => {
      const reply = nodes.mayServe() ? await route(asked) : away()
      return nodes.mayServe() || nodes.isAlone ? reply : away()
    }
  }

  get address(): string {
    return addressOf(this.#ports.config, this.#port)
  }

  async listen(): Promise<number> {
    const { host, port } = this.#ports.config
    await new Promise<void>((done, failed) => {
      this.#http.once('error', failed)
      this.#http.listen(port, host, () => {
        this.#http.off('error', failed)
        done()
      })
    })
    this.#port = (this.#http.address() as AddressInfo).port
    return this.#port
  }

  async startProcess(file: unknown): Promise<Started> {
    const started = await this.#start(file)
    if (!started) throw new Error('a process of a name of its own is the first of it')
    return started
  }

  async startSample(file: unknown): Promise<Started | null> {
    const { log, random } = this.#ports
    this.sample = await sampleIdOf(log, random)
    return this.#start(file, this.sample)
  }

  async #start(file: unknown, id?: ProcessId): Promise<Started | null> {
    const parsed = parseProcessFile(file)
    if (!parsed.ok) throw new Error(parsed.refusal.map(({ where, problem }) => `${where}: ${problem}`).join('\n'))
    const started = await startProcess(this.#parts, parsed.value, id)
    if (!started.ok && started.refusal.code === 'nothing-to-change') return null
    if (!started.ok) throw new Error(`the process could not be started: ${started.refusal.code}`)
    const { running, invitations } = started.value
    return { process: running.id, invitations }
  }

  async drain(): Promise<void> {
    this.#draining = true
    const { processes, delivery, registry, nodes } = this.#parts
    // Health is still answered while the last people leave.
    await delivery.drain(SPREAD_MS)
    await nodes.leave()
    this.#http.close()
    this.#gateway.close()
    this.#http.closeAllConnections()
    registry.close()
    await this.#thread.close()
    await processes.close()
    await this.#ports.files.close()
    await this.#ports.log.close()
  }
}
