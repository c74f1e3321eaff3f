import type { Refusal } from '#shared/refusals.ts'
import type { Connection } from './room.ts'

/** What can happen to a connection. */
export type Happening =
  /** The first `welcome` of this connection came. */
  | { what: 'welcomed' }
  /** It ended, or never came to be. `refusal`: the server's `bye`, or how it turned the handshake down. */
  | { what: 'lost'; refusal: Refusal | null }
  /** `retryAt` has come, or somebody does not want to wait for it. */
  | { what: 'due' }
  /** Closed by this side. */
  | { what: 'closed' }

/** A dropped phone network comes back within a second more often than not: the first try is soon. */
const FIRST_RETRY_MS = 250
/** Each try doubles the wait, up to this: a server that was down for an hour is found within ten seconds. */
const LAST_RETRY_MS = 10_000

/**
 * The next state of a connection. Pure: `now` is the machine's clock in ms, `chance` is in [0, 1) and spreads the tries of
 * many clients over half the wait. Whoever runs it connects on `joining` and wakes it with `due` at `retryAt`.
 */
export function nextConnection(connection: Connection, happening: Happening, now: number, chance: number): Connection {
  if (connection.at === 'ended') return connection
  switch (happening.what) {
    case 'welcomed':
      return { at: 'live' }
    case 'due':
      return connection.at === 'waiting' ? { at: 'joining', attempt: connection.attempt } : connection
    case 'closed':
      return { at: 'ended', refusal: null }
    case 'lost': {
      const { refusal } = happening
      if (refusal && endsForGood(refusal)) return { at: 'ended', refusal }
      const attempt = connection.at === 'live' ? 1 : connection.attempt + 1
      return { at: 'waiting', attempt, retryAt: now + waitOf(refusal, attempt, chance) }
    }
    default:
      throw happening satisfies never
  }
}

function waitOf(refusal: Refusal | null, attempt: number, chance: number): number {
  const asked = refusal && 'retryAfterMs' in refusal ? refusal.retryAfterMs : null
  const ms = asked ?? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1))
  return Math.round(asked === null ? ms * (0.5 + chance / 2) : ms * (1 + chance / 2))
}

/** Refusals after which the same request can only get the same answer. */
function endsForGood(refusal: Refusal): boolean {
  switch (refusal.code) {
    case 'session-ended':
    case 'outdated-client':
    case 'no-such-thing':
    case 'malformed':
    case 'invitation-used':
    case 'invitation-expired':
    case 'invitation-unknown':
      return true
    default:
      return false
  }
}
