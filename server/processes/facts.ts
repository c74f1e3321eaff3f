import canonicalize from 'canonicalize'
import type { Command } from '#shared/domain/commands.ts'
import type { AccessEvent, Event, Fact } from '#shared/domain/events.ts'
import { isPrivate } from '#shared/domain/matrix.ts'
import type { CommentAudience, Process, TrackKind } from '#shared/domain/process.ts'
import type { PartyId, SeatId, TrackId } from '#shared/ids.ts'
import { type Audience, type Entry, LogDamaged } from '../log/log.ts'

/**
 * The body of an entry of kind `event` or `access`: RFC 8785 JSON of `{event, made?}`. `made` is what the answered ask made;
 * it stands with the ask's first event.
 */
export function encodeBody(event: Event | AccessEvent, made?: string[]): Uint8Array {
  const text = canonicalize(made ? { event, made } : { event })
  if (text === undefined) throw new Error('an event without a JSON form')
  return new TextEncoder().encode(text)
}

/** The fact an entry records, from its unsealed body. Throws `LogDamaged` when the body is none. */
export function factOf<E extends Event | AccessEvent>(entry: Entry, body: Uint8Array): Fact<E> {
  try {
    const { event, made } = JSON.parse(new TextDecoder().decode(body)) as { event: E; made?: string[] }
    const fact: Fact<E> = { event, by: entry.by, at: entry.at }
    if (entry.ask !== undefined) fact.ask = entry.ask
    if (made) fact.made = made
    return fact
  } catch (cause) {
    throw new LogDamaged(`entry ${entry.seq} holds no event`, { cause })
  }
}

/** Who may be told of an event, for records and exports. What an access decision opened, its readers learn from their own view. */
export function audienceOf(event: Event, process: Process | null, by: SeatId | 'server' | 'operator'): Audience {
  switch (event.type) {
    case 'ProcessStarted':
    case 'TalksOpened':
    case 'PartiesOrdered':
      return { who: 'everyone' }
    // Whose acceptance is missing is nobody's to see but the mediators'.
    case 'CharterAccepted':
    case 'SeatNominated':
    case 'SeatAccredited':
    case 'SeatDeclined':
    case 'SeatSuspended':
    case 'SeatRestored':
      return { who: 'party', party: event.party }
    case 'TrackOpened':
      return { who: 'track', track: event.track.id }
    case 'AccessSet':
    case 'Expired':
      return { who: 'mediators' }
    case 'NoticePublished':
      return event.track === undefined ? noticeAudience(event.to) : { who: 'track', track: event.track }
    case 'Commented':
      return commentAudience(event, by === 'server' || by === 'operator' ? undefined : process?.seats.by[by]?.party)
    case 'CommentResolved': {
      const comment = process?.comments.by[event.comment]
      return comment ? commentAudience(comment, comment.party) : { who: 'mediators' }
    }
    case 'PositionTaken':
      return { who: 'party', party: event.party }
    case 'TextExported':
      return exportAudience(process, event.track, by)
    default:
      return { who: 'track', track: event.track }
  }
}

/** What a seat took out is its party's matter and the desk's; in a room of its members' own, its party's alone. */
function exportAudience(process: Process | null, track: TrackId, by: SeatId | 'server' | 'operator'): Audience {
  const kind = process?.tracks.by[track]?.kind
  const party = by === 'server' || by === 'operator' ? undefined : process?.seats.by[by]?.party
  return kind && party && isPrivate(kind) ? { who: 'party', party } : { who: 'mediators' }
}

function noticeAudience(to: string[] | null): Audience {
  if (to === null) return { who: 'everyone' }
  return to.length === 1 ? { who: 'party', party: to[0] as string } : { who: 'mediators' }
}

function commentAudience(comment: { audience: CommentAudience; track: TrackId }, party: PartyId | undefined): Audience {
  if (comment.audience === 'track') return { who: 'track', track: comment.track }
  return party ? { who: 'party', party } : { who: 'mediators' }
}

/** The stream of chance a command draws from: only those who may learn of it share it. */
export function streamOf(command: Command, by: SeatId | 'operator'): string {
  switch (command.type) {
    case 'AcceptCharter':
    case 'OpenTalks':
    case 'OrderParties':
      return 'everyone'
    case 'NominateSeat':
      return `nominated:${command.party}`
    case 'AccreditSeat':
    case 'DeclineSeat':
    case 'SuspendSeat':
    case 'RestoreSeat':
    case 'ReplaceSeat':
      return `replaced:${command.seat}`
    case 'PublishNotice':
      if (command.track !== undefined) return `notice-in:${command.track}`
      return command.to ? `notice:${[...command.to].sort().join(',')}` : 'everyone'
    case 'SetAccess':
      return 'mediators'
    case 'OpenTrack':
      return `opened:${JSON.stringify(Object.entries(command.access).sort())}`
    case 'Comment':
      return command.audience === 'track' ? `track:${command.track}` : `seat:${by}`
    case 'ResolveComment':
    case 'TakePosition':
    case 'IssueInvitation':
    case 'RevokeInvitation':
    case 'AddDevice':
    case 'ConfirmDevice':
    case 'EndSession':
    case 'ChooseLanguage':
      return `seat:${by}`
    default:
      return `track:${command.track}`
  }
}

const ERASABLE: ReadonlySet<TrackKind> = new Set(['caucus', 'backchannel'])

/** The name of the key that seals what belongs to an erasable track; null for all else. */
export const keyOf = (track: TrackId | null, kind: TrackKind | null): string | null =>
  track && kind && ERASABLE.has(kind) ? `track:${track}` : null

/** The track an event belongs to, if to one only. */
export function trackOf(event: Event): TrackId | null {
  if (event.type === 'TrackOpened') return event.track.id
  return 'track' in event ? event.track : null
}

/** Whether an event is about the text of its track. */
export function isAboutText(event: Event): event is Extract<Event, { track: TrackId }> & { track: TrackId } {
  return 'track' in event && typeof event.track === 'string' && !NOT_ABOUT_TEXT.has(event.type)
}
const NOT_ABOUT_TEXT: ReadonlySet<Event['type']> = new Set([
  'Commented',
  'PositionTaken',
  'Expired',
  'TrackOpened',
  'TrackRenamed',
  'TrackPaused',
  'TrackResumed',
  'TrackClosed',
  'NoticePublished',
  'TextHeld',
  'AnnexAttached',
  'AnnexRemoved',
  'TextExported',
])
