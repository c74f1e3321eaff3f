import { instant, type ProcessId, parseHash, parseProcessId } from '../ids.ts'
import { foldAnnexAttached, foldAnnexRemoved, foldTextExported } from './annexes.ts'
import { foldAccessSet, foldExpired } from './cells.ts'
import { foldCharterAccepted } from './charter.ts'
import { foldCommented, foldResolved, withoutOldPlaces } from './comments.ts'
import type { Event, Fact } from './events.ts'
import { foldNotice } from './notices.ts'
import { foldPartiesOrdered } from './party-order.ts'
import { foldPositionTaken } from './positions.ts'
import type { Process } from './process.ts'
import { row, tableOf } from './rows.ts'
import { foldAccredited, foldDeclined, foldNominated, foldRestored, foldSuspended } from './seats.ts'
import { evolveText, withoutGone } from './structure.ts'
import { foldTrackState } from './track-states.ts'
import { foldTextFilled, foldTrackOpened } from './tracks.ts'

/** A repeat within a day of talks finds its first answer; older ones are nobody's retry any more. */
const ANSWERS_KEPT = 1_000

/**
 * Folds one recorded event in. Total: an event in the log is a fact, so this never refuses; what names something that is
 * not there, or happened already, changes nothing. Null is before the first event.
 */
export function evolve(process: Process | null, fact: Fact): Process {
  return withAnswer(fold(process ?? NOT_STARTED, fact), fact)
}

function fold(process: Process, fact: Fact): Process {
  const { event } = fact
  switch (event.type) {
    case 'ProcessStarted':
      return process.id === NOT_STARTED.id ? started(event, fact) : process
    case 'CharterAccepted':
      return foldCharterAccepted(process, event, fact)
    case 'TalksOpened':
      return process.openedAt === null ? { ...process, openedAt: fact.at } : process
    case 'TrackOpened':
      return foldTrackOpened(process, event, fact)
    case 'AccessSet':
      return foldAccessSet(process, event, fact)
    case 'Expired':
      return foldExpired(process, event)
    case 'TrackRenamed':
    case 'TrackPaused':
    case 'TrackResumed':
    case 'TrackClosed':
      return foldTrackState(process, event)
    case 'NoticePublished':
      return foldNotice(process, event, fact)
    case 'PartiesOrdered':
      return foldPartiesOrdered(process, event)
    case 'SeatNominated':
      return foldNominated(process, event, fact)
    case 'SeatAccredited':
      return foldAccredited(process, event, fact)
    case 'SeatDeclined':
      return foldDeclined(process, event, fact)
    case 'SeatSuspended':
      return foldSuspended(process, event, fact)
    case 'SeatRestored':
      return foldRestored(process, event)
    case 'Commented':
      return foldCommented(process, event, fact)
    case 'CommentResolved':
      return foldResolved(process, event, fact)
    case 'PositionTaken':
      return foldPositionTaken(process, event, fact)
    case 'TextHeld':
      return process
    case 'TextFilled':
      return withoutOldPlaces(foldTextFilled(process, event), event.track)
    case 'AnnexAttached':
      return foldAnnexAttached(process, event, fact)
    case 'AnnexRemoved':
      return foldAnnexRemoved(process, event)
    case 'TextExported':
      return foldTextExported(process, event, fact)
    case 'TextRebased':
      return withoutGone(withoutOldPlaces(evolveText(process, { ...fact, event }), event.track), event.track, fact.at)
    default:
      return evolveText(process, { ...fact, event })
  }
}

function started(event: Extract<Event, { type: 'ProcessStarted' }>, { at }: Fact): Process {
  const { id, title, languages, charter, secretariat, parties, seats, open } = event
  return {
    ...NOT_STARTED,
    id,
    title,
    languages,
    startedAt: at,
    openedAt: open ? at : null,
    charter: { ...charter, accepted: {} },
    secretariat,
    parties: tableOf(parties),
    seats: tableOf(seats),
  }
}

/** The process with the answer that the ask of a fact got, if it was asked for. */
export function withAnswer(process: Process, { ask, by, made = [] }: Pick<Fact, 'ask' | 'by' | 'made'>): Process {
  if (ask === undefined || by === 'server' || by === 'operator') return process
  const kept = row(process.answers, by) ?? []
  return { ...process, answers: { ...process.answers, [by]: [...kept, { ask, made }].slice(-ANSWERS_KEPT) } }
}

function nothingYet(): Process {
  const id = parseProcessId('-'.repeat(22)) as ProcessId | null
  const hash = parseHash('0'.repeat(64))
  if (!id || !hash) throw new Error('the empty process has no name')
  return {
    id,
    title: '',
    languages: [],
    startedAt: instant(0),
    openedAt: null,
    charter: { text: '', hash, decisionRule: 'consensus', acceptance: 'required', accepted: {} },
    secretariat: { name: '', phone: '', email: '' },
    parties: tableOf([]),
    seats: tableOf([]),
    nominations: tableOf([]),
    tracks: tableOf([]),
    notices: [],
    comments: tableOf([]),
    positions: {},
    changes: [],
    answers: {},
    access: { invitations: {}, sessions: tableOf([]) },
  }
}
/** Before the first event: nobody, nothing, and nothing open. */
const NOT_STARTED: Process = nothingYet()
