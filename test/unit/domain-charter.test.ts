import { expect, test } from 'vitest'
import { audienceOf } from '#server/processes/facts.ts'
import type { Event } from '#shared/domain/events.ts'
import type { Hash } from '#shared/ids.ts'
import { hashJson } from '#shared/text/hash.ts'
import { fileWith, given, partyId, Story, seatId, setAccess, trackId } from '../support/build.ts'

const CHARTER = { text: 'We talk.', decisionRule: 'consensus', acceptance: 'required' }
const closed = () => Story.of(fileWith({ charter: CHARTER }))
const hash = hashJson({ text: 'We talk.', decisionRule: 'consensus' })
const accept = { type: 'AcceptCharter', hash } as const

test('F1 talks whose charter is accepted outside the room are open from the first instant', () => {
  const story = Story.of()
  expect(story.process.openedAt).toBe(story.at)
  expect(story.view('tavira-head').charter).toMatchObject({ acceptance: 'waived', accepted: true })
})

test('F1 until the talks open a seat sees the charter and its own caucus, and nobody whose acceptance is missing', () => {
  const view = closed().view('tavira-head')
  expect(view.process.openedAt).toBeNull()
  expect(view.charter).toEqual({
    text: 'We talk.',
    hash,
    decisionRule: 'consensus',
    acceptance: 'required',
    accepted: false,
  })
  expect(view.tracks.map(({ id }) => id)).toEqual(['caucus-tavira'])
  expect(view.parties.map(({ id }) => id)).toEqual(['tavira'])
  expect(view.notices).toEqual([])
})

test('F1 mediators see their tracks and whose acceptance is missing before the talks open', () => {
  const view = closed().did('council-head', accept).view('union-mediator')
  expect(view.tracks.map(({ id }) => id)).toEqual(['plenary', 'channel', 'session'])
  expect(view.charter.missing).toEqual(['tavira'])
})

test('F1 only a head or alternate accepts, and only the charter as it stands', () => {
  given(closed()).when('tavira-adviser', accept).refused({ code: 'not-your-role' })
  given(closed()).when('union-mediator', accept).refused({ code: 'not-your-role' })
  given(closed()).when('forum-moderator', accept).refused({ code: 'not-your-role' })
  const other = hashJson({ text: 'Another', decisionRule: 'consensus' })
  given(closed()).when('tavira-head', { type: 'AcceptCharter', hash: other }).refused({ code: 'charter-changed' })
  given(closed())
    .when('tavira-alternate', accept)
    .done((after) => {
      expect(after.view('tavira-head').charter.accepted).toBe(true)
      given(after).when('tavira-head', accept).refused({ code: 'nothing-to-change' })
    })
})

test('F1 opening is refused with the parties whose acceptance is missing, told to mediators only', () => {
  const story = closed().did('council-head', accept)
  given(story)
    .when('union-mediator', { type: 'OpenTalks' })
    .refused({ code: 'consent-missing', parties: [partyId('tavira')] })
  given(story).when('tavira-head', { type: 'OpenTalks' }).refused({ code: 'not-your-role' })
})

test('F1 the last acceptance opens the talks for everyone', () => {
  const open = closed().did('council-head', accept).did('tavira-head', accept)
  expect(open.events.map(({ type }) => type)).toEqual(['CharterAccepted', 'TalksOpened'])
  expect(open.view('tavira-head').tracks.map(({ id }) => id)).toEqual(['plenary', 'channel', 'caucus-tavira'])
  expect(open.view('tavira-head').process.openedAt).toBe(open.at)
  given(open).when('union-mediator', { type: 'OpenTalks' }).refused({ code: 'nothing-to-change' })
})

test('F1 P3 before the talks open a track is as absent to a delegation, and not open to the mediators', () => {
  const story = closed()
  const comment = (track: string) =>
    ({ type: 'Comment', track: trackId(track), clause: story.clause(track), words: 'Now?', audience: 'track' }) as const
  given(story).when('tavira-head', comment('plenary')).refused({ code: 'no-such-thing' })
  given(story).when('tavira-head', comment('never-was')).refused({ code: 'no-such-thing' })
  given(story).when('union-mediator', comment('plenary')).refused({ code: 'talks-not-open' })
  const clause = story.clause('caucus-tavira')
  const own = { type: 'Comment', track: trackId('caucus-tavira'), clause, words: 'Now.', audience: 'track' } as const
  given(story)
    .when('tavira-adviser', own)
    .done((after) => expect(after.made).toHaveLength(1))
  given(story).when('union-mediator', { type: 'PublishNotice', words: 'Soon.' }).refused({ code: 'talks-not-open' })
})

test('F1 the mediators prepare who sees what before the talks open, and it shows when they open', () => {
  const prepared = closed().did('union-mediator', setAccess('session', { tavira: 'read' }))
  expect(prepared.view('tavira-head').tracks.map(({ id }) => id)).toEqual(['caucus-tavira'])
  const open = prepared.did('council-head', accept).did('tavira-head', accept)
  expect(open.view('tavira-head').tracks.map(({ id }) => id)).toContain('session')
})

test('F1 the charter has one hash for all, of its text and its decision rule alone', () => {
  const waived = Story.of()
  expect(waived.process.charter.hash).toBe<Hash>(hash)
  expect(closed().view('council-head').charter.hash).toBe(closed().view('union-mediator').charter.hash)
})

test('F1 P3 that a party accepted is recorded for that party: others learn only that the talks opened', () => {
  const { process } = Story.of()
  const party = partyId('tavira')
  const { hash } = process.charter
  const audience = (event: Event) => audienceOf(event, process, seatId('tavira-head'))
  expect(audience({ type: 'CharterAccepted', party, hash })).toEqual({ who: 'party', party })
  expect(audience({ type: 'TalksOpened' })).toEqual({ who: 'everyone' })
  expect(audience({ type: 'SeatSuspended', seat: seatId('tavira-adviser'), party })).toEqual({ who: 'party', party })
})
