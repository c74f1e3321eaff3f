import type { Party } from '#shared/domain/process.ts'
import type { TrackView, View } from '#shared/domain/view.ts'
import type { PartyId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import type { Speech } from '#shared/words/say.ts'
import type { Reader } from '../components/AudienceBar.svelte'
import type { Scale } from '../components/scale.ts'

/** Who reads a track, from the view alone: the sentence is true of those who may read, not of the track's kind. */
export interface Audience {
  scale: Scale
  readers: AudienceReader[]
  /** Parties this viewer knows of that do not read it. */
  excluded: (Party & { slot: number })[]
}
export interface AudienceReader {
  id: string
  party: Party & { slot: number }
  /** The person, when only a named seat reads or one has a level of its own. */
  person: string | null
  level: Exclude<Level, 'hidden'>
  mine: boolean
}

export function audienceOf(track: Pick<TrackView, 'audience' | 'kind' | 'level'>, view: View): Audience {
  const readers = track.audience.flatMap(({ id, party, seat, level }): AudienceReader[] => {
    const known = view.parties.find((one) => one.id === party)
    if (!known || level === 'hidden') return []
    const person = seat ? (view.people.find((one) => one.id === seat)?.name ?? null) : null
    const mine = seat ? seat === view.me.seat : party === view.me.party
    return [{ id, party: known, person, level, mine }]
  })
  const reading = new Set(readers.map(({ party }) => party.id))
  return {
    scale: scaleOf(track.kind, reading, view),
    readers,
    excluded: view.parties.filter(({ id }) => !reading.has(id)),
  }
}

const isMediation = (view: View, party: PartyId): boolean =>
  view.parties.find(({ id }) => id === party)?.kind === 'mediation'

function scaleOf(kind: TrackView['kind'], reading: Set<PartyId>, view: View): Scale {
  const others = [...reading].filter((party) => party !== view.me.party)
  if (others.length === 0) return 'own'
  if (others.every((party) => isMediation(view, party)) || others.length === 1) return 'channel'
  return kind === 'plenary' || kind === 'implementation' ? 'table' : 'group'
}

/** Whether every party that negotiates or mediates, as far as the viewer knows, reads it. */
const isWholeTable = ({ excluded }: Audience): boolean =>
  !excluded.some(({ kind }) => kind === 'delegation' || kind === 'mediation')

const AT_TABLE: readonly Party['kind'][] = ['delegation', 'mediation', 'guarantor']
/** Who reads though they do not sit at the table: named beside it. */
function besideTable({ readers }: Audience, view: View, { say }: Speech): string[] {
  const parties = [...new Set(readers.map(({ party }) => party))].filter(({ kind }) => !AT_TABLE.includes(kind))
  return parties.map(({ id, name }) => (id === view.me.party ? say('audience.you-too') : name))
}

/** What a viewer's own party is called in a sentence about it. */
export function ownKind(view: View): 'delegation' | 'mediation' | 'other' {
  const kind = view.parties.find(({ id }) => id === view.me.party)?.kind
  return kind === 'delegation' || kind === 'mediation' ? kind : 'other'
}

/** “Everyone at the table sees this text”, and its kin. */
export function sentenceOf(audience: Audience, view: View, speech: Speech): string {
  const { say } = speech
  const parties = new Set(audience.readers.map(({ party }) => party.id))
  const others = view.parties.filter(({ id }) => parties.has(id) && id !== view.me.party)
  switch (audience.scale) {
    case 'own':
      return say(`audience.own.${ownKind(view)}`)
    case 'channel': {
      if (others.every(({ kind }) => kind === 'mediation')) return say('audience.with-mediators')
      const party = others[0]?.name ?? ''
      return say(ownKind(view) === 'mediation' ? 'audience.mediators-and' : 'audience.with-party', { party })
    }
    case 'table':
      if (isWholeTable(audience)) {
        const beside = besideTable(audience, view, speech)
        return beside.length === 0 ? say('audience.table') : say('audience.table-and', { parties: speech.list(beside) })
      }
      break
    case 'group':
    case 'sealed':
      break
    default:
      throw audience.scale satisfies never
  }
  return say('audience.named', { count: parties.size })
}

/** The readers as the bar over a text names them. */
export function readersIn({ readers }: Audience, { say }: Speech): Reader[] {
  return readers.map(({ id, party, person, level, mine }) => ({
    id,
    slot: party.slot,
    name: mine ? say('audience.you') : (person ?? party.name),
    short: mine || person ? undefined : party.short,
    level: say(mine ? `level.${level}` : `level.them.${level}`),
  }))
}

/** Who does not, of those the viewer knows; undefined when all of them do. */
export function excludedSentence({ excluded }: Audience, speech: Speech): string {
  if (excluded.length === 0) return speech.say('audience.nobody-else')
  return speech.say('audience.not', {
    count: excluded.length,
    parties: speech.list(excluded.map(({ name }) => name)),
  })
}

/** The audience as a button names it: “the table”, “all who read this”, a party's own people. */
export function shortAudience(audience: Audience, view: View, speech: Speech): string {
  const { say } = speech
  if (audience.scale === 'table' && isWholeTable(audience))
    return speech.list([say('bracket.table'), ...besideTable(audience, view, speech)])
  const others = [...new Set(audience.readers.map(({ party }) => party))].filter(({ id }) => id !== view.me.party)
  return others.length > 0 && others.length <= 3 ? speech.list(others.map(({ name }) => name)) : say('bracket.readers')
}

/** The tag of a track's audience: “The table”, “With the mediators”. */
export function tagOf(audience: Audience, view: View, speech: Speech): string {
  const { say } = speech
  switch (audience.scale) {
    case 'own': {
      const own = ownKind(view)
      return say(own === 'delegation' ? 'scale.own' : `scale.own.${own}`)
    }
    case 'channel': {
      const others = audience.readers.filter(({ party }) => party.id !== view.me.party)
      return others.every(({ party }) => party.kind === 'mediation')
        ? say('scale.channel')
        : (others[0]?.party.name ?? say('scale.group'))
    }
    case 'table':
      return isWholeTable(audience) ? say('scale.table') : say('scale.readers')
    case 'group':
      return say('scale.group')
    case 'sealed':
      return say('scale.sealed')
    default:
      throw audience.scale satisfies never
  }
}
