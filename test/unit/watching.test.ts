import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import type { PartyId, SeatId, TrackId } from '#shared/ids.ts'
import type { Person } from '../support/scripted-person.ts'
import {
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

const stirs = ({ received }: Person): number => received.filter(({ frame }) => frame.frame === 'stirred').length
const level = (party: PartyId, to: 'read' | 'hidden'): Command => ({
  type: 'SetAccess',
  changes: [{ track: PLENARY, party, level: to }],
})

async function lastSeen(person: Person): Promise<[SeatId, TrackId][]> {
  const answer = await person.look({ type: 'LastSeen' })
  if (!answer.ok || answer.value.type !== 'LastSeen') throw new Error('not answered')
  expect(answer.value.seen.every(({ at }) => at % 60_000 === 0)).toBe(true)
  return answer.value.seen.map(({ seat, track }) => [seat, track])
}

test('P5.2 who watches a text hears who is there and that it changed, and is not there', async () => {
  const stage = await Stage.open({ seed: 1 })
  const [council] = await stage.seats(PLENARY, COUNCIL)
  const mediator = await stage.seat(MEDIATOR)
  mediator.say({ frame: 'watch', tracks: [PLENARY, CAUCUS, BRIDGE] })
  await stage.rest()
  expect(mediator.here.get(PLENARY)).toEqual([COUNCIL])
  expect(mediator.here.has(CAUCUS)).toBe(false)
  expect(council.here.get(PLENARY)).toEqual([COUNCIL])
  for (const letter of 'abc') {
    council.type(PLENARY, stage.leaf(PLENARY, 0), 0, letter)
    await stage.rest(50)
  }
  await stage.rest(1000)
  expect(stirs(mediator)).toBe(1)
  const [tavira] = await stage.seats(PLENARY, TAVIRA)
  await stage.rest(1000)
  expect(mediator.here.get(PLENARY)).toEqual([COUNCIL, TAVIRA])
  mediator.say({ frame: 'watch', tracks: [] })
  tavira.drop()
  await stage.rest(20_000)
  expect(mediator.here.get(PLENARY)).toEqual([COUNCIL, TAVIRA])
  expect(council.here.get(PLENARY)).toEqual([COUNCIL])
})

test('P2.1 a withdrawal ends watching, and what was withdrawn cannot be watched', async () => {
  const stage = await Stage.open({ seed: 2 })
  await stage.mediate(level(FORUM_PARTY, 'read'))
  const [council] = await stage.seats(PLENARY, COUNCIL)
  const forum = await stage.seat(FORUM)
  forum.say({ frame: 'watch', tracks: [PLENARY] })
  await stage.rest()
  council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'x')
  await stage.rest()
  await stage.mediate(level(FORUM_PARTY, 'hidden'))
  const from = forum.received.length
  forum.say({ frame: 'watch', tracks: [PLENARY] })
  council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'y')
  await stage.seats(PLENARY, TAVIRA)
  await stage.rest(3000)
  expect(stage.words(PLENARY, stage.leaf(PLENARY, 0))).toMatch(/^yx/)
  expect(forum.received.slice(from).map(({ frame }) => frame.frame)).toEqual([])
})

test('P2.8 who closes a text is absent at once, and not while another device of theirs has it open', async () => {
  const stage = await Stage.open({ seed: 5 })
  const [tavira, council] = await stage.seats(PLENARY, TAVIRA, COUNCIL)
  const device = await stage.seat(COUNCIL)
  await device.open(PLENARY)
  council.say({ frame: 'leave', channel: council.text(PLENARY).channel })
  await stage.rest(500)
  expect(tavira.here.get(PLENARY)).toEqual([TAVIRA, COUNCIL])
  device.say({ frame: 'leave', channel: device.text(PLENARY).channel })
  await stage.rest(500)
  expect(tavira.here.get(PLENARY)).toEqual([TAVIRA])
})

test('P4.2 who was last where is told to those who could have heard it, in whole minutes', async () => {
  const stage = await Stage.open({ seed: 3 })
  const mediator = await stage.seat(MEDIATOR)
  const [tavira, council] = await stage.seats(PLENARY, TAVIRA, COUNCIL)
  council.drop()
  await tavira.open(CAUCUS)
  await stage.rest(120_000)
  await stage.mediate(level(FORUM_PARTY, 'read'))
  const [forum] = await stage.seats(PLENARY, FORUM)
  await stage.rest(1000)
  // The Council was gone before the Forum came; the caucus is its party's alone.
  expect(await lastSeen(forum)).toEqual([
    [TAVIRA, PLENARY],
    [FORUM, PLENARY],
  ])
  expect(new Map(await lastSeen(mediator))).toEqual(
    new Map([
      [TAVIRA, PLENARY],
      [COUNCIL, PLENARY],
      [FORUM, PLENARY],
    ]),
  )
  await stage.mediate(level(TAVIRA_PARTY, 'hidden'))
  expect(new Map(await lastSeen(mediator)).has(TAVIRA)).toBe(false)
})

test('P3.3 a preview tells who is in the text as the party is told', async () => {
  const stage = await Stage.open({ seed: 4 })
  const [tavira] = await stage.seats(PLENARY, TAVIRA)
  const mediator = await stage.seat(MEDIATOR)
  const { id: clause } = stage.clause(PLENARY, 0)
  tavira.say({ frame: 'here', channel: tavira.text(PLENARY).channel, place: { clause } })
  await stage.rest()
  const shown = await mediator.look({ type: 'PreviewText', party: TAVIRA_PARTY, track: PLENARY })
  const told = tavira.received.flatMap(({ frame }) => (frame.frame === 'presence' ? [frame.here] : [])).at(-1)
  expect(shown.ok && shown.value.type === 'PreviewText' && shown.value.here).toEqual(told)
  expect(told).toEqual([{ seat: TAVIRA, place: { clause } }])
})
