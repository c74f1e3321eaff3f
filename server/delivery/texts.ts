import type { Viewer } from '#shared/domain/view.ts'
import type { Instant, TrackId } from '#shared/ids.ts'
import type { Opened, Place, Resume } from '#shared/protocol/frames.ts'
import type { Level } from '#shared/refusals.ts'
import type { Text } from '#shared/text/structure.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Seq } from '../log/log.ts'
import type { NodeId, Nodes, Told } from '../nodes/nodes.ts'
import type { Applied, LaneStand, Running, Turn } from '../processes/port.ts'
import { endedSight } from '../processes/sight.ts'
import { Channel, type Line } from './channel.ts'
import { type Named, type Parting, structureIn, TextRoom } from './text-room.ts'

/** How long a text that nobody reads stays ready: people reload pages. */
const REST_MS = 30_000
/** What other nodes were told of who is here, and may not have heard, is told again. */
const REPEAT_MS = 5_000

/** A text is written out whole for at most a twentieth of the time; those who ask meanwhile are given the same. */
const REST_AFTER_WRITING = 19

/** A lane the client names on its return, and where the log has it. */
export interface Returning {
  resume: Resume
  was: LaneStand | null
}
export interface Joined {
  channel: Channel
  opened: Opened
  update: Uint8Array
  here: { seat: Viewer['seat']; place: Place | null }[]
}
/** A reader that can be told of a new incarnation. */
export interface Reader extends Line {
  readonly by: Viewer
  renewed(old: Channel, joined: Joined): void
}

/** The open texts of one process on this node. */
export class Texts {
  readonly #running: Running
  readonly #time: Time
  readonly #random: Random
  readonly #rooms = new Map<TrackId, TextRoom>()
  readonly #readers = new Map<Channel, Reader>()
  readonly #resting = new Map<TrackId, () => void>()
  readonly #writtenAgainAt = new Map<TrackId, number>()
  readonly #seen = new Map<TrackId, Map<Viewer['seat'], Instant>>()
  readonly #nodes: Nodes
  /** Since which policy what other nodes say of who is in a text counts: since somebody's sight last ended, or it began anew. */
  readonly #countsSince = new Map<TrackId, Seq>()
  #repeat: (() => void) | null = null

  constructor(running: Running, time: Time, random: Random, nodes: Nodes) {
    this.#running = running
    this.#time = time
    this.#random = random
    this.#nodes = nodes
  }

  /** Where the lane that a client names stands in the log, if it is this seat's. */
  pastLane(by: Viewer, track: TrackId, client: number): Promise<Returning['was']> {
    return this.#running.pastLane(track, client, by.seat)
  }

  /** Resolves when the text may be written out for a new reader. Depends on that text's own readers and size alone. */
  async turn(track: TrackId): Promise<void> {
    const wait = (this.#writtenAgainAt.get(track) ?? 0) - this.#time.now()
    if (wait > 0) await new Promise<void>((resolve) => this.#time.after(wait, resolve))
  }

  /** Opens the text for a reader whose sight was checked; null when the track has none. */
  open(reader: Reader, track: TrackId, returning: Returning | null): Joined | null {
    const text = this.#running.state.tracks.by[track]?.text
    const live = this.#running.live(track)
    const level = this.#running.level(reader.by, track)
    if (!text || !live || level === 'hidden') return null
    this.#wake(track)
    const room = this.#roomOf(track, text)
    const isSame = returning?.resume.incarnation === text.incarnation
    const lane = this.#laneFor(reader, room, isSame ? returning : null)
    const joined = this.#join(reader, room, { text, level, lane })
    if (returning?.was && lane.client !== returning.resume.client) joined.opened.was = returning.was
    joined.opened.resumed = isSame
    const began = this.#time.now()
    joined.update = isSame ? live.encode(Buffer.from(returning.resume.vector, 'base64')) : live.encode()
    const ended = this.#time.now()
    if (ended > began) this.#writtenAgainAt.set(track, ended + (ended - began) * REST_AFTER_WRITING)
    return joined
  }

  #roomOf(track: TrackId, text: Text): TextRoom {
    const known = this.#rooms.get(track)
    if (known?.incarnation === text.incarnation) return known
    const number = this.#drawNumber(track)
    const room = new TextRoom(this.#running, this.#time, this.#named(track, text, number))
    this.#rooms.set(track, room)
    if (!this.#nodes.isAlone) {
      this.#nodes.tell({ told: 'asked', process: this.#running.id })
      this.#repeat ??= this.#time.after(REPEAT_MS, () => this.#tellAgain())
    }
    return room
  }

  #named(track: TrackId, text: Text, number: number): Named {
    const { id } = this.#running
    const tellOthers: Named['tellOthers'] = (here) =>
      this.#nodes.tell({ told: 'presence', process: id, track, policy: this.#running.policy, here })
    return { track, text, number, seen: this.#seenIn(track), tellOthers }
  }

  #tellAgain(): void {
    this.#repeat = this.#rooms.size > 0 ? this.#time.after(REPEAT_MS, () => this.#tellAgain()) : null
    for (const room of this.#rooms.values()) room.tellOthers()
  }

  /** What another node says. */
  heard(node: NodeId, told: Told): void {
    switch (told.told) {
      case 'asked':
        for (const room of this.#rooms.values()) room.tellOthers()
        return
      case 'presence':
        if (told.policy >= (this.#countsSince.get(told.track) ?? 0)) this.#rooms.get(told.track)?.heard(node, told.here)
        return
      default:
        throw told satisfies never
    }
  }

  /** Another node is gone, with everybody there. */
  lost(node: NodeId): void {
    for (const room of this.#rooms.values()) room.presence.lost(node)
  }

  #drawNumber(track: TrackId): number {
    const chance = this.#random.stream(`channel:${track}`)
    const taken = new Set([...this.#rooms.values()].map(({ number }) => number))
    for (;;) {
      const [high = 0, low = 0] = chance.bytes(2)
      const number = (high << 8) | low
      if (!taken.has(number)) return number
    }
  }

  #laneFor(reader: Reader, room: TextRoom, returning: Returning | null): Opened['lane'] {
    if (!returning) return { client: this.#running.lease(room.track), number: 0, clock: 0 }
    const { resume, was } = returning
    const holder = [...room.channels].find(({ client }) => client === resume.client)
    // The connection it came from may not have noticed its own end yet.
    if (holder && holder.line.by.seat === reader.by.seat) this.endLane(holder)
    const lane = this.#running.lane(room.track, resume.client, reader.by.seat)
    if (lane) return { client: resume.client, ...lane }
    return { client: this.#running.lease(room.track, was ? undefined : resume.client), number: 0, clock: 0 }
  }

  #join(
    reader: Reader,
    room: TextRoom,
    granted: { text: Text; level: Exclude<Level, 'hidden'>; lane: Opened['lane'] },
  ): Joined {
    const { text, level, lane } = granted
    const { track, incarnation, number } = room
    const structure = room.structureNow()
    const channel = new Channel(reader, {
      track,
      incarnation,
      number,
      structure,
      client: lane.client,
      acked: lane.number,
    })
    this.#readers.set(channel, reader)
    room.join(channel)
    const { document } = text
    const opened: Opened = { track, channel: number, document, incarnation, level, structure, lane, resumed: false }
    return { channel, opened, update: new Uint8Array(), here: room.presence.list() }
  }

  /** The channel writes no more under its lane; its seat may come back to it. */
  endLane(channel: Channel): void {
    if (channel.client !== null) this.#running.endLease(channel.track, channel.client)
    channel.client = null
  }

  /** The reader hears who is in these texts without being there, and of no others any more. Its sight was checked. */
  watch(reader: Reader, tracks: TrackId[]): void {
    for (const room of [...this.#rooms.values()]) if (!tracks.includes(room.track)) this.unwatch(reader, room.track)
    for (const track of tracks) {
      const text = this.#running.state.tracks.by[track]?.text
      if (!text) continue
      this.#wake(track)
      this.#roomOf(track, text).watch(reader)
    }
  }

  unwatch(reader: Reader, track: TrackId): void {
    const room = this.#rooms.get(track)
    if (room?.watchers.delete(reader) && room.isIdle) this.#restLater(room)
  }

  hereIn(track: TrackId): Joined['here'] {
    return this.#rooms.get(track)?.presence.list() ?? []
  }

  /** When each seat was last told to be in the text, since this node began to hear of it. */
  seenIn(track: TrackId): ReadonlyMap<Viewer['seat'], Instant> {
    const now = this.#running.now()
    return new Map([...this.#seenIn(track), ...this.hereIn(track).map(({ seat }) => [seat, now] as const)])
  }
  #seenIn(track: TrackId): Map<Viewer['seat'], Instant> {
    const seen = this.#seen.get(track) ?? new Map()
    this.#seen.set(track, seen)
    return seen
  }

  leave(channel: Channel, how: Parting): void {
    this.#readers.delete(channel)
    this.endLane(channel)
    const room = this.#rooms.get(channel.track)
    if (!room?.channels.has(channel)) {
      channel.close()
      return
    }
    room.part(channel, how)
    if (room.isIdle) this.#restLater(room)
  }

  #wake(track: TrackId): void {
    this.#resting.get(track)?.()
    this.#resting.delete(track)
  }

  #restLater(room: TextRoom): void {
    this.#resting.get(room.track)?.()
    const cancel = this.#time.after(REST_MS, () => {
      this.#resting.delete(room.track)
      if (!room.isIdle || this.#rooms.get(room.track) !== room) return
      room.end()
      this.#rooms.delete(room.track)
      this.#running.rest(room.track)
    })
    this.#resting.set(room.track, cancel)
  }

  /** Words of the channel are recorded in a turn that its text gives. */
  async inTurn<T>(channel: Channel, record: (turn: Turn) => Promise<T>): Promise<T> {
    const room = this.#rooms.get(channel.track)
    const { client } = channel
    if (!room?.channels.has(channel) || client === null) return record(() => null)
    try {
      return await record(() => room.turn(client))
    } finally {
      room.turnEnded(client)
    }
  }

  /** Hands on what one batch of the log says about texts. After the views that allow it. */
  apply(applied: Applied): void {
    if (!this.#nodes.isAlone) this.#countAnew(applied)
    for (const room of [...this.#rooms.values()]) {
      const words = applied.texts.filter(({ track }) => track === room.track)
      if (applied.renewed.includes(room.track)) {
        room.add(
          words.filter(({ incarnation }) => incarnation === room.incarnation),
          { isTouched: false, moves: [] },
        )
        this.#renew(room)
        continue
      }
      const structure = structureIn(applied, room.track)
      if (words.length > 0 || structure.isTouched) room.add(words, structure)
    }
  }

  #countAnew({ before, after, at, renewed }: Applied): void {
    // A person who lost the seat is absent here, but that is nobody's to read from when other nodes speak.
    const ended = endedSight({ ...before, seats: after.seats }, after, at)
    for (const track of [...renewed, ...ended.map(({ track }) => track)]) {
      this.#countsSince.set(track, this.#running.policy)
      this.#rooms.get(track)?.tellOthers()
    }
  }

  /** Everyone who has the text open is given its new incarnation, after the last words of the old one. */
  #renew(old: TextRoom): void {
    old.flush(null)
    const text = this.#running.state.tracks.by[old.track]?.text
    const live = this.#running.live(old.track)
    if (!text || !live) return
    const room = new TextRoom(this.#running, this.#time, this.#named(old.track, text, this.#drawNumber(old.track)), old)
    this.#rooms.set(old.track, room)
    const update = live.encode()
    for (const channel of [...old.channels]) {
      const reader = this.#readers.get(channel)
      const level = reader && this.#running.level(reader.by, old.track)
      if (!reader || !level || level === 'hidden') continue
      channel.sendWaiting()
      const lane = { client: this.#running.lease(old.track), number: 0, clock: 0 }
      const joined = this.#join(reader, room, { text, level, lane })
      joined.update = update
      this.#readers.delete(channel)
      old.part(channel, 'lost')
      reader.renewed(channel, joined)
    }
    if (room.isIdle) this.#restLater(room)
  }

  resume(channel: Channel): void {
    const room = this.#rooms.get(channel.track)
    if (room?.channels.has(channel)) channel.resume(room.isHidden(channel))
  }

  /** Whose sight ended is absent at once, also who had just gone and was not missed yet. */
  forgetHidden(): void {
    for (const room of this.#rooms.values()) room.forgetHidden()
  }

  resumeAll(): void {
    for (const room of this.#rooms.values()) room.resume()
  }

  moved(channel: Channel, place: Place | null): void {
    const room = this.#rooms.get(channel.track)
    if (room?.channels.has(channel)) room.presence.moved(channel.line.by.seat, place)
  }

  end(): void {
    this.#repeat?.()
    for (const cancel of this.#resting.values()) cancel()
    for (const room of this.#rooms.values()) room.end()
    this.#rooms.clear()
  }
}
