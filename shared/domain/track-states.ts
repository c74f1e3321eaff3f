import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import { trackAtDesk } from './cells.ts'
import type { Command } from './commands.ts'
import type { Event } from './events.ts'
import { isMediator } from './people.ts'
import type { Process, Seat, Track } from './process.ts'
import { replaced, row } from './rows.ts'

/** Renaming a track, pausing it, and closing it for good: by mediators, for the tracks they have the desk over. */

type TrackCommand = Extract<Command, { type: 'RenameTrack' | 'PauseTrack' | 'ResumeTrack' | 'CloseTrack' }>
type TrackChanged = Extract<Event, { type: 'TrackRenamed' | 'TrackPaused' | 'TrackResumed' | 'TrackClosed' }>

export function decideTrackState(
  process: Process,
  asked: Asked,
  seat: Seat,
  command: TrackCommand,
): Outcome<Decided, Refusal> {
  if (!isMediator(seat) || asked.by === 'operator') return refuse({ code: 'not-your-role' })
  const found = trackAtDesk(process, seat, asked.by, command.track, asked.at)
  if (!found.ok) return found
  if (found.value.status === 'closed') return refuse({ code: 'track-not-open' })
  const event = changeOf(found.value, command)
  return event ? ok({ events: [event], made: [] }) : refuse({ code: 'nothing-to-change' })
}

/** Null when it is so already. */
function changeOf({ status, title }: Track, command: TrackCommand): TrackChanged | null {
  const { track } = command
  switch (command.type) {
    case 'RenameTrack': {
      const named = command.title.trim()
      return named === title ? null : { type: 'TrackRenamed', track, title: named }
    }
    case 'PauseTrack':
      return status === 'paused' ? null : { type: 'TrackPaused', track }
    case 'ResumeTrack':
      return status === 'open' ? null : { type: 'TrackResumed', track }
    case 'CloseTrack':
      return { type: 'TrackClosed', track }
    default:
      throw command satisfies never
  }
}

/** What is closed stays closed. */
export function foldTrackState(process: Process, event: TrackChanged): Process {
  const track = row(process.tracks.by, event.track)
  if (!track || track.status === 'closed') return process
  return { ...process, tracks: replaced(process.tracks, track.id, { ...track, ...changeIn(event) }) }
}
function changeIn(event: TrackChanged): Partial<Pick<Track, 'title' | 'status'>> {
  switch (event.type) {
    case 'TrackRenamed':
      return { title: event.title }
    case 'TrackPaused':
      return { status: 'paused' }
    case 'TrackResumed':
      return { status: 'open' }
    case 'TrackClosed':
      return { status: 'closed' }
    default:
      throw event satisfies never
  }
}
