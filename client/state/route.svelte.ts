import { type ProcessId, parseProcessId, parseSeatId, parseTrackId, type SeatId, type TrackId } from '#shared/ids.ts'

/** Where in a seat's room. It stands behind the `#`, so that no server log ever names a track. */
export type Place =
  | { page: 'text'; track: TrackId | null }
  | { page: 'people' }
  /** The mediators' desk; `section` is its own business. */
  | { page: 'desk'; section: string }
export type Route =
  | { screen: 'first-start' }
  | { screen: 'join'; code: string }
  | { screen: 'room'; process: ProcessId; seat: SeatId; place: Place }
  | { screen: 'nowhere' }

export function routeOf({ pathname, hash }: Pick<URL, 'pathname' | 'hash'>): Route {
  if (pathname === '/') return { screen: 'first-start' }
  if (/^\/join\/?$/.test(pathname)) return { screen: 'join', code: hash.slice(1) }
  const [, processText = '', seatText = ''] = /^\/r\/([^/]+)\/([^/]+)\/?$/.exec(pathname) ?? []
  const process = parseProcessId(processText)
  const seat = parseSeatId(seatText)
  return process && seat ? { screen: 'room', process, seat, place: placeOf(hash) } : { screen: 'nowhere' }
}

function placeOf(hash: string): Place {
  const [page = '', rest = ''] = hash.replace(/^#\/?/, '').split('/')
  if (page === 'people') return { page: 'people' }
  if (page === 'desk') return { page: 'desk', section: rest }
  return { page: 'text', track: page === 'text' ? parseTrackId(rest) : null }
}

/** The address of a place in the room one is in. */
export function hrefOf(place: Place): string {
  switch (place.page) {
    case 'people':
      return '#/people'
    case 'desk':
      return place.section ? `#/desk/${place.section}` : '#/desk'
    case 'text':
      return place.track ? `#/text/${place.track}` : '#/text'
    default:
      throw place satisfies never
  }
}

/** The page's address, followed. */
export class RouteState {
  current = $state.raw<Route>(routeOf(location))

  /** Follows the browser's back and forward; calling the result stops. */
  follow(): () => void {
    const read = () => {
      this.current = routeOf(location)
    }
    addEventListener('hashchange', read)
    addEventListener('popstate', read)
    return () => {
      removeEventListener('hashchange', read)
      removeEventListener('popstate', read)
    }
  }
}
