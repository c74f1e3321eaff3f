import type { Desk } from '#shared/domain/view.ts'
import type { PartyId } from '#shared/ids.ts'
import type { Speech } from '#shared/words/say.ts'
import type { StepLine } from '../components/TwoSteps.svelte'
import type { DeskState, Problem, Release } from './desk.svelte.ts'
import { columnsOf, narrows, type Prepared, readersIn, widens } from './matrix.ts'
import type { RoomState } from './room.svelte.ts'

type Place = { room: RoomState; speech: Speech; state: DeskState }

/** A release as lines: each party that is changed, then those that are told who reads now. */
export function linesOf(release: Release, place: Place): StepLine[] {
  const { room, speech, state } = place
  const recordedAt = state.recordedAt
  const recorded = recordedAt === null ? null : speech.clock(recordedAt)
  const inForce = release.inForce === null ? null : speech.clock(release.inForce)
  const parties = columnsOf(room.view.current)
  const changed = parties.flatMap((party): StepLine[] => {
    const changes = release.changes.filter((change) => change.party === party.id)
    if (changes.length === 0) return []
    // What opens is in force as soon as it is recorded; what closes, when every device has closed it.
    const closes = changes.some(narrows)
    const words = changes.map((change) => wordsOf(change, place)).join('. ')
    return [{ id: party.id, parties: [party], words, recorded, inForce: closes ? inForce : (inForce ?? recorded) }]
  })
  const told = toldBy(release, place)
  if (told.length === 0) return changed
  return [
    ...changed,
    { id: 'told', parties: told, words: speech.say('steps.told'), recorded, inForce: inForce ?? recorded },
  ]
}

function wordsOf({ track, level }: Prepared, { room, speech: { say } }: Place): string {
  const title = room.view.current.desk?.matrix.find(({ id }) => id === track)?.title ?? ''
  return level === 'hidden'
    ? say('steps.hidden', { track: title })
    : say('steps.changed', { track: title, level: say(`level.${level}`) })
}

function toldBy(release: Release, { room }: Place) {
  const view = room.view.current
  const opened = new Set(release.changes.filter(widens).map(({ track }) => track))
  const readers = new Set(
    (view.desk?.matrix ?? [])
      .filter(({ id }) => opened.has(id))
      .flatMap((row) => [...readersIn(row, view.desk ?? NO_DESK)]),
  )
  return columnsOf(view).filter(({ id }) => readers.has(id) && !release.changes.some((change) => change.party === id))
}
const NO_DESK: Desk = { seats: [], told: [], ordering: false, matrix: [], changes: [], exports: [] }

export function titleOf(release: Release, { state, speech: { say } }: Place): string {
  if (release.inForce !== null) return say('steps.title-force')
  return state.recordedAt === null ? say('steps.title-recording') : say('steps.title-closing')
}

/** What has become of a decision that was not made as asked: the fact first, then the reason. */
export function problemWords({ refusal, closes }: Problem, speech: Speech, nameOf: (party: PartyId) => string): string {
  const { say } = speech
  const why = speech.refusal(refusal, nameOf)
  if (refusal.code === 'unanswered') return say('steps.unanswered')
  if (refusal.code === 'not-saved' && closes) return `${say('steps.closed-unrecorded')} ${why}`
  return `${say('steps.refused')} ${why}`
}
