import type { Track, TrackKind } from '#shared/domain/process.ts'
import type { CommentView, TrackView, View } from '#shared/domain/view.ts'
import {
  type ClauseId,
  type CommentId,
  type Hash,
  instant,
  type PartyId,
  type SeatId,
  type TrackId,
} from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'

/** Views as a screen gets them, with what matters to a test and one sensible default for the rest. */

export const NOW = Date.UTC(2026, 10, 22, 13, 42)
export const HASH = 'a'.repeat(64) as Hash
export const OTHER_HASH = 'b'.repeat(64) as Hash

const PARTIES: View['parties'] = [
  { id: 'tavira' as PartyId, name: 'Republic of Tavira', short: 'TAV', kind: 'delegation', slot: 1 },
  { id: 'council' as PartyId, name: 'Northern Maren Council', short: 'NMC', kind: 'delegation', slot: 2 },
  { id: 'union' as PartyId, name: 'Regional Union', short: 'MED', kind: 'mediation', slot: 3 },
  { id: 'forum' as PartyId, name: 'Maren Civic Forum', short: 'MCF', kind: 'civil', slot: 4 },
]

/** The view of one party's head (of the mediators: a mediator), with everyone known unless `parties` says who is. */
export function viewOf(
  party: string,
  more: { tracks?: TrackView[]; parties?: string[]; comments?: CommentView[] } = {},
): View {
  const role = party === 'union' ? 'mediator' : 'head'
  return {
    process: { id: 'p'.repeat(22), title: 'Lake Maren Basin Talks', languages: ['en'], openedAt: instant(NOW) },
    charter: { text: '', hash: HASH, decisionRule: 'consensus', acceptance: 'waived', accepted: true },
    secretariat: { name: 'Secretariat', phone: '+41 22 555 01 10', email: '' },
    me: {
      seat: `${party}-${role}` as SeatId,
      party: party as PartyId,
      role,
      name: 'Ilse Corvane',
      binds: role === 'head',
      confined: false,
      session: null,
      language: null,
    },
    parties: PARTIES.filter(({ id }) => more.parties?.includes(id) ?? true),
    people: [],
    nominations: [],
    tracks: more.tracks ?? [],
    notices: [],
    comments: more.comments ?? [],
    positions: [],
    access: { invitations: [], sessions: [] },
    desk: null,
  }
}

/** A track as `party` sees it; `access` names every reader. */
export function trackFor(
  party: string,
  kind: TrackKind,
  access: Record<string, Exclude<Level, 'hidden'>>,
  more: { id?: string; status?: Track['status'] } = {},
): TrackView {
  return {
    id: (more.id ?? kind) as TrackId,
    title: kind,
    kind,
    level: access[party] ?? 'read',
    status: more.status ?? 'open',
    grant: { history: 'clean', annotations: false, export: false, offline: false },
    since: instant(NOW),
    text: { title: kind, clauses: 3 },
    annexes: [],
    audience: Object.entries(access).map(([id, level]) => ({
      id: `party:${id}`,
      party: id as PartyId,
      seat: null,
      level,
    })),
  }
}

export const commentBy = (party: string, more: Partial<CommentView> = {}): CommentView => ({
  id: `comment-of-${party}` as CommentId,
  track: 'plenary' as TrackId,
  clause: 'first' as ClauseId,
  by: `${party}-head` as SeatId,
  party: party as PartyId,
  at: instant(NOW),
  words: 'Thirty days.',
  audience: 'track',
  quote: null,
  answers: null,
  resolved: null,
  ...more,
})
