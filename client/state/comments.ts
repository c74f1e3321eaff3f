import type { CommentAudience } from '#shared/domain/process.ts'
import type { CommentView, TrackView, View } from '#shared/domain/view.ts'
import type { ClauseId } from '#shared/ids.ts'
import { includes } from '#shared/refusals.ts'
import type { Speech } from '#shared/words/say.ts'
import type { ShownThread } from '../components/CommentThread.svelte'
import type { AudienceChoice } from '../components/Composer.svelte'
import type { Scale } from '../components/scale.ts'
import type { StructureClause } from '../room/room.ts'
import { type Audience, audienceOf, ownKind, shortAudience, tagOf } from './audience.ts'
import type { ViewState } from './view.svelte.ts'

/** A comment and its answers. */
export interface Thread {
  root: CommentView
  answers: CommentView[]
}

/** The threads of a track, open ones first, in the order of the text and then of time. */
export function threadsOf(view: View, track: TrackView, clauses: Pick<StructureClause, 'id'>[]): Thread[] {
  const order = new Map<ClauseId, number>(clauses.map(({ id }, index) => [id, index]))
  const here = view.comments.filter((comment) => comment.track === track.id)
  const place = ({ root }: Thread): number => (root.resolved ? 1e9 : 0) + (order.get(root.clause) ?? clauses.length + 1)
  return here
    .filter((comment) => comment.answers === null)
    .map((root) => ({ root, answers: here.filter((comment) => comment.answers === root.id) }))
    .sort((a, b) => place(a) - place(b) || a.root.at - b.root.at)
}

/** Who sees a comment, for its tag. */
function tagFor(audience: CommentAudience, by: CommentView['party'], track: Audience, view: ViewState, speech: Speech) {
  const { say } = speech
  const mine = by === view.current.me.party
  switch (audience) {
    case 'party': {
      const own = ownKind(view.current)
      return { scale: 'own' as Scale, words: say(own === 'delegation' ? 'scale.own' : `scale.own.${own}`) }
    }
    case 'party+mediators':
      return {
        scale: 'channel' as Scale,
        words: mine ? say('scale.channel') : say('scale.party-mediators', { party: view.partyName(by) }),
      }
    case 'track':
      return { scale: track.scale, words: tagOf(track, view.current, speech) }
    default:
      throw audience satisfies never
  }
}

export function shownThread(
  { root, answers }: Thread,
  track: TrackView,
  view: ViewState,
  numberOf: (clause: ClauseId) => string | null,
  speech: Speech,
  now: number,
): ShownThread {
  return {
    id: root.id,
    number: numberOf(root.clause),
    quote: root.quote?.words ?? null,
    audience: tagFor(root.audience, root.party, audienceOf(track, view.current), view, speech),
    resolved: root.resolved !== null,
    comments: [root, ...answers].map((comment) => ({
      id: comment.id,
      name:
        comment.by === view.current.me.seat ? speech.say('comments.you') : view.personName(comment.by, comment.party),
      person: view.personName(comment.by, comment.party),
      audience: tagFor(comment.audience, comment.party, audienceOf(track, view.current), view, speech),
      slot: view.slotOf(comment.party),
      at: speech.moment(comment.at, now),
      words: comment.words,
    })),
  }
}

/** Whom this person may write a comment to in the track, from the fewest people to the most. */
export function choicesFor(track: TrackView, view: ViewState, speech: Speech): AudienceChoice[] {
  if (!includes(track.level, 'comment') || track.status !== 'open') return []
  const audience = audienceOf(track, view.current)
  const own = ownKind(view.current)
  const kinds = new Set(
    audience.readers.filter(({ party }) => party.id !== view.current.me.party).map(({ party }) => party.kind),
  )
  const choices: AudienceChoice[] = [choice('party', track, view, speech)]
  if (own !== 'mediation' && kinds.has('mediation')) choices.push(choice('party+mediators', track, view, speech))
  const beyond = own === 'mediation' ? kinds.size > 0 : [...kinds].some((kind) => kind !== 'mediation')
  if (beyond) choices.push(choice('track', track, view, speech))
  return choices
}

export function choice(audience: CommentAudience, track: TrackView, view: ViewState, speech: Speech): AudienceChoice {
  const { say } = speech
  const known = audienceOf(track, view.current)
  const own = ownKind(view.current)
  const { scale, words: tag } = tagFor(audience, view.current.me.party, known, view, speech)
  switch (audience) {
    case 'party':
      return own === 'delegation'
        ? { id: audience, scale, tag, sees: say('compose.sees.party'), send: say('compose.send.party') }
        : { id: audience, scale, tag, sees: say(`compose.sees.party-${own}`), send: say(`compose.send.party-${own}`) }
    case 'party+mediators':
      return { id: audience, scale, tag, sees: say('compose.sees.mediators'), send: say('compose.send.mediators') }
    case 'track': {
      const hearing = known.readers.filter(({ level }) => includes(level, 'comment'))
      const parties = [...new Set(hearing.map(({ party }) => party.name))]
      const sees = say('compose.sees.track', { parties: speech.list(parties) })
      const to = shortAudience(known, view.current, speech)
      return { id: audience, scale, tag, sees, send: say('compose.send.track', { audience: to }) }
    }
    default:
      throw audience satisfies never
  }
}

/** As a narrow button names them: the table, the one other party, or the group. */
function hearers(track: TrackView, view: ViewState, speech: Speech): string {
  const audience = audienceOf(track, view.current)
  const others = new Set(audience.readers.filter(({ mine }) => !mine).map(({ party }) => party.id))
  const whole = shortAudience(audience, view.current, speech)
  return audience.scale === 'table' || others.size < 2 ? whole : speech.say('comments.group')
}

/** The button that answers a thread, naming who will read the answer. */
export function answerLabel(root: CommentView, track: TrackView, view: ViewState, speech: Speech): string {
  const { say } = speech
  if (root.audience === 'party+mediators' && root.party !== view.current.me.party)
    return say('comments.answer.track', { audience: view.partyName(root.party) })
  switch (root.audience) {
    case 'party':
      return say('comments.answer.party')
    case 'party+mediators':
      return say('comments.answer.mediators')
    case 'track':
      return say('comments.answer.track', { audience: hearers(track, view, speech) })
    default:
      throw root.audience satisfies never
  }
}
