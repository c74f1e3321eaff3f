import { isMediation, leads, looksAfterItsParty, seatIn, stands } from '#shared/domain/people.ts'
import type { Process, Seat, Session } from '#shared/domain/process.ts'
import { rowsOf } from '#shared/domain/rows.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'

/** Who may decide about the seats, invitations and sessions of whom. Deny by default. */

type By = Viewer | 'operator'

function seatOf(process: Process, by: By): Seat | null {
  const seat = by === 'operator' ? null : seatIn(process, by.seat)
  return seat && stands(seat) ? seat : null
}
const isConfined = (by: By): boolean => by !== 'operator' && by.confined
const partyOf = (process: Process, seat: SeatId): PartyId | null => seatIn(process, seat)?.party ?? null

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

/**
 * Whether the operator may say so: for a party none of whose people is in on a device that it is sure of, of a link that a
 * seat gave. So it takes two to open what is the party's own, a mediator and the operator, and neither while the party can.
 */
export function operatorMayConfirm(process: Process, { id, seat }: Session): boolean {
  const party = partyOf(process, seat)
  const link = Object.values(process.access.invitations).find(({ session }) => session === id)
  if (party === null || !link || link.by === 'operator' || partyOf(process, link.by) === party) return false
  return !rowsOf(process.access.sessions).some((one) => isSure(process, one, party))
}
