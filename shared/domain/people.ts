import type { Instant, PartyId, SeatId } from '../ids.ts'
import { refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Party, Process, Seat, Table } from './process.ts'
import { once, row, rowsOf } from './rows.ts'

/** Parties, seats, mandates: who is who, and who may bind (F2). */

export const seatIn = (process: Process, seat: SeatId): Seat | null => row(process.seats.by, seat)
export const partyIn = (process: Process, party: PartyId): Party | null => row(process.parties.by, party)

/** Whether the person has their seat: nobody enters, acts or counts in one that is suspended or ended. */
export const stands = (seat: Seat): boolean => seat.standing === undefined

/** Whether the place is still that person's, suspended or not: to others a suspended one looks like any. */
export const isTheirs = (seat: Seat): boolean => seat.standing?.is !== 'ended'

/** Mediators hold the desk: they set access and open tracks. They bind nobody. */
export const isMediator = (seat: Seat): boolean => seat.role === 'mediator'
/** Everyone in the mediators' own party, whatever the role. */
export const isMediation = (process: Process, party: PartyId): boolean => partyIn(process, party)?.kind === 'mediation'

/** Whether the role can bind its party at all: a head or an alternate of a delegation. */
export function hasBindingRole(process: Process, seat: Seat): boolean {
  const leads = seat.role === 'head' || seat.role === 'alternate'
  return leads && partyIn(process, seat.party)?.kind === 'delegation'
}
/** At the mandate's last instant is in time. */
const hasMandate = (seat: Seat, at: Instant): boolean => seat.until === undefined || at <= seat.until
export const mayBind = (process: Process, seat: Seat, at: Instant): boolean =>
  hasBindingRole(process, seat) && hasMandate(seat, at)

/** Why the seat may not bind its delegation now: role first, for what a seat may never do does not depend on the hour. */
export function whyNotBinding(process: Process, seat: Seat, at: Instant): { ok: false; refusal: Refusal } | null {
  if (!hasBindingRole(process, seat)) return refuse({ code: 'not-your-role' })
  return hasMandate(seat, at) ? null : refuse({ code: 'mandate-ended', at: seat.until ?? at })
}

export const delegationsOf = (process: Process): Party[] =>
  rowsOf(process.parties).filter(({ kind }) => kind === 'delegation')

const byParty = once(
  (seats: Table<SeatId, Seat>): Map<PartyId, Seat[]> => Map.groupBy(rowsOf(seats), (seat) => seat.party),
)
/** A party's seats in order, those that ended included. */
export const seatsOf = (process: Process, party: PartyId): Seat[] => byParty(process.seats).get(party) ?? []
const standingIn = (process: Process, party: PartyId): Seat[] => seatsOf(process, party).filter(stands)

/** The seat a party is previewed by: its head, else an alternate, else its first seat. Null for a party without seats. */
export function leadOf(process: Process, party: PartyId): Seat | null {
  const standing = standingIn(process, party)
  const seats = standing.length > 0 ? standing : seatsOf(process, party)
  return seats.find(({ role }) => role === 'head') ?? seats.find(({ role }) => role === 'alternate') ?? seats[0] ?? null
}

const LEADS: ReadonlySet<Seat['role']> = new Set(['head', 'alternate', 'moderator', 'mediator'])
/**
 * Looks after the invitations and devices of its own party: heads and alternates, moderators and mediators; in a party
 * that has none of them, everyone.
 */
export function looksAfterItsParty(process: Process, seat: Seat): boolean {
  return LEADS.has(seat.role) || !standingIn(process, seat.party).some(({ role }) => LEADS.has(role))
}

/** A head leads its delegation; a party without heads is led by its moderators or mediators. */
export const leads = (seat: Seat): boolean =>
  seat.role === 'head' || seat.role === 'moderator' || seat.role === 'mediator'
