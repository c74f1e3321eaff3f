import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Time } from '#shared/world.ts'
import type { Config } from '../config.ts'
import { addressOf, neighbourhoodOf } from '../http/address.ts'
import { originOf } from '../http/origin.ts'
import type { Telemetry } from '../telemetry.ts'
import { Buckets, KNOCKS, Knocking } from './limits.ts'

export interface DoorstepOptions {
  config: Pick<Config, 'publicUrl' | 'host' | 'trust'>
  time: Time
  telemetry: Pick<Telemetry, 'count'>
}

type Turned = { status: string; retryAfterMs?: number } | null
const FOREIGN: Turned = { status: '403 Forbidden' }
/** They are closed after five seconds at the latest, seated or not. */
const CROWDED: Turned = { status: '429 Too Many Requests', retryAfterMs: 5_000 }

/**
 * Before the upgrade, at the price of reading the headers: ours by origin, and not one of too many from one address, be it
 * at one moment or one after another.
 */
export class Doorstep {
  readonly #options: DoorstepOptions
  readonly #knocking = new Knocking()
  readonly #knocks: Buckets
  readonly #waiting = new WeakMap<IncomingMessage, () => void>()

  constructor(options: DoorstepOptions) {
    this.#options = options
    this.#knocks = new Buckets(KNOCKS, () => options.time.now())
  }

  /** Puts itself before everybody who listens for upgrades. */
  guard(http: HttpServer): void {
    const upgrades = http.listeners('upgrade') as ((...upgrade: Upgrade) => void)[]
    http.removeAllListeners('upgrade')
    http.on('upgrade', (...upgrade: Upgrade) => {
      const [request, socket] = upgrade
      const turned = this.#admit(request)
      if (!turned) for (const listen of upgrades) listen.apply(http, upgrade)
      else turnAway(socket, turned)
    })
  }

  #admit(request: IncomingMessage): Turned {
    const { config, telemetry } = this.#options
    const turned = this.#look(request, neighbourhoodOf(addressOf(request, config.trust)))
    if (turned) telemetry.count('sockets_refused')
    return turned
  }

  #look(request: IncomingMessage, address: string): Turned {
    if (originOf(request, this.#options.config) === 'foreign') return FOREIGN
    const wait = this.#knocks.take(address, 1)
    if (wait > 0) return { status: '429 Too Many Requests', retryAfterMs: wait }
    if (!this.#knocking.begin(address)) return CROWDED
    let waiting = true
    const end = () => {
      if (waiting) this.#knocking.end(address)
      waiting = false
    }
    this.#waiting.set(request, end)
    request.socket.once('close', end)
    return null
  }

  /** The connection is seated: it no longer counts as knocking. */
  entered(request: IncomingMessage): void {
    this.#waiting.get(request)?.()
  }
}

type Upgrade = [request: IncomingMessage, socket: Duplex, head: Buffer]

function turnAway(socket: Duplex, { status, retryAfterMs }: NonNullable<Turned>): void {
  const retry = retryAfterMs === undefined ? '' : `Retry-After: ${Math.ceil(retryAfterMs / 1000)}\r\n`
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${retry}Connection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}
