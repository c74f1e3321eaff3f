import type { Instant, PartyId, SeatId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Level, Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { type As, cellOf, isAtDesk, isExpired, seatsNamedIn, sightIn } from './matrix.ts'
import { isMediator, isTheirs, partyIn, seatIn, seatsOf } from './people.ts'
import {
  type AccessChange,
  type Cell,
  DEFAULT_GRANT,
  type Grant,
  type Process,
  type Seat,
  type Track,
} from './process.ts'
import { doer, replaced, row } from './rows.ts'

/** Granting and withdrawing sight: one batch of cells, all or none. */

type SetAccess = Extract<Command, { type: 'SetAccess' }>
type Asks = SetAccess['changes'][number]
type Of<T extends Event['type']> = Extract<Event, { type: T }>
/** The access decisions the desk looks back on: a day of talks has seldom more than 60. */
const CHANGES_KEPT = 200

/**
 * Mediators only, asked before any look-up. They name every track, party and seat of the process but the rooms of their
 * members (caucus, backchannel): one they see is `not-yours-to-open`, all others are as absent. What changes nothing is
 * dropped. A `grant` that is given replaces the cell's; without one an unbroken sight keeps its own.
 */
export function decideSetAccess(
  process: Process,
  asked: Asked,
  seat: Seat,
  command: SetAccess,
): Outcome<Decided, Refusal> {
  if (!isMediator(seat)) return refuse({ code: 'not-your-role' })
  if (asked.by === 'operator') return refuse({ code: 'not-your-role' })
  const changed = accessChanges(process, seat, asked.by, command.changes, asked.at)
  if (!changed.ok) return changed
  if (changed.value.length === 0) return refuse({ code: 'nothing-to-change' })
  return ok({ events: [{ type: 'AccessSet', changes: changed.value }], made: [] })
}

function accessChanges(
  process: Process,
  seat: Seat,
  as: As,
  asks: Asks[],
  at: Instant,
): Outcome<AccessChange[], Refusal> {
  const changes: AccessChange[] = []
  const named = new Set<string>()
  for (const [index, ask] of asks.entries()) {
    const where = `changes.${index}`
    if ((ask.party === undefined) === (ask.seat === undefined)) return refuse({ code: 'malformed', where })
    const cell = `${ask.track} ${ask.party === undefined ? 'seat' : 'party'} ${ask.party ?? ask.seat}`
    if (named.has(cell)) return refuse({ code: 'malformed', where })
    named.add(cell)
    const track = trackAtDesk(process, seat, as, ask.track, at)
    if (!track.ok) return track
    const change = changeOf(process, track.value, ask, at)
    if (!change.ok) return change
    if (change.value) changes.push(change.value)
    if (ask.level === 'hidden') changes.push(...namedOf(process, track.value, ask, asks, at))
  }
  return ok(changes)
}

/** What is hidden from a party is hidden from its named seats too, but for those that the same batch names. */
function namedOf(process: Process, track: Track, ask: Asks, asks: Asks[], at: Instant): AccessChange[] {
  const own = ask.party === undefined ? [] : seatsNamedIn(process, track).filter(({ party }) => party === ask.party)
  return own.flatMap(({ id }): AccessChange[] => {
    const was = ownCell(track, id, at)?.level ?? 'hidden'
    const isAsked = asks.some(({ track: of, seat }) => of === ask.track && seat === id)
    if (was === 'hidden' || isAsked) return []
    return [{ track: track.id, seat: id, level: 'hidden', was, grant: DEFAULT_GRANT }]
  })
}

/** A track the mediator has the desk over; one that it only sees is `not-yours-to-open`, every other as absent. */
export function trackAtDesk(
  process: Process,
  seat: Seat,
  as: As,
  id: Track['id'],
  at: Instant,
): Outcome<Track, Refusal> {
  const track = row(process.tracks.by, id)
  if (track && isAtDesk(seat, track)) return ok(track)
  const isSeen = track !== null && sightIn(process, seat, as, track, at) !== null
  return refuse({ code: isSeen ? 'not-yours-to-open' : 'no-such-thing' })
}

/** Null when the cell is as asked already. */
function changeOf(process: Process, track: Track, ask: Asks, at: Instant): Outcome<AccessChange | null, Refusal> {
  const seat = ask.seat === undefined ? null : seatIn(process, ask.seat)
  const party = ask.party === undefined ? null : partyIn(process, ask.party)
  if ((!seat && !party) || (seat && !isTheirs(seat))) return refuse({ code: 'no-such-thing' })
  const own = seat ? ownCell(track, seat.id, at) : party && partyCell(track, party.id, at)
  const before = seat ? cellOf(track, seat, at) : own
  const was: Level = before?.level ?? 'hidden'
  const grant = grantOf(ask, was === 'hidden' ? null : before)
  if (grant.until !== undefined && at > grant.until) return refuse({ code: 'too-late', due: grant.until })
  if (own ? own.level === ask.level && isSameGrant(own.grant, grant) : ask.level === 'hidden' && was === 'hidden') {
    return ok(null)
  }
  const named = seat ? { seat: seat.id } : party ? { party: party.id } : {}
  return ok({ track: track.id, ...named, level: ask.level, was, grant })
}

function grantOf(ask: Asks, before: Cell | null): Grant {
  if (ask.level === 'hidden') return DEFAULT_GRANT
  return ask.grant ? { ...DEFAULT_GRANT, ...ask.grant } : (before?.grant ?? DEFAULT_GRANT)
}

function isSameGrant(a: Grant, b: Grant): boolean {
  const isSame = a.history === b.history && a.annotations === b.annotations
  return isSame && a.until === b.until && a.export === b.export && a.offline === b.offline
}

function ownCell(track: Track, seat: SeatId, at: Instant): Cell | null {
  const cell = row(track.cells.seats, seat)
  return cell && !isExpired(cell, at) ? cell : null
}
function partyCell(track: Track, party: PartyId, at: Instant): Cell | null {
  const cell = row(track.cells.parties, party)
  return cell && !isExpired(cell, at) ? cell : null
}

/* ---- folding ---- */

export function foldAccessSet(process: Process, event: Of<'AccessSet'>, fact: Fact): Process {
  const after = event.changes.reduce((now, change) => foldChange(now, change, fact.at), process)
  const record = { at: fact.at, by: doer(fact), changes: event.changes }
  return { ...after, changes: [...process.changes, record].slice(-CHANGES_KEPT) }
}

function foldChange(process: Process, change: AccessChange, at: Instant): Process {
  const track = row(process.tracks.by, change.track)
  if (!track) return process
  const { level, grant } = change
  const seat = change.seat === undefined ? null : seatIn(process, change.seat)
  if (seat) {
    const before = cellOf(track, seat, at)
    const since = before && before.level !== 'hidden' ? before.since : at
    // A hidden seat is an exception to what its party sees; where the party sees nothing there is nothing to except.
    const isException = level !== 'hidden' || (partyCell(track, seat.party, at)?.level ?? 'hidden') !== 'hidden'
    return withCell(process, track, 'seats', seat.id, isException ? { level, grant, since } : null)
  }
  const party = change.party === undefined ? null : partyIn(process, change.party)
  if (!party) return process
  const before = partyCell(track, party.id, at)
  const since = before && before.level !== 'hidden' ? before.since : at
  if (level !== 'hidden') return withCell(process, track, 'parties', party.id, { level, grant, since })
  return withoutParty(process, track, party.id)
}

/** A second one about the same cell, or one about a cell set anew meanwhile, changes nothing. */
export function foldExpired(process: Process, event: Of<'Expired'>): Process {
  const track = row(process.tracks.by, event.track)
  if (!track) return process
  if (event.seat !== undefined) {
    const isDue = row(track.cells.seats, event.seat)?.grant.until === event.due
    return isDue ? withCell(process, track, 'seats', event.seat, null) : process
  }
  if (event.party === undefined || row(track.cells.parties, event.party)?.grant.until !== event.due) return process
  return withoutParty(process, track, event.party)
}

function withCell(process: Process, track: Track, of: 'parties' | 'seats', id: string, cell: Cell | null): Process {
  const { [id]: _, ...others } = track.cells[of] as Record<string, Cell>
  const cells = { ...track.cells, [of]: cell ? { ...others, [id]: cell } : others }
  return { ...process, tracks: replaced(process.tracks, track.id, { ...track, cells }) }
}

/** The party's cell goes, and with it the exceptions made for its seats. */
function withoutParty(process: Process, track: Track, party: PartyId): Process {
  const { [party]: _, ...parties } = track.cells.parties as Record<string, Cell>
  const excepted = new Set<string>(
    seatsOf(process, party)
      .map(({ id }) => id)
      .filter((id) => row(track.cells.seats, id)?.level === 'hidden'),
  )
  const seats = Object.fromEntries(Object.entries<Cell>(track.cells.seats).filter(([id]) => !excepted.has(id)))
  return { ...process, tracks: replaced(process.tracks, track.id, { ...track, cells: { parties, seats } }) }
}
