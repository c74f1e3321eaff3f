import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import type { Event, Fact } from '#shared/domain/events.ts'
import { evolve } from '#shared/domain/evolve.ts'
import { levelOf, readersOf, seatsSeeing } from '#shared/domain/matrix.ts'
import { leadOf } from '#shared/domain/people.ts'
import { previewAs } from '#shared/domain/preview.ts'
import type { Process } from '#shared/domain/process.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import type { Instant, TrackId } from '#shared/ids.ts'
import { LEVELS } from '#shared/refusals.ts'
import { PROCESS_FILE, partyId, Story, seatId, trackId } from '../support/build.ts'

const SEATS = PROCESS_FILE.seats.map(({ id }) => id)
const HEADS = { tavira: 'tavira-head', council: 'council-head', forum: 'forum-moderator', union: 'union-mediator' }
const NAMED = ['plenary', 'channel', 'session', 'caucus-tavira', 'caucus-council']

/** What the desk and the leaders do besides setting access. */
const TURNS = ['name', 'seat', 'out', 'back', 'replace', 'tell', 'rename', 'pause', 'go', 'close', 'order'] as const
type Turn = (typeof TURNS)[number]

/** What somebody tries: places in lists, so that it means something in every room. */
interface Try {
  by: string
  kind: 'set' | 'open' | 'side' | 'say' | 'notice' | 'take' | Turn
  track: number
  name: string
  level: (typeof LEVELS)[number]
  audience: 'party' | 'party+mediators' | 'track'
  until: number
  full: boolean
}
const attempt: fc.Arbitrary<Try> = fc.record({
  by: fc.oneof(fc.constant('union-mediator'), fc.constantFrom(...SEATS)),
  kind: fc.oneof(
    fc.constantFrom('set', 'set', 'open', 'side', 'say', 'say', 'notice', 'take'),
    fc.constantFrom(...TURNS),
  ),
  track: fc.nat(9),
  name: fc.constantFrom('tavira', 'council', 'forum', 'union', ...SEATS),
  level: fc.constantFrom(...LEVELS),
  audience: fc.constantFrom('party', 'party+mediators', 'track'),
  until: fc.nat(20),
  full: fc.boolean(),
})
const attempts = fc.array(attempt, { maxLength: 30 })

function commandOf(story: Story, one: Try): Command {
  const { order } = story.process.tracks
  const track = order[one.track % order.length] ?? trackId('plenary')
  const [clause, named] = [story.clause(track), one.name.includes('-')]
  switch (one.kind) {
    case 'set': {
      const until = one.until > 12 ? { until: (story.at + one.until * 500) as Instant } : {}
      const grant = { history: one.full ? ('full' as const) : ('clean' as const), ...until }
      const cell = named ? { seat: seatId(one.name) } : { party: partyId(one.name) }
      return { type: 'SetAccess', changes: [{ track, ...cell, level: one.level, grant }] }
    }
    case 'open':
      return { type: 'OpenTrack', title: `Group ${one.until}`, kind: 'group', access: { [one.name]: one.level } }
    case 'side':
      return { type: 'OpenTrack', title: `Side ${one.until}`, kind: 'backchannel', access: { [one.name]: 'edit' } }
    case 'say':
      return { type: 'Comment', track, clause, words: `Word ${one.until}`, audience: one.audience }
    case 'notice':
      return { type: 'PublishNotice', words: `Notice ${one.until}`, ...(named ? {} : { to: [partyId(one.name)] }) }
    case 'take': {
      const hash = story.hashOf(track, clause)
      return { type: 'TakePosition', track, clause, hash: hash ?? story.process.charter.hash, position: 'accept' }
    }
    default:
      return turnOf(story, one, one.kind, track)
  }
}

function turnOf(story: Story, one: Try, kind: Turn, track: TrackId): Command {
  const { seats, nominations, parties } = story.process
  const seat = (named: string[]) => seatId(named[one.until % Math.max(1, named.length)] ?? 'nobody')
  switch (kind) {
    case 'name': {
      const party = partyId(one.name.split('-')[0] ?? '')
      const replaces = one.full ? { replaces: seat(seats.order) } : {}
      return { type: 'NominateSeat', party, role: 'adviser', name: `Person ${one.until}`, ...replaces }
    }
    case 'seat':
      return { type: one.until === 0 ? 'DeclineSeat' : 'AccreditSeat', seat: seat(nominations.order) }
    case 'out':
      return { type: 'SuspendSeat', seat: seat(seats.order) }
    case 'back':
      return { type: 'RestoreSeat', seat: seat(seats.order) }
    case 'replace':
      return { type: 'ReplaceSeat', seat: seat(seats.order), name: `Other ${one.until}` }
    case 'tell':
      return { type: 'PublishNotice', words: `Within ${one.until}`, track }
    case 'rename':
      return { type: 'RenameTrack', track, title: `Named ${one.until}` }
    case 'pause':
      return { type: 'PauseTrack', track }
    case 'go':
      return { type: 'ResumeTrack', track }
    case 'close':
      return { type: one.until === 0 ? 'CloseTrack' : 'PauseTrack', track }
    case 'order':
      return { type: 'OrderParties', parties: one.full ? parties.order.toReversed() : parties.order.toSorted() }
    default:
      throw kind satisfies never
  }
}
const tried = (story: Story, one: Try): Story => {
  const next = story.later(1000)
  const outcome = next.decide(one.by, commandOf(next, one))
  return outcome.ok ? outcome.value : next
}
const played = (tries: Try[]): Story => tries.reduce(tried, Story.of())

/** As an id: some ids are words that a view has elsewhere. */
const mentions = (json: string, id: string) => new RegExp(`"(?:id|track)":"${id}"`).test(json)

test('P3 no view names a track that is hidden from it, nor its title, but on the desk', () => {
  let [hidden, seen] = [0, 0]
  fc.assert(
    fc.property(attempts, fc.boolean(), (tries, confined) => {
      const { process, at } = played(tries)
      for (const seat of SEATS) {
        const viewer = { seat: seatId(seat), confined, session: null }
        const { desk, ...view } = viewFor(viewer, process, at)
        const json = JSON.stringify(view)
        for (const id of process.tracks.order) {
          const isSeen = levelOf(process, viewer, id, at) !== 'hidden'
          const isPrivate = ['caucus', 'backchannel'].includes(process.tracks.by[id]?.kind ?? '')
          expect(mentions(json, id)).toBe(isSeen)
          if (isPrivate) expect(mentions(JSON.stringify(desk), id)).toBe(false)
          if (isSeen) seen++
          else hidden++
        }
      }
    }),
    { numRuns: 60 },
  )
  expect(Math.min(hidden, seen)).toBeGreaterThan(500)
})

test('P12 the audience a reader is shown is exactly who sees the track', () => {
  fc.assert(
    fc.property(attempts, (tries) => {
      const { process, at } = played(tries)
      for (const id of process.tracks.order) {
        const seats = seatsSeeing(process, id, at)
        const parties = new Set(seats.map((seat) => process.seats.by[seat]?.party))
        const readers = readersOf(process, id, at)
        for (const party of parties) expect(readers.some((reader) => reader.party === party)).toBe(true)
        for (const { party, seat } of readers) {
          // A person who is suspended stands in it still: that is not for the others to see.
          if (seat) expect(seats.includes(seat) || process.seats.by[seat]?.standing?.is === 'suspended').toBe(true)
          else expect(process.tracks.by[id]?.cells.parties).toHaveProperty(party)
        }
        for (const seat of seats) {
          const view = viewFor({ seat, confined: false, session: null }, process, at)
          const shown = view.tracks.find((track) => track.id === id)?.audience ?? []
          expect(shown.map(({ party, seat, level }) => ({ party, seat, level }))).toEqual(readers)
          const known = new Set(view.parties.map((party) => party.id))
          for (const { party } of readers) expect(known.has(party)).toBe(true)
        }
      }
    }),
    { numRuns: 40 },
  )
})

/** What the council tries and what is done around it, in tracks that it may come to see. */
const around: fc.Arbitrary<Try> = fc.record({
  by: fc.constantFrom('union-mediator', 'union-mediator', 'council-head', 'council-adviser', 'tavira-head'),
  kind: fc.constantFrom('set', 'open', 'side', 'say', 'notice', 'take', 'tell', 'rename', 'pause', 'go', 'order'),
  track: fc.constantFrom(0, 3, 4),
  name: fc.constantFrom('tavira', 'council', 'union', 'council-adviser', 'tavira-adviser', 'tavira-head'),
  level: fc.constantFrom(...LEVELS),
  audience: fc.constantFrom('party', 'party+mediators', 'track'),
  until: fc.nat(20),
  full: fc.boolean(),
})
const HIDDEN: Record<string, (story: Story) => [by: string, Command]> = {
  'a channel of others is used': (story) => {
    const track = trackId('channel')
    return [
      'tavira-head',
      { type: 'Comment', track, clause: story.clause(track), words: 'In private', audience: 'track' },
    ]
  },
  'a session of others is opened to others': () => {
    const [track, party] = [trackId('session'), partyId('tavira')]
    return [
      'union-mediator',
      { type: 'SetAccess', changes: [{ track, party, level: 'edit', grant: { offline: true } }] },
    ]
  },
  'a session of others is closed to others': () => {
    const [track, party] = [trackId('session'), partyId('tavira')]
    return ['union-mediator', { type: 'SetAccess', changes: [{ track, party, level: 'hidden' }] }]
  },
  'a group meets without it': () => {
    return [
      'union-mediator',
      { type: 'OpenTrack', title: 'Unseen', kind: 'group', access: { tavira: 'edit', forum: 'read' } },
    ]
  },
  'others are told something': () => {
    return [
      'union-mediator',
      { type: 'PublishNotice', words: 'Not for all', to: [partyId('forum'), partyId('tavira')] },
    ]
  },
  'another delegation proposes somebody': () => {
    return ['tavira-head', { type: 'NominateSeat', party: partyId('tavira'), role: 'adviser', name: 'Zoe' }]
  },
  'a person of another delegation is suspended': () => {
    return ['union-mediator', { type: 'SuspendSeat', seat: seatId('tavira-adviser') }]
  },
  'a person of another delegation is let in again': () => {
    return ['union-mediator', { type: 'RestoreSeat', seat: seatId('tavira-adviser') }]
  },
  'a session of others is given a notice': () => {
    return ['union-mediator', { type: 'PublishNotice', words: 'Within', track: trackId('session') }]
  },
  'a channel of others is paused': () => {
    return ['union-mediator', { type: 'PauseTrack', track: trackId('channel') }]
  },
  'a channel of others goes on': () => {
    return ['union-mediator', { type: 'ResumeTrack', track: trackId('channel') }]
  },
  'a channel of others is named anew': (story) => {
    const named = story.process.tracks.by[trackId('channel')]?.title === 'Line' ? 'Channel' : 'Line'
    return ['union-mediator', { type: 'RenameTrack', track: trackId('channel'), title: named }]
  },
  'a delegation talks to itself beside a shared text': (story) => {
    const track = trackId('plenary')
    return [
      'tavira-adviser',
      { type: 'Comment', track, clause: story.clause(track), words: 'Among us', audience: 'party' },
    ]
  },
  'a delegation talks to the mediators beside a shared text': (story) => {
    const track = trackId('plenary')
    const clause = story.clause(track)
    return ['tavira-alternate', { type: 'Comment', track, clause, words: 'Between us', audience: 'party+mediators' }]
  },
}

test('P3 two histories that differ only in what is hidden from a party give it the same views and answers', () => {
  let hidden = 0
  const step = fc.tuple(around, fc.array(fc.constantFrom(...Object.keys(HIDDEN)), { maxLength: 3 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let [quiet, busy] = [Story.of(), Story.of()]
      for (const [one, acts] of steps) {
        for (const act of acts) {
          const outcome = busy.decide(...(HIDDEN[act]?.(busy) ?? expect.fail(act)))
          if (outcome.ok) hidden++
          busy = outcome.ok ? outcome.value : busy
        }
        const answers = [quiet, busy].map((story) =>
          story.later(1000).decide(one.by, commandOf(story.later(1000), one)),
        )
        const told = answers.map((answer) => (answer.ok ? 'done' : JSON.stringify(answer.refusal)))
        expect(told[1]).toBe(told[0])
        ;[quiet, busy] = [tried(quiet, one), tried(busy, one)]
        for (const seat of ['council-head', 'council-adviser']) expect(look(busy, seat)).toBe(look(quiet, seat))
      }
    }),
    { numRuns: 60 },
  )
  expect(hidden).toBeGreaterThan(200)
})
/** A view with minted ids renamed by their first appearance. */
function look(story: Story, seat: string): string {
  const names = new Map<string, string>()
  return JSON.stringify(story.view(seat)).replaceAll(/m\d{21}/g, (id) => {
    names.set(id, names.get(id) ?? `#${names.size}`)
    return names.get(id) ?? ''
  })
}

const PREVIEWED = { confined: true, previewed: true } as const

test('F5.8 a preview is what the party receives without what is its alone, whatever happened before', () => {
  fc.assert(
    fc.property(attempts, attempt, (tries, pending) => {
      const story = played(tries)
      const command = commandOf(story, { ...pending, kind: 'set' })
      if (command.type !== 'SetAccess') throw new Error('a batch')
      const made = story.decide('union-mediator', command)
      for (const party of Object.keys(HEADS)) {
        const head = leadOf(story.process, partyId(party))?.id ?? expect.fail(party)
        const by = { seat: seatId('union-mediator'), confined: false }
        const now = previewAs(story.process, by, partyId(party), undefined, story.at)
        expect(now.ok && JSON.stringify(now.value.view)).toBe(JSON.stringify(story.view(head, PREVIEWED)))
        const then = previewAs(story.process, by, partyId(party), command.changes, story.at)
        if (!made.ok) continue
        expect(then.ok && JSON.stringify(then.value.view)).toBe(JSON.stringify(made.value.view(head, PREVIEWED)))
      }
    }),
    { numRuns: 60 },
  )
})

test('F5 folding is total: facts in any order, from any other process, make a state that can be looked at', () => {
  fc.assert(
    fc.property(attempts, fc.infiniteStream(fc.nat(1000)), fc.boolean(), (tries, places, isStarted) => {
      const events: Event[] = []
      tries.reduce((story, one) => {
        const next = tried(story, one)
        events.push(...next.events)
        return next
      }, Story.of())
      const facts: Fact[] = [...Story.of().events, ...events].map((event, index) => {
        return {
          event,
          by: seatId(SEATS[index % SEATS.length] ?? ''),
          at: index as Instant,
          ask: `a${index}`,
          made: [],
        }
      })
      const keys = new Map(facts.map((fact) => [fact, places.next().value ?? 0]))
      const shuffled = facts.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
      const start: Process | null = isStarted ? Story.of().process : null
      const process = shuffled.reduce<Process | null>((now, fact) => evolve(now, fact), start)
      if (!process) throw new Error('there is a process')
      for (const seat of process.seats.order)
        viewFor({ seat, confined: false, session: null }, process, 9_000_000 as Instant)
      for (const track of NAMED) seatsSeeing(process, trackId(track), 9_000_000 as Instant)
    }),
    { numRuns: 60 },
  )
})

test('F5 facts are folded without touching the state before them', () => {
  fc.assert(
    fc.property(attempts, (tries) => {
      const states: [Process, string][] = []
      tries.reduce((story, one) => {
        states.push([story.process, JSON.stringify(story.process)])
        return tried(story, one)
      }, Story.of())
      for (const [process, json] of states) expect(JSON.stringify(process)).toBe(json)
    }),
    { numRuns: 20 },
  )
})

test('F5 an ask is remembered with its answer: the last thousand of each seat', () => {
  const story = Story.of()
  const event = { type: 'TalksOpened' } as const
  let process = story.process
  for (let index = 0; index <= 1000; index++) {
    process = evolve(process, {
      event,
      by: seatId('tavira-head'),
      at: story.at,
      ask: `ask-${index}`,
      made: [`${index}`],
    })
  }
  const kept = process.answers[seatId('tavira-head')]
  expect([kept?.length, kept?.[0]?.ask, kept?.at(-1)]).toEqual([1000, 'ask-1', { ask: 'ask-1000', made: ['1000'] }])
})
