import { describe, expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import { instant, type PartyId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import type { Person } from '../support/scripted-person.ts'
import {
  BRIDGE,
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

const set = (party: PartyId, level: Level, track = PLENARY): Command => ({
  type: 'SetAccess',
  changes: [{ track, party, level }],
})

const kinds = (person: Person, from = 0) => person.received.slice(from).map(({ frame }) => frame.frame)

describe('withdrawal', () => {
  test('P2.1 the answer comes when the reader has closed the view, and nothing of the track follows', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 5 })
    const [mediator, council, tavira] = await stage.seats(PLENARY, MEDIATOR, COUNCIL, TAVIRA)
    const from = council.received.length
    const answer = mediator.act(set(COUNCIL_PARTY, 'hidden'))
    tavira.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'x')
    await stage.rest(20)
    expect(await answer).toMatchObject({ ok: true })
    expect(kinds(council, from)).toEqual(['view', 'withdrawn'])
    expect(council.view?.tracks.map(({ id }) => id)).not.toContain(PLENARY)
    expect(council.end).toBeNull()
    await stage.rest(20_000)
    expect(kinds(council, from)).toEqual(['view', 'withdrawn'])
  })

  test('P2.2 a reader that does not say it closed the view is cut off after 250 ms, and only then it is in force', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, council] = await stage.seats(PLENARY, MEDIATOR, COUNCIL)
    council.isHeld = true
    let inForce = false
    const answer = mediator.act(set(COUNCIL_PARTY, 'hidden')).then(() => {
      inForce = true
    })
    await stage.time.advance(249)
    expect({ inForce, end: council.end }).toEqual({ inForce: false, end: null })
    await stage.time.advance(1)
    await answer
    expect({ inForce, end: council.end }).toEqual({ inForce: true, end: 'reset' })
  })

  test('F2.3 P2 whoever is suspended loses every text as by a withdrawal, then the line, and comes back in no way', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 5 })
    const [mediator, council, tavira] = await stage.seats(PLENARY, MEDIATOR, COUNCIL, TAVIRA)
    const [from, beside] = [council.received.length, tavira.received.length]
    const answer = mediator.act({ type: 'SuspendSeat', seat: COUNCIL })
    await stage.rest(20)
    expect(await answer).toMatchObject({ ok: true })
    // The plenary and its own caucus; nothing else is told on the way out.
    expect(kinds(council, from)).toEqual(['withdrawn', 'withdrawn'])
    expect(council.end).toEqual({ code: 'session-ended' })
    await expect(stage.seat(COUNCIL)).rejects.toThrow('session-ended')
    // The others read on, and of the person hear only that they are not in the text any more.
    await stage.rest(20_000)
    expect(new Set(kinds(tavira, beside))).toEqual(new Set(['presence']))
    await stage.mediate({ type: 'RestoreSeat', seat: COUNCIL })
    const again = await stage.seat(COUNCIL)
    expect(await again.open(PLENARY)).toMatchObject({ ok: true })
  })

  test('F2.3 P2.2 a device that does not say it closed its texts is cut off, and only then the suspension is in force', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, council] = await stage.seats(PLENARY, MEDIATOR, COUNCIL)
    council.isHeld = true
    let inForce = false
    const answer = mediator.act({ type: 'SuspendSeat', seat: COUNCIL }).then(() => {
      inForce = true
    })
    await stage.time.advance(249)
    expect({ inForce, end: council.end }).toEqual({ inForce: false, end: null })
    await stage.time.advance(1)
    await answer
    expect({ inForce, end: council.end }).toEqual({ inForce: true, end: 'reset' })
  })

  test('F5.9 words that were on their way when a track was paused come back to their author, and go in when it goes on', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 10 })
    const [mediator, council, tavira] = await stage.seats(PLENARY, MEDIATOR, COUNCIL, TAVIRA)
    const leaf = stage.leaf(PLENARY, 0)
    void mediator.act({ type: 'PauseTrack', track: PLENARY })
    await stage.time.advance(5)
    council.type(PLENARY, leaf, 0, 'Late ')
    await stage.rest()
    expect(council.refusedWords).toEqual([{ code: 'track-not-open' }])
    expect(stage.words(PLENARY, leaf)).toBe('The parties share the water.')
    expect(tavira.view?.tracks.find(({ id }) => id === PLENARY)?.status).toBe('paused')
    await stage.mediate({ type: 'ResumeTrack', track: PLENARY })
    await council.open(PLENARY)
    council.type(PLENARY, leaf, 0, 'Now ')
    await stage.rest()
    expect(tavira.text(PLENARY).words(leaf)).toBe('Now The parties share the water.')
  })

  test('P2.3 others do not wait for a withdrawal to be in force', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, council, tavira] = await stage.seats(PLENARY, MEDIATOR, COUNCIL, TAVIRA)
    council.isHeld = true
    void mediator.act(set(COUNCIL_PARTY, 'hidden'))
    await stage.time.advance(10)
    const { id: clause } = stage.clause(PLENARY, 0)
    const said = tavira.act({ type: 'Comment', track: PLENARY, clause, words: 'Here.', audience: 'track' })
    await stage.time.advance(10)
    expect(await said).toMatchObject({ ok: true })
    expect(council.end).toBeNull()
  })

  test('P2.4 words that were on their way when sight ended are refused as for a track that never was', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 10 })
    const [mediator, council] = await stage.seats(PLENARY, MEDIATOR, COUNCIL)
    const leaf = stage.leaf(PLENARY, 0)
    const { channel } = council.text(PLENARY)
    void mediator.act(set(COUNCIL_PARTY, 'hidden'))
    await stage.time.advance(5)
    council.type(PLENARY, leaf, 0, 'Late ')
    const { flight } = council.text(PLENARY)
    await stage.rest()
    expect(council.refusedWords).toEqual([{ code: 'no-such-thing' }])
    expect(stage.words(PLENARY, leaf)).toBe('The parties share the water.')
    council.say({ frame: 'words', channel, number: 0, update: flight?.update ?? new Uint8Array() })
    council.say({ frame: 'words', channel: (channel + 1) % 65_536, number: 0, update: new Uint8Array() })
    await stage.rest()
    expect(council.refusedWords).toEqual(Array(3).fill({ code: 'no-such-thing' }))
  })

  test('P2.5 a new grant is a new incarnation, for all who read, and one batch makes one', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const first = tavira.text(PLENARY)
    await stage.mediate(set(COUNCIL_PARTY, 'hidden'))
    expect(tavira.text(PLENARY)).toBe(first)
    const old = first.resume
    await stage.mediate({
      type: 'SetAccess',
      changes: [
        { track: PLENARY, party: COUNCIL_PARTY, level: 'edit', grant: { history: 'full' } },
        { track: PLENARY, party: FORUM_PARTY, level: 'read' },
      ],
    })
    const renewed = tavira.received.filter(({ frame }) => frame.frame === 'opened' && frame.ask === null)
    expect(renewed.length).toBe(1)
    const opened = await council.open(PLENARY, old)
    expect(opened).toMatchObject({ ok: true, value: { opened: { resumed: false } } })
    expect(council.text(PLENARY).opened.incarnation).toBe(tavira.text(PLENARY).opened.incarnation)
    expect(council.text(PLENARY).opened.incarnation).not.toBe(first.opened.incarnation)
    council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'Again: ')
    await stage.rest()
    expect(tavira.text(PLENARY).words(stage.leaf(PLENARY, 0))).toBe('Again: The parties share the water.')
  })

  test('P2.5 a new grant is a new incarnation also when it gives the whole history', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    const before = tavira.text(PLENARY).opened.incarnation
    const old = council.text(PLENARY).resume
    await stage.mediate(set(COUNCIL_PARTY, 'hidden'))
    const change = { track: PLENARY, party: COUNCIL_PARTY, level: 'edit', grant: { history: 'full' } } as const
    await stage.mediate({ type: 'SetAccess', changes: [change] })
    expect(await council.open(PLENARY, old)).toMatchObject({ ok: true, value: { opened: { resumed: false } } })
    expect(council.text(PLENARY).opened.incarnation).not.toBe(before)
  })

  test('P2 what happens while a withdrawal is being recorded does not reach who is withdrawn', async () => {
    const stage = await Stage.open({ seed: 1, appendMs: 200 })
    const [mediator, council] = await stage.seats(PLENARY, MEDIATOR, COUNCIL)
    const leaf = stage.leaf(PLENARY, 0)
    mediator.type(PLENARY, leaf, 0, 'Secret ')
    await stage.time.advance(120)
    const [tavira] = await stage.seats(PLENARY, TAVIRA)
    await stage.time.advance(30)
    const answer = mediator.act(set(COUNCIL_PARTY, 'hidden'))
    const from = council.received.length
    await stage.time.advance(100)
    expect(tavira.text(PLENARY).words(leaf)).toBe('Secret The parties share the water.')
    expect(kinds(tavira)).toContain('presence')
    expect(kinds(council, from)).toEqual([])
    await stage.rest()
    expect(await answer).toMatchObject({ ok: true })
    expect(kinds(council, from)).toEqual(['view', 'withdrawn'])
  })

  test('P2.6 when not even the reserve takes the record, sight is cut all the same until restart', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, council, tavira] = await stage.seats(PLENARY, MEDIATOR, COUNCIL, TAVIRA)
    await stage.log.restrict('read-only')
    const answer = mediator.act(set(COUNCIL_PARTY, 'hidden'))
    await stage.rest()
    expect(await answer).toEqual({ ok: false, refusal: { code: 'not-saved', reason: 'read-only' } })
    expect(council.withdrawn).toEqual([PLENARY])
    await stage.log.restrict(null)
    const from = council.received.length
    tavira.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'x')
    expect(await council.open(PLENARY)).toEqual({ ok: false, refusal: { code: 'no-such-thing' } })
    const { id: clause } = stage.clause(PLENARY, 0)
    expect(await council.act({ type: 'Comment', track: PLENARY, clause, words: 'x', audience: 'track' })).toEqual({
      ok: false,
      refusal: { code: 'no-such-thing' },
    })
    expect(kinds(council, from)).toEqual(['refused', 'refused'])
    await stage.restart()
    const again = await stage.seat(COUNCIL)
    expect(again.view?.tracks.map(({ id }) => id)).toContain(PLENARY)
  })

  test('P2.6 a narrowing is recorded on a full disk', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, council] = await stage.seats(PLENARY, MEDIATOR, COUNCIL)
    await stage.log.restrict('disk-full')
    const answer = mediator.act(set(COUNCIL_PARTY, 'hidden'))
    await stage.rest()
    expect(await answer).toMatchObject({ ok: true })
    expect(council.withdrawn).toEqual([PLENARY])
    expect(stage.running.closures.size).toBe(0)
  })

  test('P2.6 F2.3 a suspension is recorded on a full disk, also of somebody who sees no track', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator] = await stage.seats(PLENARY, MEDIATOR)
    const forum = await stage.seat(FORUM)
    expect(forum.view?.tracks).toEqual([])
    await stage.log.restrict('disk-full')
    const answer = mediator.act({ type: 'SuspendSeat', seat: FORUM })
    await stage.rest()
    expect(await answer).toMatchObject({ ok: true })
    expect(forum.end).toEqual({ code: 'session-ended' })
  })

  test('P2.7 a grant that ends does so at its instant, with no entry needed', async () => {
    const stage = await Stage.open({ seed: 1 })
    const forum = await stage.seat(FORUM)
    const until = instant(stage.time.now() + 1000)
    await stage.mediate({
      type: 'SetAccess',
      changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read', grant: { until } }],
    })
    await forum.open(PLENARY)
    await stage.log.restrict('read-only')
    await stage.time.advance(until - stage.time.now())
    expect(forum.withdrawn).toEqual([])
    await stage.time.advance(1)
    expect(forum.withdrawn).toEqual([PLENARY])
    expect(forum.view?.tracks.map(({ id }) => id)).not.toContain(PLENARY)
    await stage.log.restrict(null)
    await stage.time.advance(6000)
    expect(stage.running.state.tracks.by[PLENARY]?.cells.parties[FORUM_PARTY]).toBeUndefined()
  })

  test('P2.8 an absence shows only after ten seconds, a withdrawn reader at once', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [mediator, tavira, council] = await stage.seats(PLENARY, MEDIATOR, TAVIRA, COUNCIL)
    await stage.rest()
    expect(mediator.here.get(PLENARY)).toEqual([MEDIATOR, TAVIRA, COUNCIL])
    council.drop()
    await stage.time.advance(9_900)
    expect(mediator.here.get(PLENARY)).toContain(COUNCIL)
    await stage.time.advance(300)
    expect(mediator.here.get(PLENARY)).not.toContain(COUNCIL)
    await stage.mediate(set(TAVIRA_PARTY, 'hidden'))
    await stage.rest()
    expect(mediator.here.get(PLENARY)).toEqual([MEDIATOR])
    expect(tavira.here.get(BRIDGE)).toBeUndefined()
  })
})
