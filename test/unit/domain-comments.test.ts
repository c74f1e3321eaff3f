import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import { evolve } from '#shared/domain/evolve.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import type { CommentId, LeafId } from '#shared/ids.ts'
import { confined, given, Story, seatId, setAccess, trackId } from '../support/build.ts'

const M = 'union-mediator'
type Comment = Extract<Command, { type: 'Comment' }>
const comment = (story: Story, parts: Partial<Comment> = {}): Comment => {
  const track = parts.track ?? trackId('plenary')
  return { type: 'Comment', track, clause: story.clause(track), words: 'Why?', audience: 'track', ...parts }
}
const seenBy = (story: Story, isConfined = false) =>
  ['tavira-head', 'tavira-adviser', 'council-head', M, 'union-adviser', 'forum-moderator'].filter((seat) =>
    story.view(seat, { confined: isConfined }).comments.some(({ id }) => id === story.made[0]),
  )
/** The room after an answer to the last comment. */
const answered = (story: Story, by: string, parts: Partial<Comment>) => {
  const answers = story.made[0] as CommentId
  return story.did(by, comment(story, { answers, ...parts }))
}

test('F5.6 a comment reaches its audience and nobody else', () => {
  const story = Story.of()
  const by = (audience: Comment['audience']) => story.did('tavira-adviser', comment(story, { audience }))
  expect(seenBy(by('party'))).toEqual(['tavira-head', 'tavira-adviser'])
  expect(seenBy(by('party+mediators'))).toEqual(['tavira-head', 'tavira-adviser', M, 'union-adviser'])
  expect(seenBy(by('track'))).toEqual(['tavira-head', 'tavira-adviser', 'council-head', M, 'union-adviser'])
})

test('F5.6 who only reads a track receives no threads of others, and writes none', () => {
  const story = Story.of().did(M, setAccess('plenary', { forum: 'read' }))
  expect(seenBy(story.did('tavira-adviser', comment(story)))).not.toContain('forum-moderator')
  given(story)
    .when('forum-moderator', comment(story))
    .refused({ code: 'level-too-low', needed: 'comment', has: 'read' })
  const raised = story.did(M, setAccess('plenary', { forum: 'comment' }))
  expect(seenBy(raised.did('tavira-adviser', comment(story)))).toContain('forum-moderator')
})

test('F5.6 what a delegation says to itself is kept from a session it has not confirmed', () => {
  const story = Story.of()
  expect(seenBy(story.did('tavira-adviser', comment(story, { audience: 'party' })), true)).toEqual([])
  const told = story.did('tavira-adviser', comment(story, { audience: 'party+mediators' }))
  expect(seenBy(told, true)).toContain('tavira-head')
})

test('F5.6 a mediator answers a delegation in its own thread, where the others see neither', () => {
  const story = Story.of()
  const asked = story.did('tavira-adviser', comment(story, { audience: 'party+mediators' }))
  const reply = answered(asked, M, { audience: 'party+mediators' })
  expect(seenBy(reply)).toEqual(['tavira-head', 'tavira-adviser', M, 'union-adviser'])
})

test('F5.6 an answer has no wider audience than its thread, and stands one deep', () => {
  const story = Story.of().did('tavira-adviser', comment(Story.of(), { audience: 'party' }))
  const answers = story.made[0] as CommentId
  const wider = comment(story, { answers, audience: 'track' })
  given(story).when('tavira-head', wider).refused({ code: 'malformed', where: 'audience' })
  const first = answered(story, 'tavira-head', { audience: 'party' })
  const second = answered(first, 'tavira-adviser', { audience: 'party' })
  expect(second.view('tavira-head').comments.at(-1)?.answers).toBe(answers)
})

test('P3 a comment one does not see cannot be answered or resolved: as one that never was', () => {
  const story = Story.of().did('tavira-adviser', comment(Story.of(), { audience: 'party' }))
  for (const id of [story.made[0], 'never-was', 'constructor'] as CommentId[]) {
    given(story)
      .when('council-head', comment(story, { answers: id }))
      .refused({ code: 'no-such-thing' })
    given(story).when(M, { type: 'ResolveComment', comment: id }).refused({ code: 'no-such-thing' })
    given(story)
      .when(confined('tavira-head'), { type: 'ResolveComment', comment: id })
      .refused({ code: 'no-such-thing' })
  }
})

test('F5.6 a comment is resolved by its delegation or by who holds the pen, once', () => {
  const story = Story.of().did('tavira-adviser', comment(Story.of()))
  const resolve = { type: 'ResolveComment', comment: story.made[0] as CommentId } as const
  given(story).when('council-head', resolve).refused({ code: 'not-your-words' })
  const done = story.did(M, resolve)
  expect(done.view('council-head').comments[0]?.resolved).toEqual({ at: done.at })
  const resolved = story.did('tavira-head', resolve)
  given(resolved).when(M, resolve).refused({ code: 'nothing-to-change' })
})

test('P3 a clause, leaf or track one cannot see is as one that never was', () => {
  const story = Story.of()
  const elsewhere = story.clause('session')
  given(story)
    .when('tavira-head', comment(story, { clause: elsewhere }))
    .refused({ code: 'no-such-thing' })
  given(story)
    .when('tavira-head', comment(story, { track: trackId('session') }))
    .refused({ code: 'no-such-thing' })
  const leaf = Object.values(story.process.tracks.by[trackId('session')]?.text?.clauses ?? {})[0]?.leaf as LeafId
  for (const one of [leaf, 'never-was' as LeafId]) {
    const quote = { words: 'lake', leaf: one }
    given(story).when('tavira-head', comment(story, { quote })).refused({ code: 'no-such-thing' })
  }
  given(story)
    .when('tavira-head', comment(story, { quote: 'lake' }))
    .done((after) => expect(after.view(M).comments[0]?.quote).toEqual({ words: 'lake' }))
})

test('P4 a party let in sees no earlier comment, unless its grant says so', () => {
  const before = Story.of().did('tavira-adviser', comment(Story.of()))
  const letIn = (grant: Parameters<typeof setAccess>[2]) =>
    before.did(M, setAccess('plenary', { forum: 'comment' }, grant)).view('forum-moderator').comments.length
  expect([letIn({}), letIn({ history: 'clean' })]).toEqual([0, 0])
  expect([letIn({ annotations: true }), letIn({ history: 'full' })]).toEqual([1, 1])
})

test('P4 an answer to a comment from before names nothing that its reader does not see', () => {
  const story = Story.of()
  const asked = story.did('tavira-adviser', comment(story))
  const answers = asked.made[0] as CommentId
  const admitted = asked.did(M, setAccess('plenary', { forum: 'comment' }))
  const reply = admitted.did('council-head', comment(story, { answers }))
  expect(reply.view('tavira-head').comments).toMatchObject([{ answers: null }, { answers }])
  expect(reply.view('forum-moderator').comments).toMatchObject([{ id: reply.made[0], answers: null }])
  expect(JSON.stringify(reply.view('forum-moderator'))).not.toContain(answers)
})

test('P4.1 a new incarnation keeps the words that comments quote and forgets where they were typed', () => {
  const story = Story.of()
  const text = story.process.tracks.by[trackId('plenary')]?.text
  const leaf = text?.clauses[story.clause()]?.leaf
  if (!text || !leaf) throw new Error('the plenary has a text')
  const [from, to] = [
    { client: 2_345_678, clock: 17 },
    { client: 2_345_678, clock: 21 },
  ]
  const quoting = story.did('tavira-adviser', comment(story, { quote: { words: 'lake', leaf, from, to } }))
  expect(quoting.view(M).comments).toMatchObject([{ quote: { leaf, from, to } }])
  const event = {
    type: 'TextRebased',
    track: trackId('plenary'),
    document: text.document,
    strikes: [] as never[],
  } as const
  const renewed = {
    ...event,
    incarnation: 'i'.repeat(22) as never,
    client: 3_999_999,
    hash: story.process.charter.hash,
  }
  const after = evolve(quoting.process, { event: renewed, by: 'server', at: quoting.at })
  const view = viewFor({ seat: seatId(M), confined: false, session: null }, after, quoting.at)
  expect(view.comments).toMatchObject([{ id: quoting.made[0], quote: { words: 'lake', leaf } }])
  expect(JSON.stringify(view)).not.toContain('2345678')
})

test('P4 a party let in again sees no comment from before its new grant', () => {
  const before = Story.of().did('tavira-adviser', comment(Story.of()))
  expect(before.view('council-head').comments).toHaveLength(1)
  const away = before.did(M, setAccess('plenary', { council: 'hidden' }))
  expect(away.view('council-head').comments).toEqual([])
  const again = away.did(M, setAccess('plenary', { council: 'suggest' }))
  expect(again.view('council-head').comments).toEqual([])
  expect(again.view(M).comments).toHaveLength(1)
})

test('F5.7 a notice reaches those it is addressed to and the mediators', () => {
  const story = Story.of().did(M, { type: 'PublishNotice', words: 'A group meets.', to: ['forum', 'council'] as never })
  const reached = ['tavira-head', 'council-head', 'forum-moderator', M].filter(
    (seat) => story.view(seat).notices.length > 0,
  )
  expect(reached).toEqual(['council-head', 'forum-moderator', M])
  expect(story.did(M, { type: 'PublishNotice', words: 'All.' }).view('tavira-head').notices).toHaveLength(1)
  given(story).when('tavira-head', { type: 'PublishNotice', words: 'x' }).refused({ code: 'not-your-role' })
  given(story)
    .when(M, { type: 'PublishNotice', words: 'x', to: ['nobody'] as never })
    .refused({ code: 'no-such-thing' })
})
