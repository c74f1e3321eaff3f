import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { Server, type Socket } from 'socket.io'
import * as v from 'valibot'
import { parseProcessId, parseSeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, refuse } from '#shared/outcome.ts'
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
import {
  addressOf,
  GOODBYE_MS,
  HANDSHAKE_MS,
  Knocking,
  MAX_MESSAGE,
  MAX_SOCKETS_A_SESSION,
  PING_EVERY_MS,
  PONG_WITHIN_MS,
} from './limits.ts'
import { Session } from './session.ts'
import { cut, onClosed } from './wire.ts'

export interface GatewayOptions {
  http: HttpServer
  config: Config
  door: Door
  delivery: Delivery
  cookies: SeatCookies
  time: Time
  telemetry: Telemetry
  draining: () => boolean
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
  const { http, config, time, telemetry, delivery } = options
  const knocking = new Knocking()
  const seated = new WeakMap<IncomingMessage, () => void>()
  const greeted = new WeakSet<object>()
  const open = new Map<SessionId, number>()
  const entered = new WeakMap<Socket, Entered>()

  const io = new Server(http, {
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
    allowRequest: (request, answer) => {
      const allowed = admit(request)
      if (!allowed) telemetry.count('sockets_refused')
      answer(allowed ? null : 'refused', allowed)
    },
  })
  // A peer that never answers a close frame would keep its line for half a minute.
  onClosed(io, (cutLine) => time.after(GOODBYE_MS, cutLine))
  telemetry.gauge('sockets', () => io.engine.clientsCount)
  telemetry.gauge('sockets_seated', () => open.values().reduce((sum, count) => sum + count, 0))

  /** Ours by origin, and not one of too many that knock and say nothing. */
  function admit(request: IncomingMessage): boolean {
    const address = addressOf(request)
    if (originOf(request, config) === 'foreign' || !knocking.begin(address)) return false
    let waiting = true
    const end = () => {
      if (waiting) knocking.end(address)
      waiting = false
    }
    seated.set(request, end)
    request.socket.once('close', end)
    return true
  }

  io.use((socket, next) => {
    // A second handshake on one line is nobody's client.
    if (greeted.has(socket.conn)) return cut(socket)
    greeted.add(socket.conn)
    greet(options, socket).then(
      (who) => {
        const full = who.ok && (open.get(who.value.viewer.session) ?? 0) >= MAX_SOCKETS_A_SESSION
        if (!who.ok || full) {
          telemetry.count('handshakes_refused')
          next(new HandshakeRefused(who.ok ? { code: 'too-fast', retryAfterMs: BACK_MS } : who.refusal))
          return
        }
        entered.set(socket, who.value)
        next()
      },
      (cause: unknown) => {
        telemetry.count('bugs')
        telemetry.log.error({ err: cause }, 'a handshake failed')
        next(new HandshakeRefused({ code: 'unanswered' }))
      },
    )
  })

  io.on('connection', (socket) => {
    const who = entered.get(socket)
    if (!who) return cut(socket)
    seated.get(socket.request)?.()
    const { running, viewer } = who
    open.set(viewer.session, (open.get(viewer.session) ?? 0) + 1)
    const onGone = () => {
      const left = (open.get(viewer.session) ?? 1) - 1
      if (left > 0) open.set(viewer.session, left)
      else open.delete(viewer.session)
    }
    const session = new Session({ socket, process: running.id, viewer, delivery, time, telemetry, onGone })
    session.enter().catch((cause: unknown) => {
      telemetry.count('bugs')
      telemetry.log.error({ err: cause }, 'a connection could not be seated')
      session.reset()
    })
  })

  return {
    close() {
      io.disconnectSockets(true)
      io.engine.close()
    },
  }
}

/** Version first, before anything is bound; then who it is. */
async function greet(options: GatewayOptions, socket: Socket): Promise<Outcome<Entered, Refusal>> {
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
