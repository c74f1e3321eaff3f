import type { DocumentId, IncarnationId, LeafId, SeatId, TrackId } from '#shared/ids.ts'
import type { Run, Text } from '#shared/text/structure.ts'
import type { Random } from '#shared/world.ts'
import { buildText, leavesOf } from '../documents/build.ts'
import type { LiveText } from '../documents/documents.ts'
import { openLive } from '../documents/engine.ts'
import { type Lane, LogDamaged } from '../log/log.ts'

/** Where a lane stands: whose it is, its next frame number and next clock. */
export interface LaneState {
  owner: SeatId
  number: number
  clock: number
}

interface Slot {
  document: DocumentId
  incarnation: IncarnationId
  /** Null while the text rests. */
  live: LiveText | null
  /** The state it rests as; null while it is live. */
  bytes: Uint8Array | null
  /** Lanes used in this incarnation. */
  lanes: Map<number, LaneState>
  /** Client ids given out on this node in this incarnation. */
  leased: Set<number>
}

const FIRST_CLIENT = 2 ** 21
const CLIENTS = 2 ** 28 - 2 ** 21

/** A Yjs client id whose length on the wire tells nothing: four bytes, always. */
export function drawClient(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
  return FIRST_CLIENT + ((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % CLIENTS)
}

/** The live texts of one process, their lanes and leases. A text that nobody reads rests as bytes. */
export class Texts {
  readonly #slots = new Map<TrackId, Slot>()
  readonly #byDocument = new Map<DocumentId, TrackId>()

  /** A new text, or a new incarnation of one: the same bytes on every node. */
  build(track: TrackId, text: Text, words: Record<LeafId, Run[]>): LiveText {
    const live = buildText(track, text, words)
    this.#put(track, text, { live, bytes: null })
    return live
  }

  /** A text from a snapshot. */
  load(track: TrackId, text: Text, bytes: Uint8Array, lanes: [number, LaneState][]): void {
    this.#put(track, text, { live: null, bytes }).lanes = new Map(lanes)
  }

  #put(track: TrackId, text: Text, held: Pick<Slot, 'live' | 'bytes'>): Slot {
    const { document, incarnation } = text
    const slot: Slot = { document, incarnation, ...held, lanes: new Map(), leased: new Set() }
    this.#slots.set(track, slot)
    this.#byDocument.set(document, track)
    return slot
  }

  /** Wakes the text when it rests. `text` is its structure now. */
  live(track: TrackId, text: Text): LiveText | null {
    const slot = this.#slots.get(track)
    if (!slot) return null
    if (!slot.live && slot.bytes) {
      slot.live = openLive(track, text, slot.bytes)
      slot.bytes = null
    }
    return slot.live
  }

  rest(track: TrackId): void {
    const slot = this.#slots.get(track)
    if (!slot?.live) return
    slot.bytes = slot.live.encode()
    slot.live = null
  }

  trackOf(document: DocumentId): TrackId | null {
    return this.#byDocument.get(document) ?? null
  }

  /** One update entry. To be followed by `applied`, when those of the same batch have come. */
  apply(track: TrackId, text: Text, update: Uint8Array, lane: Lane | undefined): IncarnationId {
    const slot = this.#slots.get(track)
    const live = this.live(track, text)
    if (!slot || !live) throw new LogDamaged(`words for a text that was never opened: ${track}`)
    live.apply(update)
    if (lane) {
      slot.leased.add(lane.client)
      slot.lanes.set(lane.client, { owner: lane.owner, number: lane.number + 1, clock: lane.next })
    }
    return slot.incarnation
  }

  /** Throws `LogDamaged` when words cannot stand where the log says. */
  applied(track: TrackId): void {
    if (this.#slots.get(track)?.live?.stuck) throw new LogDamaged(`words of ${track} lack what they follow`)
  }

  /** The words of every leaf, to build the next incarnation from. */
  words(track: TrackId, text: Text): Record<LeafId, Run[]> {
    const live = this.live(track, text)
    this.applied(track)
    if (!live) throw new LogDamaged(`a text that was never opened has no new incarnation: ${track}`)
    return Object.fromEntries(leavesOf(text).map((leaf) => [leaf, live.words(leaf)])) as Record<LeafId, Run[]>
  }

  lane(track: TrackId, client: number): LaneState | null {
    return this.#slots.get(track)?.lanes.get(client) ?? null
  }

  /** Whether this node gave out the id, or the log knows it, in the text's present incarnation. */
  knows(track: TrackId, client: number): boolean {
    const slot = this.#slots.get(track)
    return slot !== undefined && (slot.leased.has(client) || slot.lanes.has(client))
  }

  lease(track: TrackId, text: Text, random: Random, wanted?: number): number {
    const slot = this.#slots.get(track)
    if (!slot) throw new Error('a lease for a text that is not open')
    const free = (client: number) => client !== text.client && !slot.leased.has(client) && !slot.lanes.has(client)
    const inRange = wanted !== undefined && wanted >= FIRST_CLIENT && wanted < FIRST_CLIENT + CLIENTS
    let client = inRange ? wanted : drawClient(random)
    while (!free(client)) client = drawClient(random)
    slot.leased.add(client)
    return client
  }

  endLease(track: TrackId, client: number): void {
    this.#slots.get(track)?.leased.delete(client)
  }

  /** What a snapshot keeps of each text. */
  kept(): { track: TrackId; bytes: Uint8Array; lanes: [number, LaneState][] }[] {
    return [...this.#slots].map(([track, slot]) => ({
      track,
      bytes: slot.bytes ?? (slot.live as LiveText).encode(),
      lanes: [...slot.lanes],
    }))
  }
}
