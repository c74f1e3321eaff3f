import { expect, test } from 'vitest'
import { type PendingChanges, previewAs } from '#shared/domain/preview.ts'
import type { View } from '#shared/domain/view.ts'
import { partyId, Story, seatId, setAccess, trackId } from '../support/build.ts'

const M = { seat: seatId('union-mediator'), confined: false }
const preview = (story: Story, party: string, changes?: PendingChanges, by = M) =>
  previewAs(story.process, by, partyId(party), changes, story.at)
function shown(story: Story, party: string, changes?: PendingChanges) {
  const outcome = preview(story, party, changes)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal))
  return outcome.value
}
const bytes = (view: View) => JSON.stringify(view)

/** A room in which much has been said and taken. */
function busy(): Story {
  const start = Story.of()
  const clause = start.clause()
  const plenary = { track: 'plenary' as never, clause, words: 'Why?' }
  return start
    .did('tavira-head', { type: 'OpenTrack', title: 'Side', kind: 'backchannel', access: { 'council-head': 'edit' } })
    .did('tavira-head', { type: 'Comment', ...plenary, audience: 'party' })
    .did('tavira-head', { type: 'Comment', ...plenary, audience: 'party+mediators' })
    .did('council-head', { type: 'Comment', ...plenary, audience: 'track' })
    .did('union-mediator', { type: 'PublishNotice', words: 'Hello.' })
}

/** As the same person has it whose delegation has not confirmed it: what it may write is held back. */
function held(view: View): View {
  const isHeld = view.parties.find(({ id }) => id === view.me.party)?.kind === 'delegation'
  const writes = (level: string) => level === 'suggest' || level === 'edit'
  const tracks = view.tracks.map((track) => (isHeld && writes(track.level) ? { ...track, level: 'comment' } : track))
  return { ...view, me: { ...view.me, confined: true, binds: false }, tracks } as View
}

test("F5.8 a preview is what the party's head receives in a session not confirmed, with the party's own levels", () => {
  const story = busy()
  for (const [party, head] of [
    ['tavira', 'tavira-head'],
    ['council', 'council-head'],
    ['forum', 'forum-moderator'],
  ] as const) {
    expect(bytes(held(shown(story, party).view))).toBe(bytes(story.view(head, { confined: true })))
  }
})

test('P3 the positions a delegation has taken are in no preview, nor in a session it has not confirmed', () => {
  const story = Story.of()
  const clause = story.clause()
  const track = trackId('plenary')
  const hash = story.hashOf(track, clause)
  if (!hash) throw new Error('the clause has words')
  const taken = story.did('tavira-head', { type: 'TakePosition', track, clause, hash, position: 'ad-referendum' })
  expect(taken.view('tavira-head').positions).toHaveLength(1)
  expect(taken.view('tavira-head', { confined: true }).positions).toEqual([])
  expect(bytes(shown(taken, 'tavira').view)).toBe(bytes(shown(story, 'tavira').view))
})

test("F5.8 the head's own view differs from it by caucus, backchannel and its own delegation's talk only", () => {
  const story = busy()
  const own = story.view('tavira-head')
  const isPrivate = ({ kind }: View['tracks'][number]) => kind === 'caucus' || kind === 'backchannel'
  const hidden = new Set(own.tracks.filter(isPrivate).map(({ id }) => id))
  expect(hidden.size).toBe(2)
  const expected: View = {
    ...own,
    tracks: own.tracks.filter(({ id }) => !hidden.has(id)),
    comments: own.comments.filter(({ track, audience }) => !hidden.has(track) && audience !== 'party'),
  }
  expect(bytes(shown(story, 'tavira').view)).toBe(bytes(expected))
})

test('F5.8 a preview of pending changes is what the party receives once they are made', () => {
  const story = busy()
  const batch = [
    ...setAccess('plenary', { forum: 'read', tavira: 'hidden' }).changes,
    ...setAccess('session', { tavira: 'comment' }, { annotations: true }).changes,
  ]
  for (const [party, head] of [
    ['tavira', 'tavira-head'],
    ['council', 'council-head'],
    ['forum', 'forum-moderator'],
  ] as const) {
    const pending = shown(story, party, batch).view
    const decided = story.decide('union-mediator', { type: 'SetAccess', changes: batch })
    if (!decided.ok) throw new Error('the batch is fine')
    expect(bytes(held(pending))).toBe(bytes(decided.value.view(head, { confined: true })))
  }
})

test('F5.8 a preview names what the party will newly see, will lose, and what cannot be undone', () => {
  const batch = [
    ...setAccess('plenary', { tavira: 'hidden' }).changes,
    ...setAccess('session', { tavira: 'read' }).changes,
  ]
  const { newlySees, loses, cannotBeUndone } = shown(Story.of(), 'tavira', batch)
  expect({ newlySees, loses, cannotBeUndone }).toEqual({
    newlySees: ['session'],
    loses: ['plenary'],
    cannotBeUndone: ['plenary', 'session'],
  })
  const { newlySees: none, loses: nothing } = shown(Story.of(), 'council', batch)
  expect([none, nothing]).toEqual([[], []])
})

test('F5.8 changes nothing, and is for mediators alone', () => {
  const story = Story.of()
  const before = bytes(story.view('union-mediator'))
  shown(story, 'forum', setAccess('plenary', { forum: 'edit' }).changes)
  expect(bytes(story.view('union-mediator'))).toBe(before)
  for (const seat of ['tavira-head', 'union-adviser', 'nobody']) {
    const outcome = preview(story, 'council', undefined, { seat: seatId(seat), confined: false })
    expect(outcome).toEqual({ ok: false, refusal: { code: 'not-your-role' } })
  }
})

test('F5.8 a batch that would be refused is refused alike; one that changes nothing shows what is', () => {
  const story = Story.of()
  const caucus = setAccess('caucus-tavira', { forum: 'read' }).changes
  expect(preview(story, 'forum', caucus)).toEqual({ ok: false, refusal: { code: 'no-such-thing' } })
  expect(preview(story, 'nobody')).toEqual({ ok: false, refusal: { code: 'no-such-thing' } })
  const same = setAccess('plenary', { tavira: 'suggest' }).changes
  expect(bytes(shown(story, 'tavira', same).view)).toBe(bytes(shown(story, 'tavira').view))
})
