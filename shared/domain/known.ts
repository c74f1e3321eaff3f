import type { Instant, PartyId, SeatId } from '../ids.ts'
import type { Text } from '../text/structure.ts'
import { commentsOf, sees } from './comments.ts'
import { type As, type Reader, readersIn, type Sight, sightIn } from './matrix.ts'
import { noticesFor } from './notices.ts'
import { isMediator, isTheirs, seatIn } from './people.ts'
import type { Charter, Comment, Notice, Party, Process, Seat, Table, Track } from './process.ts'
import { once, row, rowsOf } from './rows.ts'
import type { Viewer } from './view.ts'

/** What a viewer knows of: the ground of its view, and of every look-up of an id it names. */

/** A viewer whose seat was looked up. */
export interface Looking extends As {
  process: Process
  seat: Seat
  at: Instant
}
/** Null when the seat is none of this process. */
export function lookingAs(process: Process, by: As & Pick<Viewer, 'seat'>, at: Instant): Looking | null {
  const seat = seatIn(process, by.seat)
  const { confined, previewed } = by
  return seat && { process, seat, confined, at, ...(previewed && { previewed }) }
}

export interface Seen {
  track: Track
  sight: Sight
}
/** Every track the viewer sees, in order. */
export function tracksSeen(looking: Looking): Seen[] {
  const { process, seat, at } = looking
  const seen: Seen[] = []
  for (const id of process.tracks.order) {
    const track = row(process.tracks.by, id)
    const sight = track && sightIn(process, seat, looking, track, at)
    if (track && sight) seen.push({ track, sight })
  }
  return seen
}

/** The comments the viewer sees, track by track, oldest first. */
export function commentsSeen(looking: Looking, tracks: Seen[]): Comment[] {
  const { process, seat, confined } = looking
  return tracks.flatMap(({ track, sight }) => {
    const reading = { process, seat, confined, sight }
    return commentsOf(process, track.id).filter((comment) => sees(reading, comment))
  })
}

export interface Known {
  parties: Set<PartyId>
  /** Parties whose people are known by name. */
  peopleOf: Set<PartyId>
  /** Seats known one by one. */
  seats: Set<SeatId>
}

/**
 * Its own party; whoever reads a track it sees (a party with its people, a named seat alone); who wrote a comment or
 * stands in a text it sees; who published a notice to it, and the parties that the notice or the charter calls by their
 * full name. Mediators know every party.
 */
export function knownTo(looking: Looking, tracks: Seen[], comments: Comment[], notices: Notice[]): Known {
  const { process, seat, at } = looking
  const known: Known = {
    parties: new Set(isMediator(seat) ? process.parties.order : [seat.party]),
    peopleOf: new Set([seat.party]),
    seats: new Set([seat.id]),
  }
  for (const { track } of tracks) {
    for (const reader of readersOnce(process, track, at)) {
      known.parties.add(reader.party)
      if (reader.seat) known.seats.add(reader.seat)
      else known.peopleOf.add(reader.party)
    }
    for (const party of track.text ? partiesStandingIn(track.text) : []) known.parties.add(party)
  }
  for (const { by, party } of comments) noteSeat(known, by, party)
  for (const notice of notices) {
    const publisher = seatIn(process, notice.by)
    if (publisher) noteSeat(known, publisher.id, publisher.party)
    for (const party of namedIn(process.parties)(notice)) known.parties.add(party)
  }
  for (const party of namedIn(process.parties)(process.charter)) known.parties.add(party)
  return known
}
function noteSeat(known: Known, seat: SeatId, party: PartyId): void {
  known.parties.add(party)
  known.seats.add(seat)
}

/** The seats a viewer may name, by id: of those whose place it still is. */
export function knownSeats(process: Process, by: As & Pick<Viewer, 'seat'>, at: Instant): Map<string, Seat> {
  const looking = lookingAs(process, by, at)
  if (!looking) return new Map()
  const tracks = tracksSeen(looking)
  const known = knownTo(looking, tracks, commentsSeen(looking, tracks), noticesFor(process, looking.seat, looking, at))
  const seats = rowsOf(process.seats).filter((seat) => isTheirs(seat) && isKnown(known, seat))
  return new Map(seats.map((seat) => [seat.id, seat]))
}
export const isKnown = ({ peopleOf, seats }: Known, seat: Seat): boolean =>
  peopleOf.has(seat.party) || seats.has(seat.id)

/** Holders of open brackets and those who agreed: a reader needs their names, also after they left the track. */
const partiesStandingIn = once((text: Text): PartyId[] => {
  const found = new Set<PartyId>()
  for (const { holders, agreed } of Object.values(text.brackets)) {
    for (const party of [...holders, ...(Object.keys(agreed) as PartyId[])]) found.add(party)
  }
  for (const { agreed } of Object.values(text.clauses)) {
    for (const party of Object.keys(agreed) as PartyId[]) found.add(party)
  }
  return [...found]
})

/** The parties that words call by their full name, as whole words. */
const namedIn = once((parties: Table<PartyId, Party>) =>
  once((said: Charter | Notice): PartyId[] => {
    const words = 'words' in said ? said.words : said.text
    return rowsOf(parties)
      .filter(({ name }) => callsByName(words, name))
      .map(({ id }) => id)
  }),
)
function callsByName(words: string, name: string): boolean {
  if (name.trim() === '') return false
  for (let at = words.indexOf(name); at !== -1; at = words.indexOf(name, at + 1)) {
    const around = (words[at - 1] ?? ' ') + (words[at + name.length] ?? ' ')
    if (!/[\p{L}\p{N}]/u.test(around)) return true
  }
  return false
}

/* ---- computed once for all viewers, until the next last instant of a cell ---- */

interface Held<T> {
  parties: Process['parties']
  seats: Process['seats']
  isOpen: boolean
  from: Instant
  /** The last instant at which the value still holds. */
  to: number
  value: T
}

/** Remembers what depends on a track, the cast and the passing of its cells' last instants alone. */
export function onceATrack<T>(
  compute: (process: Process, track: Track, at: Instant) => T,
): (process: Process, track: Track, at: Instant) => T {
  const held = new WeakMap<Track, Held<T>>()
  return (process, track, at) => {
    const { parties, seats } = process
    const isOpen = process.openedAt !== null
    const found = held.get(track)
    const isSame = found?.parties === parties && found.seats === seats && found.isOpen === isOpen
    if (found && isSame && found.from <= at && at <= found.to) return found.value
    const value = compute(process, track, at)
    held.set(track, { parties, seats, isOpen, from: at, to: nextEnd(track, at), value })
    return value
  }
}
function nextEnd(track: Track, at: Instant): number {
  let next = Number.POSITIVE_INFINITY
  for (const cells of [track.cells.parties, track.cells.seats]) {
    for (const { grant } of Object.values(cells)) {
      if (grant.until !== undefined && grant.until >= at && grant.until < next) next = grant.until
    }
  }
  return next
}
export const readersOnce: (process: Process, track: Track, at: Instant) => Reader[] = onceATrack(readersIn)
