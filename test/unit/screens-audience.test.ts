import { expect, test } from 'vitest'
import { audienceOf, excludedSentence, sentenceOf, shortAudience } from '#client/state/audience.ts'
import { answerLabel, choicesFor, shownThread, threadsOf } from '#client/state/comments.ts'
import { ViewState } from '#client/state/view.svelte.ts'
import type { TrackView, View } from '#shared/domain/view.ts'
import type { ClauseId, CommentId, PartyId, SeatId } from '#shared/ids.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { createSpeech } from '#shared/words/say.ts'
import { commentBy, NOW, trackFor, viewOf } from '../support/seen.ts'

const speech = createSpeech('en', en, refusalsInEnglish, 'UTC')
const read = (track: TrackView, view: View) => {
  const audience = audienceOf(track, view)
  return {
    scale: audience.scale,
    sentence: sentenceOf(audience, view, speech),
    others: excludedSentence(audience, speech),
  }
}
const stateOf = (view: View) => new ViewState({ view, onView: () => () => {} })

test('S2 a plenary that every party at the table reads is said to be the table’s', () => {
  const track = trackFor('tavira', 'plenary', { tavira: 'suggest', council: 'suggest', union: 'edit' })
  expect(read(track, viewOf('tavira'))).toEqual({
    scale: 'table',
    sentence: 'Everyone at the table sees this text',
    others: 'Maren Civic Forum does not',
  })
})

test('S2 the sentence is true of who reads, not of the kind of track', () => {
  const closed = trackFor('tavira', 'plenary', { tavira: 'suggest', union: 'edit' })
  expect(read(closed, viewOf('tavira'))).toMatchObject({
    scale: 'channel',
    sentence: 'Only you and the mediators see this text',
    others: 'Northern Maren Council and Maren Civic Forum do not',
  })
  const open = trackFor('tavira', 'proximity', { tavira: 'suggest', union: 'edit', council: 'read', forum: 'read' })
  expect(read(open, viewOf('tavira'))).toMatchObject({
    sentence: '4 parties see this text',
    others: 'Nobody else does',
  })
})

test('S2 who reads the plenary without a seat at the table is named beside it', () => {
  const track = trackFor('tavira', 'plenary', { tavira: 'suggest', council: 'suggest', union: 'edit', forum: 'read' })
  expect(read(track, viewOf('tavira')).sentence).toBe(
    'Everyone at the table sees this text, and so do: Maren Civic Forum',
  )
})

test('S2 a plenary without one delegation is not the table', () => {
  const track = trackFor('council', 'plenary', { council: 'suggest', union: 'edit', forum: 'read' })
  expect(read(track, viewOf('council')).sentence).toBe('3 parties see this text')
  expect(shortAudience(audienceOf(track, viewOf('council')), viewOf('council'), speech)).toBe(
    'Regional Union and Maren Civic Forum',
  )
})

test('S2 a caucus is one’s own, for the mediators too', () => {
  expect(read(trackFor('tavira', 'caucus', { tavira: 'edit' }), viewOf('tavira'))).toMatchObject({
    scale: 'own',
    sentence: 'Only your delegation sees this text',
  })
  expect(read(trackFor('union', 'caucus', { union: 'edit' }), viewOf('union')).sentence).toBe(
    'Only the mediation team sees this text',
  )
})

test('S2 a channel names the party to the mediators, and a backchannel to its other end', () => {
  const channel = trackFor('union', 'proximity', { tavira: 'suggest', union: 'edit' })
  expect(read(channel, viewOf('union')).sentence).toBe('Only Republic of Tavira and the mediators see this text')
  const back = trackFor('tavira', 'backchannel', { tavira: 'edit', council: 'edit' })
  expect(read(back, viewOf('tavira'))).toMatchObject({
    scale: 'channel',
    sentence: 'Only you and Northern Maren Council see this text',
  })
})

test('S2 a person who reads alone of their party is named, and counted as that party', () => {
  const track = trackFor('tavira', 'group', { tavira: 'suggest', union: 'edit' })
  const view = viewOf('tavira', { tracks: [track] })
  view.people.push({ id: 'forum-1' as SeatId, party: 'forum' as PartyId, role: 'expert', name: 'Nils Orre' })
  track.audience.push({ id: 'seat:forum-1', party: 'forum' as PartyId, seat: 'forum-1' as SeatId, level: 'comment' })
  const audience = audienceOf(track, view)
  expect(audience.scale).toBe('group')
  expect(audience.readers.at(-1)).toMatchObject({ person: 'Nils Orre', mine: false })
  expect(audience.excluded.map(({ id }) => id)).toEqual(['council'])
})

test('S4 a comment is offered from the fewest people to the most, and each button names who will read it', () => {
  const track = trackFor('tavira', 'plenary', { tavira: 'suggest', council: 'suggest', union: 'edit' })
  const choices = choicesFor(track, stateOf(viewOf('tavira', { tracks: [track] })), speech)
  expect(choices.map(({ id, scale, send }) => [id, scale, send])).toEqual([
    ['party', 'own', 'Comment to our delegation'],
    ['party+mediators', 'channel', 'Comment to the mediators'],
    ['track', 'table', 'Comment to the table'],
  ])
  expect(choices[2]?.sees).toContain('Republic of Tavira, Northern Maren Council and Regional Union')
})

test('S4 no wider audience is offered than the track has, and none to who may only read', () => {
  const offered = (kind: 'caucus' | 'proximity' | 'plenary', access: Parameters<typeof trackFor>[2]) => {
    const track = trackFor('tavira', kind, access)
    return choicesFor(track, stateOf(viewOf('tavira', { tracks: [track] })), speech).map(({ id }) => id)
  }
  expect(offered('caucus', { tavira: 'edit' })).toEqual(['party'])
  expect(offered('proximity', { tavira: 'suggest', union: 'edit' })).toEqual(['party', 'party+mediators'])
  expect(offered('plenary', { tavira: 'read', council: 'suggest' })).toEqual([])
})

test('S4 every comment of a thread carries its own audience, and the answer names who reads it', () => {
  const track = trackFor('tavira', 'plenary', { tavira: 'suggest', council: 'suggest', union: 'edit' })
  const root = commentBy('council')
  const aside = commentBy('tavira', { id: 'aside' as CommentId, audience: 'party', answers: root.id })
  const view = stateOf(viewOf('tavira', { tracks: [track], comments: [root, aside] }))
  const [thread] = threadsOf(view.current, track, [{ id: 'first' as ClauseId }])
  if (!thread) throw new Error('no thread')
  const shown = shownThread(thread, track, view, () => '5.2', speech, NOW)
  expect(shown.comments.map(({ audience }) => audience.words)).toEqual(['The table', 'Our delegation'])
  expect(answerLabel(root, track, view, speech)).toBe('Answer the table')
})

test('S4 open threads stand in the order of the text, resolved ones after them', () => {
  const track = trackFor('tavira', 'plenary', { tavira: 'suggest', council: 'suggest' })
  const at = (id: string, clause: string, more = {}) =>
    commentBy('council', { id: id as CommentId, clause: clause as ClauseId, ...more })
  const done = { by: 'council-head' as SeatId, at: commentBy('council').at }
  const comments = [
    at('gone', 'gone'),
    at('done', 'first', { resolved: done }),
    at('two', 'second'),
    at('one', 'first'),
  ]
  const clauses = ['first', 'second'].map((id) => ({ id: id as ClauseId }))
  const threads = threadsOf(viewOf('tavira', { tracks: [track], comments }), track, clauses)
  expect(threads.map(({ root }) => root.id)).toEqual(['one', 'two', 'gone', 'done'])
})
