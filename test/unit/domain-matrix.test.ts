import { describe, expect, test } from 'vitest'
import { evolve } from '#shared/domain/evolve.ts'
import { consentingParties, levelOf, readersOf, seatsSeeing } from '#shared/domain/matrix.ts'
import { DEFAULT_GRANT } from '#shared/domain/process.ts'
import type { Instant } from '#shared/ids.ts'
import { confined, given, partyId, Story, seatId, setAccess, trackId } from '../support/build.ts'

const M = 'union-mediator'
const level = (story: Story, seat: string, track: string, isConfined = false) =>
  levelOf(story.process, { seat: seatId(seat), confined: isConfined }, trackId(track), story.at)

test('F5 who is not named is hidden', () => {
  const story = Story.of()
  expect(level(story, 'council-head', 'channel')).toBe('hidden')
  expect(level(story, 'forum-moderator', 'plenary')).toBe('hidden')
  expect(level(story, 'tavira-adviser', 'plenary')).toBe('suggest')
  expect(level(story, 'tavira-head', 'constructor')).toBe('hidden')
})

test('F5 only mediators set access, whatever is named', () => {
  for (const track of ['plenary', 'session', 'caucus-tavira', 'never-was']) {
    given(Story.of())
      .when('tavira-head', setAccess(track, { forum: 'read' }))
      .refused({ code: 'not-your-role' })
    given(Story.of())
      .when('union-adviser', setAccess(track, { forum: 'read' }))
      .refused({ code: 'not-your-role' })
  }
})

test('F5.1 a batch is set as a whole, or not at all', () => {
  const changes = [
    ...setAccess('plenary', { forum: 'read' }).changes,
    ...setAccess('never-was', { forum: 'read' }).changes,
  ]
  given(Story.of()).when(M, { type: 'SetAccess', changes }).refused({ code: 'no-such-thing' })
  const both = [...setAccess('plenary', { forum: 'read', council: 'hidden' }).changes]
  given(Story.of())
    .when(M, { type: 'SetAccess', changes: both })
    .done((after) => {
      expect(after.events).toHaveLength(1)
      expect([level(after, 'forum-moderator', 'plenary'), level(after, 'council-head', 'plenary')]).toEqual([
        'read',
        'hidden',
      ])
    })
})

test('F5.1 what changes nothing is dropped, and a batch of nothing is refused', () => {
  const story = Story.of()
  given(story)
    .when(M, setAccess('plenary', { tavira: 'suggest', forum: 'hidden' }))
    .refused({ code: 'nothing-to-change' })
  given(story)
    .when(M, setAccess('plenary', { tavira: 'suggest', forum: 'read' }))
    .done(({ events }) => {
      expect(events).toMatchObject([{ changes: [{ party: 'forum', level: 'read', was: 'hidden' }] }])
    })
})

test('F5.1 one cell twice, or a cell of a party and a seat at once, is malformed', () => {
  const [change] = setAccess('plenary', { forum: 'read' }).changes
  if (!change) throw new Error('one change')
  given(Story.of())
    .when(M, { type: 'SetAccess', changes: [change, change] })
    .refused({ code: 'malformed', where: 'changes.1' })
  const both = { ...change, seat: seatId('tavira-head') }
  given(Story.of())
    .when(M, { type: 'SetAccess', changes: [both] })
    .refused({ code: 'malformed', where: 'changes.0' })
})

describe('F5.2 a grant', () => {
  test('F5.2 has the defaults: clean, no annotations, no export, no offline copy, no end', () => {
    const story = Story.of().did(M, setAccess('session', { tavira: 'read' }))
    const track = story.view('tavira-head').tracks.find(({ id }) => id === 'session')
    expect(track).toMatchObject({ level: 'read', since: story.at, grant: DEFAULT_GRANT })
  })

  test('F5.2 given anew replaces the old one; not given, an unbroken sight keeps its own', () => {
    const offline = Story.of().did(M, setAccess('session', { tavira: 'read' }, { offline: true }))
    const cell = (story: Story) => story.process.tracks.by[trackId('session')]?.cells.parties[partyId('tavira')]
    expect(cell(offline.did(M, setAccess('session', { tavira: 'comment' })))?.grant.offline).toBe(true)
    expect(cell(offline.did(M, setAccess('session', { tavira: 'comment' }, {})))?.grant).toEqual(DEFAULT_GRANT)
    const regranted = offline
      .did(M, setAccess('session', { tavira: 'hidden' }))
      .did(M, setAccess('session', { tavira: 'read' }))
    expect(cell(regranted)?.grant).toEqual(DEFAULT_GRANT)
  })

  test('F5.2 keeps its since while sight is unbroken, and begins anew after a withdrawal', () => {
    const first = Story.of().did(M, setAccess('session', { tavira: 'read' }))
    const since = (story: Story) => story.view('tavira-head').tracks.find(({ id }) => id === 'session')?.since
    const raised = first.did(M, setAccess('session', { tavira: 'edit' }))
    expect(since(raised)).toBe(first.at)
    const again = raised
      .did(M, setAccess('session', { tavira: 'hidden' }))
      .did(M, setAccess('session', { tavira: 'read' }))
    expect(since(again)).toBe(again.at)
  })

  test('F5.2 ends by itself: at its last instant it is in time, after it the track is absent without any entry', () => {
    const until = (Story.of().at + 5000) as Instant
    const story = Story.of().did(M, setAccess('session', { tavira: 'read' }, { until }))
    expect(level(story.later(4000), 'tavira-head', 'session')).toBe('read')
    const past = story.later(4001)
    expect(level(past, 'tavira-head', 'session')).toBe('hidden')
    expect(past.view('tavira-head').tracks.map(({ id }) => id)).not.toContain('session')
    expect(seatsSeeing(past.process, trackId('session'), past.at)).not.toContain('tavira-head')
    expect(JSON.stringify(past.view(M).desk?.matrix)).not.toContain('"until"')
    given(past)
      .when(M, setAccess('session', { council: 'read' }, { until }))
      .refused({ code: 'too-late', due: until })
  })

  test('F5.2 that ran out is recorded once; a record about a cell set anew meanwhile is void', () => {
    const until = (Story.of().at + 5000) as Instant
    const story = Story.of()
      .did(M, setAccess('session', { tavira: 'read' }, { until }))
      .later(9000)
    const expired = { type: 'Expired', track: trackId('session'), party: partyId('tavira'), due: until } as const
    const once = evolve(story.process, { event: expired, by: 'server', at: story.at })
    expect(once.tracks.by[trackId('session')]?.cells.parties).not.toHaveProperty('tavira')
    expect(evolve(once, { event: expired, by: 'server', at: story.at })).toBe(once)
    const anew = story.did(M, setAccess('session', { tavira: 'read' }, {}))
    expect(evolve(anew.process, { event: expired, by: 'server', at: anew.at })).toBe(anew.process)
    expect(anew.view('tavira-head').tracks.find(({ id }) => id === 'session')?.since).toBe(anew.at)
  })
})

describe('F5.3 a named seat', () => {
  test('F5.3 has its own cell before that of its party, and its party again when that ends', () => {
    const until = (Story.of().at + 5000) as Instant
    const story = Story.of().did(M, setAccess('plenary', { 'tavira-adviser': 'edit' }, { until }))
    expect([level(story, 'tavira-adviser', 'plenary'), level(story, 'tavira-head', 'plenary')]).toEqual([
      'edit',
      'suggest',
    ])
    expect(level(story.later(9000), 'tavira-adviser', 'plenary')).toBe('suggest')
  })

  test('F5.3 can be left out of what its party sees, until its party sees nothing', () => {
    const out = Story.of().did(M, setAccess('plenary', { 'tavira-adviser': 'hidden' }))
    expect([level(out, 'tavira-adviser', 'plenary'), level(out, 'tavira-head', 'plenary')]).toEqual([
      'hidden',
      'suggest',
    ])
    expect(out.view(M).desk?.matrix[0]?.cells).toContainEqual(
      expect.objectContaining({ id: 'seat:tavira-adviser', level: 'hidden' }),
    )
    const regranted = out
      .did(M, setAccess('plenary', { tavira: 'hidden' }))
      .did(M, setAccess('plenary', { tavira: 'read' }))
    expect(level(regranted, 'tavira-adviser', 'plenary')).toBe('read')
  })

  test('P2 F5.3 what is hidden from a party is hidden from its named seats, but for those that the same batch names', () => {
    const named = Story.of().did(M, setAccess('plenary', { 'tavira-adviser': 'edit', 'tavira-alternate': 'read' }))
    const gone = named.did(M, setAccess('plenary', { tavira: 'hidden' }))
    const seeing = (story: Story) => seatsSeeing(story.process, trackId('plenary'), story.at)
    expect(seeing(gone).filter((seat) => seat.startsWith('tavira'))).toEqual([])
    expect(gone.events).toMatchObject([
      {
        changes: [
          { party: 'tavira', level: 'hidden', was: 'suggest' },
          { seat: 'tavira-alternate', level: 'hidden', was: 'read' },
          { seat: 'tavira-adviser', level: 'hidden', was: 'edit' },
        ],
      },
    ])
    const { changes } = setAccess('plenary', { 'tavira-alternate': 'comment', tavira: 'hidden' })
    const kept = named.did(M, { type: 'SetAccess', changes })
    expect(seeing(kept).filter((seat) => seat.startsWith('tavira'))).toEqual(['tavira-alternate'])
    expect(level(kept, 'tavira-alternate', 'plenary')).toBe('comment')

    const alone = Story.of().did(M, setAccess('session', { 'tavira-adviser': 'read' }))
    const closed = alone.did(M, setAccess('session', { tavira: 'hidden' }))
    expect(level(closed, 'tavira-adviser', 'session')).toBe('hidden')
    given(closed)
      .when(M, setAccess('session', { tavira: 'hidden' }))
      .refused({ code: 'nothing-to-change' })
  })

  test('F5.3 alone in a track keeps it when its party never had it', () => {
    const story = Story.of().did(M, setAccess('session', { 'tavira-adviser': 'read' }))
    expect(seatsSeeing(story.process, trackId('session'), story.at)).toContain('tavira-adviser')
    expect(seatsSeeing(story.process, trackId('session'), story.at)).not.toContain('tavira-head')
    const gone = story.did(M, setAccess('session', { 'tavira-adviser': 'hidden' }))
    expect(gone.process.tracks.by[trackId('session')]?.cells.seats).toEqual({})
  })
})

describe('F5.4 caucus and backchannel', () => {
  const open = (access: Record<string, 'hidden' | 'read' | 'edit'>) =>
    ({ type: 'OpenTrack', title: 'Side', kind: 'backchannel', access }) as const

  test("F5.4 a caucus is its delegation's alone, hidden from mediators and from sessions not confirmed", () => {
    const story = Story.of()
    expect(level(story, 'tavira-adviser', 'caucus-tavira')).toBe('edit')
    expect(level(story, 'tavira-adviser', 'caucus-tavira', true)).toBe('hidden')
    expect(level(story, M, 'caucus-tavira')).toBe('hidden')
    expect(JSON.stringify(story.view(M))).not.toContain('caucus-tavira')
  })

  test('F5.4 P3 to a mediator a caucus and a track that never was get the same answer', () => {
    for (const track of ['caucus-tavira', 'never-was', 'constructor', '__proto__']) {
      given(Story.of())
        .when(M, setAccess(track, { forum: 'read' }))
        .refused({ code: 'no-such-thing' })
    }
  })

  test('F5.4 nobody opens a caucus, and no mediator a backchannel', () => {
    const caucus = { type: 'OpenTrack', title: 'x', kind: 'caucus', access: { tavira: 'edit' } } as const
    given(Story.of()).when(M, caucus).refused({ code: 'not-yours-to-open' })
    given(Story.of()).when('tavira-head', caucus).refused({ code: 'not-yours-to-open' })
    given(Story.of())
      .when(M, open({ 'tavira-head': 'edit', 'council-head': 'edit' }))
      .refused({ code: 'not-yours-to-open' })
  })

  test('F5.4 a head opens a backchannel for named seats it knows, and its members are fixed', () => {
    const story = Story.of().did('tavira-head', open({ 'council-head': 'edit' }))
    const [id] = story.made
    if (!id) throw new Error('a track was made')
    expect(seatsSeeing(story.process, trackId(id), story.at)).toEqual(['tavira-head', 'council-head'])
    expect(
      story
        .view('council-head')
        .tracks.find((track) => track.id === id)
        ?.audience.map((one) => one.id),
    ).toEqual(['seat:tavira-head', 'seat:council-head'])
    for (const seat of [M, 'tavira-adviser', 'council-adviser'])
      expect(JSON.stringify(story.view(seat))).not.toContain(id)
    given(story)
      .when(M, setAccess(id, { forum: 'read' }))
      .refused({ code: 'no-such-thing' })
    expect(level(story, 'tavira-head', id, true)).toBe('hidden')
  })

  test('F5.4 a backchannel is opened by heads and alternates only, with somebody, without mediators or whole parties', () => {
    given(Story.of())
      .when('tavira-adviser', open({ 'council-head': 'edit' }))
      .refused({ code: 'not-your-role' })
    given(Story.of())
      .when(confined('tavira-head'), open({ 'council-head': 'edit' }))
      .refused({ code: 'not-confirmed' })
    given(Story.of()).when('tavira-head', open({})).refused({ code: 'malformed', where: 'access' })
    given(Story.of())
      .when('tavira-head', open({ [M]: 'edit' }))
      .refused({ code: 'malformed', where: `access.${M}` })
    given(Story.of())
      .when('tavira-head', open({ council: 'edit' }))
      .refused({ code: 'no-such-thing' })
    given(Story.of())
      .when('tavira-head', open({ 'forum-moderator': 'edit' }))
      .refused({ code: 'no-such-thing' })
    given(Story.of())
      .when('tavira-head', open({ 'never-was': 'edit' }))
      .refused({ code: 'no-such-thing' })
  })
})

test('F5.5 mediators open every other kind of track, for parties and seats by name', () => {
  const access = { tavira: 'read', 'council-adviser': 'edit', forum: 'hidden' } as const
  const story = Story.of().did(M, { type: 'OpenTrack', title: 'Fish', kind: 'group', access })
  const [id] = story.made
  if (!id) throw new Error('a track was made')
  expect(readersOf(story.process, trackId(id), story.at)).toEqual([
    { party: 'tavira', seat: null, level: 'read' },
    { party: 'council', seat: 'council-adviser', level: 'edit' },
  ])
  expect(story.view('tavira-head').tracks.find((track) => track.id === id)?.text).toEqual({ title: 'Fish', clauses: 1 })
  given(story)
    .when('tavira-head', { type: 'OpenTrack', title: 'x', kind: 'group', access: {} })
    .refused({ code: 'not-your-role' })
  const unknown = { type: 'OpenTrack', title: 'x', kind: 'group', access: { nobody: 'read' } } as const
  given(story).when(M, unknown).refused({ code: 'no-such-thing' })
})

test('F5.5 mediators may lower their own party and the last pen, and keep the desk', () => {
  const story = Story.of().did(M, setAccess('plenary', { union: 'hidden' }))
  expect(level(story, M, 'plenary')).toBe('hidden')
  expect(story.view(M).tracks.map(({ id }) => id)).not.toContain('plenary')
  expect(story.view(M).desk?.matrix.map(({ id }) => id)).toContain('plenary')
  expect(
    story
      .did(M, setAccess('plenary', { union: 'edit' }))
      .view(M)
      .tracks.map(({ id }) => id),
  ).toContain('plenary')
})

test('P12 whoever may read a track is shown to everyone who reads it', () => {
  const story = Story.of().did(M, setAccess('plenary', { forum: 'read', 'tavira-adviser': 'edit', council: 'hidden' }))
  const audience = (seat: string) => story.view(seat).tracks.find(({ id }) => id === 'plenary')?.audience
  expect(audience('tavira-head')).toEqual([
    { id: 'party:tavira', party: 'tavira', seat: null, level: 'suggest' },
    { id: 'party:union', party: 'union', seat: null, level: 'edit' },
    { id: 'party:forum', party: 'forum', seat: null, level: 'read' },
    { id: 'seat:tavira-adviser', party: 'tavira', seat: 'tavira-adviser', level: 'edit' },
  ])
  expect(audience('forum-moderator')).toEqual(audience('tavira-head'))
  expect(audience('council-head')).toBeUndefined()
})

test('F5.5 consent counts of delegations that may suggest, through the party or one of its seats', () => {
  const parties = (story: Story) => consentingParties(story.process, trackId('plenary'), story.at)
  expect(parties(Story.of())).toEqual(['tavira', 'council'])
  const lowered = Story.of().did(M, setAccess('plenary', { council: 'read', forum: 'suggest' }))
  expect(parties(lowered)).toEqual(['tavira'])
  expect(parties(lowered.did(M, setAccess('plenary', { 'council-head': 'suggest' })))).toEqual(['tavira', 'council'])
})
