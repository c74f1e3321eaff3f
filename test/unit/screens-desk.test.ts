import { expect, test } from 'vitest'
import type { AccessChange } from '#shared/domain/process.ts'
import { DEFAULT_GRANT } from '#shared/domain/process.ts'
import type { Desk, View } from '#shared/domain/view.ts'
import { instant, type PartyId, type SeatId, type TrackId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { createSpeech } from '#shared/words/say.ts'
import { caresForPeople, waitingFor } from '../../client/state/caring.ts'
import {
  askedOf,
  columnsOf,
  exceptionsIn,
  inverseOf,
  isLocked,
  levelAt,
  narrows,
  reachOf,
  readersIn,
  widens,
} from '../../client/state/matrix.ts'
import { recordsOf, stateOf } from '../../client/state/people.ts'
import { problemWords } from '../../client/state/steps.ts'

const NOW = 1_000_000
const party = (id: string) => id as PartyId
const track = 'channel' as TrackId
const north = { party: party('north'), seat: null }

function desk(cells: Record<string, Level>, kind: Desk['matrix'][number]['kind'] = 'group'): Desk {
  const seat = (id: string, of: string, role: 'head' | 'adviser' | 'mediator') => {
    return { id: id as SeatId, party: party(of), role, name: id }
  }
  return {
    seats: [
      seat('north-head', 'north', 'head'),
      seat('north-adviser', 'north', 'adviser'),
      seat('south-head', 'south', 'head'),
      seat('mediator', 'team', 'mediator'),
    ],
    told: [],
    ordering: true,
    matrix: [
      {
        id: track,
        title: 'Channel',
        kind,
        status: 'open',
        cells: Object.entries(cells).map(([id, level]) => ({ id, level, grant: DEFAULT_GRANT, since: instant(0) })),
      },
    ],
    changes: [],
    exports: [],
  }
}
const rowOf = (of: Desk) => of.matrix[0] as Desk['matrix'][number]
const changed = (level: Level, was: Level, of: Partial<AccessChange>): AccessChange => {
  return { track, level, was, grant: DEFAULT_GRANT, ...of }
}
const view = (more: Partial<View> = {}) =>
  ({
    me: {
      seat: 'mediator',
      party: 'team',
      role: 'mediator',
      name: 'Fay',
      binds: false,
      confined: false,
      session: null,
    },
    parties: [
      { id: 'north', name: 'North', short: 'NOR', kind: 'delegation', slot: 1 },
      { id: 'south', name: 'South', short: 'SOU', kind: 'delegation', slot: 2 },
      { id: 'team', name: 'Team', short: 'MED', kind: 'mediation', slot: 3 },
    ],
    people: [],
    access: { invitations: [], sessions: [] },
    ...more,
  }) as unknown as View

test('S20 the desk has a column for every party but the mediators’ own', () => {
  expect(columnsOf(view()).map(({ id }) => id)).toEqual(['north', 'south'])
})

test('S20 a proximity channel stays hidden from all but the party it is for, also while that party is shut out', () => {
  const open = desk({ 'party:north': 'edit', 'party:team': 'edit' }, 'proximity')
  expect(isLocked(rowOf(open), view(), open, party('north'))).toBe(false)
  expect(isLocked(rowOf(open), view(), open, party('south'))).toBe(true)

  const shut = desk({ 'party:team': 'edit' }, 'proximity')
  const hid = changed('hidden', 'edit', { party: party('north') })
  const closed = { ...shut, changes: [{ id: '1', at: instant(1), by: 'mediator' as SeatId, changes: [hid] }] }
  expect(isLocked(rowOf(closed), view(), closed, party('north'))).toBe(false)
  expect(isLocked(rowOf(closed), view(), closed, party('south'))).toBe(true)
  expect(isLocked(rowOf(desk({ 'party:north': 'edit' })), view(), open, party('south'))).toBe(false)
})

test('S21 a person’s own level wins over the party’s, and is counted apart', () => {
  const of = desk({ 'party:north': 'read', 'seat:north-adviser': 'edit' })
  const adviser = { party: party('north'), seat: 'north-adviser' as SeatId }
  expect(levelAt(rowOf(of), north)).toBe('read')
  expect(levelAt(rowOf(of), adviser)).toBe('edit')
  expect(levelAt(rowOf(of), { ...adviser, seat: 'north-head' as SeatId })).toBe('read')
  expect(exceptionsIn(rowOf(of), of, party('north')).map(({ seat }) => seat.id)).toEqual(['north-adviser'])
  expect(reachOf(rowOf(of), of, north)).toBe(1)
  expect(reachOf(rowOf(of), of, adviser)).toBe(1)
  expect(reachOf(null, of, north)).toBe(2)
})

test('S21 a party of which one person reads is a reader', () => {
  const of = desk({ 'seat:north-adviser': 'read', 'party:team': 'edit', 'party:south': 'hidden' })
  expect([...readersIn(rowOf(of), of)].sort()).toEqual(['north', 'team'])
})

test('S22 undoing a withdrawal asks for the level from before, by a new grant', () => {
  const of = desk({})
  const [back] = inverseOf(of, [changed('hidden', 'suggest', { party: party('north') })])
  expect(back).toEqual({ track, party: 'north', seat: null, level: 'suggest', was: 'hidden' })
  expect(back && widens(back)).toBe(true)
  expect(back && askedOf(back)).toEqual({ track, party: 'north', level: 'suggest' })
  const [person] = inverseOf(of, [changed('read', 'hidden', { seat: 'north-adviser' as SeatId })])
  expect(person && narrows(person)).toBe(true)
  expect(person && askedOf(person)).toEqual({ track, seat: 'north-adviser', level: 'hidden' })
})

test('S22 a withdrawal that the log could not take is said to hold until restart, and never to have changed nothing', () => {
  const speech = createSpeech('en', en, refusalsInEnglish)
  const words = (problem: Parameters<typeof problemWords>[0]) => problemWords(problem, speech, (party) => party)
  const full = { code: 'not-saved', reason: 'disk-full' } as const
  expect(words({ refusal: full, closes: true })).toMatch(/^What was to be closed is closed until the server restarts/)
  expect(words({ refusal: full, closes: false })).toMatch(/^Nothing has changed\. /)
  expect(words({ refusal: { code: 'unanswered' }, closes: true })).toMatch(/^No answer came\./)
})

test('S27 a seat’s state says whether somebody is in, waits, was ended, or never came', () => {
  const seats = [{ id: 'north-head' as SeatId, party: party('north'), role: 'head' as const, name: 'Ada' }]
  const session = (state: string) => ({ id: state, seat: 'north-head', at: 1, state, endedAt: null, mine: false })
  const invitation = (more: object) => {
    return {
      id: 'a',
      seat: 'north-head',
      by: 'operator',
      at: 1,
      until: NOW,
      confined: false,
      redeemed: false,
      revoked: false,
      ...more,
    }
  }
  const stateWith = (sessions: object[], invitations: object[], now = NOW) => {
    const [record] = recordsOf(view({ access: { sessions, invitations } as unknown as View['access'] }), seats)
    return record && stateOf(record, now)
  }
  expect(stateWith([], [])).toBe('none')
  expect(stateWith([], [invitation({})])).toBe('not-opened')
  expect(stateWith([], [invitation({})], NOW + 1)).toBe('expired')
  expect(stateWith([session('open')], [invitation({ redeemed: true })])).toBe('opened')
  expect(stateWith([session('open'), session('to-be-confirmed')], [])).toBe('to-be-confirmed')
  expect(stateWith([session('ended')], [invitation({ revoked: true })])).toBe('ended')
  // It is the session that ended; an invitation is taken back.
  expect(stateWith([], [invitation({ revoked: true })])).toBe('taken-back')
})

test('S28 every member of a party is told of its devices that wait, and nobody in a device that waits itself', () => {
  const waiting = { id: 's', seat: 'north-adviser', at: 1, state: 'to-be-confirmed', endedAt: null, mine: false }
  const as = (role: string, confined: boolean) =>
    view({
      me: { ...view().me, seat: 'north-head' as SeatId, party: party('north'), role: role as never, confined },
      people: [{ id: 'north-adviser' as SeatId, party: party('north'), role: 'adviser', name: 'Cid' }],
      access: { invitations: [], sessions: [waiting] } as unknown as View['access'],
    })
  expect(waitingFor(as('head', false))).toBe(1)
  expect(waitingFor(as('alternate', false))).toBe(1)
  expect(waitingFor(as('head', true))).toBe(0)
  expect(waitingFor(as('adviser', false))).toBe(1)
  expect(waitingFor(as('adviser', true))).toBe(0)
  const quiet = { ...as('adviser', false), access: view().access }
  expect(caresForPeople(quiet)).toBe(false)
  expect(caresForPeople({ ...quiet, me: { ...quiet.me, role: 'alternate' } })).toBe(true)
})
