import { type PartyId, parseTrackId, type SeatId, type TrackId } from '../ids.ts'
import { LEVELS, type Level } from '../refusals.ts'
import type { SeedText } from '../text/structure.ts'
import { readSeedText } from './file-text.ts'
import { isPrivate } from './matrix.ts'
import { DEFAULT_GRANT, type Grant, type Party, type Seat, type Table, type TrackKind } from './process.ts'
import { join, type Reading, readId, readInstant } from './reading.ts'
import { row, rowsOf } from './rows.ts'

/** A track of a process file: who sees it, and the words it starts from (null: an empty text). */
export interface FileTrack {
  id: TrackId
  title: string
  kind: TrackKind
  /** A caucus: whose. */
  owner: PartyId | null
  access: FileAccess[]
  text: SeedText | null
}
/** One cell above hidden, or a seat hidden from what its party sees. Exactly one of `party` and `seat` is set. */
export interface FileAccess {
  party?: PartyId
  seat?: SeatId
  level: Level
  grant: Grant
}
export interface Cast {
  parties: Table<PartyId, Party>
  seats: Table<SeatId, Seat>
}

const KINDS = ['plenary', 'caucus', 'proximity', 'backchannel', 'group', 'civil', 'implementation'] as const
const MAX_TRACKS = 500
const MAX_CELLS = 2_000

export function readTracks(reading: Reading, value: unknown, cast: Cast, hasCaucuses: boolean): FileTrack[] {
  const taken = new Set<string>()
  const tracks = reading.list(value ?? [], 'tracks', MAX_TRACKS).flatMap((one, index): FileTrack[] => {
    const track = readTrack(reading, one, `tracks[${index}]`, cast, taken)
    return track ? [track] : []
  })
  return hasCaucuses ? [...tracks, ...missingCaucuses(reading, tracks, cast, taken)] : tracks
}

function readTrack(reading: Reading, value: unknown, where: string, cast: Cast, taken: Set<string>): FileTrack | null {
  const track = reading.record(value, where, ['id', 'title', 'kind', 'text', 'access'])
  if (!track) return null
  const id = readId(reading, track['id'], `${where}.id`, parseTrackId, taken)
  const title = reading.line(track['title'], `${where}.title`, 300)
  const kind = reading.oneOf<TrackKind>(track['kind'], `${where}.kind`, KINDS)
  const access = readAccess(reading, track['access'] ?? {}, `${where}.access`, cast)
  const text = track['text'] === undefined ? null : readSeedText(reading, track['text'], `${where}.text`)
  if (!id || !kind) return null
  const found: FileTrack = { id, title, kind, owner: null, access, text }
  if (isPrivate(kind)) checkMembers(reading, found, `${where}.access`, cast)
  return kind === 'caucus' ? { ...found, owner: ownersOf(found, cast)[0] ?? null } : found
}

function readAccess(reading: Reading, value: unknown, where: string, cast: Cast): FileAccess[] {
  const entries = reading.entries(value, where) ?? []
  if (entries.length > MAX_CELLS) reading.mistake(where, `${MAX_CELLS} are the most.`)
  return entries.flatMap(([key, cell]): FileAccess[] => {
    const place = join(where, key)
    const party = row(cast.parties.by, key)
    const seat = row(cast.seats.by, key)
    if (!party && !seat) reading.mistake(place, 'There is no party or seat of this name in the file.')
    const named = party ? { party: party.id } : seat ? { seat: seat.id } : null
    const found = readCell(reading, cell, place)
    if (!found || !named || (party && found.level === 'hidden')) return []
    return [{ ...named, ...found }]
  })
}

/** A level, or a record of one with how it is granted. */
function readCell(reading: Reading, value: unknown, where: string): { level: Level; grant: Grant } | null {
  if (typeof value !== 'object' || value === null) {
    const level = reading.oneOf<Level>(value, where, LEVELS)
    return level && { level, grant: DEFAULT_GRANT }
  }
  const cell = reading.record(value, where, ['level', 'history', 'annotations', 'until', 'export', 'offline'])
  if (!cell) return null
  const level = reading.oneOf<Level>(cell['level'], `${where}.level`, LEVELS)
  const history = reading.oneOf<Grant['history']>(cell['history'], `${where}.history`, ['clean', 'full'], 'clean')
  const until = readInstant(reading, cell['until'], `${where}.until`)
  const flag = (key: 'annotations' | 'export' | 'offline') => reading.flag(cell[key], `${where}.${key}`, false)
  const flags = { annotations: flag('annotations'), export: flag('export'), offline: flag('offline') }
  if (!level) return null
  const grant: Grant = { history: history ?? 'clean', ...flags, ...(until === null ? {} : { until }) }
  return { level, grant: level === 'hidden' ? DEFAULT_GRANT : grant }
}

/** The parties whose people see the track. */
function ownersOf({ access }: FileTrack, cast: Cast): PartyId[] {
  const parties = access.flatMap(({ party, seat, level }) => {
    const named = party ?? (seat && level !== 'hidden' ? row(cast.seats.by, seat)?.party : undefined)
    return named === undefined ? [] : [named]
  })
  return [...new Set(parties)]
}

function checkMembers(reading: Reading, track: FileTrack, where: string, cast: Cast): void {
  if (track.kind === 'caucus') {
    if (ownersOf(track, cast).length !== 1) reading.mistake(where, 'A caucus is the room of exactly one party.')
    return
  }
  const seats = track.access.filter(({ seat, level }) => seat !== undefined && level !== 'hidden')
  if (seats.length < 2 || track.access.some(({ party }) => party !== undefined)) {
    reading.mistake(where, 'A backchannel is for two or more named seats, and for no party as a whole.')
  }
  const isOfMediation = (party: PartyId) => row(cast.parties.by, party)?.kind === 'mediation'
  if (ownersOf(track, cast).some(isOfMediation)) reading.mistake(where, 'Mediators have no part in a backchannel.')
}

/** A delegation's own room, for its people alone. */
function missingCaucuses(reading: Reading, tracks: FileTrack[], cast: Cast, taken: Set<string>): FileTrack[] {
  const having = new Set(tracks.filter(({ kind }) => kind === 'caucus').map(({ owner }) => owner))
  const missing = rowsOf(cast.parties).filter(({ id, kind }) => kind === 'delegation' && !having.has(id))
  return missing.flatMap((party): FileTrack[] => {
    const id = parseTrackId(`caucus-${party.id}`)
    if (!id) return []
    if (taken.has(id)) {
      reading.mistake('tracks', `"${id}" is the name of the caucus of ${party.id}, so another track needs another id.`)
    }
    const access: FileAccess[] = [{ party: party.id, level: 'edit', grant: DEFAULT_GRANT }]
    return [{ id, title: `Caucus of ${party.name}`, kind: 'caucus', owner: party.id, access, text: null }]
  })
}
