import { expect, test } from 'vitest'
import { evolveAccess } from '#shared/domain/access.ts'
import type { Command } from '#shared/domain/commands.ts'
import type { AccessEvent } from '#shared/domain/events.ts'
import { readersOf, seatsSeeing } from '#shared/domain/matrix.ts'
import type { Role } from '#shared/domain/process.ts'
import type { Hash, SeatId, SessionId } from '#shared/ids.ts'
import { confined, given, partyId, Story, seatId, setAccess, trackId } from '../support/build.ts'

const M = 'union-mediator'
const nominate = (name: string, role: Role = 'adviser', replaces?: string, party = 'tavira'): Command => ({
  type: 'NominateSeat',
  party: partyId(party),
  role,
  name,
  ...(replaces ? { replaces: seatId(replaces) } : {}),
})
const about = (type: 'AccreditSeat' | 'DeclineSeat' | 'SuspendSeat' | 'RestoreSeat', seat: string): Command => ({
  type,
  seat: seatId(seat),
})
const replace = (seat: string, name: string): Command => ({ type: 'ReplaceSeat', seat: seatId(seat), name })
const madeIn = (story: Story): string => story.made[0] ?? ''
const names = (story: Story, viewer: string) => story.view(viewer).people.map(({ name }) => name)

/** The room with somebody in under the seat, and a link of it that waits. */
function withSomebodyIn(story: Story, seat: string): Story {
  const hash = (character: string) => character.repeat(64) as Hash
  const link = (invitation: Hash): AccessEvent => {
    return { type: 'InvitationIssued', invitation, seat: seatId(seat), until: story.at, confined: false }
  }
  const facts: AccessEvent[] = [
    link(hash('a')),
    { type: 'InvitationRedeemed', invitation: hash('a'), session: seat as SessionId, token: hash('c'), figures: null },
    link(hash('b')),
  ]
  const process = facts.reduce(
    (now, event) => evolveAccess(now, { event, by: 'operator', at: story.at }),
    story.process,
  )
  return new Story(process, story.at, story.chance)
}

test('F2.2 a head nominates for its delegation; until a mediator accredits there is no seat, and nobody else hears of it', () => {
  const before = Story.of()
  const asked = before.did('tavira-head', nominate('Zoe Marr'))
  const made = madeIn(asked)
  expect(asked.process.seats.order).toEqual(before.process.seats.order)
  for (const seat of ['council-head', 'forum-moderator', 'tavira-adviser', 'union-adviser'])
    expect(JSON.stringify(asked.view(seat)), seat).toBe(JSON.stringify(before.view(seat)))
  for (const seat of ['tavira-head', 'tavira-alternate', M])
    expect(asked.view(seat).nominations).toMatchObject([{ id: made, name: 'Zoe Marr', by: 'tavira-head' }])
  expect(asked.view('tavira-head', { confined: true }).nominations).toEqual([])
  given(asked).when(made, nominate('Nobody')).refused({ code: 'no-such-thing' })
  given(asked).when('tavira-head', about('AccreditSeat', made)).refused({ code: 'not-your-role' })

  const seated = asked.did(M, about('AccreditSeat', made))
  expect(seated.view(M).nominations).toEqual([])
  expect(names(seated, 'council-head')).toContain('Zoe Marr')
  expect(seated.view(made).me).toMatchObject({ party: 'tavira', role: 'adviser', binds: false })
  given(seated).when(M, about('AccreditSeat', made)).refused({ code: 'no-such-thing' })
})

test('F2.2 who speaks for a delegation is its head’s to say; mediators add to every other party at once', () => {
  const story = Story.of()
  given(story).when(M, nominate('Zoe')).refused({ code: 'not-your-role' })
  given(story).when('council-head', nominate('Zoe')).refused({ code: 'no-such-thing' })
  given(story).when('tavira-adviser', nominate('Zoe')).refused({ code: 'not-your-role' })
  given(story).when(confined('tavira-head'), nominate('Zoe')).refused({ code: 'not-confirmed' })
  given(story).when('tavira-head', nominate('Zoe', 'mediator')).refused({ code: 'malformed', where: 'role' })
  const added = story.did(M, nominate('Zoe', 'moderator', undefined, 'forum'))
  expect(added.view(madeIn(added)).me).toMatchObject({ party: 'forum', role: 'moderator' })
  const team = story.did(M, nominate('Zoe', 'mediator', undefined, 'union'))
  expect(team.view(madeIn(team)).desk).not.toBeNull()
})

test('F2.2 a declined nomination stays on its party’s list until the party takes it off; nobody sits in two parties', () => {
  const asked = Story.of().did('tavira-head', nominate('Zoe'))
  const made = madeIn(asked)
  given(asked).when('council-head', about('DeclineSeat', made)).refused({ code: 'no-such-thing' })
  const declined = asked.did(M, about('DeclineSeat', made))
  expect(declined.view('tavira-head').nominations).toMatchObject([{ id: made, declinedAt: declined.at }])
  expect(declined.view(M).nominations).toEqual([])
  given(declined).when(M, about('AccreditSeat', made)).refused({ code: 'no-such-thing' })
  expect(declined.did('tavira-head', about('DeclineSeat', made)).view('tavira-head').nominations).toEqual([])

  // That the name is taken is told to the mediators, who see every seat, and not to the head.
  const twice = Story.of().did('tavira-head', nominate(' omar '))
  given(twice)
    .when(M, about('AccreditSeat', madeIn(twice)))
    .refused({ code: 'already-exists' })
})

test('F2.3 a suspended seat sees nothing, does nothing, counts nowhere, and its sessions and its link end with it', () => {
  const story = withSomebodyIn(Story.of().did(M, setAccess('session', { 'tavira-adviser': 'read' })), 'tavira-adviser')
  const track = trackId('session')
  const readers = (of: Story) => readersOf(of.process, track, of.at).map(({ seat }) => seat)
  expect(readers(story)).toContain('tavira-adviser')
  const without = story.did(M, about('SuspendSeat', 'tavira-adviser'))
  const { sessions, invitations } = without.process.access
  expect(sessions.by['tavira-adviser' as SessionId]?.ended).toMatchObject({ by: M })
  expect(Object.values(invitations).map(({ session, revoked }) => session === null && !revoked)).toEqual([false, false])
  expect(readers(without)).toEqual(readers(story))
  expect(seatsSeeing(without.process, track, without.at)).not.toContain('tavira-adviser')
  expect(without.view('tavira-adviser').tracks).toEqual([])
  given(without).when('tavira-adviser', about('SuspendSeat', M)).refused({ code: 'session-ended' })
  // What others know of the person does not change, but the delegation and the mediators are told.
  expect(without.view('council-head').people).toEqual(story.view('council-head').people)
  const told = (viewer: string) => without.view(viewer).people.find(({ id }) => id === 'tavira-adviser')?.suspended
  expect([told('tavira-head'), told(M), told('council-head')]).toEqual(['mediators', 'mediators', undefined])
  // A link that another node gives, or opens, behind it opens nothing.
  const late = withSomebodyIn(
    new Story(
      { ...without.process, access: { invitations: {}, sessions: { order: [], by: {} } } },
      without.at,
      without.chance,
    ),
    'tavira-adviser',
  )
  expect(late.process.access.sessions.by['tavira-adviser' as SessionId]?.ended).not.toBeNull()
  expect(Object.values(late.process.access.invitations).map(({ revoked }) => revoked)).toEqual([true, true])

  const again = without.did(M, about('RestoreSeat', 'tavira-adviser'))
  expect(again.view('tavira-adviser').tracks.map(({ id }) => id)).toEqual(
    story.view('tavira-adviser').tracks.map(({ id }) => id),
  )
  expect(again.process.access.sessions.by['tavira-adviser' as SessionId]?.ended).not.toBeNull()
})

test('F2.3 the side that suspended a seat lifts it; nobody suspends themselves', () => {
  const story = Story.of()
  given(story).when(M, about('SuspendSeat', M)).refused({ code: 'not-your-role' })
  given(story).when('tavira-head', about('SuspendSeat', 'tavira-head')).refused({ code: 'not-your-role' })
  given(story).when('tavira-head', about('SuspendSeat', 'council-adviser')).refused({ code: 'no-such-thing' })
  given(story).when('tavira-head', about('SuspendSeat', 'unknown')).refused({ code: 'no-such-thing' })
  const byMediators = story.did(M, about('SuspendSeat', 'tavira-adviser'))
  given(byMediators).when('tavira-head', about('RestoreSeat', 'tavira-adviser')).refused({ code: 'not-your-role' })
  given(byMediators).when(M, about('SuspendSeat', 'tavira-adviser')).refused({ code: 'nothing-to-change' })
  const byHead = story.did('tavira-head', about('SuspendSeat', 'tavira-adviser'))
  given(byHead).when(M, about('RestoreSeat', 'tavira-adviser')).refused({ code: 'not-your-role' })
  expect(byHead.view(M).desk?.seats.find(({ id }) => id === 'tavira-adviser')?.standing).toEqual({
    is: 'suspended',
    lifts: false,
  })
  byHead.did('tavira-head', about('RestoreSeat', 'tavira-adviser'))
})

test('F2.4 who takes a place has a seat of their own: old acts keep the old name, and the old person is out for good', () => {
  const track = trackId('plenary')
  const seen = withSomebodyIn(Story.of(), 'tavira-head').did(M, setAccess('session', { 'tavira-head': 'read' }))
  const said = seen.did('tavira-head', {
    type: 'Comment',
    track,
    clause: seen.clause(),
    words: 'We agree.',
    audience: 'track',
  })
  const replaced = said.did(M, replace('tavira-head', 'Zoe Marr'))
  const made = madeIn(replaced)
  const view = replaced.view('council-head')
  const author = view.comments[0]?.by
  expect(view.people.find(({ id }) => id === author)).toEqual({
    id: 'tavira-head',
    party: 'tavira',
    role: 'head',
    name: 'Ilse',
    left: true,
  })
  expect(replaced.view(made).me).toMatchObject({ party: 'tavira', role: 'head', name: 'Zoe Marr', binds: true })
  expect(replaced.view(made).tracks.map(({ id }) => id)).toContain('session')
  expect(replaced.view('tavira-head').tracks).toEqual([])
  expect(replaced.process.access.sessions.by['tavira-head' as SessionId]?.ended).not.toBeNull()
  for (const type of ['SuspendSeat', 'RestoreSeat'] as const)
    given(replaced).when(M, about(type, 'tavira-head')).refused({ code: 'no-such-thing' })
  given(replaced).when(M, replace('tavira-head', 'Yan')).refused({ code: 'no-such-thing' })
  given(replaced)
    .when(M, setAccess('session', { 'tavira-head': 'edit' }))
    .refused({ code: 'no-such-thing' })
  given(said).when('council-head', replace('council-adviser', 'Yan')).refused({ code: 'not-your-role' })
})

test('F2.4 a backchannel stays between the persons who opened it; a head proposes who follows one of its own', () => {
  const side = Story.of().did('tavira-head', {
    type: 'OpenTrack',
    title: 'Side',
    kind: 'backchannel',
    access: { 'council-head': 'edit' },
  })
  const [id] = side.made
  const asked = side.did('tavira-head', nominate('Zoe', 'adviser', 'tavira-adviser'))
  given(side)
    .when('tavira-head', nominate('Zoe', 'adviser', 'council-adviser'))
    .refused({ code: 'no-such-thing' })
  expect(asked.view('tavira-adviser').tracks).toHaveLength(side.view('tavira-adviser').tracks.length)
  const followed = asked.did(M, about('AccreditSeat', madeIn(asked)))
  expect(followed.process.seats.by['tavira-adviser' as SeatId]?.standing).toEqual({ is: 'ended' })
  const head = followed.did(M, replace('tavira-head', 'Yan'))
  expect(head.view(madeIn(head)).tracks.map((track) => track.id)).not.toContain(id)
  expect(head.view('council-head').tracks.map((track) => track.id)).toContain(id)
})
