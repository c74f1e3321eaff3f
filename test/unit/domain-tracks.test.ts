import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import type { BracketId, LeafId } from '#shared/ids.ts'
import { confined, given, partyId, Story, setAccess, trackId } from '../support/build.ts'

const M = 'union-mediator'
type Change = 'PauseTrack' | 'ResumeTrack' | 'CloseTrack'
const turn = (type: Change, track = 'plenary'): Command => ({ type, track: trackId(track) })
const rename = (title: string, track = 'plenary'): Command => ({ type: 'RenameTrack', track: trackId(track), title })
const comment = (story: Story, track = 'plenary'): Command => ({
  type: 'Comment',
  track: trackId(track),
  clause: story.clause(track),
  words: 'Seen.',
  audience: 'track',
})
const statusIn = (story: Story, seat: string) => story.view(seat).tracks.find(({ id }) => id === 'plenary')?.status

test('F5.9 while a track is paused its readers read on and are told, and no act is taken in it', () => {
  const story = Story.of()
  const paused = story.did(M, turn('PauseTrack'))
  for (const seat of ['tavira-head', 'council-adviser', M]) expect(statusIn(paused, seat)).toBe('paused')
  expect(paused.view('forum-moderator')).toEqual(story.view('forum-moderator'))
  for (const seat of ['tavira-head', M]) given(paused).when(seat, comment(paused)).refused({ code: 'track-not-open' })
  given(paused)
    .when('tavira-head', { type: 'AddArticle', track: trackId('plenary'), kind: 'article', title: 'x', after: null })
    .refused({ code: 'track-not-open' })
  given(paused).when(M, turn('PauseTrack')).refused({ code: 'nothing-to-change' })
  const resumed = paused.did(M, turn('ResumeTrack'))
  expect(statusIn(resumed, 'tavira-head')).toBe('open')
  resumed.did('tavira-head', comment(resumed))
  given(resumed).when(M, turn('ResumeTrack')).refused({ code: 'nothing-to-change' })
})

test('F5.9 a closed track stays closed and readable, and its readers can still lose it', () => {
  const closed = Story.of().did(M, turn('CloseTrack'))
  expect(statusIn(closed, 'council-head')).toBe('closed')
  for (const type of ['PauseTrack', 'ResumeTrack', 'CloseTrack'] as const)
    given(closed).when(M, turn(type)).refused({ code: 'track-not-open' })
  given(closed).when(M, rename('New')).refused({ code: 'track-not-open' })
  given(closed).when('tavira-head', comment(closed)).refused({ code: 'track-not-open' })
  const hidden = closed.did(M, setAccess('plenary', { council: 'hidden' }))
  expect(statusIn(hidden, 'council-head')).toBeUndefined()
})

test('F5.9 a track is renamed for all who read it, by mediators, and nobody reaches one that is hidden from them', () => {
  const renamed = Story.of().did(M, rename('  Basin text '))
  expect(renamed.view('tavira-head').tracks.map(({ title }) => title)).toContain('Basin text')
  given(renamed).when(M, rename('Basin text')).refused({ code: 'nothing-to-change' })
  for (const seat of ['tavira-head', 'forum-moderator', 'union-adviser']) {
    given(renamed).when(seat, rename('x')).refused({ code: 'not-your-role' })
    given(renamed).when(seat, turn('CloseTrack')).refused({ code: 'not-your-role' })
  }
  for (const track of ['caucus-tavira', 'nowhere'])
    given(renamed).when(M, turn('PauseTrack', track)).refused({ code: 'no-such-thing' })
  // The desk is over a track also when the mediators do not read it.
  const unread = renamed.did(M, setAccess('session', { union: 'hidden' }))
  unread.did(M, turn('PauseTrack', 'session'))
})

const notice = (track: string): Command => ({ type: 'PublishNotice', words: 'At three.', track: trackId(track) })
const told = (story: Story, seat: string) => story.view(seat).notices.map(({ words }) => words)

test('F5.7 a notice to all who read a track comes and goes with the sight of it', () => {
  const given1 = Story.of().did(M, notice('session'))
  expect([told(given1, 'forum-moderator'), told(given1, M)]).toEqual([['At three.'], ['At three.']])
  for (const seat of ['tavira-head', 'council-head']) expect(given1.view(seat)).toEqual(Story.of().view(seat))
  expect(given1.view('forum-moderator').notices[0]?.track).toBe('session')
  expect(given1.view(M).desk?.told).toMatchObject([{ to: null, track: 'session' }])
  const later = given1.did(M, setAccess('session', { tavira: 'read' }))
  expect(told(later, 'tavira-head')).toEqual([])
  const whole = given1.did(M, setAccess('session', { tavira: 'read' }, { annotations: true }))
  expect(told(whole, 'tavira-head')).toEqual(['At three.'])
  expect(told(whole.did(M, setAccess('session', { tavira: 'hidden' })), 'tavira-head')).toEqual([])
  // Mediation staff without the desk hear it where they read, and see no id of what they do not.
  const unread = given1.did(M, setAccess('session', { union: 'hidden' }))
  expect([told(unread, 'union-adviser'), told(unread, M)]).toEqual([[], ['At three.']])
  expect(unread.view(M).notices[0]).not.toHaveProperty('track')
  given(given1).when(M, notice('caucus-tavira')).refused({ code: 'no-such-thing' })
  given(given1).when('forum-moderator', notice('session')).refused({ code: 'not-your-role' })
  const both: Command = { type: 'PublishNotice', words: 'x', to: [partyId('forum')], track: trackId('session') }
  given(given1).when(M, both).refused({ code: 'malformed', where: 'track' })
})

const order = (...parties: string[]): Command => ({ type: 'OrderParties', parties: parties.map(partyId) })
const slots = (story: Story, seat: string) => story.view(seat).parties.map(({ id, slot }) => `${slot} ${id}`)

test('F5.10 mediators put the parties in another order until a delegation has proposed or agreed to something', () => {
  const story = Story.of()
  const ordered = story.did(M, order('council', 'tavira', 'forum', 'union'))
  expect(slots(ordered, M)).toEqual(['1 council', '2 tavira', '3 forum', '4 union'])
  expect(slots(ordered, 'tavira-head')).toEqual(['1 council', '2 tavira', '3 union'])
  expect(ordered.view(M).desk?.ordering).toBe(true)
  given(ordered)
    .when(M, order('council', 'tavira', 'forum', 'union'))
    .refused({ code: 'nothing-to-change' })
  given(ordered).when(M, order('council', 'tavira')).refused({ code: 'malformed', where: 'parties' })
  given(ordered)
    .when(M, order('council', 'council', 'forum', 'union'))
    .refused({ code: 'malformed', where: 'parties' })
  given(ordered)
    .when(M, order('council', 'nobody', 'forum', 'union'))
    .refused({ code: 'no-such-thing' })
  given(ordered).when('tavira-head', order('tavira')).refused({ code: 'not-your-role' })

  const host = (at: Story, track: string) => {
    const clause = at.clause(track)
    return { clause, host: at.process.tracks.by[trackId(track)]?.text?.clauses[clause]?.leaf as LeafId }
  }
  const open = (at: Story, track: string): Command => {
    const bracket = 'b'.repeat(22) as BracketId
    return { type: 'OpenBracket', track: trackId(track), bracket, kind: 'insert', after: null, ...host(at, track) }
  }
  // What goes on in a caucus, or where this mediator does not read, is not told by the answer.
  const inside = ordered.did('tavira-head', open(ordered, 'caucus-tavira'))
  inside.did(M, order('tavira', 'council', 'forum', 'union'))
  const blind = ordered.did(M, setAccess('channel', { union: 'hidden' }))
  blind.did('tavira-head', open(blind, 'channel')).did(M, order('tavira', 'council', 'forum', 'union'))

  const begun = ordered.did('tavira-head', open(ordered, 'plenary'))
  given(begun)
    .when(M, order('tavira', 'council', 'forum', 'union'))
    .refused({ code: 'round-begun' })
  expect(begun.view(M).desk?.ordering).toBe(false)
  given(begun).when(confined('tavira-head'), order('tavira')).refused({ code: 'not-your-role' })
})
