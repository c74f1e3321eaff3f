import type { Instant, NoticeId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import { trackAtDesk } from './cells.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { type As, sightIn } from './matrix.ts'
import { isMediation, isMediator, partyIn } from './people.ts'
import type { Notice, Process, Seat } from './process.ts'
import { doer, row } from './rows.ts'

/** What mediators tell deliberately: the only way in which something is known of without being seen. */

/**
 * Refused `talks-not-open` before the talks open: until then nobody would see it. To parties, or to all who read a track that
 * the mediator has the desk over; never both.
 */
export function decidePublishNotice(
  process: Process,
  asked: Asked,
  seat: Seat,
  command: Extract<Command, { type: 'PublishNotice' }>,
): Outcome<Decided, Refusal> {
  if (!isMediator(seat)) return refuse({ code: 'not-your-role' })
  const unknown = command.to?.some((party) => !partyIn(process, party))
  if (unknown || asked.by === 'operator') return refuse({ code: 'no-such-thing' })
  if (command.to && command.track !== undefined) return refuse({ code: 'malformed', where: 'track' })
  const track = command.track === undefined ? null : trackAtDesk(process, seat, asked.by, command.track, asked.at)
  if (track && !track.ok) return track
  if (process.openedAt === null) return refuse({ code: 'talks-not-open' })
  const id = asked.mint<NoticeId>()
  const to = command.to ? process.parties.order.filter((party) => command.to?.includes(party)) : null
  const within = track ? { track: track.value.id } : {}
  return ok({ events: [{ type: 'NoticePublished', id, words: command.words, to, ...within }], made: [id] })
}

export function foldNotice(process: Process, event: Extract<Event, { type: 'NoticePublished' }>, fact: Fact): Process {
  if (process.notices.some(({ id }) => id === event.id)) return process
  const { id, words, to, track } = event
  const notice: Notice = { id, at: fact.at, by: doer(fact), words, to, ...(track === undefined ? {} : { track }) }
  return { ...process, notices: [...process.notices, notice] }
}

/**
 * The notices addressed to a seat; the mediators see all that were addressed to parties, and those at the desk all. None
 * before the talks open but for the mediators. One to a track's readers comes and goes with the sight of the track, as a
 * comment does: whoever is let in later hears nothing from before unless the grant says so.
 */
export function noticesFor(process: Process, seat: Seat, as: As, at: Instant): Notice[] {
  const mediates = isMediation(process, seat.party)
  if (process.openedAt === null && !mediates) return []
  return process.notices.filter(({ to, track: id, at: given }) => {
    if (id === undefined) return mediates || to === null || to.includes(seat.party)
    if (isMediator(seat)) return true
    const track = row(process.tracks.by, id)
    const sight = track && sightIn(process, seat, as, track, at)
    return sight !== null && (given >= sight.since || sight.grant.annotations || sight.grant.history === 'full')
  })
}
