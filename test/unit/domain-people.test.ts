import { expect, test } from 'vitest'
import type { BracketId, Instant } from '#shared/ids.ts'
import { confined, fileWith, given, PROCESS_FILE, START, Story, seatId, setAccess, trackId } from '../support/build.ts'

const MINUTE = 60_000
/** The head's mandate ends ten minutes after the start. */
const NOON = (START + 10 * MINUTE) as Instant
const withMandate = () => {
  const [head, ...others] = PROCESS_FILE.seats
  // START is 1970-01-01T00:16:40Z.
  return Story.of(fileWith({ seats: [{ ...head, until: '1970-01-01T00:26:40Z' }, ...others] }))
}
const position = (story: Story) => {
  const [track, clause] = [trackId('plenary'), story.clause()]
  const hash = story.hashOf(track, clause)
  if (!hash) throw new Error('the clause has a hash')
  return { type: 'TakePosition', track, clause, hash, position: 'accept' } as const
}

test('F2 only a head or alternate binds; an adviser, a mediator and a moderator never do', () => {
  const story = Story.of()
  given(story).when('tavira-adviser', position(story)).refused({ code: 'not-your-role' })
  given(story).when('union-mediator', position(story)).refused({ code: 'not-your-role' })
  expect(story.did('tavira-alternate', position(story)).view('tavira-head').positions).toHaveLength(1)
  for (const seat of ['tavira-adviser', 'union-mediator', 'forum-moderator'])
    expect(story.view(seat).me.binds).toBe(false)
  for (const seat of ['tavira-head', 'tavira-alternate']) expect(story.view(seat).me.binds).toBe(true)
  expect(story.view('tavira-head', { confined: true }).me.binds).toBe(false)
})

test('F2 an act at the last instant of a mandate is in time, one after it is refused, and the alternate may still act', () => {
  const noon = withMandate().later(10 * MINUTE)
  expect(noon.at).toBe(NOON)
  expect(noon.view('tavira-head').me.binds).toBe(true)
  given(noon)
    .when('tavira-head', position(noon))
    .done((after) => expect(after.events).toHaveLength(1))
  const past = noon.later(1)
  expect(past.view('tavira-head').me.binds).toBe(false)
  given(past).when('tavira-head', position(past)).refused({ code: 'mandate-ended', at: NOON })
  given(past)
    .when('tavira-alternate', position(past))
    .done((after) => expect(after.events).toHaveLength(1))
})

test('F2 a seat whose mandate ended still sees what its delegation sees', () => {
  const past = withMandate().later(11 * MINUTE)
  expect(past.view('tavira-head').tracks).toEqual(past.view('tavira-alternate').tracks)
})

test('F2 a session that its delegation has not confirmed binds nobody', () => {
  const story = Story.of()
  given(story).when(confined('tavira-head'), position(story)).refused({ code: 'not-confirmed' })
  given(story).when(confined('tavira-adviser'), position(story)).refused({ code: 'not-your-role' })
  const agree = { ...position(story), type: 'AgreeClause' } as const
  const { type, track, clause, hash } = agree
  given(story).when(confined('tavira-head'), { type, track, clause, hash }).refused({ code: 'not-confirmed' })
})

test('A2 a session that its delegation has not confirmed reads and comments; it writes nothing in the delegation’s name', () => {
  const story = Story.of()
  const clause = story.clause('channel')
  const [track, plenary] = [trackId('channel'), trackId('plenary')]
  const host = story.process.tracks.by[track]?.text?.clauses[clause]?.leaf
  if (!host) throw new Error('the channel has a text')
  const bracket = 'b'.repeat(22) as BracketId
  const open = { type: 'OpenBracket', kind: 'insert', track, bracket, clause, host, after: null } as const
  const lock = { type: 'LockClause', track, clause } as const
  const absent = { ...lock, track: trackId('never-was') }
  for (const command of [open, lock, absent])
    given(story).when(confined('tavira-adviser'), command).refused({ code: 'not-confirmed' })
  const levels = (seat: string, as = {}) => story.view(seat, as).tracks.map(({ id, level }) => [id, level])
  const unsure = { confined: true }
  expect(levels('tavira-head')).toContainEqual(['channel', 'edit'])
  expect(levels('tavira-head', unsure)).toEqual([
    ['plenary', 'comment'],
    ['channel', 'comment'],
  ])
  const said = { type: 'Comment', track: plenary, clause: story.clause(), words: 'Why?', audience: 'track' } as const
  expect(story.did(confined('tavira-adviser'), said).view('council-head').comments).toHaveLength(1)
  const lowered = story.did('union-mediator', setAccess('plenary', { tavira: 'read' }))
  expect(lowered.view('tavira-head', unsure).tracks[0]?.level).toBe('read')
  expect(levels('forum-moderator', unsure)).toEqual([['session', 'edit']])
})

test('P8 a session that its delegation has not confirmed consents to no bracket by joining, and lifts none', () => {
  const story = Story.of()
  const clause = story.clause()
  const host = story.process.tracks.by[trackId('plenary')]?.text?.clauses[clause]?.leaf
  if (!host) throw new Error('the plenary has a text')
  const track = trackId('plenary')
  const bracket = 'b'.repeat(22) as BracketId
  const open = { type: 'OpenBracket', kind: 'insert', track, bracket, clause, host, after: null } as const
  const opened = story.did('council-head', open)
  const join = { type: 'JoinBracket', track, bracket } as const
  for (const seat of ['tavira-head', 'tavira-adviser'])
    given(opened).when(confined(seat), join).refused({ code: 'not-confirmed' })
  const lift = { type: 'WithdrawBracket', track, bracket } as const
  given(opened).when(confined('council-adviser'), lift).refused({ code: 'not-confirmed' })
  const absent = { ...lift, track: trackId('caucus-tavira') }
  given(opened).when(confined('council-adviser'), absent).refused({ code: 'not-confirmed' })
  given(opened)
    .when('tavira-adviser', join)
    .done(() => undefined)
})

test('F2 a seat that is none of the process and the operator decide nothing', () => {
  const story = Story.of()
  given(story).when('constructor', { type: 'OpenTalks' }).refused({ code: 'no-such-thing' })
  given(story)
    .when({ seat: seatId('nobody'), confined: false }, { type: 'OpenTalks' })
    .refused({ code: 'no-such-thing' })
})

test('P7 a position on other words than the current ones is refused with the hash of those', () => {
  const story = Story.of()
  const command = position(story)
  const stale = { ...command, hash: story.process.charter.hash }
  given(story).when('tavira-head', stale).refused({ code: 'stale', current: command.hash })
})

test('P2 a position goes out of sight with its track', () => {
  const story = Story.of()
  const taken = story.did('tavira-head', position(story))
  const hidden = taken.did('union-mediator', setAccess('plenary', { tavira: 'hidden' }))
  expect(hidden.view('tavira-head').positions).toEqual([])
  expect(JSON.stringify(hidden.view('tavira-head'))).not.toContain(story.clause())
})

test('P7 a position is private to its delegation, changes, and is taken back by none', () => {
  const story = Story.of()
  const taken = story.did('tavira-head', { ...position(story), position: 'reserve' })
  expect(taken.view('tavira-adviser').positions).toMatchObject([{ id: story.clause(), position: 'reserve' }])
  for (const seat of ['council-head', 'union-mediator', 'forum-moderator'])
    expect(taken.view(seat).positions).toEqual([])
  const again = { ...position(story), position: 'reserve' } as const
  given(taken).when('tavira-alternate', again).refused({ code: 'nothing-to-change' })
  const back = taken.did('tavira-head', { ...position(story), position: 'none' })
  expect(back.view('tavira-head').positions).toEqual([])
  given(back)
    .when('tavira-head', { ...position(story), position: 'none' })
    .refused({ code: 'nothing-to-change' })
})

test('P7 a position until an instant that has passed is too late, at the instant it is in time', () => {
  const story = Story.of().later(5)
  const due = (story.at - 1) as Instant
  given(story)
    .when('tavira-head', { ...position(story), until: due })
    .refused({ code: 'too-late', due })
  given(story)
    .when('tavira-head', { ...position(story), until: story.at })
    .done((after) => {
      expect(after.view('tavira-head').positions).toMatchObject([{ until: story.at }])
    })
})
