import type { SeatId } from '../ids.ts'
import type { AccessEvent, Event, Fact } from './events.ts'
import { seatIn, stands } from './people.ts'
import type { Invitation, Process, Session } from './process.ts'
import { added, replaced, row } from './rows.ts'

const ACCESS: ReadonlySet<string> = new Set<AccessEvent['type']>([
  'InvitationIssued',
  'InvitationRedeemed',
  'InvitationRevoked',
  'DeviceConfirmed',
  'SessionEnded',
  'LanguageChosen',
])
export const isAccess = (event: Event | AccessEvent): event is AccessEvent => ACCESS.has(event.type)

/** Folds one fact of the access family in. Total: what names nothing changes nothing; an invitation opens once. */
export function evolveAccess(process: Process, fact: Fact<AccessEvent>): Process {
  const { event, at } = fact
  const by = fact.by === 'server' ? 'operator' : fact.by
  switch (event.type) {
    case 'InvitationIssued': {
      if (row(process.access.invitations, event.invitation)) return process
      const { seat, until, confined } = event
      // Whoever was first: a link for a seat that was suspended meanwhile opens nothing.
      const revoked = isLeft(process, seat)
      return withInvitation(process, event.invitation, { seat, by, at, until, confined, session: null, revoked })
    }
    case 'InvitationRedeemed':
      return redeem(process, event, fact)
    case 'InvitationRevoked': {
      const invitation = row(process.access.invitations, event.invitation)
      return invitation ? withInvitation(process, event.invitation, { ...invitation, revoked: true }) : process
    }
    case 'DeviceConfirmed': {
      const session = row(process.access.sessions.by, event.session)
      if (!session?.confined || fact.by === 'server') return process
      return withSession(process, { ...session, confined: null, confirmedBy: by })
    }
    case 'SessionEnded': {
      const session = row(process.access.sessions.by, event.session)
      return session && !session.ended ? withSession(process, { ...session, ended: { at, by } }) : process
    }
    case 'LanguageChosen': {
      const languages = { ...process.access.languages, [event.seat]: event.language }
      return { ...process, access: { ...process.access, languages } }
    }
    default:
      throw event satisfies never
  }
}

/** A confined invitation opens a confined session, whatever its event says of figures. */
function redeem(
  process: Process,
  event: Extract<AccessEvent, { type: 'InvitationRedeemed' }>,
  { at }: Fact<AccessEvent>,
): Process {
  const invitation = row(process.access.invitations, event.invitation)
  if (!invitation || invitation.session !== null || row(process.access.sessions.by, event.session)) return process
  const figures = event.figures ?? (invitation.confined ? event.invitation : null)
  const confined = figures ? { figures } : null
  const { session: id, token } = event
  const ended = isLeft(process, invitation.seat) ? { at, by: 'operator' as const } : null
  const session: Session = { id, seat: invitation.seat, token, at, confined, confirmedBy: null, ended }
  const redeemed = withInvitation(process, event.invitation, { ...invitation, session: id })
  const sessions = added(process.access.sessions, id, session)
  return { ...redeemed, access: { ...redeemed.access, sessions } }
}

function isLeft(process: Process, id: SeatId): boolean {
  const seat = seatIn(process, id)
  return seat !== null && !stands(seat)
}

function withInvitation(process: Process, id: keyof Process['access']['invitations'], invitation: Invitation): Process {
  const invitations = { ...process.access.invitations, [id]: invitation }
  return { ...process, access: { ...process.access, invitations } }
}
function withSession(process: Process, session: Session): Process {
  const sessions = replaced(process.access.sessions, session.id, session)
  return { ...process, access: { ...process.access, sessions } }
}
