import type { AccessEvent } from '#shared/domain/events.ts'
import type { Invitation, Party, Process, Seat, Secretariat, Session } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import { type Instant, instant, type PartyId, type ProcessId, type SeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random } from '#shared/world.ts'
import type { Running } from '../processes/port.ts'
import { audienceOf, FIRST_INVITATION_MS } from './acts.ts'
import { rowOf } from './authority.ts'
import type { Registry } from './registry.ts'
import { hashOf, hashOfFigures, isCode, isToken, mintCode, mintFigures, mintSession, mintToken } from './secrets.ts'

/** Where persons come in: who a token is, what an invitation opens. */
export interface Door {
  /** Refused `session-ended`, whatever the reason. */
  who(token: string): Promise<Outcome<Entered, Refusal>>
  /** What an invitation is for. Consumes nothing. */
  look(code: string): Promise<Looked>
  /** Opens an invitation, once. Refused `invitation-used`, `invitation-expired`, `invitation-unknown`. */
  redeem(code: string): Promise<Outcome<Redeemed, Refusal>>
  /** The first invitations of a new process, one a seat, in order of seats. The codes are here and nowhere else. */
  firstInvitations(running: Running): Promise<Outcome<FirstInvitation[], Refusal>>
  /** A session without an invitation, for the sample process on this machine. */
  openSeat(running: Running, seat: SeatId): Promise<Outcome<Redeemed, Refusal>>
}

export interface Entered {
  running: Running
  viewer: Viewer & { session: SessionId }
}

export interface Redeemed {
  token: string
  seat: SeatId
  party: PartyId
  process: ProcessId
  session: SessionId
  /** Six figures to be read aloud; null when the session sees all that its seat sees. */
  figures: string | null
}

export interface FirstInvitation {
  seat: Seat
  code: string
}

export type Looked =
  | { state: 'unknown' }
  /** It was good once: whom to call. */
  | { state: 'used' | 'expired'; process: { title: string }; secretariat: Secretariat }
  | {
      state: 'open'
      until: Instant
      process: { id: ProcessId; title: string; languages: string[] }
      seat: Pick<Seat, 'id' | 'name' | 'role'>
      party: Party
      /** Those that this seat will see in the room, and no others. */
      parties: (Party & { slot: number })[]
      charter: { text: string; decisionRule: string }
      secretariat: Secretariat
      /** The person will have to be confirmed by its delegation. */
      confined: boolean
    }

export interface DoorOptions {
  registry: Registry
  random: Random
  /** The clock of the log's store. */
  now: () => Instant
}

/** The viewer of a session, or null when it no longer opens anything. */
function viewerOf(process: Process, id: SessionId): (Viewer & { session: SessionId }) | null {
  const session: Session | undefined = rowOf(process.access.sessions.by, id)
  if (!session || session.ended) return null
  return { seat: session.seat, confined: session.confined !== null, session: id }
}

export function openDoor({ registry, random, now }: DoorOptions): Door {
  return {
    async who(token) {
      const known = isToken(token) ? await registry.session(hashOf(token)) : null
      const viewer = known && viewerOf(known.running.state, known.session)
      return known && viewer ? ok({ running: known.running, viewer }) : refuse({ code: 'session-ended' })
    },

    async look(code) {
      const running = isCode(code) ? await registry.invitation(hashOf(code)) : null
      const invitation = running && rowOf(running.state.access.invitations, hashOf(code))
      return running && invitation ? looked(running.state, invitation, now()) : { state: 'unknown' }
    },

    async redeem(code) {
      const hash = hashOf(code)
      const running = isCode(code) ? await registry.invitation(hash) : null
      const invitation = running && rowOf(running.state.access.invitations, hash)
      if (!running || !invitation) return refuse({ code: 'invitation-unknown' })
      const state = stateOf(invitation, now())
      if (state !== 'open') return refuse({ code: `invitation-${state}` })
      const made = newSession(running, invitation.seat, invitation.confined, random)
      const redeemed: AccessEvent = { type: 'InvitationRedeemed', invitation: hash, ...made.session }
      const seat = invitation.seat
      const recorded = await running.recordAccess(seat, audienceOf(running, seat), [redeemed])
      if (!recorded.ok) return recorded
      // The log is the judge of a race: its first redemption counts, on whatever node it came in.
      const opened = rowOf(running.state.access.invitations, hash)?.session
      return opened === made.session.session ? ok(made.redeemed) : refuse({ code: 'invitation-used' })
    },

    firstInvitations: (running) => firstInvitations(running, random, now),

    async openSeat(running, seat) {
      if (!rowOf(running.state.seats.by, seat)) return refuse({ code: 'no-such-thing' })
      const made = newSession(running, seat, false, random)
      const invitation = hashOf(mintCode(random))
      const audience = audienceOf(running, seat)
      const issued: AccessEvent = { type: 'InvitationIssued', invitation, seat, until: now(), confined: false }
      const redeemed: AccessEvent = { type: 'InvitationRedeemed', invitation, ...made.session }
      for (const event of [issued, redeemed]) {
        const recorded = await running.recordAccess('operator', audience, [event])
        if (!recorded.ok) return recorded
      }
      return ok(made.redeemed)
    },
  }
}

function newSession(running: Running, seat: SeatId, confined: boolean, random: Random) {
  const session = mintSession(random)
  const token = mintToken(random)
  const figures = confined ? mintFigures(random) : null
  const party = rowOf(running.state.seats.by, seat)?.party
  if (!party) throw new Error('an invitation names a seat of its process')
  const redeemed: Redeemed = { token, seat, party, process: running.id, session, figures }
  const hashes = { session, token: hashOf(token), figures: figures === null ? null : hashOfFigures(session, figures) }
  return { redeemed, session: hashes }
}

async function firstInvitations(running: Running, random: Random, now: () => Instant) {
  const { seats, parties } = running.state
  const until = instant(now() + FIRST_INVITATION_MS)
  const codes = new Map(seats.order.map((id) => [id, mintCode(random)]))
  const seatRows = seats.order.flatMap((id) => rowOf(seats.by, id) ?? [])
  for (const party of parties.order) {
    const events = seatRows
      .filter((seat) => seat.party === party)
      .map(({ id }): AccessEvent => {
        return { type: 'InvitationIssued', invitation: hashOf(codes.get(id) ?? ''), seat: id, until, confined: false }
      })
    const recorded =
      events.length > 0 ? await running.recordAccess('operator', { who: 'party', party }, events) : ok(null)
    if (!recorded.ok) return recorded
  }
  return ok(seatRows.map((seat) => ({ seat, code: codes.get(seat.id) ?? '' })))
}

function stateOf(invitation: Invitation, now: Instant): 'open' | 'used' | 'expired' {
  if (invitation.session) return 'used'
  return invitation.revoked || now > invitation.until ? 'expired' : 'open'
}

function looked(process: Process, invitation: Invitation, now: Instant): Looked {
  const state = stateOf(invitation, now)
  const { secretariat, title } = process
  const seat = rowOf(process.seats.by, invitation.seat)
  const party = seat && rowOf(process.parties.by, seat.party)
  if (!seat || !party || state !== 'open')
    return { state: state === 'open' ? 'expired' : state, process: { title }, secretariat }
  const { id, name, role } = seat
  const view = viewFor({ seat: id, confined: invitation.confined, session: null }, process, now)
  return {
    state,
    until: invitation.until,
    process: { id: process.id, title, languages: process.languages },
    seat: { id, name, role },
    party,
    parties: view.parties,
    charter: { text: process.charter.text, decisionRule: process.charter.decisionRule },
    secretariat,
    confined: invitation.confined,
  }
}
