import type { Keep, Kept, KeptText, KeptTrack } from '#client/room/keep.ts'
import { RoomClient } from '#client/room/room-client.ts'
import type { View } from '#shared/domain/view.ts'
import type { SeatId, TrackId } from '#shared/ids.ts'
import { HeldLink } from './held-link.ts'
import type { Stage } from './simulation.ts'

/** One seat's device: what pages that come one after the other keep there. A page may die at any moment. */
export class KeptDevice {
  readonly texts = new Map<TrackId, Omit<KeptText, 'unsent'>>()
  readonly unsent = new Map<TrackId, NonNullable<KeptText['unsent']>>()
  view: View | null = null
  readonly #stage: Stage
  readonly #seat: SeatId
  #pages = 0

  constructor(stage: Stage, seat: SeatId) {
    this.#stage = stage
    this.#seat = seat
  }

  /** Opens the room on this device; `isAway`: without a line. */
  open(isAway: boolean): KeptPage {
    const random = this.#stage.random.stream(`device:${this.#seat}:${this.#pages++}`)
    const link = new HeldLink(this.#stage, { seat: this.#seat, confined: false, session: null })
    link.isDead = isAway
    const keep = new PageKeep(this)
    return new KeptPage(link, keep, new RoomClient(link, { time: this.#stage.time, random, keep }))
  }
}

export class KeptPage {
  readonly link: HeldLink
  readonly room: RoomClient
  readonly #keep: PageKeep

  constructor(link: HeldLink, keep: PageKeep, room: RoomClient) {
    this.link = link
    this.#keep = keep
    this.room = room
  }
  /** At once and without a word: nothing is put on the device any more, nothing goes out. */
  die(): void {
    this.#keep.isDead = true
    this.link.isDead = true
    this.link.cut()
  }
}

class PageKeep implements Keep {
  readonly #device: KeptDevice
  isDead = false
  readonly isHeld = true

  constructor(device: KeptDevice) {
    this.#device = device
  }
  whenHeld(): void {}
  async load(): Promise<Kept | null> {
    const { texts, unsent, view } = this.#device
    const tracks = [...texts.values()].map(
      ({ track, title, since }): KeptTrack => ({ track, title, since, words: unsent.get(track)?.words ?? null }),
    )
    return tracks.length > 0 ? structuredClone({ view, at: 0, tracks }) : null
  }
  async read(track: TrackId): Promise<KeptText | null> {
    const text = this.#device.texts.get(track)
    return text ? structuredClone({ ...text, unsent: this.#device.unsent.get(track) ?? null }) : null
  }
  async put({ unsent, ...text }: KeptText): Promise<void> {
    if (this.isDead) return new Promise(() => undefined)
    if (text.served) this.#device.texts.set(text.track, structuredClone(text))
    if (unsent) this.#device.unsent.set(text.track, structuredClone(unsent))
    else this.#device.unsent.delete(text.track)
  }
  async putView(view: View): Promise<void> {
    if (!this.isDead) this.#device.view = structuredClone(view)
  }
  async erase(track: TrackId): Promise<void> {
    if (this.isDead) return
    this.#device.texts.delete(track)
    this.#device.unsent.delete(track)
  }
  async eraseAll(): Promise<void> {
    if (this.isDead) return
    this.#device.texts.clear()
    this.#device.unsent.clear()
    this.#device.view = null
  }
  close(): void {
    this.isDead = true
  }
}
