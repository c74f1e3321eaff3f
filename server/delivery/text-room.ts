import { levelOf } from '#shared/domain/matrix.ts'
import type { Process } from '#shared/domain/process.ts'
import type { IncarnationId, Instant, SeatId, TrackId } from '#shared/ids.ts'
import { encodeDown } from '#shared/protocol/frames.ts'
import { diff, type Json, pack } from '#shared/protocol/patch.ts'
import type { Move, Text } from '#shared/text/structure.ts'
import { structureView } from '#shared/text/structure-view.ts'
import type { Time } from '#shared/world.ts'
import type { NodeId } from '../nodes/nodes.ts'
import type { Applied, AppliedWords, Running } from '../processes/port.ts'
import { type Channel, type Line, merged, type Part } from './channel.ts'
import { placeIn } from './places.ts'
import { Presence, type Present } from './presence.ts'
import type { SharedFrame } from './receiver.ts'
import { Together } from './together.ts'
import { Traffic } from './traffic.ts'

/** Updates of one flush are merged up to this; past it they go as several frames. */
const PART_BYTES = 16 * 1024

/** Whoever watches is told of changes at most this often. */
const STIR_MS = 1000

/** The structure of a text as its readers get it. */
export const structureOf = (text: Text, at: Instant): Json => pack(structureView(text, at) as unknown as Json)

/** Why a reader is there no more: it may not read, it closed the text, or its line ended. */
export type Parting = 'withdrawn' | 'closed' | 'lost'

/** A text and what of it its node keeps. */
export interface Named {
  track: TrackId
  text: Text
  /** Stands for the text on the wire. */
  number: number
  /** When each seat was last here. */
  seen: Map<SeatId, Instant>
  /** Tells other nodes who is here on this one. */
  tellOthers: (here: Present[]) => void
}

/** One incarnation of one text and those on this node who have it open. All are told the same, encoded once. */
export class TextRoom {
  readonly track: TrackId
  readonly incarnation: IncarnationId
  /** Stands for this text on the wire: random, the same for all its readers on this node. */
  readonly number: number
  readonly presence: Presence
  readonly channels = new Set<Channel>()
  /** They hear who is here and that the text changed, and are not here. */
  readonly watchers: Set<Line>
  readonly #time: Time
  readonly #running: Running
  readonly #traffic = new Traffic()
  readonly #together: Together
  readonly #writers = new Map<number, Channel>()
  #updates: Uint8Array[] = []
  /** The lanes of these updates; null among them: the server's own. */
  #by = new Set<number | null>()
  #moves: Move[] = []
  #isStructureDue = false
  /** The structure as of the last flush. */
  #structure: Json
  #cancel: (() => void) | null = null
  #unstir: (() => void) | null = null
  readonly #seen: Map<SeatId, Instant>
  readonly #tellOthers: Named['tellOthers']
  /** Who was told to be here last. */
  #told: SeatId[] = []

  /** `before`: the incarnation before, whose readers did not go anywhere. */
  constructor(running: Running, time: Time, named: Named, before?: Pick<TextRoom, 'presence' | 'watchers'>) {
    this.#running = running
    this.#time = time
    this.#together = new Together(time, (now) => this.#traffic.window(now, this.channels.size))
    this.track = named.track
    this.incarnation = named.text.incarnation
    this.number = named.number
    this.#structure = structureOf(named.text, running.now())
    this.#seen = named.seen
    this.#tellOthers = named.tellOthers
    this.watchers = before?.watchers ?? new Set()
    this.presence = before?.presence ?? new Presence(time)
    this.presence.tellThrough((isOwn) => this.#tellPresence(isOwn))
    this.presence.renewed()
  }

  /** Where a joiner's structure starts: what the next flush will start from, too. */
  structureNow(): Json {
    const text = this.#running.state.tracks.by[this.track]?.text
    if (text && this.#isStructureDue) return structureOf(text, this.#running.now())
    return this.#structure
  }

  /** Words and structure of one batch of the log that belong to this text. */
  add(words: AppliedWords[], structure: { isTouched: boolean; moves: Move[] }): void {
    const now = this.#time.now()
    let isOwn = false
    for (const { update, lane } of words) {
      this.#traffic.note(now)
      this.#updates.push(update)
      this.#by.add(lane?.client ?? null)
      if (!lane) continue
      isOwn = this.#together.ended(lane.client) || isOwn
      const channel = this.#writers.get(lane.client)
      if (channel?.client === lane.client) channel.recorded(lane.number)
    }
    if (structure.isTouched) {
      this.#traffic.note(now)
      this.#isStructureDue = true
      this.#moves.push(...structure.moves)
    }
    this.#stir()
    const window = this.#traffic.window(now, this.channels.size)
    // What was let through together has waited already.
    const wait =
      isOwn && window > 0 ? (this.#together.isOver ? 0 : window) : this.#traffic.wait(now, this.channels.size)
    if (wait === 0) this.flush()
    else this.#cancel ??= this.#time.after(wait, () => this.flush())
  }

  /** When words of this lane are to be recorded, so that those which go out together are; null for at once. */
  turn(client: number): Promise<void> | null {
    return this.#together.turn(client)
  }

  /** The words let through under this lane were recorded or not: nobody waits for them any more. */
  turnEnded(client: number): void {
    if (this.#together.ended(client) && this.#together.isOver && this.#updates.length > 0) this.flush()
  }

  /** Sends what was gathered. `text`: the structure to tell of, when it is not the present one. */
  flush(text: Text | null = this.#running.state.tracks.by[this.track]?.text ?? null): void {
    this.#cancel?.()
    this.#cancel = null
    if (this.#updates.length === 0 && !this.#isStructureDue) return
    this.#traffic.sent(this.#time.now())
    const part = this.#part(text)
    for (const channel of this.channels) channel.take(part, this.isHidden(channel))
  }

  #part(text: Text | null): Part {
    const from = this.#structure
    const to = text && this.#isStructureDue ? structureOf(text, this.#running.now()) : from
    const moves = this.#moves
    const updates = this.#updates
    this.#structure = to
    const [by = null] = this.#by.size === 1 ? this.#by : []
    this.#updates = []
    this.#by = new Set()
    this.#moves = []
    this.#isStructureDue = false
    const patch = diff(from, to)
    const groups = grouped(updates)
    const frames: SharedFrame[] = groups.map((group, index) => ({
      bytes: encodeDown({
        frame: 'text',
        channel: this.number,
        structure: index === 0 && patch.length > 0 ? patch : null,
        moves: index === 0 ? moves : [],
        update: group.length > 0 ? merged(group) : null,
      }),
    }))
    const isWordsOnly = patch.length === 0 && moves.length === 0
    const isEmpty = updates.length === 0 && isWordsOnly
    return { from, to, moves, updates, by: isWordsOnly ? by : null, frames: isEmpty ? [] : frames }
  }

  /** Whether the channel's seat must not be sent anything of the track at this instant. */
  isHidden(channel: Channel): boolean {
    return !this.#sees(channel.line)
  }
  #sees(line: Line): boolean {
    return this.#running.level(line.by, this.track) !== 'hidden'
  }

  /** Whoever can go on is given what waits. */
  resume(): void {
    for (const channel of this.channels) channel.resume(this.isHidden(channel))
  }

  /** Nobody reads or watches. */
  get isIdle(): boolean {
    return this.channels.size === 0 && this.watchers.size === 0
  }

  watch(line: Line): void {
    this.watchers.add(line)
    line.send(encodeDown({ frame: 'presence', track: this.track, here: this.presence.list() }))
  }

  #stir(): void {
    if (this.watchers.size === 0) return
    this.#unstir ??= this.#time.after(STIR_MS, () => {
      this.#unstir = null
      const frame: SharedFrame = { bytes: encodeDown({ frame: 'stirred', track: this.track }) }
      for (const line of this.watchers) if (this.#sees(line)) line.sendShared(frame)
    })
  }

  join(channel: Channel): void {
    this.channels.add(channel)
    if (channel.client !== null) this.#writers.set(channel.client, channel)
    this.presence.came(channel.line.by.seat)
  }

  part(channel: Channel, how: Parting): void {
    if (!this.channels.delete(channel)) return
    for (const [client, writer] of this.#writers) if (writer === channel) this.#writers.delete(client)
    channel.close()
    const { seat } = channel.line.by
    if (how === 'withdrawn') this.presence.gone(seat)
    else this.presence.left(seat, how === 'closed')
  }

  forgetHidden(): void {
    const { shown } = this.#running
    const now = this.#running.now()
    for (const { seat } of this.presence.list()) {
      if (levelOf(shown, { seat, confined: false }, this.track, now) === 'hidden') this.presence.hidden(seat)
    }
  }

  end(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#unstir?.()
    this.#unstir = null
    this.#together.end()
    this.presence.end()
  }

  /** Says to other nodes who is here on this one. */
  tellOthers(): void {
    this.#tellOthers(this.presence.own())
  }

  /** What another node says of who is there: of those who may read, at places of this text. */
  heard(node: NodeId, here: Present[]): void {
    const { shown, state } = this.#running
    const text = state.tracks.by[this.track]?.text
    const now = this.#running.now()
    const readers = here.filter(({ seat }) => levelOf(shown, { seat, confined: false }, this.track, now) !== 'hidden')
    this.presence.heard(
      node,
      readers.map(({ seat, place }) => ({ seat, place: text && place ? placeIn(text, place) : null })),
    )
  }

  #tellPresence(isOwn: boolean): void {
    if (isOwn) this.tellOthers()
    const here = this.presence.list()
    const now = this.#running.now()
    const seats = here.map(({ seat }) => seat)
    for (const seat of [...this.#told, ...seats]) this.#seen.set(seat, now)
    this.#told = seats
    const frame: SharedFrame = { bytes: encodeDown({ frame: 'presence', track: this.track, here }) }
    const lines = new Set([...[...this.channels].map(({ line }) => line), ...this.watchers])
    for (const line of lines) if (this.#sees(line)) line.sendShared(frame)
  }
}

/** In log order, each group small enough for one frame; one empty group when there are no updates. */
function grouped(updates: Uint8Array[]): Uint8Array[][] {
  const groups: Uint8Array[][] = [[]]
  let bytes = 0
  for (const update of updates) {
    if (bytes > 0 && bytes + update.length > PART_BYTES) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)?.push(update)
    bytes += update.length
  }
  return groups
}

/** What a batch of the log says about one text's structure. */
export function structureIn(applied: Applied, track: TrackId): { isTouched: boolean; moves: Move[] } {
  const before = textOf(applied.before, track)
  const after = textOf(applied.after, track)
  const moves = applied.facts.flatMap(({ event }) =>
    'moves' in event && 'track' in event && event.track === track ? event.moves : [],
  )
  return { isTouched: before !== after, moves }
}

const textOf = (process: Process, track: TrackId): Text | null => process.tracks.by[track]?.text ?? null
