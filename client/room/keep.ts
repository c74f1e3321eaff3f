import type { View } from '#shared/domain/view.ts'
import type { AskId, IncarnationId, LeafId, TrackId } from '#shared/ids.ts'
import type { Json } from '#shared/protocol/patch.ts'
import type { Level } from '#shared/refusals.ts'
import type { TypedCommand } from './plan.ts'

/**
 * The port to the device's own store: one seat's texts whose grant allows a copy, so that they open without a connection,
 * and words that did not go out yet. In a browser IndexedDB is behind it (`client/offline/`), in tests a map.
 */
export interface Keep {
  /** Whether this page is the one that keeps: of several of one seat only one does, and the others read and write nothing. */
  readonly isHeld: boolean
  /** Calls back when this page's turn to keep came after `load` had found another one keeping. */
  whenHeld(taken: () => void): void
  /** What an earlier page kept, without the texts themselves; null when nothing is there. */
  load(): Promise<Kept | null>
  read(track: TrackId): Promise<KeptText | null>
  /** Durable when it resolves. Rejects when the device takes nothing more. */
  put(text: KeptText): Promise<void>
  putView(view: View): Promise<void>
  /** Resolves when nothing of the track can be read on the device. */
  erase(track: TrackId): Promise<void>
  /** The same for all of the seat. */
  eraseAll(): Promise<void>
  close(): void
}

/** Words that did not go out, leaf by leaf, for their author. */
export type KeptWords = { leaf: LeafId; clause: string | null; words: string }[]

/** What an earlier page kept. */
export interface Kept {
  /** As it was then, without what belongs to tracks that may not be kept; null when another version of the client kept it. */
  view: View | null
  /** When it was kept, on the device's clock. */
  at: number
  tracks: KeptTrack[]
}
export interface KeptTrack {
  track: TrackId
  title: string
  /** When the sight began under which it was kept: another sight gets none of it. NaN: another version kept it. */
  since: number
  /** Words that did not go out; null when all is sent. */
  words: KeptWords | null
}

export interface KeptText extends Omit<KeptTrack, 'words'> {
  /** As the server has it; null: as it was put last. */
  served: {
    incarnation: IncarnationId
    level: Exclude<Level, 'hidden'>
    structure: Json
    /** A Yjs update: no unsent word, and of deleted words only that they were there. */
    state: Uint8Array
  } | null
  unsent: KeptUnsent | null
}
export type KeptRanges = [client: number, ranges: [clock: number, length: number][]][]

/** What a page wrote on top of `served`. */
export interface KeptUnsent {
  /** Who wrote it, and the first clock of each that the server is not known to have. Only of the first some may have gone out. */
  lanes: [client: number, clock: number][]
  /** Their words from there on, and all that is deleted. */
  update: Uint8Array
  deletes: KeptRanges
  /** The frame that was on its way: the server may have it. */
  flight: { number: number; deletes: KeptRanges } | null
  asks: { ask: AskId; command: TypedCommand }[]
  leaves: LeafId[]
  words: KeptWords
}

/** Of a view what may stay on the device: nothing of a track that may not be kept, and nobody who is known from there only. */
export function viewToKeep(view: View): View {
  const tracks = view.tracks.filter((track) => mayKeep(view, track.id))
  const ids = new Set(tracks.map(({ id }) => id))
  const { party: own } = view.me
  const parties = new Set([own, ...tracks.flatMap(({ audience }) => audience.map(({ party }) => party))])
  return {
    ...view,
    tracks,
    parties: view.parties.filter(({ id }) => parties.has(id)),
    people: view.people.filter(({ party }) => parties.has(party)),
    comments: view.comments.filter(({ track }) => ids.has(track)),
    positions: view.positions.filter(({ track }) => ids.has(track)),
    notices: [],
    access: { invitations: [], sessions: [] },
    desk: null,
  }
}

/** Whether the seat's grant lets a copy of the track stay on this device; never on one that its delegation has not confirmed. */
export function mayKeep({ me, tracks }: View, track: TrackId): boolean {
  return !me.confined && tracks.some(({ id, grant, text }) => id === track && grant.offline && text !== null)
}
