import type { CommentId, TrackId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { includes, type Refusal } from '../refusals.ts'
import type { Text } from '../text/structure.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import type { Sight } from './matrix.ts'
import { isMediation, seatIn } from './people.ts'
import type { Comment, CommentAudience, Process, Quote, Seat, Table, Track } from './process.ts'
import { added, doer, once, replaced, row, rowsOf } from './rows.ts'

/** Threads beside the text, each comment with an audience inside its track. */

type Of<T extends Command['type']> = Extract<Command, { type: T }>

/** A reader of a track: what it is to see of the comments there. */
export interface Reading {
  process: Process
  seat: Seat
  confined: boolean
  sight: Sight
}

/**
 * Whether a reader of its track sees a comment: it is in the audience, and the comment is not from before its sight
 * began unless the grant shows those. `track` is everyone who may comment there: who only reads gets no threads. `party` is
 * the author's delegation (a session that no member of it has confirmed is not yet of it). `party+mediators` adds the
 * mediators, and in answers the party whose thread it is.
 */
export function sees({ process, seat, confined, sight }: Reading, comment: Comment): boolean {
  const { annotations, history } = sight.grant
  if (comment.at < sight.since && !annotations && history !== 'full') return false
  switch (comment.audience) {
    case 'track':
      return comment.party === seat.party || includes(sight.level, 'comment')
    case 'party':
      return comment.party === seat.party && !confined
    case 'party+mediators': {
      if (comment.party === seat.party || isMediation(process, seat.party)) return true
      const thread = comment.answers === null ? null : row(process.comments.by, comment.answers)
      return thread?.audience === 'party+mediators' && thread.party === seat.party
    }
    default:
      throw comment.audience satisfies never
  }
}

const byTrack = once(
  (comments: Table<CommentId, Comment>): Map<TrackId, Comment[]> =>
    Map.groupBy(rowsOf(comments), (comment) => comment.track),
)
/** Every comment of a track, oldest first. */
export const commentsOf = (process: Process, track: TrackId): Comment[] => byTrack(process.comments).get(track) ?? []

const WIDTH: Record<CommentAudience, number> = { party: 0, 'party+mediators': 1, track: 2 }

/** An answer stands in the thread it answers, and has no wider audience than it: else it would tell of the thread. */
export function decideComment(
  reading: Reading,
  asked: Asked,
  track: Track,
  command: Of<'Comment'>,
): Outcome<Decided, Refusal> {
  const { process, sight } = reading
  if (!track.text || !row(track.text.clauses, command.clause)) return refuse({ code: 'no-such-thing' })
  if (!includes(sight.level, 'comment')) {
    return refuse({ code: 'level-too-low', needed: 'comment', has: sight.level })
  }
  const quote = typeof command.quote === 'string' ? { words: command.quote } : (command.quote ?? null)
  if (quote && !isOfText(track.text, quote)) return refuse({ code: 'no-such-thing' })
  const answered = command.answers === undefined ? null : row(process.comments.by, command.answers)
  if (command.answers !== undefined) {
    if (!answered || answered.track !== track.id || !sees(reading, answered)) return refuse({ code: 'no-such-thing' })
    if (answered.clause !== command.clause) return refuse({ code: 'malformed', where: 'answers' })
    if (WIDTH[command.audience] > WIDTH[answered.audience]) {
      return refuse({ code: 'malformed', where: 'audience' })
    }
  }
  const id = asked.mint<CommentId>()
  const { clause, words, audience } = command
  const answers = answered ? threadOf(reading, answered) : null
  return ok({
    events: [{ type: 'Commented', id, track: track.id, clause, words, audience, quote, answers }],
    made: [id],
  })
}

/** A thread is one deep: an answer to an answer stands under the first comment, if the sender sees that. */
function threadOf(reading: Reading, answered: Comment): CommentId {
  const first = answered.answers === null ? null : row(reading.process.comments.by, answered.answers)
  return first && sees(reading, first) ? first.id : answered.id
}

/** A quote that names a leaf names one of this text. */
function isOfText(text: Text, { leaf }: Quote): boolean {
  if (leaf === undefined) return true
  if (Object.values(text.clauses).some((clause) => clause.leaf === leaf)) return true
  return Object.values(text.brackets).some((bracket) => bracket.leaf === leaf)
}

/** By anyone of the author's party, or by who holds the pen in the track. */
export function decideResolve({ seat, sight }: Reading, comment: Comment): Outcome<Decided, Refusal> {
  if (!includes(sight.level, 'comment')) {
    return refuse({ code: 'level-too-low', needed: 'comment', has: sight.level })
  }
  if (comment.party !== seat.party && sight.level !== 'edit') return refuse({ code: 'not-your-words' })
  if (comment.resolved) return refuse({ code: 'nothing-to-change' })
  return ok({ events: [{ type: 'CommentResolved', comment: comment.id }], made: [] })
}

export function foldCommented(process: Process, event: Extract<Event, { type: 'Commented' }>, fact: Fact): Process {
  const by = doer(fact)
  const party = seatIn(process, by)?.party
  if (!party) return process
  const { id, track, clause, words, audience, quote, answers } = event
  const comment: Comment = {
    id,
    track,
    clause,
    by,
    party,
    at: fact.at,
    words,
    audience,
    quote,
    answers,
    resolved: null,
  }
  return { ...process, comments: added(process.comments, id, comment) }
}

/** The items a quote lies between are gone with the track's old incarnation, and with them whose they were (P4). */
export function withoutOldPlaces(process: Process, track: TrackId): Process {
  const placed = commentsOf(process, track).filter(({ quote }) => quote?.from || quote?.to)
  const comments = placed.reduce((table, comment) => {
    const { from: _, to: __, ...quote } = comment.quote as Quote
    return replaced(table, comment.id, { ...comment, quote })
  }, process.comments)
  return placed.length > 0 ? { ...process, comments } : process
}

export function foldResolved(
  process: Process,
  event: Extract<Event, { type: 'CommentResolved' }>,
  fact: Fact,
): Process {
  const comment = row(process.comments.by, event.comment)
  if (!comment || comment.resolved) return process
  const resolved = { by: doer(fact), at: fact.at }
  return { ...process, comments: replaced(process.comments, comment.id, { ...comment, resolved }) }
}
