import type { Instant, PartyId, SeatId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { isMediator, isTheirs, leads, partyIn, seatIn, stands } from './people.ts'
import { type Access, type Cell, MAX_SEATS, type Nomination, type Process, type Seat } from './process.ts'
import { added, doer, replaced, row, rowsOf } from './rows.ts'

/** Who sits: proposed by a party, accredited by the mediators, suspended and restored, followed by another person (F2). */

type Of<T extends Event['type']> = Extract<Event, { type: T }>
type About<T extends Command['type']> = Extract<Command, { type: T }>
type SeatCommand = About<
  'NominateSeat' | 'AccreditSeat' | 'DeclineSeat' | 'SuspendSeat' | 'RestoreSeat' | 'ReplaceSeat'
>
type Decision = Outcome<Decided, Refusal>
interface Here {
  process: Process
  asked: Asked
  /** Who asks. */
  seat: Seat
}

/** What one party may have waiting for the mediators at once, declined ones included. */
const MAX_NOMINATED = 50
const NO_SUCH_THING = refuse({ code: 'no-such-thing' } as const)
const NOT_YOUR_ROLE = refuse({ code: 'not-your-role' } as const)

/** The role is asked before any look-up, so that the answer tells nothing of others' seats. */
export function decideSeat(process: Process, asked: Asked, seat: Seat, command: SeatCommand): Decision {
  if (!leads(seat)) return NOT_YOUR_ROLE
  if (asked.by !== 'operator' && asked.by.confined) return refuse({ code: 'not-confirmed' })
  const here: Here = { process, asked, seat }
  switch (command.type) {
    case 'NominateSeat':
      return nominate(here, command)
    case 'AccreditSeat':
      return accredit(here, command.seat)
    case 'DeclineSeat':
      return decline(here, command.seat)
    case 'SuspendSeat':
      return suspend(here, command.seat)
    case 'RestoreSeat':
      return restore(here, command.seat)
    case 'ReplaceSeat':
      return replace(here, command)
    default:
      throw command satisfies never
  }
}

/** A leader names the seats of its own party, a mediator all. */
const named = ({ process, seat }: Here, id: SeatId): Seat | null => {
  const found = seatIn(process, id)
  return found && (isMediator(seat) || found.party === seat.party) ? found : null
}
const nominated = ({ process, seat }: Here, id: SeatId): Nomination | null => {
  const found = row(process.nominations.by, id)
  if (!found || found.party === seat.party) return found
  return isMediator(seat) && found.declinedAt === null ? found : null
}

function nominate(here: Here, { party: id, role, name, replaces }: About<'NominateSeat'>): Decision {
  const { process, asked, seat } = here
  const party = partyIn(process, id)
  if (!party || (party.id !== seat.party && !isMediator(seat))) return NO_SUCH_THING
  // Who speaks for a delegation is its head's to say.
  if (party.kind === 'delegation' && party.id !== seat.party) return NOT_YOUR_ROLE
  if ((role === 'mediator') !== (party.kind === 'mediation' && role === 'mediator'))
    return refuse({ code: 'malformed', where: 'role' })
  const followed = replaces === undefined ? null : named(here, replaces)
  if (replaces !== undefined && followed?.party !== party.id) return NO_SUCH_THING
  if (followed && !mayBeFollowed(here, followed)) return refuse({ code: 'seat-not-standing' })
  const waiting = rowsOf(process.nominations).filter((one) => one.party === party.id)
  if (waiting.length >= MAX_NOMINATED) return refuse({ code: 'too-large', limit: MAX_NOMINATED })
  const made = asked.mint<SeatId>()
  const events: Event[] = [
    { type: 'SeatNominated', seat: made, party: party.id, role, name: name.trim(), replaces: followed?.id ?? null },
  ]
  if (!isMediator(seat)) return ok({ events, made: [made] })
  return withRoom(here, party.id, name, {
    events: [...events, { type: 'SeatAccredited', seat: made, party: party.id }],
    made: [made],
  })
}

/** A person that is there or suspended is followed by another; nobody follows themselves. */
const mayBeFollowed = ({ seat }: Here, followed: Seat): boolean => isTheirs(followed) && followed.id !== seat.id

/** One person sits in one party; the mediators, who see every seat, are told. */
function withRoom({ process }: Here, party: PartyId, name: string, decided: Decided): Decision {
  if (process.seats.order.length >= MAX_SEATS) return refuse({ code: 'too-large', limit: MAX_SEATS })
  const isElsewhere = rowsOf(process.seats).some(
    (other) => other.party !== party && stands(other) && isSameName(other.name, name),
  )
  return isElsewhere ? refuse({ code: 'already-exists' }) : ok(decided)
}
const isSameName = (one: string, other: string): boolean => folded(one) === folded(other)
const folded = (name: string): string => name.normalize('NFC').trim().replaceAll(/\s+/gu, ' ').toLowerCase()

function accredit(here: Here, id: SeatId): Decision {
  if (!isMediator(here.seat)) return NOT_YOUR_ROLE
  const found = nominated(here, id)
  if (!found || found.declinedAt !== null) return NO_SUCH_THING
  const { party, name } = found
  return withRoom(here, party, name, { events: [{ type: 'SeatAccredited', seat: id, party }], made: [] })
}

function decline(here: Here, id: SeatId): Decision {
  const found = nominated(here, id)
  if (!found) return NO_SUCH_THING
  return ok({ events: [{ type: 'SeatDeclined', seat: id, party: found.party }], made: [] })
}

function suspend(here: Here, id: SeatId): Decision {
  const found = named(here, id)
  if (!found || !isTheirs(found)) return NO_SUCH_THING
  if (found.id === here.seat.id) return NOT_YOUR_ROLE
  if (!stands(found)) return refuse({ code: 'nothing-to-change' })
  return ok({ events: [{ type: 'SeatSuspended', seat: id, party: found.party }], made: [] })
}

function restore(here: Here, id: SeatId): Decision {
  const found = named(here, id)
  if (!found || !isTheirs(found)) return NO_SUCH_THING
  if (found.standing?.is !== 'suspended') return refuse({ code: 'nothing-to-change' })
  const by = seatIn(here.process, found.standing.by)
  if (by?.party !== here.seat.party) return NOT_YOUR_ROLE
  return ok({ events: [{ type: 'SeatRestored', seat: id, party: found.party }], made: [] })
}

/** Two events in one step: who was followed by whom is told in the same way as for a person whom a head proposed. */
function replace(here: Here, { seat: id, name }: About<'ReplaceSeat'>): Decision {
  const { process, asked, seat } = here
  if (!isMediator(seat)) return NOT_YOUR_ROLE
  const found = seatIn(process, id)
  if (!found || !isTheirs(found)) return NO_SUCH_THING
  if (found.id === seat.id) return NOT_YOUR_ROLE
  const made = asked.mint<SeatId>()
  const { party, role } = found
  return withRoom(here, party, name, {
    events: [
      { type: 'SeatNominated', seat: made, party, role, name: name.trim(), replaces: id },
      { type: 'SeatAccredited', seat: made, party },
    ],
    made: [made],
  })
}

/* ---- folding ---- */

export function foldNominated(process: Process, event: Of<'SeatNominated'>, fact: Fact): Process {
  const { seat: id, party, role, name, replaces } = event
  if (seatIn(process, id) || !partyIn(process, party)) return process
  const one: Nomination = { id, party, role, name, by: doer(fact), at: fact.at, replaces, declinedAt: null }
  return { ...process, nominations: added(process.nominations, id, one) }
}

/** The party keeps a declined nomination on its list until it takes it off. */
export function foldDeclined(process: Process, event: Of<'SeatDeclined'>, fact: Fact): Process {
  const found = row(process.nominations.by, event.seat)
  if (!found) return process
  const isTakenBack = found.declinedAt !== null || seatIn(process, doer(fact))?.party === found.party
  if (isTakenBack) return { ...process, nominations: without(process.nominations, found.id) }
  const declined = { ...found, declinedAt: fact.at }
  return { ...process, nominations: replaced(process.nominations, found.id, declined) }
}

export function foldAccredited(process: Process, event: Of<'SeatAccredited'>, fact: Fact): Process {
  const found = row(process.nominations.by, event.seat)
  if (!found) return process
  const { id, party, role, name, replaces } = found
  const nominations = without(process.nominations, id)
  const seats = added(process.seats, id, { id, party, role, name })
  const seated: Process = { ...process, nominations, seats }
  const followed = replaces === null ? null : seatIn(process, replaces)
  if (!followed || !isTheirs(followed)) return seated
  return withCells(leave(seated, followed, { is: 'ended' }, fact), followed.id, id, fact.at)
}

export function foldSuspended(process: Process, event: Of<'SeatSuspended'>, fact: Fact): Process {
  const found = seatIn(process, event.seat)
  return found && stands(found) ? leave(process, found, { is: 'suspended', by: doer(fact) }, fact) : process
}

export function foldRestored(process: Process, event: Of<'SeatRestored'>): Process {
  const found = seatIn(process, event.seat)
  if (found?.standing?.is !== 'suspended') return process
  const { standing: _, ...seat } = found
  return { ...process, seats: replaced(process.seats, seat.id, seat) }
}

/** Whoever is in under the seat is out, and the link that waits opens nothing. */
function leave(process: Process, seat: Seat, standing: NonNullable<Seat['standing']>, fact: Fact): Process {
  const seats = replaced(process.seats, seat.id, { ...seat, standing })
  return { ...process, seats, access: closedFor(process.access, seat.id, fact) }
}
function closedFor(access: Access, seat: SeatId, fact: Fact): Access {
  const by = fact.by === 'server' ? 'operator' : fact.by
  const sessions = rowsOf(access.sessions)
    .filter((session) => session.seat === seat && !session.ended)
    .reduce(
      (table, session) => replaced(table, session.id, { ...session, ended: { at: fact.at, by } }),
      access.sessions,
    )
  const invitations = Object.fromEntries(
    Object.entries(access.invitations).map(([hash, one]) => [
      hash,
      one.seat === seat && one.session === null ? { ...one, revoked: true } : one,
    ]),
  )
  return { ...access, sessions, invitations }
}

/**
 * What was set for the place goes over to who takes it, as a new sight. Not into a backchannel: that is between the persons
 * who opened it.
 */
function withCells(process: Process, from: SeatId, to: SeatId, at: Instant): Process {
  let tracks = process.tracks
  for (const track of rowsOf(process.tracks)) {
    const own = row(track.cells.seats, from)
    if (!own || track.kind === 'backchannel') continue
    const { [from]: _, ...others } = track.cells.seats as Record<string, Cell>
    const seats = { ...others, [to]: { ...own, since: at } }
    tracks = replaced(tracks, track.id, { ...track, cells: { ...track.cells, seats } })
  }
  return { ...process, tracks }
}

function without(table: Process['nominations'], id: SeatId): Process['nominations'] {
  const { [id]: _, ...by } = table.by as Record<string, Nomination>
  return { order: table.order.filter((one) => one !== id), by }
}
