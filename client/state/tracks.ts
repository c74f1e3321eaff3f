import type { View } from '#shared/domain/view.ts'
import type { TrackId } from '#shared/ids.ts'
import type { Speech } from '#shared/words/say.ts'
import type { TrackGroup, TrackRow } from '../components/TrackList.svelte'
import { type Audience, ownKind } from './audience.ts'
import type { RoomState } from './room.svelte.ts'
import { hrefOf } from './route.svelte.ts'

type Group = 'table' | 'channel' | 'between' | 'own'

/** Where a person arrives: the plenary if they see one, else the first track with a text. */
export function firstTrack(view: View): TrackId | null {
  const plenary = view.tracks.find(({ kind, text }) => kind === 'plenary' && text)
  return (plenary ?? view.tracks.find(({ text }) => text) ?? view.tracks[0])?.id ?? null
}

/** The track list: grouped by who sees it, the widest first, in the mediators' order within. */
export function groupsOf(room: Pick<RoomState, 'view' | 'here'>, speech: Speech): TrackGroup[] {
  const view = room.view.current
  const rows = room.view.tracks.map(({ track, audience }) => ({
    group: groupOf(audience),
    row: {
      id: track.id,
      title: track.title,
      scale: audience.scale,
      href: hrefOf({ page: 'text', track: track.id }),
      line: lineOf(track, audience, speech),
      here: hereWords(room, track.id, speech),
    } satisfies TrackRow,
  }))
  const order: Group[] = ['table', 'channel', 'between', 'own']
  return order
    .map((id) => ({
      id,
      label: labelOf(id, view, speech),
      rows: rows.filter((one) => one.group === id).map(({ row }) => row),
    }))
    .filter((group) => group.rows.length > 0)
}

function groupOf({ scale, readers }: Audience): Group {
  switch (scale) {
    case 'table':
    case 'group':
      return 'table'
    case 'channel':
      return readers.every(({ party, mine }) => mine || party.kind === 'mediation') ||
        readers.some(({ party, mine }) => mine && party.kind === 'mediation')
        ? 'channel'
        : 'between'
    case 'own':
    case 'sealed':
      return 'own'
    default:
      throw scale satisfies never
  }
}

function labelOf(group: Group, view: View, { say }: Speech): string {
  const own = ownKind(view)
  switch (group) {
    case 'table':
      return say('tracks.group.table')
    case 'channel':
      return say(own === 'mediation' ? 'tracks.group.channel-mediators' : 'tracks.group.channel')
    case 'between':
      return say('tracks.group.between')
    case 'own':
      return say(own === 'delegation' ? 'tracks.group.own' : `tracks.group.own-${own}`)
    default:
      throw group satisfies never
  }
}

function lineOf(track: View['tracks'][number], audience: Audience, { say }: Speech): string {
  if (track.status === 'paused') return say('tracks.paused')
  if (track.status === 'closed') return say('tracks.closed')
  if (track.kind === 'caucus' && audience.scale === 'own') return say('tracks.caucus')
  return say('tracks.kind-and-level', { kind: say(`kind.${track.kind}`), level: say(`level.you-can.${track.level}`) })
}

function hereWords(room: Pick<RoomState, 'here'>, track: string, { say }: Speech): string {
  const others = new Set(room.here(track).map(({ seat }) => seat))
  return others.size > 0 ? say('tracks.here', { count: others.size }) : ''
}
