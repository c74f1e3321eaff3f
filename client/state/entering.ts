import type { ProcessId, SeatId } from '#shared/ids.ts'
import type { Keep } from '../room/keep.ts'
import type { Room } from '../room/room.ts'
import type { Route } from './route.svelte.ts'

/** A room that is being entered. */
export interface Entering {
  room: Promise<Room>
  /** The device's store of the seat; null where the browser has none. */
  keep: Promise<Keep | null>
  /** What is on the device is shown instead of waiting for the server. */
  readKept(): void
}

let begun: { process: ProcessId; seat: SeatId; entering: Entering } | null = null

/** The line is begun while the screens are still on their way: on a slow one that is seconds. */
export function beginEntering(route: Route): void {
  if (route.screen !== 'room') return
  const { process, seat, place } = route
  const entering = enter(process, seat)
  begun = { process, seat, entering }
  // A text that the address names is asked for with the first word from the server.
  const track = place.page === 'text' ? place.track : null
  if (track) void entering.room.then((room) => room.open(track)).catch(() => undefined)
}
/** What was begun for this seat, once; else it begins now. */
export function takeEntering(process: ProcessId, seat: SeatId): Entering {
  const known = begun
  begun = null
  return known?.process === process && known.seat === seat ? known.entering : enter(process, seat)
}

function enter(process: ProcessId, seat: SeatId): Entering {
  let readKept = (): void => undefined
  const impatient = new Promise<void>((read) => {
    readKept = read
  })
  const keep = import('../offline/keep.ts').then(({ openKeep }) => openKeep(process, seat))
  const room = Promise.all([import('../room/index.ts'), keep]).then(([{ enterRoom }, kept]) =>
    enterRoom({ url: location.origin, process, seat, ...(kept ? { keep: kept, impatient } : {}) }),
  )
  // Whoever takes it hears of it.
  room.catch(() => undefined)
  return { room, keep, readKept }
}
