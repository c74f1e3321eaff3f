import type { Outcome } from '#shared/outcome.ts'
import { ok, refuse } from '#shared/outcome.ts'
import { type Language, parseLanguage } from '#shared/words/languages.ts'
import type { Door, SignedIn } from '../access/door.ts'
import type { Health } from '../log/log.ts'
import { Buckets, Knocking } from '../realtime/limits.ts'
import type { Telemetry } from '../telemetry.ts'
import type { SeatCookies } from './cookies.ts'
import { type Asked, problem, type Reply, type Route, textAt } from './exchange.ts'
import { isLocal } from './origin.ts'
import type { Problem } from './problem.ts'
import { tokenOf } from './who.ts'

export interface PublicOptions {
  door: Door
  cookies: SeatCookies
  telemetry: Telemetry
  /** Whether the log takes writes. */
  health: () => Health
  /** Whether the server is on its way out. */
  draining: () => boolean
  isOperator: (bearer: string | null) => boolean
  publicUrl: string | null
  /** Milliseconds on any clock that never goes back. */
  clock: () => number
}

/** A code or two in JSON. */
const SMALL = 4 * 1024
/** People behind one address redeem together; a guesser of 128 bits is only slowed for the sake of the machine. */
const KNOCKS = { perSecond: 10, burst: 600 }
const KNOCK_UNKNOWN = 4
/** Invitations that are being opened at one moment, from one address and in all: each waits for the disk. */
const MAX_OPENING_AN_ADDRESS = 128
const MAX_OPENING = 512
/** A page that is asked to come back does so within this. */
const BACK_MS = 2_000

interface Knock {
  code: string
  /** Chosen at the door. */
  language: Language | undefined
}

/** The addresses anybody can ask: whether the room is well, and the way in and out. */
export function publicRoutes(options: PublicOptions): [string, Route][] {
  const { door, telemetry, cookies } = options
  const knocks = new Buckets(KNOCKS, options.clock)
  const opening = new Knocking(MAX_OPENING_AN_ADDRESS, MAX_OPENING)

  /** The code in the body, and the language beside it, unless the asker is a foreign page, sends no code, or asks too often. */
  async function codeIn(asked: Asked): Promise<Outcome<Knock, Problem>> {
    if (asked.origin === 'foreign') return refuse({ code: 'foreign-origin' })
    const wait = knocks.take(asked.address, 1)
    if (wait > 0) return refuse({ code: 'too-fast', retryAfterMs: wait })
    const body = await asked.json(SMALL)
    if (!body.ok) return body
    const knock = knockIn(body.value)
    return knock ? ok(knock) : refuse({ code: 'malformed', where: 'code' })
  }

  return [
    ['GET /healthz', () => ({ status: 200, body: { alive: true } })],
    ['GET /readyz', () => readiness(options)],
    [
      'GET /metrics',
      async ({ request, bearer }) =>
        isLocal(request, options) || options.isOperator(bearer)
          ? { status: 200, body: await telemetry.metrics() }
          : problem({ code: 'not-operator' }),
    ],
    [
      'POST /api/invitations/look',
      async (asked) => {
        const code = await codeIn(asked)
        if (!code.ok) return problem(code.refusal)
        const looked = await door.look(code.value.code)
        if (looked.state === 'unknown') knocks.take(asked.address, KNOCK_UNKNOWN)
        return { status: 200, body: looked }
      },
    ],
    [
      'POST /api/invitations/redeem',
      async (asked) => {
        if (options.draining()) return problem({ code: 'draining', retryAfterMs: BACK_MS })
        const code = await codeIn(asked)
        if (!code.ok) return problem(code.refusal)
        if (!opening.begin(asked.address)) return problem({ code: 'too-fast', retryAfterMs: BACK_MS })
        const redeemed = await door
          .redeem(code.value.code, code.value.language)
          .finally(() => opening.end(asked.address))
        if (redeemed.ok) return signedIn(redeemed.value, cookies)
        if (redeemed.refusal.code === 'invitation-unknown') knocks.take(asked.address, KNOCK_UNKNOWN)
        return problem(redeemed.refusal)
      },
    ],
    ['POST /api/session/figures', (asked) => figuresFor(asked, options)],
    ['DELETE /api/session', (asked) => signOut(asked, options)],
  ]
}

function knockIn(body: unknown): Knock | null {
  const text = textAt(body, 'code')
  const language = parseLanguage(textAt(body, 'language')) ?? undefined
  // People paste the whole link as well.
  return text === null ? null : { code: text.slice(text.lastIndexOf('#') + 1).trim(), language }
}

function readiness({ draining, health }: PublicOptions): Reply {
  if (draining()) return { status: 503, body: { ready: false, reason: 'draining' } }
  const log = health()
  return log.state === 'writable'
    ? { status: 200, body: { ready: true } }
    : { status: 503, body: { ready: false, reason: log.reason } }
}

function signedIn({ session: _, ...body }: SignedIn, cookies: SeatCookies): Reply {
  return {
    status: 200,
    body,
    headers: { 'Set-Cookie': cookies.set(body.process, body.seat, body.token) },
  }
}

/** A POST, though it changes nothing: pages send their origin with no GET. */
async function figuresFor(asked: Asked, { door, cookies }: PublicOptions): Promise<Reply> {
  if (asked.origin === 'foreign') return problem({ code: 'foreign-origin' })
  const token = tokenOf(asked, cookies)
  const figures = token ? await door.figures(token) : refuse({ code: 'session-ended' as const })
  return figures.ok ? { status: 200, body: figures.value } : problem(figures.refusal)
}

async function signOut(asked: Asked, { door, cookies }: PublicOptions): Promise<Reply> {
  if (asked.origin === 'foreign') return problem({ code: 'foreign-origin' })
  const token = tokenOf(asked, cookies)
  const who = token ? await door.who(token) : refuse({ code: 'session-ended' as const })
  if (!who.ok) return problem(who.refusal)
  const { running, viewer } = who.value
  const ended = await running.act(viewer, null, { type: 'EndSession', session: viewer.session })
  if (!ended.ok) return problem(ended.refusal)
  return { status: 204, headers: { 'Set-Cookie': cookies.clear(running.id, viewer.seat) } }
}
