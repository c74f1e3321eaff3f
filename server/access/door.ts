import type { AccessEvent } from '#shared/domain/events.ts'
import { stands } from '#shared/domain/people.ts'
import type { Invitation, Process, Seat } from '#shared/domain/process.ts'
import { row } from '#shared/domain/rows.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import { type Instant, instant, type SeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Figures, Looked, Redeemed } from '#shared/protocol/door.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Language } from '#shared/words/languages.ts'
import type { Random } from '#shared/world.ts'
import type { Running } from '../processes/port.ts'
import { audienceOf, FIRST_INVITATION_MS } from './acts.ts'
import type { Registry } from './registry.ts'
import { FIGURES_MS, figuresAt, hashOf, isCode, isToken, mintCode, mintSession, mintToken } from './secrets.ts'

/** Where persons come in: who a token is, what an invitation opens. */
export interface Door {
  /** Refused `session-ended`, whatever the reason. */
  who(token: string): Promise<Outcome<Entered, Refusal>>
  /** What an invitation is for. Consumes nothing. */
  look(code: string): Promise<Looked>
  /** Opens an invitation, once; the seat's screens speak `language` from then on. Refused `invitation-used`, `invitation-expired`, `invitation-unknown`. */
  redeem(code: string, language?: Language): Promise<Outcome<SignedIn, Refusal>>
  /** The figures of a session that waits. Refused `nothing-to-change` when it does not, `session-ended` when it is over. */
  figures(token: string): Promise<Outcome<Figures, Refusal>>
  /** The first invitations of a new process, one a seat, in order of seats. The codes are here and nowhere else. */
  firstInvitations(running: Running): Promise<Outcome<FirstInvitation[], Refusal>>
  /** A session without an invitation, for the sample process on this machine. */
  openSeat(running: Running, seat: SeatId): Promise<Outcome<SignedIn, Refusal>>
}

export interface Entered {
  running: Running
  viewer: Viewer & { session: SessionId }
}

/** The answer to whoever opened an invitation, and the session it made. */
export interface SignedIn extends Redeemed {
  session: SessionId
}

export interface FirstInvitation {
  seat: Seat
  code: string
}

export interface DoorOptions {
  registry: Registry
  random: Random
  /** The clock of the log's store. */
  now: () => Instant
}

/** The viewer of a session, or null when it no longer opens anything. */
function viewerOf(process: Process, id: SessionId): (Viewer & { session: SessionId }) | null {
  const session = row(process.access.sessions.by, id)
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
      const invitation = running && row(running.state.access.invitations, hashOf(code))
      return running && invitation ? looked(running.state, invitation, now()) : { state: 'unknown' }
    },

    async redeem(code, language) {
      const hash = hashOf(code)
      const running = isCode(code) ? await registry.invitation(hash) : null
      const invitation = running && row(running.state.access.invitations, hash)
      if (!running || !invitation) return refuse({ code: 'invitation-unknown' })
      const state = stateOf(invitation, now())
      if (state !== 'open') return refuse({ code: `invitation-${state}` })
      const made = newSession(running, invitation.seat, random)
      const redeemed: AccessEvent = { type: 'InvitationRedeemed', invitation: hash, ...made.session }
      const seat = invitation.seat
      const chosen = invitation.confined ? [] : languageOf(running, seat, language)
      const recorded = await running.recordAccess(seat, audienceOf(running, seat), [redeemed, ...chosen])
      if (!recorded.ok) return recorded
      // The log is the judge of a race: its first redemption counts, on whatever node it came in.
      const opened = row(running.state.access.invitations, hash)?.session
      if (opened !== made.session.session) return refuse({ code: 'invitation-used' })
      const { session: id, token } = made.session
      const figures = invitation.confined ? { figures: figuresAt({ id, token }, now()) } : {}
      return ok({ ...made.signedIn, ...figures })
    },

    async figures(token) {
      const known = isToken(token) ? await registry.session(hashOf(token)) : null
      const session = known && row(known.running.state.access.sessions.by, known.session)
      if (!session || session.ended) return refuse({ code: 'session-ended' })
      if (!session.confined) return refuse({ code: 'nothing-to-change' })
      const at = now()
      return ok({ figures: figuresAt(session, at), forMs: FIGURES_MS - (at % FIGURES_MS) })
    },

    firstInvitations: (running) => firstInvitations(running, random, now),

    openSeat: (running, seat) => openSeat(running, seat, random, now),
  }
}

/** Nothing, when the seat's screens speak it already. */
function languageOf({ state }: Running, seat: SeatId, language: Language | undefined): AccessEvent[] {
  const isNew = language && row(state.access.languages ?? {}, seat) !== language
  return isNew ? [{ type: 'LanguageChosen', seat, language }] : []
}

async function openSeat(
  running: Running,
  seat: SeatId,
  random: Random,
  now: () => Instant,
): ReturnType<Door['openSeat']> {
  if (!isSitting(running.state, seat)) return refuse({ code: 'no-such-thing' })
  const made = newSession(running, seat, random)
  const invitation = hashOf(mintCode(random))
  const audience = audienceOf(running, seat)
  const issued: AccessEvent = { type: 'InvitationIssued', invitation, seat, until: now(), confined: false }
  const redeemed: AccessEvent = { type: 'InvitationRedeemed', invitation, ...made.session }
  for (const event of [issued, redeemed]) {
    const recorded = await running.recordAccess('operator', audience, [event])
    if (!recorded.ok) return recorded
  }
  return ok(made.signedIn)
}

function isSitting(process: Process, id: SeatId): boolean {
  const seat = row(process.seats.by, id)
  return seat !== null && stands(seat)
}

function newSession(running: Running, seat: SeatId, random: Random) {
  const session = mintSession(random)
  const token = mintToken(random)
  const party = row(running.state.seats.by, seat)?.party
  if (!party) throw new Error('an invitation names a seat of its process')
  const signedIn: SignedIn = { token, seat, party, process: running.id, session }
  // No figures: they follow from the token's hash and the time, and whether any are asked for is the invitation's.
  return { signedIn, session: { session, token: hashOf(token), figures: null } }
}

async function firstInvitations(running: Running, random: Random, now: () => Instant) {
  const { seats, parties } = running.state
  const until = instant(now() + FIRST_INVITATION_MS)
  const codes = new Map(seats.order.map((id) => [id, mintCode(random)]))
  const seatRows = seats.order.flatMap((id) => row(seats.by, id) ?? [])
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
  const seat = row(process.seats.by, invitation.seat)
  const party = seat && row(process.parties.by, seat.party)
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
    language: invitation.confined ? null : (row(process.access.languages ?? {}, id) ?? null),
  }
}
