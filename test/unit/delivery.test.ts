import { describe, expect, test } from 'vitest'
import { type BracketId, leafOf, parseAskId } from '#shared/ids.ts'
import type { Person } from '../support/scripted-person.ts'
import {
  COUNCIL,
  COUNCIL_PARTY,
  FORUM,
  FORUM_PARTY,
  MEDIATOR,
  PLENARY,
  Stage,
  TAVIRA,
  TAVIRA_PARTY,
} from '../support/simulation.ts'

/** The seats that a person was last told to be in the plenary. */
const hereIn = (person: Person) =>
  person.received
    .flatMap(({ frame }) => (frame.frame === 'presence' ? [frame.here] : []))
    .at(-1)
    ?.map(({ seat }) => seat)

const kindsOf = (person: Person) =>
  person.received.map(({ frame }) => frame.frame).filter((kind) => kind === 'text' || kind === 'acked')

describe('words', () => {
  test('P1 words reach a screen and their acknowledgement only after they are durable', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 50 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const leaf = stage.leaf(PLENARY, 0)
    const before = tavira.received.length
    council.type(PLENARY, leaf, 0, 'All ')
    await stage.time.advance(49)
    expect(tavira.received.length).toBe(before)
    expect(council.text(PLENARY).flight).not.toBeNull()
    await stage.time.advance(1)
    expect(tavira.text(PLENARY).words(leaf)).toBe('All The parties share the water.')
    expect(council.text(PLENARY).flight).toBeNull()
    expect(council.refusedWords).toEqual([])
  })

  test('P1.5 words of nobody else are acknowledged to whoever sent them and not sent back', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const leaf = stage.leaf(PLENARY, 0)
    council.type(PLENARY, leaf, 0, 'All ')
    await stage.rest()
    expect(kindsOf(council)).toEqual(['acked'])
    expect(kindsOf(tavira)).toEqual(['text'])
    expect(council.text(PLENARY).words(leaf)).toBe(tavira.text(PLENARY).words(leaf))
  })

  test('P11.1 a frame that is sent again is acknowledged again and stands once', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council] = await stage.seats(PLENARY, COUNCIL)
    const leaf = stage.leaf(PLENARY, 0)
    council.type(PLENARY, leaf, 0, 'All ')
    const { flight, channel } = council.text(PLENARY)
    await stage.rest()
    council.say({ frame: 'words', channel, number: flight?.number ?? -1, update: flight?.update ?? new Uint8Array() })
    await stage.rest()
    expect(council.received.filter(({ frame }) => frame.frame === 'acked').length).toBe(2)
    expect(stage.words(PLENARY, leaf)).toBe('All The parties share the water.')
  })

  test('P11.1 a resumed text goes on with its lane, and what was lost on the way is sent again', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const leaf = stage.leaf(PLENARY, 0)
    council.isHeld = true
    council.type(PLENARY, leaf, 0, 'A')
    await stage.rest()
    council.type(PLENARY, leaf, 1, 'l')
    const text = council.text(PLENARY)
    council.drop()
    const again = await stage.seat(COUNCIL)
    again.texts.set(PLENARY, text)
    await again.open(PLENARY, text.resume)
    expect(text.opened.lane.client).toBe(text.doc.clientID)
    again.type(PLENARY, leaf, 2, 'l ')
    await stage.rest()
    expect(again.refusedWords).toEqual([])
    expect(stage.words(PLENARY, leaf)).toBe('All The parties share the water.')
    expect(tavira.text(PLENARY).words(leaf)).toBe(again.text(PLENARY).words(leaf))
  })

  test('P5 who names the lane of another seat on its return is told nothing of it and writes under its own', async () => {
    const stage = await Stage.open({ seed: 3 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'Yes: ')
    await stage.rest()
    const { resume } = council.text(PLENARY)
    const again = await stage.seat(TAVIRA)
    const opening = again.open(PLENARY, { ...tavira.text(PLENARY).resume, client: resume.client })
    await stage.rest()
    const opened = await opening
    if (!opened.ok) throw new Error(opened.refusal.code)
    expect(opened.value.opened.lane).toMatchObject({ number: 0, clock: 0 })
    expect(opened.value.opened.lane.client).not.toBe(resume.client)
    expect(opened.value.opened.was).toBeUndefined()
  })

  test('P8.1 words behind the command that opens their bracket are admitted into it', async () => {
    const stage = await Stage.open({ seed: 3, appendMs: 20 })
    const [tavira, council] = await stage.seats(PLENARY, TAVIRA, COUNCIL)
    const { id: clause, leaf: host } = stage.clause(PLENARY, 0)
    const bracket = 'b'.repeat(22) as BracketId
    const opened = tavira.act({
      type: 'OpenBracket',
      track: PLENARY,
      clause,
      host,
      bracket,
      kind: 'insert',
      after: null,
    })
    tavira.type(PLENARY, leafOf(bracket), 0, 'Surely: ')
    await stage.rest(500)
    expect(await opened).toEqual({ ok: true, value: [bracket] })
    expect(tavira.refusedWords).toEqual([])
    const seen = council.text(PLENARY)
    expect(seen.clauses[0]?.brackets.map(({ id }) => id)).toEqual([bracket])
    expect(seen.words(leafOf(bracket))).toBe('Surely: ')
    expect(seen.doc.getText(host).toDelta()[0]).toEqual({ insert: { b: bracket } })
  })
})

describe('commands', () => {
  test('P1.6 an ask that is repeated gets its first answer and does nothing else', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 20 })
    const by = { seat: MEDIATOR, confined: false, session: null }
    const ask = parseAskId('a'.repeat(22))
    const command = { type: 'PublishNotice', words: 'A group met.' } as const
    const both = Promise.all([stage.running.act(by, ask, command), stage.running.act(by, ask, command)])
    await stage.time.advance(100)
    const [first, second] = await both
    await stage.restart()
    const third = await stage.running.act(by, ask, command)
    expect(first.ok && first.value.made.length).toBe(1)
    expect(second).toEqual(first)
    expect(third).toEqual(first)
    expect(stage.running.state.notices.length).toBe(1)
  })

  test('P3.1 a view that did not change is not sent', async () => {
    const stage = await Stage.open({ seed: 1 })
    const forum = await stage.seat(FORUM)
    const before = forum.received.length
    await stage.mediate({ type: 'OpenTrack', title: 'A group', kind: 'group', access: { tavira: 'read' } })
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: TAVIRA_PARTY, level: 'read' }] })
    expect(forum.received.length).toBe(before)
  })

  test('P12.1 the audience is told before the first byte reaches the new reader', async () => {
    const stage = await Stage.open({ seed: 2 })
    const [tavira] = await stage.seats(PLENARY, TAVIRA)
    const forum = await stage.seat(FORUM)
    forum.isHeld = true
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
    expect(tavira.view?.tracks[0]?.audience.map(({ id }) => id)).toContain('party:forum')
    expect(forum.received.at(-1)?.frame.frame).toBe('view')
    const [told, granted] = [tavira, forum].map(({ received }) =>
      received.findLast(({ frame }) => frame.frame === 'view'),
    )
    expect(told?.at).toBeLessThanOrEqual(granted?.at ?? 0)
    forum.isHeld = false
    forum.deliver()
    await forum.open(PLENARY)
    expect(forum.text(PLENARY).clauses.length).toBe(3)
  })
})

describe('presence', () => {
  test('P5.1 it is made from the connection: who may only read has no caret, and no place is told that is not there', async () => {
    const stage = await Stage.open({ seed: 4 })
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
    const [council, forum] = await stage.seats(PLENARY, COUNCIL, FORUM)
    const { id: clause, leaf } = stage.clause(PLENARY, 0)
    const { channel } = forum.text(PLENARY)
    forum.say({ frame: 'here', channel, place: { clause, leaf, after: null } })
    council.say({ frame: 'here', channel: council.text(PLENARY).channel, place: { clause, leaf, after: null } })
    await stage.rest()
    expect(council.places.get(FORUM)).toEqual({ clause })
    expect(forum.places.get(COUNCIL)).toEqual({ clause, leaf, after: null })
    council.say({ frame: 'here', channel: council.text(PLENARY).channel, place: { clause: 'elsewhere' } })
    await stage.rest()
    expect(forum.places.get(COUNCIL)).toBeNull()
  })

  test('P2.8 P12 who had just gone when its sight ended is absent at once, and never told to who comes after', async () => {
    const stage = await Stage.open({ seed: 4 })
    const [tavira, council] = await stage.seats(PLENARY, TAVIRA, COUNCIL)
    council.drop()
    await stage.rest(1000)
    const changes = [
      { track: PLENARY, party: COUNCIL_PARTY, level: 'hidden' as const },
      { track: PLENARY, party: FORUM_PARTY, level: 'read' as const },
    ]
    await stage.mediate({ type: 'SetAccess', changes })
    const [forum] = await stage.seats(PLENARY, FORUM)
    await stage.rest()
    expect(forum.places.has(TAVIRA)).toBe(true)
    expect(forum.places.has(COUNCIL)).toBe(false)
    expect(hereIn(tavira)).not.toContain(COUNCIL)
  })

  test('P4.1 a new reader is told where others are, and no item or author from before', async () => {
    const stage = await Stage.open({ seed: 4 })
    const [council] = await stage.seats(PLENARY, COUNCIL)
    const { id: clause, leaf } = stage.clause(PLENARY, 0)
    council.type(PLENARY, leaf, 0, 'All ')
    await stage.rest()
    const { channel, opened } = council.text(PLENARY)
    const after = { client: opened.lane.client, clock: 3 }
    council.say({ frame: 'here', channel, place: { clause, leaf, after, head: { leaf, after } } })
    await stage.rest()
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
    const [forum] = await stage.seats(PLENARY, FORUM)
    await stage.rest()
    expect(forum.places.get(COUNCIL)).toEqual({ clause, leaf })
    const told = JSON.stringify(forum.received.filter(({ frame }) => frame.frame === 'presence'))
    expect(told).not.toContain(String(after.client))
  })
})
