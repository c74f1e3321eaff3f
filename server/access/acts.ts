import type { AccessCommand } from '#shared/domain/commands.ts'
import type { AccessEvent } from '#shared/domain/events.ts'
import { stands } from '#shared/domain/people.ts'
import type { Session } from '#shared/domain/process.ts'
import { row } from '#shared/domain/rows.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { type AskId, type Hash, type Instant, instant, parseHash, type SeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random } from '#shared/world.ts'
import type { Audience } from '../log/log.ts'
import type { AccessActs, Running } from '../processes/port.ts'
import { invites, mayConfirm, mayInvite, mayNameAccessOf, opensConfined, operatorMayConfirm } from './authority.ts'
import { codeOf, hashOf, isFigures, mintCode } from './secrets.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Invitations of a new process travel before the talks begin. */
export const FIRST_INVITATION_MS = 30 * 24 * HOUR_MS
/** Handed over by voice or in person, the same day or the next. */
export const INVITATION_MS = 24 * HOUR_MS
/** Typed into the other device at once. */
export const DEVICE_MS = 15 * MINUTE_MS
/** A person who mistypes needs three; a million figures stay a million. */
const TRIES = 5
const TRIES_AGAIN_MS = 10 * MINUTE_MS

/** Lost races before the asker is told to try again. */
const ATTEMPTS = 20
const AGAIN_MS = 1_000

/** 'overtaken': the log has moved on since it was decided. */
type Answer = Promise<Outcome<{ made: string[] }, Refusal> | 'overtaken'>
/** Who asks, and under which ask, if it can be repeated. */
type By = (Viewer & { ask?: AskId }) | 'operator'
export interface ActsOptions {
  random: Random
  /** The clock of the log's store. */
  now: () => Instant
}

/** Who an entry about a seat's access tells: that seat's party, at once. */
export function audienceOf(running: Running, seat: SeatId): Audience {
  const party = row(running.state.seats.by, seat)?.party
  return party ? { who: 'party', party } : { who: 'server' }
}

const seatOf = (by: By): SeatId | 'operator' => (by === 'operator' ? 'operator' : by.seat)

/**
 * Decides the commands about invitations, devices and sessions. Codes are in the answer only; the log has hashes. An ask that is
 * repeated, on whatever node, is done once, and the code of its first answer is made again from the ask.
 */
export function accessActs(options: ActsOptions): AccessActs {
  const tries = new Tries(options.now)
  return async (running, by, command, ask) => {
    const asker = by === 'operator' || ask === null ? by : { ...by, ask }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (asker !== 'operator' && ask && (await running.isAnswered(asker.seat, ask)))
        return again(running, asker.seat, ask, command)
      const answer = await decided(options, tries)(running, asker, command)
      if (answer !== 'overtaken') return answer
      await running.caughtUp()
    }
    return refuse({ code: 'too-fast', retryAfterMs: AGAIN_MS })
  }
}

async function again(running: Running, seat: SeatId, ask: AskId, { type }: AccessCommand) {
  if (type !== 'IssueInvitation' && type !== 'AddDevice') return ok({ made: [] })
  const secret = await running.secretOf(seat, ask)
  return secret.ok ? ok({ made: [codeOf(secret.value)] }) : secret
}

function decided(options: ActsOptions, tries: Tries) {
  return (running: Running, by: By, command: AccessCommand): Answer => {
    switch (command.type) {
      case 'IssueInvitation':
        return issue(options, running, by, command.seat)
      case 'RevokeInvitation':
        return revoke(running, by, command.invitation)
      case 'AddDevice':
        return addDevice(options, running, by)
      case 'ConfirmDevice':
        return confirm({ tries, now: options.now }, running, by, command)
      case 'EndSession':
        return end(running, by, command.session)
      case 'ChooseLanguage':
        return choose(running, by, command.language)
      default:
        throw command satisfies never
    }
  }
}

async function record(running: Running, by: By, seat: SeatId, events: AccessEvent[], made: string[] = []): Answer {
  const audience = audienceOf(running, seat)
  const session = by === 'operator' ? null : by.session
  const { policy } = running
  const recorded =
    by === 'operator' || !by.ask
      ? await running.recordAccess(seatOf(by), audience, events, session)
      : await running.recordAsked(by.seat, audience, events, { session, ask: by.ask, policy })
  return recorded === 'overtaken' || !recorded.ok ? recorded : ok({ made })
}

/** A new code: of an ask always the same. */
async function newCode(running: Running, by: By, random: Random): Promise<Outcome<string, Refusal>> {
  if (by === 'operator' || !by.ask) return ok(mintCode(random))
  const secret = await running.secretOf(by.seat, by.ask)
  return secret.ok ? ok(codeOf(secret.value)) : secret
}

async function issue({ random, now }: ActsOptions, running: Running, by: By, seat: SeatId): Answer {
  const made = await newCode(running, by, random)
  if (!made.ok) return made
  const code = made.value
  // What is decided from here on is recorded under the head of this moment.
  const { state } = running
  if (!invites(state, by)) return refuse({ code: 'not-your-role' })
  if (by !== 'operator' && by.confined) return refuse({ code: 'not-confirmed' })
  if (!mayInvite(state, by, seat)) return refuse({ code: 'no-such-thing' })
  const place = row(state.seats.by, seat)
  if (!place || !stands(place)) return refuse({ code: 'seat-not-standing' })
  const until = instant(now() + INVITATION_MS)
  const confined = opensConfined(state, by, seat)
  return record(
    running,
    by,
    seat,
    [...revocations(running, seat), { type: 'InvitationIssued', invitation: hashOf(code), seat, until, confined }],
    [code],
  )
}

/** The old link stops working when a new one is given. */
function revocations(running: Running, seat: SeatId): AccessEvent[] {
  return Object.entries(running.state.access.invitations).flatMap(([hash, known]): AccessEvent[] => {
    const invitation = known.seat === seat && !known.session && !known.revoked ? parseHash(hash) : null
    return invitation ? [{ type: 'InvitationRevoked', invitation }] : []
  })
}

async function revoke(running: Running, by: By, invitation: Hash): Answer {
  const known = row(running.state.access.invitations, invitation)
  const isBlind = by !== 'operator' && by.confined
  if (!known || isBlind || !mayNameAccessOf(running.state, by, known.seat)) return refuse({ code: 'no-such-thing' })
  if (known.revoked || known.session) return refuse({ code: 'nothing-to-change' })
  return record(running, by, known.seat, [{ type: 'InvitationRevoked', invitation }])
}

async function addDevice({ random, now }: ActsOptions, running: Running, by: By): Answer {
  if (by === 'operator') return refuse({ code: 'not-your-role' })
  if (by.confined) return refuse({ code: 'not-confirmed' })
  const made = await newCode(running, by, random)
  if (!made.ok) return made
  const code = made.value
  const until = instant(now() + DEVICE_MS)
  const invitation = hashOf(code)
  return record(
    running,
    by,
    by.seat,
    [{ type: 'InvitationIssued', invitation, seat: by.seat, until, confined: false }],
    [code],
  )
}

/** A session that the asker sees: one that waits is seen by its whole party, and sees itself alone. */
function sessionNamed({ state }: Running, by: By, id: SessionId): Session | null {
  const session = row(state.access.sessions.by, id)
  if (!session || (by !== 'operator' && by.confined && by.session !== id)) return null
  const isWaiting = session.confined !== null && !session.ended
  const isSeen = mayNameAccessOf(state, by, session.seat) || (isWaiting && mayConfirm(state, by, session.seat))
  return isSeen ? session : null
}

async function confirm(
  { tries, now }: { tries: Tries; now: () => Instant },
  running: Running,
  by: By,
  { session: id, figures }: Extract<AccessCommand, { type: 'ConfirmDevice' }>,
): Answer {
  const session = sessionNamed(running, by, id)
  if (!session) return refuse({ code: 'no-such-thing' })
  if (by !== 'operator' && by.confined) return refuse({ code: 'not-confirmed' })
  const isTheirs =
    by === 'operator' ? operatorMayConfirm(running.state, session) : mayConfirm(running.state, by, session.seat)
  if (!isTheirs) return refuse({ code: 'not-your-role' })
  if (session.ended || !session.confined) return refuse({ code: 'nothing-to-change' })
  const wait = tries.take(running.id + id)
  if (wait > 0) return refuse({ code: 'too-fast', retryAfterMs: wait })
  if (!isFigures(session, figures, now())) return refuse({ code: 'not-confirmed' })
  return record(running, by, session.seat, [{ type: 'DeviceConfirmed', session: id }])
}

async function end(running: Running, by: By, id: SessionId): Answer {
  const session = sessionNamed(running, by, id)
  if (!session) return refuse({ code: 'no-such-thing' })
  if (session.ended) return refuse({ code: 'nothing-to-change' })
  return record(running, by, session.seat, [{ type: 'SessionEnded', session: id }])
}

async function choose(running: Running, by: By, language: string): Answer {
  if (by === 'operator') return refuse({ code: 'not-your-role' })
  // Whoever is not confirmed changes nothing on the person's other devices.
  if (by.confined) return refuse({ code: 'not-confirmed' })
  if (row(running.state.access.languages ?? {}, by.seat) === language) return refuse({ code: 'nothing-to-change' })
  return record(running, by, by.seat, [{ type: 'LanguageChosen', seat: by.seat, language }])
}

/** Counts tries of figures per device. In memory: those who try are signed-in members of the device's own party. */
class Tries {
  readonly #now: () => Instant
  readonly #known = new Map<string, { left: number; againAt: number }>()
  constructor(now: () => Instant) {
    this.#now = now
  }
  /** Takes one try; the milliseconds to wait when none is left. */
  take(device: string): number {
    const now = this.#now()
    const known = this.#known.get(device)
    const entry = known && known.againAt > now ? known : { left: TRIES, againAt: now + TRIES_AGAIN_MS }
    if (entry.left === 0) return entry.againAt - now
    entry.left -= 1
    this.#known.set(device, entry)
    return 0
  }
}
