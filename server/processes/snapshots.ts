import { createDecoder, readTailAsUint8Array, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding'
import {
  createEncoder,
  toUint8Array,
  writeUint8Array,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding'
import type { Comment, Process, Track } from '#shared/domain/process.ts'
import type { DocumentId, ProcessId, TrackId } from '#shared/ids.ts'
import type { Log, Seq } from '../log/log.ts'
import { keyOf } from './facts.ts'
import { type CellKey, Folded, markOf, type Opened } from './fold.ts'
import type { Keys } from './keys.ts'
import type { LaneState } from './texts.ts'

const NAME = 'process'
/** Another number: the snapshot is of another shape, and the log is read from its start. */
const SHAPE = 3
/** A replay of this much takes well under a second. */
const FIRST_AFTER_BYTES = 256 * 1024
/** What an entry costs to replay beside its body. */
const ENTRY_BYTES = 256

interface Header {
  /** Without what belongs to erasable tracks; their places in the orders are kept. */
  state: Process
  seq: Seq
  events: Seq
  mark: string
  documents: [DocumentId, Seq][]
  left: [TrackId, CellKey[]][]
  /** Whose words follow, in this order. `key`: sealed under it, with the track and its comments. */
  texts: { track: TrackId; key: string | null; lanes: [number, LaneState][] }[]
}

/** What is kept of an erasable track, sealed. */
interface Apart {
  track: Track
  comments: Comment[]
}

/**
 * State and texts of one place in the log, in one piece: either all of it is there, or none. What belongs to an erasable
 * track is sealed under the track's own key, as it is in the log; a track whose key was erased is left out.
 */
function encodeSnapshot(folded: Folded, keys: Keys): Uint8Array | null {
  const { state } = folded
  if (!state) return null
  const words = new Map(folded.texts.kept().map((text) => [text.track, text]))
  const header: Header = {
    state: withoutErasable(state),
    seq: folded.seq,
    events: folded.events,
    mark: folded.mark,
    documents: [...folded.documents],
    left: [...folded.left].map(([track, cells]) => [track, [...cells]]),
    texts: [],
  }
  const bodies = createEncoder()
  for (const id of state.tracks.order) {
    const track = state.tracks.by[id]
    const key = track ? keyOf(id, track.kind) : null
    if (!track || (key ? !keys.holds(key) : !words.has(id))) continue
    header.texts.push({ track: id, key, lanes: words.get(id)?.lanes ?? [] })
    const bytes = words.get(id)?.bytes ?? NOTHING
    if (!key) writeVarUint8Array(bodies, bytes)
    else writeVarUint8Array(bodies, keys.seal(key, encodeApart(apartOf(state, track), bytes)))
  }
  const encoder = createEncoder()
  writeVarUint(encoder, SHAPE)
  writeVarString(encoder, JSON.stringify(header))
  writeUint8Array(encoder, toUint8Array(bodies))
  return toUint8Array(encoder)
}

const NOTHING = new Uint8Array()

function withoutErasable(state: Process): Process {
  const isKept = (track: TrackId): boolean => keyOf(track, state.tracks.by[track]?.kind ?? null) === null
  const tracks = Object.entries(state.tracks.by).filter(([, { id }]) => isKept(id))
  const comments = Object.entries(state.comments.by).filter(([, { track }]) => isKept(track))
  return {
    ...state,
    tracks: { order: state.tracks.order, by: Object.fromEntries(tracks) },
    comments: { order: state.comments.order, by: Object.fromEntries(comments) },
  }
}

const apartOf = (state: Process, track: Track): Apart => ({
  track,
  comments: Object.values(state.comments.by).filter((comment) => comment.track === track.id),
})

function encodeApart(apart: Apart, bytes: Uint8Array): Uint8Array {
  const encoder = createEncoder()
  writeVarString(encoder, JSON.stringify(apart))
  writeUint8Array(encoder, bytes)
  return toUint8Array(encoder)
}

/** Null when the bytes are of another shape: then the log is folded from its start. */
async function decodeSnapshot(bytes: Uint8Array, keys: Keys): Promise<Folded | null> {
  const decoder = createDecoder(bytes)
  if (readVarUint(decoder) !== SHAPE) return null
  const header = JSON.parse(readVarString(decoder)) as Header
  await keys.fetch(header.texts.flatMap(({ key }) => key ?? []))
  const folded = new Folded()
  const { tracks, comments } = header.state
  for (const { track: id, key, lanes } of header.texts) {
    const body = readVarUint8Array(decoder)
    const opened = key ? keys.unseal(key, body) : body
    if (!opened) continue
    const reading = createDecoder(opened)
    if (key) {
      const apart = JSON.parse(readVarString(reading)) as Apart
      tracks.by[id] = apart.track
      for (const comment of apart.comments) comments.by[comment.id] = comment
    }
    const text = tracks.by[id]?.text
    if (text) folded.texts.load(id, text, readTailAsUint8Array(reading), lanes)
  }
  tracks.order = tracks.order.filter((id) => tracks.by[id])
  comments.order = comments.order.filter((id) => comments.by[id])
  folded.state = header.state
  folded.seq = header.seq
  folded.events = header.events
  folded.mark = header.mark
  for (const [document, seq] of header.documents) folded.documents.set(document, seq)
  for (const [track, cells] of header.left) folded.left.set(track, new Set(cells))
  return folded
}

/**
 * Where the log says a process stood last; an empty one when it says nothing. A snapshot of a past that the log has lost since (a
 * failover, a copy put back) is none: the entry that it ends at is not there.
 */
export async function loadFolded(log: Log, id: ProcessId, keys: Keys): Promise<Folded> {
  const snapshot = await log.loadSnapshot(id, NAME)
  const folded = snapshot && (await decodeSnapshot(snapshot.bytes, keys))
  const [last] = folded ? await log.read(id, folded.seq - 1, 1) : []
  return folded && last && markOf(last) === folded.mark ? folded : new Folded()
}

/** Decides when a snapshot is worth its cost: when the log since the last one outweighs half of it. */
export class SnapshotPolicy {
  readonly #log: Log
  readonly #id: ProcessId
  readonly #folded: Folded
  readonly #keys: Keys
  #due = FIRST_AFTER_BYTES
  #since = 0
  #saving: Promise<void> = Promise.resolve()

  constructor(log: Log, id: ProcessId, folded: Folded, keys: Keys) {
    this.#log = log
    this.#id = id
    this.#folded = folded
    this.#keys = keys
  }

  /** Counts what was folded; starts a save when it is time. */
  note(folded: { entries: number; bytes: number }): void {
    this.#since += folded.entries * ENTRY_BYTES + folded.bytes
    if (this.#since >= this.#due) void this.save()
  }

  /** Resolves when kept, or when the log could not keep it: a snapshot only saves time. */
  save(): Promise<void> {
    const bytes = this.#since > 0 ? encodeSnapshot(this.#folded, this.#keys) : null
    if (!bytes) return this.#saving
    this.#since = 0
    this.#due = Math.max(FIRST_AFTER_BYTES, bytes.length / 2)
    const { seq } = this.#folded
    this.#saving = this.#saving
      .then(() => this.#log.saveSnapshot(this.#id, NAME, { seq, bytes }))
      .catch(() => undefined)
    return this.#saving
  }
}

export const weightOf = (opened: Opened[]): { entries: number; bytes: number } => ({
  entries: opened.length,
  bytes: opened.reduce((sum, { entry }) => sum + entry.body.length, 0),
})
