import type { Instant, PartyId, SeatId, TrackId } from '../ids.ts'
import { includes, type Level } from '../refusals.ts'
import { isMediation, isMediator, isTheirs, partyIn, seatIn, stands } from './people.ts'
import type { Cell, Grant, Process, Seat, Track, TrackKind } from './process.ts'
import { row } from './rows.ts'
import type { Viewer } from './view.ts'

/**
 * The view matrix: who may do what in which track at an instant. Default hidden. Expiry needs no entry: every question
 * here names the instant it is asked for (`at == until` is in time).
 */

/** Rooms of their own members: mediators neither see them nor set access to them. */
export const isPrivate = (kind: TrackKind): boolean => kind === 'caucus' || kind === 'backchannel'

export const isExpired = (cell: Cell, at: Instant): boolean => cell.grant.until !== undefined && at > cell.grant.until

/** A cell as it counts at `at`; null when it is past its last instant. */
const standing = (cell: Cell | null, at: Instant): Cell | null => (cell && !isExpired(cell, at) ? cell : null)

/** The cell that decides for a seat: its own, else its party's. An expired cell of its own leaves it with its party's. */
export function cellOf(track: Track, seat: Seat, at: Instant): Cell | null {
  return standing(row(track.cells.seats, seat.id), at) ?? standing(row(track.cells.parties, seat.party), at)
}

/**
 * Whether the track is there at all for this party's people, whatever its cells say. Until the talks open, a party has
 * its own caucus only; the mediators have theirs.
 */
function isThereFor(process: Process, track: Track, party: PartyId): boolean {
  if (isPrivate(track.kind) && isMediation(process, party)) return track.owner === party
  if (process.openedAt !== null) return true
  return track.kind === 'caucus' ? track.owner === party : isMediation(process, party)
}

/** What decides for the seat in this track, or null when the track is hidden from it. */
function sightOf(process: Process, by: As & Pick<Viewer, 'seat'>, track: Track, at: Instant): Sight | null {
  const seat = seatIn(process, by.seat)
  return seat ? sightIn(process, seat, by, track, at) : null
}
/** How somebody looks as a seat. */
export type As = Pick<Viewer, 'confined' | 'previewed'>
export interface Sight {
  level: Exclude<Level, 'hidden'>
  grant: Grant
  since: Instant
}

/** `sightOf` of a seat already looked up. Whom its delegation has not confirmed reads and comments, whatever the cell says. */
export function sightIn(process: Process, seat: Seat, as: As, track: Track, at: Instant): Sight | null {
  if (!stands(seat) || (as.confined && isPrivate(track.kind))) return null
  const cell = cellOf(track, seat, at)
  if (!cell || cell.level === 'hidden' || !isThereFor(process, track, seat.party)) return null
  const isCapped = includes(cell.level, 'suggest') && isUnconfirmed(process, seat, as)
  return isCapped ? { ...cell, level: 'comment' } : (cell as Sight)
}

/** Whether this is a person whom the delegation it would write for has not confirmed. */
export const isUnconfirmed = (process: Process, seat: Seat, as: As): boolean =>
  as.confined && !as.previewed && partyIn(process, seat.party)?.kind === 'delegation'

/** The level of a seat's session in a track; hidden for a track that is not there. */
export function levelOf(process: Process, by: As & Pick<Viewer, 'seat'>, track: TrackId, at: Instant): Level {
  const found = row(process.tracks.by, track)
  return (found && sightOf(process, by, found, at)?.level) ?? 'hidden'
}

/** Everyone who sees the track: parties in their order, then seats with a level of their own, in theirs. */
export interface Reader {
  party: PartyId
  /** Null: the party as a whole. */
  seat: SeatId | null
  level: Exclude<Level, 'hidden'>
}

/**
 * Whoever may read the track at `at`, as a party at least (P12); a named seat where only it has sight, or another level
 * than its party. A person who is suspended stands here still: that they are is not told to the others who read.
 */
export function readersOf(process: Process, track: TrackId, at: Instant): Reader[] {
  const found = row(process.tracks.by, track)
  return found ? readersIn(process, found, at) : []
}

export function readersIn(process: Process, track: Track, at: Instant): Reader[] {
  const readers: Reader[] = []
  const whole = new Map<PartyId, Level>()
  for (const id of process.parties.order) {
    const cell = standing(row(track.cells.parties, id), at)
    if (!cell || cell.level === 'hidden' || !isThereFor(process, track, id)) continue
    whole.set(id, cell.level)
    readers.push({ party: id, seat: null, level: cell.level })
  }
  for (const seat of seatsNamedIn(process, track)) {
    const cell = isTheirs(seat) ? standing(row(track.cells.seats, seat.id), at) : null
    if (!cell || cell.level === 'hidden' || !isThereFor(process, track, seat.party)) continue
    if (whole.get(seat.party) !== cell.level) readers.push({ party: seat.party, seat: seat.id, level: cell.level })
  }
  return readers
}

/** Seats with a cell of their own, in the order of seats, those that do not stand included. */
export function seatsNamedIn(process: Process, track: Track): Seat[] {
  const named = Object.keys(track.cells.seats)
  if (named.length === 0) return []
  if (named.length === 1) return named.flatMap((id) => row(process.seats.by, id) ?? [])
  const wanted = new Set<string>(named)
  return process.seats.order.filter((id) => wanted.has(id)).flatMap((id) => row(process.seats.by, id) ?? [])
}

/** Every seat that sees the track in a session that is not confined, in order. */
export function seatsSeeing(process: Process, track: TrackId, at: Instant): SeatId[] {
  const found = row(process.tracks.by, track)
  if (!found) return []
  return process.seats.order.filter((id) => sightOf(process, { seat: id, confined: false }, found, at) !== null)
}

/** The delegations whose consent counts in the track: those with `suggest` or more, through the party or a named seat. */
export function consentingParties(process: Process, track: TrackId, at: Instant): PartyId[] {
  const counted = readersOf(process, track, at)
    .filter(({ party, level }) => includes(level, 'suggest') && partyIn(process, party)?.kind === 'delegation')
    .map(({ party }) => party)
  return process.parties.order.filter((party) => counted.includes(party))
}

/** Whether the seat has the desk over the track: a mediator, and no room of its members' own. */
export const isAtDesk = (seat: Seat, track: Track): boolean => isMediator(seat) && !isPrivate(track.kind)
