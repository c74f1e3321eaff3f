import { parseProcessId, parseSeatId } from '#shared/ids.ts'
import { refuse } from '#shared/outcome.ts'
import type { Door, Entered } from '../access/door.ts'
import type { SeatCookies } from './cookies.ts'
import { type Asked, problem, type Reply, type Route } from './exchange.ts'

/**
 * The session that a request shows: by its token, or by the cookie of the seat that the page names in its address
 * (`?process=...&seat=...`), which counts only when the page is ours.
 */
export function tokenOf(asked: Asked, cookies: SeatCookies): string | null {
  if (asked.bearer) return asked.bearer
  const process = parseProcessId(asked.url.searchParams.get('process') ?? '')
  const seat = parseSeatId(asked.url.searchParams.get('seat') ?? '')
  if (asked.origin !== 'ours' || !process || !seat) return null
  return cookies.read(asked.request.headers.cookie, process, seat)
}

export interface WhoOptions {
  door: Door
  cookies: SeatCookies
  /** Whether the server is on its way out. */
  draining: () => boolean
}

/** A page that is asked to come back does so within this. */
const BACK_MS = 2_000

/** A route for whoever sits in a seat: asked before a byte of a body is read. A POST always, for pages send their origin with no GET. */
export function seated(
  { door, cookies, draining }: WhoOptions,
  route: (asked: Asked, who: Entered) => Promise<Reply>,
): Route {
  return async (asked) => {
    if (asked.origin === 'foreign') return problem({ code: 'foreign-origin' })
    if (draining()) return problem({ code: 'draining', retryAfterMs: BACK_MS })
    const token = tokenOf(asked, cookies)
    const who = token ? await door.who(token) : refuse({ code: 'session-ended' as const })
    return who.ok ? route(asked, who.value) : problem(who.refusal)
  }
}
