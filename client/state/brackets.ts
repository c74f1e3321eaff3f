import type { TrackView } from '#shared/domain/view.ts'
import type { PartyId } from '#shared/ids.ts'
import { includes } from '#shared/refusals.ts'
import type { AgreementView, BracketView } from '#shared/text/structure.ts'
import type { Speech } from '#shared/words/say.ts'
import type { BracketActs, ShownBracket } from '../components/BracketPopover.svelte'
import type { StructureClause } from '../room/room.ts'
import { audienceOf, shortAudience } from './audience.ts'
import type { TextState } from './text.svelte.ts'
import type { KnownParty, ViewState } from './view.svelte.ts'

/** The delegations whose consent counts in the track, in the mediators' order. */
export function consentingIn(track: TrackView, view: ViewState): KnownParty[] {
  const counted = new Set(track.audience.filter(({ level }) => includes(level, 'suggest')).map(({ party }) => party))
  return view.current.parties.filter(({ id, kind }) => kind === 'delegation' && counted.has(id))
}

type Standing = 'agrees' | 'stale' | 'not-yet'
/** How an agreement stands against the words as they are now. */
export function standingOf(agreed: AgreementView[], party: PartyId, hash: string, now: number): Standing {
  const agreement = agreed.find(({ id }) => id === party)
  if (!agreement || (agreement.until !== undefined && now > agreement.until)) return 'not-yet'
  return agreement.hash === hash ? 'agrees' : 'stale'
}

interface Place {
  bracket: BracketView
  clause: StructureClause
  track: TrackView
  text: TextState
  view: ViewState
  speech: Speech
  now: number
}

export function shownBracket(place: Place): ShownBracket {
  const { bracket, text, view } = place
  const holders = bracket.holders.flatMap((id) => view.party(id) ?? [])
  return {
    id: bracket.id,
    kind: bracket.kind,
    own: bracket.holders.includes(view.current.me.party),
    ...text.wordsOf(bracket),
    holders,
    placed: placedBy(place),
    consents: consents(place).map(({ party, state }) => ({ party, state })),
  }
}

function placedBy({ bracket, view, speech, now }: Place): string {
  const moment = speech.moment(bracket.placedAt, now)
  if (bracket.placedBy === view.current.me.seat) return speech.say('bracket.placed-by-you', { moment })
  const party = bracket.holders[0] ?? null
  const name = bracket.placedBy ? view.personName(bracket.placedBy, party) : party ? view.partyName(party) : ''
  return speech.say('bracket.placed-by', { name, moment })
}

function consents({ bracket, clause, track, view, now }: Place) {
  const holds = (party: KnownParty) => bracket.holders.includes(party.id)
  const counted = consentingIn(track, view)
  const all = view.current.parties.filter((party) => holds(party) || counted.includes(party))
  return all.map((party) => {
    // An adviser may place and join, but consents for nobody: a delegation's own head still has to.
    const stands = bracket.proposer === party.id || (holds(party) && !counted.includes(party))
    const state: ShownBracket['consents'][number]['state'] = stands
      ? 'holds'
      : standingOf(bracket.agreed, party.id, clause.hash, now)
    return { party, state }
  })
}

/** What this person may do with the bracket, as the room would decide it. What they may not is absent, with the reason. */
export function bracketActs(place: Place): BracketActs {
  const { bracket, clause, track, view, speech } = place
  const { say } = speech
  const me = view.current.me
  const own = view.party(me.party)
  const holds = bracket.holders.includes(me.party)
  const writes = includes(track.level, 'suggest') && !clause.locked && track.status === 'open'
  const party = own?.name ?? ''
  const mine = consents(place).find((consent) => consent.party.id === me.party)
  const audience = shortAudience(audienceOf(track, view.current), view.current, speech)
  const delegation = own?.kind === 'delegation'
  const isAsked = mine?.state === 'not-yet' || mine?.state === 'stale'
  const mayAgree = delegation && me.binds && isAsked && !clause.locked
  const removes = bracket.kind === 'delete'
  return {
    agree: mayAgree ? { label: say('bracket.do-agree', { party, audience }), note: say('bracket.agree-note') } : null,
    join:
      delegation && writes && !holds
        ? {
            label: say('bracket.join', { party }),
            note: say(me.binds ? 'bracket.join-binds' : 'bracket.join-note', { party }),
          }
        : null,
    withdraw:
      holds && writes
        ? {
            label: say(removes ? 'bracket.withdraw-strike' : 'bracket.withdraw', { party }),
            note: withdrawNote(place, party),
          }
        : null,
    accept: includes(track.level, 'edit') && writes ? acceptAct(place) : null,
    otherwise: otherwise(place, mine?.state === 'agrees', party),
  }
}

function withdrawNote({ bracket, view, speech }: Place, party: string): string {
  const others = bracket.holders.filter((id) => id !== view.current.me.party).map(view.partyName)
  return others.length === 0
    ? speech.say('bracket.withdraw-last', { party })
    : speech.say('bracket.withdraw-shared', { others: speech.list(others) })
}

function acceptAct(place: Place): NonNullable<BracketActs['accept']> {
  const { bracket, track, view, speech } = place
  const counted = consentingIn(track, view)
  const missing = consents(place).filter(
    ({ party, state }) => counted.includes(party) && state !== 'holds' && state !== 'agrees',
  )
  const ready = missing.length === 0
  return {
    label: speech.say(bracket.kind === 'delete' ? 'bracket.accept-strike' : 'bracket.accept'),
    note: ready
      ? speech.say('bracket.accept-ready')
      : speech.say('bracket.accept-missing', { parties: speech.list(missing.map(({ party }) => party.name)) }),
    ready,
  }
}

function otherwise({ clause, track, view, speech }: Place, agreed: boolean, party: string): string | null {
  const { me } = view.current
  if (clause.locked) return speech.say('clause.locked-note')
  if (agreed) return speech.say('bracket.you-agreed', { party })
  const delegation = view.party(me.party)?.kind === 'delegation'
  return delegation && !me.binds && includes(track.level, 'suggest')
    ? speech.say('bracket.not-binding', { party })
    : null
}
