import type { Instant, SeatId, SessionId } from '../ids.ts'
import { annexViews } from './annexes.ts'
import { hasAccepted, missingAcceptances } from './charter.ts'
import { deskFor } from './desk.ts'
import {
  commentsSeen,
  isKnown,
  type Known,
  knownTo,
  type Looking,
  lookingAs,
  onceATrack,
  readersOnce,
  type Seen,
  tracksSeen,
} from './known.ts'
import { noticesFor } from './notices.ts'
import { isMediator, looksAfterItsParty, mayBind, seatsOf } from './people.ts'
import type { Access, Comment, Notice, Position, Process, Seat, Session, Table } from './process.ts'
import { once, row, rowsOf } from './rows.ts'
import type { CommentView, InvitationView, SessionView, TrackView, View, Viewer } from './view.ts'

/**
 * All that a viewer receives about the process at an instant, and nothing else: every path (socket, HTTP, preview, export)
 * is answered out of this. The same process, viewer and instant give the same bytes. Parts that are the same for several
 * viewers are computed once and shared: treat the result as immutable. Throws when the seat is none of this process.
 */
export function viewFor(viewer: Viewer, process: Process, at: Instant): View {
  const looking = lookingAs(process, viewer, at)
  if (!looking) throw new Error(`no seat ${viewer.seat} in this process`)
  const { seat } = looking
  const tracks = tracksSeen(looking)
  const comments = commentsSeen(looking, tracks)
  const notices = noticesFor(process, seat, looking, at)
  const known = knownTo(looking, tracks, comments, notices)
  const { id, title, languages, openedAt, secretariat } = process
  return {
    process: { id, title, languages, openedAt },
    charter: charterFor(looking),
    secretariat,
    me: meFor(viewer, looking),
    parties: partiesFor(process, known),
    people: peopleFor(looking, known),
    nominations: nominationsFor(looking),
    tracks: tracks.map((seen) => trackFor(looking, seen)),
    notices: noticeViews(notices, tracks),
    comments: commentViews(comments),
    positions: positionsFor(looking, tracks),
    access: accessFor(looking, viewer.session),
    desk: isMediator(seat) ? deskFor(looking) : null,
  }
}

function charterFor({ process, seat }: Looking): View['charter'] {
  const { text, hash, decisionRule, acceptance } = process.charter
  const charter = { text, hash, decisionRule, acceptance, accepted: hasAccepted(process, seat.party) }
  const isWaiting = process.openedAt === null && isMediator(seat)
  return isWaiting ? { ...charter, missing: missingAcceptances(process) } : charter
}

function meFor(viewer: Viewer, { process, seat, at }: Looking): View['me'] {
  const { id, party, role, name } = seat
  const confined = viewer.confined && !viewer.previewed
  const binds = mayBind(process, seat, at) && !confined
  // What a person's own screens speak is nobody else's business: of who looks as the party, or may have another's link.
  const isOwn = viewer.session !== null && !viewer.confined
  const language = isOwn ? (row(process.access.languages ?? {}, id) ?? null) : null
  return { seat: id, party, role, name, binds, confined, session: viewer.session, language }
}

/** Slots count the parties the viewer knows: a gap would tell of one it does not. */
function partiesFor(process: Process, known: Known): View['parties'] {
  return rowsOf(process.parties)
    .filter(({ id }) => known.parties.has(id))
    .map((party, index) => ({ ...party, slot: index + 1 }))
}

type Person = View['people'][number]
const people = once((seats: Table<SeatId, Seat>) =>
  rowsOf(seats).map((seat): { seat: Seat; person: Person; own: Person } => {
    const { id, party, role, name } = seat
    const person: Person = { id, party, role, name, ...(seat.standing?.is === 'ended' ? { left: true } : {}) }
    const by = seat.standing?.is === 'suspended' ? row(seats.by, seat.standing.by) : null
    const suspended = by?.role === 'mediator' ? 'mediators' : 'party'
    return { seat, person, own: seat.standing?.is === 'suspended' ? { ...person, suspended } : person }
  }),
)
/** That a person was followed by another is known to whoever knows them; that one is suspended, to the party and the mediators. */
const peopleFor = ({ process, seat: viewer, confined }: Looking, known: Known): View['people'] =>
  people(process.seats)
    .filter(({ seat }) => isKnown(known, seat))
    .map(({ seat, person, own }) => (isMediator(viewer) || (seat.party === viewer.party && !confined) ? own : person))

/** A party's own to those who look after it, all that wait to the mediators. */
function nominationsFor({ process, seat, confined }: Looking): View['nominations'] {
  if (confined) return []
  return rowsOf(process.nominations).filter(({ party, declinedAt }) =>
    party === seat.party ? looksAfterItsParty(process, seat) : isMediator(seat) && declinedAt === null,
  )
}

/** The track is named to whoever sees it; the desk says of the others to whom they went. */
function noticeViews(notices: Notice[], tracks: Seen[]): View['notices'] {
  const seen = new Set(tracks.map(({ track }) => track.id))
  return notices.map(({ id, at, by, words, track }) => {
    return { id, at, by, words, ...(track !== undefined && seen.has(track) ? { track } : {}) }
  })
}

const audienceOnce = onceATrack((process, track, at): TrackView['audience'] =>
  readersOnce(process, track, at).map(({ party, seat, level }) => {
    return { id: seat ? `seat:${seat}` : `party:${party}`, party, seat, level }
  }),
)
const annexesOnce = onceATrack((process, track, at): TrackView['annexes'] =>
  annexViews(track, readersOnce(process, track, at)),
)
const clausesIn = once((clauses: object): number => Object.keys(clauses).length)

function trackFor({ process, at }: Looking, { track, sight }: Seen): TrackView {
  const { id, title, kind, status, text } = track
  return {
    id,
    title,
    kind,
    level: sight.level,
    status,
    grant: sight.grant,
    since: sight.since,
    text: text && { title: text.title, clauses: clausesIn(text.clauses) },
    audience: audienceOnce(process, track, at),
    annexes: annexesOnce(process, track, at),
  }
}

const commentView = once((comment: Comment): CommentView => {
  const { id, track, clause, by, party, at, words, audience, quote, answers, resolved } = comment
  return {
    id,
    track,
    clause,
    by,
    party,
    at,
    words,
    audience,
    quote,
    answers,
    resolved: resolved && { at: resolved.at },
  }
})

const loneView = once((comment: Comment): CommentView => ({ ...commentView(comment), answers: null }))
/** What an answer answers is named to those who see it: to others the answer stands alone. */
function commentViews(comments: Comment[]): CommentView[] {
  const seen = new Set(comments.map(({ id }) => id))
  return comments.map((comment) =>
    comment.answers === null || seen.has(comment.answers) ? commentView(comment) : loneView(comment),
  )
}

/**
 * Of clauses in tracks the viewer sees, in the order in which they were taken. They are the delegation's own: a session
 * that no member of it has confirmed sees none, and so does a preview.
 */
function positionsFor({ process, seat, confined }: Looking, tracks: Seen[]): View['positions'] {
  const own = confined ? null : row(process.positions, seat.party)
  if (!own) return []
  const seen = new Set(tracks.map(({ track }) => track.id))
  return (Object.entries(own) as [View['positions'][number]['id'], Position][])
    .filter(([, { track }]) => seen.has(track))
    .map(([id, { track, position, hash, at, until }]) => {
      return { id, track, position, hash, at, ...(until === undefined ? {} : { until }) }
    })
}

/* ---- invitations and sessions ---- */

const invitationsBySeat = once((invitations: Access['invitations']): Map<SeatId, InvitationView[]> => {
  const views = (
    Object.entries(invitations) as [InvitationView['id'], Access['invitations'][InvitationView['id']]][]
  ).map(([id, { seat, by, at, until, confined, session, revoked }]): InvitationView => {
    return { id, seat, by, at, until, confined, redeemed: session !== null, revoked }
  })
  return Map.groupBy(views, ({ seat }) => seat)
})
const sessionsBySeat = once(
  (sessions: Access['sessions']): Map<SeatId, Session[]> => Map.groupBy(rowsOf(sessions), ({ seat }) => seat),
)

/** Seat by seat, the oldest first: with those of its party that wait for one of it. A confined session sees none. */
function accessFor({ process, seat, confined }: Looking, session: SessionId | null): View['access'] {
  if (confined) return { invitations: [], sessions: [] }
  const seats = seatsLookedAfter(process, seat)
  const { invitations, sessions } = process.access
  const isCared = new Set(seats)
  const shown = isMediator(seat) ? seats : seatsOf(process, seat.party)
  return {
    invitations: seats.flatMap(({ id }) => invitationsBySeat(invitations).get(id) ?? []),
    sessions: shown.flatMap((one) =>
      (sessionsBySeat(sessions).get(one.id) ?? [])
        .filter(({ confined, ended }) => isCared.has(one) || (confined !== null && !ended))
        .map((known) => sessionView(known, session)),
    ),
  }
}
function seatsLookedAfter(process: Process, seat: Seat): Seat[] {
  if (isMediator(seat)) return rowsOf(process.seats)
  return looksAfterItsParty(process, seat) ? seatsOf(process, seat.party) : [seat]
}

function sessionView({ id, seat, at, confined, ended }: Session, mine: SessionId | null): SessionView {
  const state = ended ? 'ended' : confined ? 'to-be-confirmed' : 'open'
  return { id, seat, at, state, endedAt: ended?.at ?? null, mine: id === mine }
}
