import type { ProcessId, SeatId } from '#shared/ids.ts'

/**
 * One cookie a seat, under a name of its own: several seats in one browser never mix, because the page says which seat
 * it is and only that cookie is read.
 */
export interface SeatCookies {
  /** `Set-Cookie` for a session's token. */
  set(process: ProcessId, seat: SeatId, token: string): string
  clear(process: ProcessId, seat: SeatId): string
  /** The token in a `Cookie` header, or null. */
  read(header: string | undefined, process: ProcessId, seat: SeatId): string | null
}

/** A session has no end of its own: it is ended by people. Browsers keep a cookie for 400 days at most. */
const KEEP_S = 90 * 24 * 60 * 60

/** `secure`: the room is reached over https. */
export function seatCookies(secure: boolean): SeatCookies {
  const nameOf = (process: ProcessId, seat: SeatId) => `${secure ? '__Host-' : ''}parley-${process}-${seat}`
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return {
    set: (process, seat, token) => `${nameOf(process, seat)}=${token}; Max-Age=${KEEP_S}; ${attributes}`,
    clear: (process, seat) => `${nameOf(process, seat)}=; Max-Age=0; ${attributes}`,
    read(header, process, seat) {
      const start = `${nameOf(process, seat)}=`
      const found = (header ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(start))
      return found ? found.slice(start.length) : null
    },
  }
}
