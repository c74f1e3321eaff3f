import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import type { Process } from '#shared/domain/process.ts'
import type { DocumentId, ProcessId, TrackId } from '#shared/ids.ts'
import type { Log, Seq } from '../log/log.ts'
import { type CellKey, Folded, type Opened } from './fold.ts'
import type { LaneState } from './texts.ts'

const NAME = 'process'
/** Another number: the snapshot is of another shape, and the log is read from its start. */
const SHAPE = 1
/** A replay of this much takes well under a second. */
const FIRST_AFTER_BYTES = 256 * 1024
/** What an entry costs to replay beside its body. */
const ENTRY_BYTES = 256

interface Header {
  state: Process
  seq: Seq
  events: Seq
  documents: [DocumentId, Seq][]
  left: [TrackId, CellKey[]][]
  texts: { track: TrackId; lanes: [number, LaneState][] }[]
}

/** State and texts of one place in the log, in one piece: either all of it is there, or none. */
function encodeSnapshot(folded: Folded): Uint8Array | null {
  if (!folded.state) return null
  const texts = folded.texts.kept()
  const header: Header = {
    state: folded.state,
    seq: folded.seq,
    events: folded.events,
    documents: [...folded.documents],
    left: [...folded.left].map(([track, cells]) => [track, [...cells]]),
    texts: texts.map(({ track, lanes }) => ({ track, lanes })),
  }
  const encoder = createEncoder()
  writeVarUint(encoder, SHAPE)
  writeVarString(encoder, JSON.stringify(header))
  for (const { bytes } of texts) writeVarUint8Array(encoder, bytes)
  return toUint8Array(encoder)
}

/** Null when the bytes are of another shape: then the log is folded from its start. */
function decodeSnapshot(bytes: Uint8Array): Folded | null {
  const decoder = createDecoder(bytes)
  if (readVarUint(decoder) !== SHAPE) return null
  const header = JSON.parse(readVarString(decoder)) as Header
  const folded = new Folded()
  folded.state = header.state
  folded.seq = header.seq
  folded.events = header.events
  for (const [document, seq] of header.documents) folded.documents.set(document, seq)
  for (const [track, cells] of header.left) folded.left.set(track, new Set(cells))
  for (const { track, lanes } of header.texts) {
    const text = header.state.tracks.by[track]?.text
    const state = readVarUint8Array(decoder)
    if (!text) return null
    folded.texts.load(track, text, state, lanes)
  }
  return folded
}

/** Where the log says a process stood last; an empty one when it says nothing. */
export async function loadFolded(log: Log, id: ProcessId): Promise<Folded> {
  const snapshot = await log.loadSnapshot(id, NAME)
  return (snapshot && decodeSnapshot(snapshot.bytes)) ?? new Folded()
}

/** Decides when a snapshot is worth its cost: when the log since the last one outweighs half of it. */
export class SnapshotPolicy {
  readonly #log: Log
  readonly #id: ProcessId
  readonly #folded: Folded
  #due = FIRST_AFTER_BYTES
  #since = 0
  #saving: Promise<void> = Promise.resolve()

  constructor(log: Log, id: ProcessId, folded: Folded) {
    this.#log = log
    this.#id = id
    this.#folded = folded
  }

  /** Counts what was folded; starts a save when it is time. */
  note(folded: { entries: number; bytes: number }): void {
    this.#since += folded.entries * ENTRY_BYTES + folded.bytes
    if (this.#since >= this.#due) void this.save()
  }

  /** Resolves when kept, or when the log could not keep it: a snapshot only saves time. */
  save(): Promise<void> {
    const bytes = this.#since > 0 ? encodeSnapshot(this.#folded) : null
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
