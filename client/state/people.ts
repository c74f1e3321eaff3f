import type { PartyKind, Role } from '#shared/domain/process.ts'
import type { InvitationView, SessionView, View } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'
import type { Speech } from '#shared/words/say.ts'
import type { SeatLine } from '../components/SeatRow.svelte'
import type { ViewState } from './view.svelte.ts'
import type { LastSeen } from './watch.svelte.ts'

/** A seat with its invitations and devices, as far as the viewer may know of them. */
export interface SeatRecord {
  id: SeatId
  party: PartyId
  role: Role
  name: string
  /** The newest first. */
  invitations: InvitationView[]
  /** Those that have not ended, the oldest first. */
  sessions: SessionView[]
  ended: SessionView[]
  /** By whom; null while the person has the seat. */
  suspended: 'mediators' | 'party' | null
}
export type SeatState =
  | 'suspended'
  | 'opened'
  | 'not-opened'
  | 'to-be-confirmed'
  | 'ended'
  | 'taken-back'
  | 'expired'
  | 'none'

type Named = { id: SeatId; party: PartyId; role: Role; name: string; suspended?: SeatRecord['suspended'] }

export function recordsOf(view: View, seats: readonly Named[]): SeatRecord[] {
  return seats.map(({ id, party, role, name, suspended = null }) => {
    const sessions = view.access.sessions.filter(({ seat }) => seat === id)
    return {
      id,
      party,
      role,
      name,
      invitations: view.access.invitations.filter(({ seat }) => seat === id).toReversed(),
      sessions: sessions.filter(({ state }) => state !== 'ended'),
      ended: sessions.filter(({ state }) => state === 'ended'),
      suspended,
    }
  })
}

/** Every seat of the desk but those whose person was followed by another. */
export const sittingIn = ({ desk }: View): Named[] =>
  (desk?.seats ?? []).flatMap(({ standing, ...seat }): Named[] => {
    if (standing?.is === 'ended') return []
    return [{ ...seat, suspended: standing ? (standing.lifts ? 'mediators' : 'party') : null }]
  })

/** The seats of the viewer's own party: itself first of its kind, as the process names them. */
export function ownSeats({ me, people }: View): Named[] {
  const own = people
    .filter(({ party, left }) => party === me.party && !left)
    .map(({ suspended, ...seat }): Named => ({ ...seat, suspended: suspended ?? null }))
  return own.some(({ id }) => id === me.seat) ? own : [{ id: me.seat, ...me }, ...own]
}

/** Devices of the viewer's own party that wait for somebody to say whose they are. */
export const unconfirmedIn = (records: SeatRecord[]): { record: SeatRecord; session: SessionView }[] =>
  records.flatMap((record) =>
    record.sessions.filter(({ state }) => state === 'to-be-confirmed').map((session) => ({ record, session })),
  )

/** The invitation that still opens the room, or would if its time had not passed. */
export const pendingOf = ({ invitations }: SeatRecord): InvitationView | null =>
  invitations.find(({ redeemed, revoked }) => !redeemed && !revoked) ?? null

export function stateOf(record: SeatRecord, now: number): SeatState {
  if (record.suspended) return 'suspended'
  if (record.sessions.some(({ state }) => state === 'to-be-confirmed')) return 'to-be-confirmed'
  if (record.sessions.length > 0) return 'opened'
  const pending = pendingOf(record)
  if (pending) return now > pending.until ? 'expired' : 'not-opened'
  if (record.ended.length > 0) return 'ended'
  return record.invitations.some(({ revoked }) => revoked) ? 'taken-back' : 'none'
}

export interface LineOptions {
  view: ViewState
  speech: Speech
  now: number
  seen: LastSeen | null
  /** Who may change this seat here. */
  action: 'change' | 'devices' | null
}

export function lineOf(record: SeatRecord, { view, speech, now, seen, action }: LineOptions): SeatLine {
  const { say } = speech
  const me = view.current.me.seat
  const state = stateOf(record, now)
  return {
    id: record.id,
    name: record.id === me ? say('people.you', { name: record.name }) : record.name,
    person: record.name,
    role: say(`role.${record.role}`),
    slot: view.slotOf(record.party),
    state,
    stateWord: say(`seat.${state}`),
    note: noteOf(record, state, view, speech, now),
    devices: devicesOf(record, speech),
    seen: record.id === me ? say('seat.now-you') : seenOf(seen, view, speech, now),
    here: record.id === me || seen?.here === true,
    action: action && {
      word: say(action === 'change' ? 'people.change' : 'people.devices'),
      label: say(`people.${action}-of`, { name: record.name }),
    },
  }
}

function noteOf(record: SeatRecord, state: SeatState, view: ViewState, { say, moment }: Speech, now: number): string {
  const pending = pendingOf(record)
  const latest = record.invitations[0]
  switch (state) {
    case 'opened':
    case 'to-be-confirmed': {
      const newest = pending ?? (state === 'to-be-confirmed' ? latest : null)
      if (newest)
        return say('seat.new-link-from', { who: giverOf(newest, record, view, say), moment: moment(newest.at, now) })
      return say('seat.on', { moment: moment(record.sessions[0]?.at ?? now, now) })
    }
    case 'not-opened':
      return say('seat.sent', { moment: moment(pending?.at ?? now, now) })
    case 'expired':
      return say('seat.valid-until', { moment: moment(pending?.until ?? now, now) })
    case 'ended': {
      const at = record.ended.reduce((last, { endedAt }) => Math.max(last, endedAt ?? 0), 0)
      return at > 0 ? say('seat.ended-at', { moment: moment(at, now) }) : ''
    }
    case 'suspended':
      return say('seat.suspended-note')
    case 'taken-back':
    case 'none':
      return ''
    default:
      throw state satisfies never
  }
}

/** Who gave a link, as the viewer says it. */
export function giverOf({ by }: InvitationView, record: SeatRecord, view: ViewState, say: Speech['say']): string {
  if (by === 'operator') return say('join.by-operator')
  const own = view.partyOfSeat(by)
  if (own?.kind === 'mediation' && own.id !== record.party && view.current.me.party !== own.id)
    return say('seat.the-mediators')
  return view.personName(by, own?.id ?? null) || say('seat.the-mediators')
}

function devicesOf({ sessions }: SeatRecord, { say, day, list }: Speech): string {
  if (sessions.length === 0) return say('seat.no-devices')
  const days = [...new Set(sessions.map(({ at }) => day(at)))]
  return say('seat.devices', { count: sessions.length, days: list(days) })
}

function seenOf(seen: LastSeen | null, view: ViewState, { say, moment }: Speech, now: number): string {
  const track = seen && view.track(seen.track)?.title
  if (!seen || !track) return say('seat.not-seen')
  return seen.here ? say('seat.now', { track }) : say('seat.seen', { moment: moment(seen.at, now), track })
}

/** The roles a party of a kind has persons for, the usual first. */
export const ROLES_OF: Record<PartyKind, readonly Role[]> = {
  delegation: ['adviser', 'alternate', 'head', 'expert'],
  mediation: ['mediator', 'adviser', 'expert'],
  civil: ['adviser', 'moderator', 'observer'],
  observer: ['observer'],
  guarantor: ['adviser', 'head', 'observer'],
  expert: ['expert'],
  verifier: ['verifier'],
}
