import { isMediation, looksAfterItsParty, seatIn } from '#shared/domain/people.ts'
import type { Process, Seat, Session } from '#shared/domain/process.ts'
import { rowsOf } from '#shared/domain/rows.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'

/** Who may decide about the seats, invitations and sessions of whom. Deny by default. */

type By = Viewer | 'operator'

const seatOf = (process: Process, by: By): Seat | null => (by === 'operator' ? null : seatIn(process, by.seat))
const isConfined = (by: By): boolean => by !== 'operator' && by.confined
const partyOf = (process: Process, seat: SeatId): PartyId | null => seatIn(process, seat)?.party ?? null

/** A head leads its delegation; a party without heads is led by its moderators or mediators. */
const leads = (seat: Seat): boolean => seat.role === 'head' || seat.role === 'moderator' || seat.role === 'mediator'

/** Whether the role invites anyone at all; asked before any look-up, so that the answer tells nothing of others' seats. */
export function invites(process: Process, by: By): boolean {
  if (by === 'operator') return true
  const seat = seatOf(process, by)
  return seat !== null && leads(seat)
}

/** A leader for its own party, a mediator and the operator for anyone. */
export function mayInvite(process: Process, by: By, seat: SeatId): boolean {
  if (by === 'operator') return partyOf(process, seat) !== null
  const own = seatOf(process, by)
  if (!own || isConfined(by) || !leads(own)) return false
  return own.role === 'mediator' ? partyOf(process, seat) !== null : partyOf(process, seat) === own.party
}

/**
 * Whether what a new invitation opens must stay without caucus and backchannel until a member confirms the person: its
 * issuer is not of that party, so it may know nothing of them. A link for the mediators opens whole while none of them is
 * in on a device they are sure of: nobody could confirm it, and the talks would be without a desk.
 */
export function opensConfined(process: Process, by: By, seat: SeatId): boolean {
  const party = partyOf(process, seat)
  if (party === null || seatOf(process, by)?.party === party) return false
  return !isMediation(process, party) || rowsOf(process.access.sessions).some((one) => isSure(process, one, party))
}
const isSure = (process: Process, { seat, confined, ended }: Session, party: PartyId): boolean =>
  !confined && !ended && partyOf(process, seat) === party

/** Whose invitations and sessions a viewer can see, and so name: its own; those of its party if it looks after it; a mediator all. */
export function mayNameAccessOf(process: Process, by: By, seat: SeatId): boolean {
  if (by === 'operator') return true
  const own = seatOf(process, by)
  if (!own) return false
  if (own.id === seat) return true
  if (isConfined(by)) return false
  return own.role === 'mediator' || (looksAfterItsParty(process, own) && own.party === partyOf(process, seat))
}

/**
 * Whether a viewer may say that the new device of `seat` is in the right hands, or is not: any member of that party that is
 * sure itself, so that a delegation without its head and alternate is not shut out.
 */
export function mayConfirm(process: Process, by: By, seat: SeatId): boolean {
  const own = seatOf(process, by)
  return own !== null && !isConfined(by) && own.party === partyOf(process, seat)
}
