import type { Role } from '#shared/domain/process.ts'
import type { View } from '#shared/domain/view.ts'

/** Who looks after the invitations and devices of their own party. */

const CARES: ReadonlySet<Role> = new Set(['head', 'alternate', 'moderator', 'mediator'])
const INVITES: ReadonlySet<Role> = new Set(['head', 'moderator', 'mediator'])
/**
 * Whether the viewer has a page of its own people, on a confirmed device: those who look after their party, and every member
 * while the device of another waits for one of it.
 */
export const caresForPeople = ({ me, access }: View): boolean =>
  !me.confined && (CARES.has(me.role) || access.sessions.some(({ seat }) => seat !== me.seat))
/** Whether the viewer is told of all devices of that seat; else only of those that wait. */
export const knowsDevicesOf = ({ me }: View, seat: string): boolean => CARES.has(me.role) || seat === me.seat
export const givesLinks = ({ me }: View): boolean => INVITES.has(me.role) && !me.confined

/** How many devices of its own party wait for the viewer's answer. */
export function waitingFor(view: View): number {
  if (!caresForPeople(view)) return 0
  const own = new Set<string>(view.people.filter(({ party }) => party === view.me.party).map(({ id }) => id))
  return view.access.sessions.filter(({ seat, state }) => own.has(seat) && state === 'to-be-confirmed').length
}
