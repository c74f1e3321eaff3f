import type { PartyId, TrackId } from '#shared/ids.ts'
import type { Speech } from '#shared/words/say.ts'
import type { Effect } from '../components/EffectCard.svelte'
import { Refused } from '../room/room.ts'
import { askedOf, columnsOf, type Prepared, seatsOf, widens } from './matrix.ts'
import type { RoomState } from './room.svelte.ts'
import type { KnownParty } from './view.svelte.ts'

/** What the server says a party would newly see and see no more. */
interface Seen {
  newly: TrackId[]
  closes: TrackId[]
  undone: TrackId[]
}

/** Asks the server, for each party, what it would notice of the changes that are prepared. */
export class EffectsState {
  readonly #room: RoomState
  seen = $state.raw<ReadonlyMap<PartyId, Seen> | null>(null)
  #asked = 0

  constructor(room: RoomState) {
    this.#room = room
  }

  async ask(prepared: Prepared[]): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    const changes = prepared.map(askedOf)
    const view = this.#room.view.current
    const parties = columnsOf(view).filter(({ id }) => view.desk && seatsOf(view.desk, id).length > 0)
    try {
      const answers = await Promise.all(
        parties.map(async ({ id }): Promise<[PartyId, Seen]> => {
          const shown = await this.#room.room.look({ type: 'PreviewAs', party: id, changes })
          if (shown.type !== 'PreviewAs') throw new Error('the room answered another question')
          return [id, { newly: shown.newlySees, closes: shown.loses, undone: shown.cannotBeUndone }]
        }),
      )
      if (turn === this.#asked) this.seen = new Map(answers)
    } catch (error) {
      // Not answered now (offline, or the desk closed): what is shown stays, and the release itself is refused if it must be.
      if (!(error instanceof Refused)) throw error
    }
  }
}

type Place = { room: RoomState; speech: Speech; prepared: Prepared[] }

/** One card for each party that notices something, and one for all that only learn who reads. */
export function effectsOf(seen: ReadonlyMap<PartyId, Seen>, place: Place): Effect[] {
  const { room, speech, prepared } = place
  const { say } = speech
  const parties = columnsOf(room.view.current).filter(({ id }) => seen.has(id))
  const noticing = parties.filter(({ id }) => prepared.some(({ party }) => party === id))
  const others = parties.filter((party) => !noticing.includes(party))
  const cards = noticing.map((party) => cardOf(party, seen, place))
  if (others.length === 0) return cards
  const count = others.reduce((sum, party) => sum + peopleIn(room, party), 0)
  const people = say('batch.people', { count })
  return [...cards, { id: 'others', parties: others, people, rows: [], sentence: say('batch.same') }]
}

const peopleIn = ({ view }: RoomState, { id }: KnownParty): number =>
  view.current.desk ? seatsOf(view.current.desk, id).length : 0

function cardOf(party: KnownParty, seen: ReadonlyMap<PartyId, Seen>, place: Place): Effect {
  const { room, speech, prepared } = place
  const { say } = speech
  const { newly, closes, undone } = seen.get(party.id) ?? { newly: [], closes: [], undone: [] }
  const count = peopleIn(room, party)
  const levels = prepared.filter(
    (one) => one.party === party.id && !newly.includes(one.track) && !closes.includes(one.track),
  )
  const told = toldTo(party, seen, place)
  const nothing = [say('batch.nothing')]
  const rows: Effect['rows'] = [
    { id: 'newly', icon: 'eye', term: say('batch.newly'), words: newly.map((id) => trackWords(id, place)) },
    {
      id: 'closes',
      icon: 'eye-off',
      term: say('batch.closes'),
      words: closes.map((id) => trackWords(id, place, false)),
    },
    { id: 'levels', icon: 'lock', term: say('batch.levels'), words: levels.map((one) => levelWords(one, place)) },
    { id: 'told', icon: 'bell', term: say('batch.told'), words: told },
    {
      id: 'undone',
      icon: 'warn',
      term: say('batch.undone'),
      words: undone.length > 0 ? [say('batch.unread', { count })] : [],
    },
  ]
  const shown = rows
    .map((row) =>
      row.words.length === 0 && (row.id === 'newly' || row.id === 'closes') ? { ...row, words: nothing } : row,
    )
    .filter(({ words }) => words.length > 0)
  return { id: party.id, parties: [party], people: say('batch.people', { count }), rows: shown, sentence: null }
}

const titleOf = ({ room }: Place, track: TrackId): string =>
  room.view.current.desk?.matrix.find(({ id }) => id === track)?.title ?? room.view.track(track)?.title ?? ''

function trackWords(id: TrackId, place: Place, whole = true): string {
  const track = titleOf(place, id)
  const text = place.room.view.track(id)?.text
  return text && whole
    ? place.speech.say('batch.track-clauses', { track, count: text.clauses })
    : place.speech.say('batch.track', { track })
}
function levelWords({ track, was, level }: Prepared, place: Place): string {
  const { say } = place.speech
  return say('batch.track-levels', {
    track: titleOf(place, track),
    was: say(`level.${was}`),
    level: say(`level.${level}`),
  })
}

/** A party that stays in a text learns of each party that comes to read it. */
function toldTo(party: KnownParty, seen: ReadonlyMap<PartyId, Seen>, place: Place): string[] {
  const { room, speech, prepared } = place
  const opened = new Set(prepared.filter(widens).map(({ track }) => track))
  return [...opened].flatMap((track) => {
    const newcomers = columnsOf(room.view.current).filter(
      ({ id }) => id !== party.id && seen.get(id)?.newly.includes(track),
    )
    const row = room.view.current.desk?.matrix.find(({ id }) => id === track)
    const stays = row?.cells.some(({ id, level }) => id === `party:${party.id}` && level !== 'hidden') ?? false
    if (newcomers.length === 0 || !stays || seen.get(party.id)?.closes.includes(track)) return []
    const parties = speech.list(newcomers.map(({ name }) => name))
    return [speech.say('batch.told-words', { parties, track: titleOf(place, track) })]
  })
}
