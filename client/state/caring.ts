import type { Role } from '#shared/domain/process.ts'
import type { View } from '#shared/domain/view.ts'

/** Who looks after the invitations and devices of their own party. */

const CARES: ReadonlySet<Role> = new Set(['head', 'alternate', 'moderator', 'mediator'])
const INVITES: ReadonlySet<Role> = new Set(['head', 'moderator', 'mediator'])
/** Whether the viewer has a page of its own people: those who look after their party, on a confirmed device. */
export const caresForPeople = ({ me }: View): boolean => CARES.has(me.role) && !me.confined
export const givesLinks = ({ me }: View): boolean => INVITES.has(me.role) && !me.confined

/** How many devices of its own party wait for the viewer's answer. */
export function waitingFor(view: View): number {
  if (!caresForPeople(view)) return 0
  const own = new Set<string>(view.people.filter(({ party }) => party === view.me.party).map(({ id }) => id))
  return view.access.sessions.filter(({ seat, state }) => own.has(seat) && state === 'to-be-confirmed').length
}
