import type { Instant, TrackId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Level, Refusal } from '../refusals.ts'
import { emptyHash } from '../text/compose.ts'
import { seedText } from '../text/seed.ts'
import type { SeedText, Text } from '../text/structure.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { knownSeats } from './known.ts'
import type { Sight } from './matrix.ts'
import { hasBindingRole, isMediation, isMediator, isTheirs } from './people.ts'
import { type Cell, DEFAULT_GRANT, type Process, type Seat, type Track } from './process.ts'
import { added, replaced, row } from './rows.ts'

/** Opening tracks. A caucus is made with the process; a backchannel is opened by its principals, all else by mediators. */

type OpenTrack = Extract<Command, { type: 'OpenTrack' }>
type Cells = Track['cells']

/** What a track without a text of its own starts from: one empty clause to write in. */
export const blankText = (title: string): SeedText => ({ title, articles: [{ title: '', clauses: [''] }] })

export function decideOpenTrack(
  process: Process,
  asked: Asked,
  seat: Seat,
  command: OpenTrack,
): Outcome<Decided, Refusal> {
  if (command.kind === 'caucus') return refuse({ code: 'not-yours-to-open' })
  if (command.kind === 'backchannel') return decideBackchannel(process, asked, seat, command)
  if (!isMediator(seat)) return refuse({ code: 'not-your-role' })
  const cells: Cells = { parties: {}, seats: {} }
  for (const [id, level] of Object.entries(command.access)) {
    const party = row(process.parties.by, id)
    const named = row(process.seats.by, id)
    if (!party && !(named && isTheirs(named))) return refuse({ code: 'no-such-thing' })
    if (level === 'hidden') continue
    if (party) cells.parties[party.id] = freshCell(level, asked.at)
    else if (named) cells.seats[named.id] = freshCell(level, asked.at)
  }
  return opened(process, asked, command, cells)
}

/**
 * By a head or alternate, for named seats it knows of; it is one of them, and mediators are none. Who may enter is fixed
 * when it opens.
 */
function decideBackchannel(process: Process, asked: Asked, seat: Seat, command: OpenTrack): Outcome<Decided, Refusal> {
  if (isMediator(seat)) return refuse({ code: 'not-yours-to-open' })
  if (!hasBindingRole(process, seat)) return refuse({ code: 'not-your-role' })
  if (asked.by === 'operator') return refuse({ code: 'not-your-role' })
  if (asked.by.confined) return refuse({ code: 'not-confirmed' })
  if (process.openedAt === null) return refuse({ code: 'talks-not-open' })
  const known = knownSeats(process, asked.by, asked.at)
  const cells: Cells = { parties: {}, seats: { [seat.id]: freshCell('edit', asked.at) } as Cells['seats'] }
  for (const [id, level] of Object.entries(command.access)) {
    const named = known.get(id)
    if (!named) return refuse({ code: 'no-such-thing' })
    if (level === 'hidden' || isMediation(process, named.party))
      return refuse({ code: 'malformed', where: `access.${id}` })
    cells.seats[named.id] = freshCell(level, asked.at)
  }
  if (Object.keys(cells.seats).length < 2) return refuse({ code: 'malformed', where: 'access' })
  return opened(process, asked, command, cells)
}

const freshCell = (level: Level, since: Instant): Cell => ({ level, grant: DEFAULT_GRANT, since })

function opened(process: Process, asked: Asked, command: OpenTrack, cells: Cells): Outcome<Decided, Refusal> {
  const id = asked.mint<TrackId>()
  const fallback = process.languages[0] ?? 'en'
  const { text, words } = seedText(command.text ?? blankText(command.title), fallback, asked.mint, asked.mintClient)
  const { title, kind } = command
  const track: Track = { id, title, kind, status: 'open', openedAt: asked.at, owner: null, cells, text }
  return ok({ events: [{ type: 'TrackOpened', track, words }], made: [id] })
}

/** Everyone named in it sees it from the instant the log gave it. */
export function foldTrackOpened(
  process: Process,
  { track }: Extract<Event, { type: 'TrackOpened' }>,
  fact: Fact,
): Process {
  if (row(process.tracks.by, track.id)) return process
  const dated = (cells: Record<string, Cell>) =>
    Object.fromEntries(Object.entries(cells).map(([id, cell]) => [id, { ...cell, since: fact.at }]))
  const cells = { parties: dated(track.cells.parties), seats: dated(track.cells.seats) } as Cells
  const now: Track = { ...track, openedAt: fact.at, cells }
  return { ...process, tracks: added(process.tracks, track.id, now) }
}

/* ---- a text that has no words yet ---- */

interface Filling {
  track: Track
  sight: Sight
  command: Extract<Command, { type: 'FillText' }>
}

/** By who holds the pen there, while nobody has written a word: what stands is never replaced. */
export function decideFillText(
  process: Process,
  asked: Asked,
  { track, sight, command }: Filling,
): Outcome<Decided, Refusal> {
  if (sight.level !== 'edit') return refuse({ code: 'level-too-low', needed: 'edit', has: sight.level })
  const before = track.text
  if (before && !isEmpty(before, asked, track.id)) return refuse({ code: 'already-exists' })
  const { text, words } = seedText(command.text, process.languages[0] ?? 'en', asked.mint, asked.mintClient)
  // The document is the track's for good; what was in it before is another incarnation of it.
  const filled = before ? { ...text, document: before.document } : text
  return ok({ events: [{ type: 'TextFilled', track: track.id, text: filled, words }], made: [] })
}

function isEmpty(text: Text, { hashOf }: Asked, track: TrackId): boolean {
  const clauses = Object.values(text.clauses)
  if (Object.keys(text.brackets).length > 0) return false
  const empty = emptyHash(text.language)
  return clauses.every(({ id }) => hashOf(track, id) === empty)
}

export function foldTextFilled(process: Process, { track: id, text }: Extract<Event, { type: 'TextFilled' }>): Process {
  const track = row(process.tracks.by, id)
  return track ? { ...process, tracks: replaced(process.tracks, id, { ...track, text }) } : process
}
