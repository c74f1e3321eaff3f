import type { Instant, ProcessId } from '../ids.ts'
import { seedText } from '../text/seed.ts'
import { startCharter } from './charter.ts'
import type { Event } from './events.ts'
import type { FileTrack, ProcessFile } from './file.ts'
import type { Cell, Track } from './process.ts'
import { blankText } from './tracks.ts'

/** The events that a new process begins with: its cast and charter, then its tracks in the file's order. */
export function startProcess(
  id: ProcessId,
  file: ProcessFile,
  mint: <T extends string>() => T,
  mintClient: () => number,
  at: Instant,
): Event[] {
  const { title, languages, secretariat, parties, seats } = file
  const charter = startCharter(file.charter)
  const open = charter.acceptance === 'waived'
  const started: Event = { type: 'ProcessStarted', id, title, languages, charter, secretariat, parties, seats, open }
  const language = languages[0] ?? 'en'
  return [started, ...file.tracks.map((track) => openingOf(track, language, mint, mintClient, at))]
}

function openingOf(
  file: FileTrack,
  language: string,
  mint: <T extends string>() => T,
  mintClient: () => number,
  at: Instant,
): Event {
  const { id, title, kind, owner } = file
  const { text, words } = seedText(file.text ?? blankText(title), language, mint, mintClient)
  const cells: Track['cells'] = { parties: {}, seats: {} }
  for (const { party, seat, level, grant } of file.access) {
    const cell: Cell = { level, grant, since: at }
    if (party !== undefined) cells.parties[party] = cell
    else if (seat !== undefined) cells.seats[seat] = cell
  }
  const track: Track = { id, title, kind, status: 'open', openedAt: at, owner, cells, text }
  return { type: 'TrackOpened', track, words }
}
