import { describe, expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import { type BracketId, type Hash, leafOf, parseAskId, type SessionId } from '#shared/ids.ts'
import { hashBytes } from '#shared/text/hash.ts'
import {
  ADVISER,
  BRIDGE,
  CAUCUS,
  COUNCIL,
  FORUM,
  FORUM_PARTY,
  MEDIATOR,
  PLENARY,
  Stage,
  TAVIRA,
  TAVIRA_PARTY,
} from '../support/simulation.ts'

const by = (seat: typeof MEDIATOR) => ({ seat, confined: false, session: null })

describe('a process on its log', () => {
  test('P1.8 another node, from snapshot and log or from the log alone, holds the same state and the same words', async () => {
    const stage = await Stage.open({ seed: 5 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const { id: clause, leaf: host } = stage.clause(PLENARY, 0)
    council.type(PLENARY, host, 0, 'Before: ')
    const bracket = 'k'.repeat(22) as BracketId
    void tavira.act({ type: 'OpenBracket', track: PLENARY, clause, host, bracket, kind: 'insert', after: null })
    tavira.type(PLENARY, leafOf(bracket), 0, 'perhaps ')
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
    await stage.restart()
    const again = await stage.seat(COUNCIL)
    await again.open(PLENARY)
    again.type(PLENARY, host, 0, 'After: ')
    await stage.rest()
    const state = stage.running.state
    const bytes = stage.running.live(PLENARY)?.encode()
    await stage.restart()
    expect(stage.running.state).toEqual(state)
    expect(stage.running.live(PLENARY)?.encode()).toEqual(bytes)
    await stage.log.saveSnapshot(stage.process, 'process', {
      seq: Number.MAX_SAFE_INTEGER,
      bytes: new Uint8Array([99]),
    })
    await stage.restart()
    expect(stage.running.state).toEqual(state)
    expect(stage.running.live(PLENARY)?.encode()).toEqual(bytes)
  })

  test('P7.1 a consent is to the words at its place in the log: words on their way make it stale', async () => {
    const stage = await Stage.open({ seed: 5, appendMs: 10 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const { id: clause, leaf } = stage.clause(PLENARY, 0)
    const text = stage.running.state.tracks.by[PLENARY]?.text
    const hash = text && stage.running.live(PLENARY)?.hashOf(text, text.language, clause)
    if (!hash) throw new Error('a clause has a hash')
    council.type(PLENARY, leaf, 0, 'Not ')
    await stage.time.advance(3)
    const answer = tavira.act({ type: 'AgreeClause', track: PLENARY, clause, hash })
    await stage.rest()
    expect(await answer).toMatchObject({ ok: false, refusal: { code: 'stale' } })
  })

  test('P7.1 a position is to the words at its place in the log too', async () => {
    const stage = await Stage.open({ seed: 5, appendMs: 10 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const { id: clause, leaf } = stage.clause(PLENARY, 0)
    const text = stage.running.state.tracks.by[PLENARY]?.text
    const hash = text && stage.running.live(PLENARY)?.hashOf(text, text.language, clause)
    if (!hash) throw new Error('a clause has a hash')
    council.type(PLENARY, leaf, 0, 'Not ')
    await stage.time.advance(3)
    const answer = tavira.act({ type: 'TakePosition', track: PLENARY, clause, hash, position: 'accept' })
    await stage.rest()
    expect(await answer).toMatchObject({ ok: false, refusal: { code: 'stale' } })
  })

  test('P11.3 commands and words of many at once all stand', async () => {
    const stage = await Stage.open({ seed: 6, appendMs: 7 })
    const people = [...(await stage.seats(PLENARY, COUNCIL, MEDIATOR)), ...(await stage.seats(PLENARY, COUNCIL))]
    const { id: clause, leaf } = stage.clause(PLENARY, 1)
    const answers = people.flatMap((person, nth) =>
      Array.from({ length: 8 }, (_, i) => {
        person.type(PLENARY, leaf, 0, `${nth}${i} `)
        return person.act({ type: 'Comment', track: PLENARY, clause, words: `${nth}${i}`, audience: 'track' })
      }),
    )
    await stage.rest(2000)
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: true })
    expect(stage.running.state.comments.order.length).toBe(24)
    const words = stage.words(PLENARY, leaf)
    for (const [nth, person] of people.entries()) {
      expect(person.refusedWords).toEqual([])
      expect(person.text(PLENARY).words(leaf)).toBe(words)
      for (let i = 0; i < 8; i++) expect(words.split(`${nth}${i} `).length).toBe(2)
    }
  })

  test('P9.1 nothing can be named that the sender does not see', async () => {
    const stage = await Stage.open({ seed: 7 })
    const forum = await stage.seat(FORUM)
    const absent = 'never-was' as typeof PLENARY
    const { id: clause } = stage.clause(PLENARY, 0)
    const commands = (track: typeof PLENARY): Command[] => [
      { type: 'Comment', track, clause, words: 'x', audience: 'track' },
      { type: 'LockClause', track, clause },
      { type: 'AgreeClause', track, clause, hash: 'a'.repeat(64) as never },
    ]
    for (const track of [
      PLENARY,
      BRIDGE,
      CAUCUS,
      absent,
      'constructor' as typeof PLENARY,
      '__proto__' as typeof PLENARY,
    ]) {
      expect(await forum.open(track)).toEqual({ ok: false, refusal: { code: 'no-such-thing' } })
      for (const command of commands(track))
        expect(await forum.act(command)).toEqual({ ok: false, refusal: { code: 'no-such-thing' } })
    }
    expect(stage.bugs).toEqual([])
  })
})

describe('a log that can not be followed', () => {
  test('P2.10 nobody is served from a state that may be behind, and nothing is taken in', async () => {
    const stage = await Stage.open({ seed: 12 })
    const [council] = await stage.seats(PLENARY, COUNCIL)
    const [first] = await stage.log.read(stage.process, 0, 1)
    if (!first) throw new Error('a process begins with an entry')
    await stage.log.append(stage.process, [{ ...first, body: new Uint8Array([1, 2, 3]) }], {})
    await stage.rest()
    expect(stage.bugs.length).toBe(1)
    expect(council.end).toEqual({ code: 'not-saved', reason: 'unavailable' })
    await expect(stage.seat(COUNCIL)).rejects.toThrow('not-saved')
    const asked = stage.running.act(by(MEDIATOR), null, { type: 'PublishNotice', words: 'x' })
    expect(await asked).toEqual({ ok: false, refusal: { code: 'not-saved', reason: 'unavailable' } })
  })
})

describe('a text that nobody reads', () => {
  test('P11.4 it rests, and wakes as it was', async () => {
    const stage = await Stage.open({ seed: 13 })
    const [council] = await stage.seats(PLENARY, COUNCIL)
    const leaf = stage.leaf(PLENARY, 0)
    council.type(PLENARY, leaf, 0, 'Then: ')
    await stage.rest()
    const live = stage.running.live(PLENARY)
    council.drop()
    await stage.time.advance(31_000)
    const woken = stage.running.live(PLENARY)
    expect(woken).not.toBe(live)
    expect(woken?.encode()).toEqual(live?.encode())
    const [again] = await stage.seats(PLENARY, COUNCIL)
    again.type(PLENARY, leaf, 0, 'Now: ')
    await stage.rest()
    expect(stage.words(PLENARY, leaf)).toBe('Now: Then: The parties share the water.')
  })
})

describe('bodies of a caucus', () => {
  test('L6 no word of a caucus stands in log or snapshot in the clear, and without its key the process still runs', async () => {
    const stage = await Stage.open({ seed: 8 })
    const [tavira] = await stage.seats(CAUCUS, TAVIRA)
    const { id: clause, leaf } = stage.clause(CAUCUS, 0)
    tavira.type(CAUCUS, leaf, 0, 'our last price ')
    await tavira.act({ type: 'Comment', track: CAUCUS, clause, words: 'not a word', audience: 'track' })
    await stage.rest()
    const state = stage.running.state
    await stage.restart()
    expect(stage.running.state).toEqual(state)
    expect(stage.words(CAUCUS, leaf)).toBe('our last price We keep the bridge.')
    const entries = await stage.log.read(stage.process, 0, 1000)
    const snapshot = await stage.log.loadSnapshot(stage.process, 'process')
    const bodies = [...entries.map(({ body }) => body), snapshot?.bytes ?? new Uint8Array()]
    const stored = Buffer.concat(bodies).toString('utf8')
    expect(snapshot?.seq).toBe(entries.length)
    expect(stored).toContain('The parties share the water.')
    for (const secret of ['last price', 'We keep the bridge.', 'not a word']) expect(stored).not.toContain(secret)
    await stage.log.eraseKey(stage.process, `track:${CAUCUS}`)
    await stage.restart()
    expect(stage.running.live(CAUCUS)).toBeNull()
    expect(stage.running.live(PLENARY)).not.toBeNull()
    const fromSnapshot = stage.running.state
    await stage.log.saveSnapshot(stage.process, 'process', {
      seq: Number.MAX_SAFE_INTEGER,
      bytes: new Uint8Array([99]),
    })
    await stage.restart()
    expect(stage.running.live(CAUCUS)).toBeNull()
    expect(stage.running.state.tracks).toEqual(fromSnapshot.tracks)
    expect(stage.running.state.comments).toEqual(fromSnapshot.comments)
  })
})

/** The council's head, in by a session that can end. */
async function signedIn(stage: Stage): Promise<{ session: SessionId; invitation: Hash }> {
  const session = 's'.repeat(22) as SessionId
  const invitation = hashBytes(new Uint8Array([1]))
  const token = hashBytes(new Uint8Array([2]))
  const until = stage.running.now()
  for (const event of [
    { type: 'InvitationIssued', invitation, seat: COUNCIL, until, confined: false },
    { type: 'InvitationRedeemed', invitation, session, token, figures: null },
  ] as const) {
    const recorded = stage.running.recordAccess('operator', { who: 'server' }, [event])
    await stage.rest()
    expect(await recorded).toMatchObject({ ok: true })
  }
  return { session, invitation }
}

describe('a session that ended', () => {
  test('A3 what it asked behind its own end is not taken: no comment, no link for another device, no words', async () => {
    const stage = await Stage.open({ seed: 9, appendMs: 10 })
    const { running } = stage
    const { session, invitation } = await signedIn(stage)
    const viewer = { seat: COUNCIL, confined: false, session }
    const council = await stage.seat(COUNCIL, { session })
    await council.open(PLENARY)
    const { id: clause, leaf } = stage.clause(PLENARY, 0)
    const client = council.text(PLENARY).opened.lane.client
    const ending = running.act(by(MEDIATOR), null, { type: 'EndSession', session })
    const asked = [
      running.act(viewer, null, { type: 'Comment', track: PLENARY, clause, words: 'Late.', audience: 'track' }),
      running.act(viewer, null, { type: 'AddDevice' }),
    ]
    await stage.rest()
    expect(await ending).toMatchObject({ ok: true })
    const ended = { ok: false, refusal: { code: 'session-ended' } }
    expect(await Promise.all(asked)).toEqual([ended, ended])
    expect(council.end).toEqual({ code: 'session-ended' })
    const update = new Uint8Array()
    expect(await running.words(viewer, { track: PLENARY, client, number: 0, update })).toEqual(ended)
    expect(stage.words(PLENARY, leaf)).toBe('The parties share the water.')
    expect(Object.keys(running.state.access.invitations)).toEqual([invitation])
  })

  test('A3 P1 words that were let in while its end was on its way do not land behind it', async () => {
    const stage = await Stage.open({ seed: 9, appendMs: 10 })
    const { running } = stage
    const { session } = await signedIn(stage)
    const council = await stage.seat(COUNCIL, { session })
    await council.open(PLENARY)
    const own = stage.leaf(PLENARY, 0)
    council.type(PLENARY, own, 0, 'In time. ')
    await stage.rest()
    expect(stage.words(PLENARY, own)).toBe('In time. The parties share the water.')
    const ending = running.act(by(MEDIATOR), null, { type: 'EndSession', session })
    council.type(PLENARY, own, 0, 'Late. ')
    await stage.rest()
    expect(await ending).toMatchObject({ ok: true })
    expect(stage.words(PLENARY, own)).toBe('In time. The parties share the water.')
    expect(council.end).toEqual({ code: 'session-ended' })
    await stage.restart()
    expect(stage.running.state.access.sessions.by[session]?.ended).not.toBeNull()
    expect(stage.words(PLENARY, own)).toBe('In time. The parties share the water.')
  })
})

describe('words in a bracket that a head proposed', () => {
  test('F2.1 an adviser who writes in it leaves the consent to its head, on the words as they then stand', async () => {
    const stage = await Stage.open({ seed: 11 })
    const [head, adviser] = await stage.seats(PLENARY, TAVIRA, ADVISER)
    const { id: clause, leaf: host } = stage.clause(PLENARY, 0)
    const bracket = 'k'.repeat(22) as BracketId
    void head.act({ type: 'OpenBracket', track: PLENARY, clause, host, bracket, kind: 'insert', after: null })
    const own = leafOf(bracket)
    head.type(PLENARY, own, 0, 'ten ')
    await stage.rest()
    const proposer = () => stage.running.state.tracks.by[PLENARY]?.text?.brackets[bracket]?.proposer
    const events = () => stage.log.heads(stage.process).then((heads) => heads.events)
    expect(proposer()).toBe(TAVIRA_PARTY)
    head.type(PLENARY, own, 0, 'some ')
    await stage.rest()
    expect(proposer()).toBe(TAVIRA_PARTY)
    adviser.type(PLENARY, own, 0, 'thousand ')
    await stage.rest()
    expect(proposer()).toBeUndefined()
    expect(stage.words(PLENARY, own)).toBe('thousand some ten ')
    expect(JSON.stringify(head.text(PLENARY).structure)).not.toContain('proposer')
    const before = await events()
    adviser.type(PLENARY, own, 0, 'two ')
    await stage.rest()
    expect(await events()).toBe(before)
    await stage.restart()
    expect(proposer()).toBeUndefined()
    expect(stage.words(PLENARY, own)).toBe('two thousand some ten ')
  })
})

describe('looking as another', () => {
  test('P3.3 a preview is what the party itself receives, and its text what the party reads', async () => {
    const stage = await Stage.open({ seed: 9 })
    const mediator = await stage.seat(MEDIATOR)
    const changes = [{ track: PLENARY, party: FORUM_PARTY, level: 'read' as const }]
    const preview = await mediator.look({ type: 'PreviewAs', party: FORUM_PARTY, changes })
    const text = await mediator.look({ type: 'PreviewText', party: FORUM_PARTY, track: PLENARY, changes })
    expect(await mediator.look({ type: 'PreviewText', party: FORUM_PARTY, track: PLENARY })).toMatchObject({
      ok: false,
    })
    await stage.mediate({ type: 'SetAccess', changes })
    const forum = await stage.seat(FORUM)
    await forum.open(PLENARY)
    expect(preview.ok && preview.value).toMatchObject({ view: forum.view, newlySees: [PLENARY], loses: [] })
    expect(text.ok && text.value.type === 'PreviewText' && text.value.structure).toEqual(forum.text(PLENARY).structure)
    expect(await forum.look({ type: 'PreviewAs', party: TAVIRA_PARTY })).toEqual({
      ok: false,
      refusal: { code: 'not-your-role' },
    })
  })
})

describe('answers with a secret', () => {
  test('P1.6 A4 a repeated ask for an invitation gets the same code, which nothing in the log leads to', async () => {
    const stage = await Stage.open({ seed: 10 })
    const ask = parseAskId('i'.repeat(22))
    const command: Command = { type: 'IssueInvitation', seat: ADVISER }
    const first = await stage.running.act(by(TAVIRA), ask, command)
    const second = await stage.running.act(by(TAVIRA), ask, command)
    expect(first).toMatchObject({ ok: true })
    expect(second).toEqual(first)
    const entries = await stage.log.read(stage.process, 0, 1000)
    const issued = entries.filter(({ body }) => Buffer.from(body).includes('InvitationIssued'))
    expect(issued.length).toBe(1)
    // Whoever has the log and its keys makes no code from them: the ask itself is not there.
    expect(issued[0]?.ask).toMatch(/^[\w-]{22}$/)
    expect(issued[0]?.ask).not.toBe(ask)
    const code = first.ok ? (first.value.made[0] ?? '') : ''
    expect(Buffer.concat(entries.map(({ body }) => body)).toString('utf8')).not.toContain(code)
  })
})
