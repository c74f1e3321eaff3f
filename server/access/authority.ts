import type { Process, Seat } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'

/** Who may decide about the seats, invitations and sessions of whom. Deny by default. */

/** The row of an id that came from outside: never what every object inherits (`constructor`). */
export const rowOf = <T>(rows: Record<string, T>, id: string): T | undefined =>
  Object.hasOwn(rows, id) ? rows[id] : undefined

type By = Viewer | 'operator'

const seatOf = (process: Process, by: By): Seat | null =>
  by === 'operator' ? null : (rowOf(process.seats.by, by.seat) ?? null)
const isConfined = (by: By): boolean => by !== 'operator' && by.confined
const partyOf = (process: Process, seat: SeatId): PartyId | null => rowOf(process.seats.by, seat)?.party ?? null

/** A head leads its delegation; a party without heads is led by its moderators or mediators. */
const leads = (seat: Seat): boolean => seat.role === 'head' || seat.role === 'moderator' || seat.role === 'mediator'

/** Looks after its own people: devices, sessions, confirming. */
function looksAfterItsParty(process: Process, seat: Seat): boolean {
  if (leads(seat) || seat.role === 'alternate') return true
  const led = process.seats.order.some((id) => {
    const other = process.seats.by[id]
    return other !== undefined && other.party === seat.party && (leads(other) || other.role === 'alternate')
  })
  return !led
}

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
 * Whether what a new invitation opens must stay without caucus and backchannel until a member confirms the person:
 * its issuer is not of that party, so it may know nothing of them.
 */
export function opensConfined(process: Process, by: By, seat: SeatId): boolean {
  const own = seatOf(process, by)
  return own === null || own.party !== partyOf(process, seat)
}

/** Whose invitations and sessions a viewer can see, and so name: its own; those of its party if it looks after it; a mediator all. */
export function mayNameAccessOf(process: Process, by: By, seat: SeatId): boolean {
  if (by === 'operator') return true
  const own = seatOf(process, by)
  if (!own) return false
  if (own.id === seat) return true
  if (isConfined(by)) return false
  return own.role === 'mediator' || (looksAfterItsParty(process, own) && own.party === partyOf(process, seat))
}

/** Whether a viewer may confirm that the new device of `seat` is in the right hands: a member of that party, sure itself. */
export function mayConfirm(process: Process, by: By, seat: SeatId): boolean {
  const own = seatOf(process, by)
  if (!own || isConfined(by) || own.party !== partyOf(process, seat)) return false
  return own.id === seat || looksAfterItsParty(process, own)
}
