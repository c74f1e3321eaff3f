import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import * as v from 'valibot'
import { parseProcessId, parseSeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import * as parser from '#shared/protocol/parser.ts'
import { PROTOCOL, PROTOCOL_FLOOR, SCHEMA } from '#shared/protocol/version.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Time } from '#shared/world.ts'
import type { Door, Entered } from '../access/door.ts'
import type { Config } from '../config.ts'
import type { Delivery } from '../delivery/receiver.ts'
import type { SeatCookies } from '../http/cookies.ts'
import { originOf } from '../http/origin.ts'
import type { Telemetry } from '../telemetry.ts'
import { type Account, Accounts } from './accounts.ts'
import { Doorstep } from './doorstep.ts'
import {
  Buckets,
  GOODBYE_MS,
  GREETINGS,
  HANDSHAKE_MS,
  LOOK_EVERY_MS,
  MAX_MESSAGE,
  MAX_SOCKETS_A_SEAT,
  MAX_SOCKETS_A_SESSION,
  PING_EVERY_MS,
  PONG_WITHIN_MS,
} from './limits.ts'
import { Rounds } from './rounds.ts'
import { Session } from './session.ts'
import { cut, onClosed, readOneByOne } from './wire.ts'

export interface GatewayOptions {
  http: HttpServer
  config: Config
  door: Door
  delivery: Delivery
  cookies: SeatCookies
  time: Time
  telemetry: Telemetry
  draining: () => boolean
  /** Whether this node may write to anyone at this instant. */
  mayServe: () => boolean
}

export interface Gateway {
  /** Cuts what is still open and takes no more. */
  close(): void
}

const BACK_MS = 2_000

/** Socket.IO's `auth`, as `Hello` in `shared/protocol/frames.ts`. */
const hello = v.strictObject({
  protocol: v.pipe(v.number(), v.integer()),
  schema: v.pipe(v.number(), v.integer()),
  token: v.optional(v.pipe(v.string(), v.maxLength(64))),
  seat: v.optional(v.pipe(v.string(), v.maxLength(40))),
  process: v.optional(v.pipe(v.string(), v.maxLength(40))),
})

/** Refused in the handshake: Socket.IO sends `message` and `data` to the client. */
class HandshakeRefused extends Error {
  override name = 'HandshakeRefused'
  readonly data: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.data = refusal
  }
}

/** Socket.IO in, sessions out: WebSocket only, one namespace, one event. */
export function openGateway(options: GatewayOptions): Gateway {
  const doorstep = new Doorstep(options)
  const io = new Server(options.http, {
    parser,
    transports: ['websocket'],
    allowUpgrades: false,
    serveClient: false,
    cookie: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: MAX_MESSAGE,
    connectTimeout: HANDSHAKE_MS,
    pingInterval: PING_EVERY_MS,
    pingTimeout: PONG_WITHIN_MS,
    cleanupEmptyChildNamespaces: true,
  })
  doorstep.guard(options.http)
  readOneByOne(io)
  const room = new WaitingRoom(options, doorstep)
  io.use((socket, next) => room.greet(socket, next))
  io.on('connection', (socket) => room.seat(socket))
  // A peer that never answers a close frame would keep its line for half a minute.
  onClosed(io, (cutLine) => options.time.after(GOODBYE_MS, cutLine))
  options.telemetry.gauge('sockets', () => io.engine.clientsCount)
  options.telemetry.gauge('sockets_seated', () => room.seated)
  let stopLooking = (): void => undefined
  const look = (): void => {
    room.look()
    stopLooking = options.time.after(LOOK_EVERY_MS, look)
  }
  look()
  return {
    close() {
      stopLooking()
      io.disconnectSockets(true)
      io.engine.close()
    },
  }
}

/** From the greeting to the seat. */
class WaitingRoom {
  readonly #options: GatewayOptions
  readonly #doorstep: Doorstep
  readonly #greeted = new WeakSet<object>()
  readonly #entered = new WeakMap<Socket, Entered & { account: Account }>()
  readonly #open = new Map<SessionId, number>()
  readonly #sessions = new Set<Session>()
  readonly #accounts: Accounts
  readonly #greetings: Buckets
  readonly #rounds = new Rounds()

  constructor(options: GatewayOptions, doorstep: Doorstep) {
    const now = () => options.time.now()
    this.#options = options
    this.#doorstep = doorstep
    this.#accounts = new Accounts(now)
    this.#greetings = new Buckets(GREETINGS, now)
  }
  get seated(): number {
    return this.#sessions.size
  }

  /** Looks at every line, that none is kept which nobody reads. */
  look(): void {
    const now = this.#options.time.now()
    for (const session of [...this.#sessions]) session.look(now)
  }

  greet(socket: Socket, next: (refused?: Error) => void): void {
    // A second handshake on one line is nobody's client.
    if (this.#greeted.has(socket.conn)) {
      cut(socket)
      return
    }
    this.#greeted.add(socket.conn)
    this.#who(socket).then((who) => {
      if (who.ok) this.#entered.set(socket, who.value)
      else this.#options.telemetry.count('handshakes_refused')
      next(who.ok ? undefined : new HandshakeRefused(who.refusal))
    })
  }

  async #who(socket: Socket): Promise<Outcome<Entered & { account: Account }, Refusal>> {
    try {
      const who = await whoGreets(this.#options, socket)
      if (!who.ok) return who
      const { running, viewer } = who.value
      const seat = `${running.id}/${viewer.seat}`
      const account = this.#accounts.of(seat)
      const wait = this.#greetings.take(seat, 1)
      if (wait > 0) return refuse({ code: 'too-fast', retryAfterMs: wait })
      const full = (this.#open.get(viewer.session) ?? 0) >= MAX_SOCKETS_A_SESSION
      if (full || account.seated >= MAX_SOCKETS_A_SEAT) return refuse({ code: 'too-fast', retryAfterMs: BACK_MS })
      return ok({ ...who.value, account })
    } catch (cause) {
      this.#options.telemetry.count('bugs')
      this.#options.telemetry.log.error({ err: cause }, 'a handshake failed')
      return refuse({ code: 'unanswered' })
    }
  }

  seat(socket: Socket): void {
    const who = this.#entered.get(socket)
    if (!who) throw new Error('nobody is connected who was not greeted')
    this.#doorstep.entered(socket.request)
    const { running, viewer, account } = who
    const uncount = this.#count(viewer.session)
    const onGone = (): void => {
      uncount()
      this.#sessions.delete(session)
    }
    const rounds = this.#rounds
    const session = new Session({ ...this.#options, socket, process: running.id, viewer, account, rounds, onGone })
    this.#sessions.add(session)
    session.enter().catch((cause: unknown) => {
      this.#options.telemetry.count('bugs')
      this.#options.telemetry.log.error({ err: cause }, 'a connection could not be seated')
      session.reset()
    })
  }

  /** Counts one more connection of a session; the result takes it off again. */
  #count(session: SessionId): () => void {
    this.#open.set(session, (this.#open.get(session) ?? 0) + 1)
    return () => {
      const left = (this.#open.get(session) ?? 1) - 1
      if (left > 0) this.#open.set(session, left)
      else this.#open.delete(session)
    }
  }
}

/** Version first, before anything is bound; then who it is. */
async function whoGreets(options: GatewayOptions, socket: Socket): Promise<Outcome<Entered, Refusal>> {
  const { auth } = socket.handshake
  const { protocol, schema } = auth
  if (typeof protocol === 'number' && (protocol < PROTOCOL_FLOOR || protocol > PROTOCOL)) return refuse(OUTDATED)
  if (typeof schema === 'number' && schema !== SCHEMA) return refuse(OUTDATED)
  const said = v.safeParse(hello, auth)
  if (!said.success) return refuse({ code: 'malformed', where: v.getDotPath(said.issues[0]) ?? '' })
  if (options.draining()) return refuse({ code: 'draining', retryAfterMs: BACK_MS })
  const token = said.output.token ?? cookieOf(options, socket, said.output)
  return token ? options.door.who(token) : refuse({ code: 'session-ended' })
}
const OUTDATED: Refusal = { code: 'outdated-client' }

/** The cookie of the seat that the page names; only for a page of ours. */
function cookieOf(options: GatewayOptions, socket: Socket, said: v.InferOutput<typeof hello>): string | null {
  const process = parseProcessId(said.process ?? '')
  const seat = parseSeatId(said.seat ?? '')
  if (!process || !seat || originOf(socket.request, options.config) !== 'ours') return null
  return options.cookies.read(socket.request.headers.cookie, process, seat)
}
