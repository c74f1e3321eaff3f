import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../config.ts'
import type { Outgoing } from '../files/outgoing.ts'
import { Buckets, Knocking, type Rate } from '../realtime/limits.ts'
import type { Telemetry } from '../telemetry.ts'
import { addressOf, mayBeProxy, neighbourhoodOf } from './address.ts'
import { Deadline } from './deadline.ts'
import { bearerOf, problem, type Reply, type Route, readBytes, readJson } from './exchange.ts'
import { originOf } from './origin.ts'
import type { ClientFiles } from './static.ts'

/** From the first byte to the last header; how long a body may take is `deadline.ts`'s. */
const HEADERS_MS = 5_000
const IDLE_MS = 10_000
/** A browser sends the cookies of all its seats: 40 of them fit. */
const MAX_HEADERS = 32 * 1024
/** Deadlines are looked at this often. */
const LOOK_EVERY_MS = 1_000
/** Connections from one address, and from all, that are no live lines: each is closed soon after it falls silent. */
const MAX_LINES_AN_ADDRESS = 512
const MAX_LINES = 8_192
/** Requests from one address: a whole conference that loads the page at once, behind a proxy that is not trusted. */
const REQUESTS: Rate = { perSecond: 200, burst: 10_000 }

export interface HttpOptions {
  config: Config
  telemetry: Telemetry
  /** By method and path, such as `GET /healthz`. */
  routes: Map<string, Route>
  files: ClientFiles
  /** Milliseconds on the node's clock. */
  clock: () => number
  /** Is told of every request: whoever asks has read what went to it before. */
  outgoing: Outgoing
}

/** The HTTP side of the edge: headers, deadlines and limits; the routes hold what each address means. */
export function openHttp(options: HttpOptions): Server {
  const { telemetry } = options
  const headers = securityHeaders(options.config)
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    maxHeaderSize: MAX_HEADERS,
  }
  const requests = new Buckets(REQUESTS, options.clock)
  const server = createServer(limits, (request, response) => {
    telemetry.count('http_requests')
    options.outgoing.acknowledged(request.socket)
    response.setHeaders(headers)
    response.once('finish', () => telemetry.count('http_refused', response.statusCode >= 400 ? 1 : 0))
    const wait = requests.take(neighbourhoodOf(addressOf(request, options.config.trust)), 1)
    if (wait > 0) return write(response, problem({ code: 'too-fast', retryAfterMs: wait }))
    answer(options, request, response).catch((cause: unknown) => {
      telemetry.count('bugs')
      telemetry.log.error({ err: cause }, 'a route failed')
      if (response.headersSent) response.destroy()
      else write(response, problem({ code: 'broken' }))
    })
  })
  server.on('timeout', (socket) => {
    if (options.outgoing.isHeld(socket)) socket.resetAndDestroy()
    else socket.destroy()
  })
  countLines(server, options)
  return server
}

/** One more connection than an address may have is closed before a byte of it is read. A trusted proxy may have any number. */
function countLines(server: Server, { config, telemetry }: HttpOptions): void {
  const lines = new Knocking(MAX_LINES_AN_ADDRESS, MAX_LINES)
  const counted = new WeakMap<object, () => void>()
  server.on('connection', (socket: Socket) => {
    if (mayBeProxy(socket, config.trust)) return
    const address = neighbourhoodOf(socket.remoteAddress ?? '')
    if (!lines.begin(address)) {
      telemetry.count('sockets_refused')
      socket.destroy()
      return
    }
    let isCounted = true
    const end = (): void => {
      if (isCounted) lines.end(address)
      isCounted = false
    }
    counted.set(socket, end)
    socket.once('close', end)
  })
  // Live lines have limits of their own.
  server.on('upgrade', ({ socket }: IncomingMessage) => counted.get(socket)?.())
}

async function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { config, routes, files } = options
  // A path with two slashes at its start would be read as a host.
  const url = new URL(`http://parley${(request.url ?? '/').replace(/^\/*/, '/')}`)
  const route = routes.get(`${request.method} ${url.pathname}`)
  if (route) {
    const deadline = new Deadline(request)
    const asked = {
      request,
      url,
      origin: originOf(request, config),
      address: neighbourhoodOf(addressOf(request, config.trust)),
      bearer: bearerOf(request),
      json: (limit: number) => readJson(request, limit),
      bytes: (limit: number) => readBytes(request, limit, () => deadline.moved()),
    }
    const reply = await route(asked)
    if (reply.send) await send(response, reply, reply.send)
    else write(response, reply)
  } else if (url.pathname.startsWith('/api/')) write(response, noRoute(routes, url.pathname))
  else if (request.method === 'GET' || request.method === 'HEAD') files(request, response)
  else write(response, problem({ code: 'method-not-allowed', allowed: ['GET', 'HEAD'] }))
}

function noRoute(routes: HttpOptions['routes'], path: string): Reply {
  const allowed = [...routes.keys()].filter((key) => key.endsWith(` ${path}`)).map((key) => key.split(' ')[0] ?? '')
  return problem(allowed.length > 0 ? { code: 'method-not-allowed', allowed } : { code: 'no-such-thing' })
}

async function send(response: ServerResponse, reply: Reply, body: NonNullable<Reply['send']>): Promise<void> {
  head(response, reply)
  await body(response)
}

function head(response: ServerResponse, reply: Reply): void {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store')
  // Unread words of a refused body would keep the connection busy.
  if (!response.req.complete) response.setHeader('Connection', 'close')
  response.statusCode = reply.status
}

function write(response: ServerResponse, reply: Reply): void {
  const isText = typeof reply.body === 'string'
  head(response, reply)
  if (reply.body === undefined) response.end()
  else {
    const type = isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
    response.setHeader('Content-Type', type)
    response.end(isText ? String(reply.body) : JSON.stringify(reply.body))
  }
}

/** The same for every answer. Scripts, styles and connections are our own; nothing is inline, nothing is framed. */
function securityHeaders(config: Config): Headers {
  const live = config.publicUrl ? ` ${config.publicUrl.replace(/^http/, 'ws')}` : ''
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${live}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html ProseMirrorClipboard parley-worker',
  ]
  const https = config.publicUrl?.startsWith('https:') === true
  return new Headers({
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(https ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  })
}
