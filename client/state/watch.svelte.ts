import { SvelteMap } from 'svelte/reactivity'
import type { TrackId } from '#shared/ids.ts'
import { parseTrackId } from '#shared/ids.ts'
import { type OpenText, Refused } from '../room/room.ts'
import type { RoomState } from './room.svelte.ts'

/** Where a person was last, in a track shared with the viewer; never before this page was opened. */
export interface LastSeen {
  track: TrackId
  at: number
  here: boolean
}

/**
 * Keeps the texts of the tracks one sees open while a list of people is in front: who is where is told to those who are
 * there too, and to nobody else.
 */
export class Watch {
  readonly #room: RoomState
  readonly #open = new Map<TrackId, OpenText | null>()
  readonly #stops: (() => void)[] = []
  readonly #heard: () => void
  readonly seen = new SvelteMap<string, LastSeen>()
  #closed = false

  /** `heard` is called after every change of a text's words or structure. */
  constructor(room: RoomState, heard: () => void = () => undefined) {
    this.#room = room
    this.#heard = heard
    this.#stops.push(
      room.room.onView(() => this.#follow()),
      room.room.onPresence((track) => this.#note(track)),
    )
    this.#follow()
  }

  /** Whether this page hears who is in the track. */
  hears(track: string): boolean {
    return this.#room.view.current.tracks.some(({ id, text }) => id === track && text !== null)
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    for (const [track, text] of this.#open) {
      text?.close()
      this.#room.unhear(track)
    }
    this.#open.clear()
  }

  #follow(): void {
    const tracks = this.#room.room.view.tracks.filter(({ text }) => text !== null).map(({ id }) => id)
    for (const track of tracks) if (!this.#open.has(track)) void this.#enter(track)
    for (const track of [...this.#open.keys()]) {
      if (tracks.includes(track)) continue
      this.#open.get(track)?.close()
      this.#open.delete(track)
    }
  }

  async #enter(track: TrackId): Promise<void> {
    this.#open.set(track, null)
    try {
      const text = await this.#room.room.open(track)
      if (this.#closed || !this.#open.has(track)) return text.close()
      this.#open.set(track, text)
      text.on('words', this.#heard)
      text.on('structure', this.#heard)
      text.on('withdrawn', () => this.#open.delete(track))
      this.#note(track)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#open.delete(track)
    }
  }

  #note(name: string): void {
    const track = parseTrackId(name)
    if (!track) return
    const now = Date.now()
    const here = new Set(this.#room.room.presence(track).map(({ seat }) => seat))
    for (const seat of here) this.seen.set(seat, { track, at: now, here: true })
    for (const [seat, last] of this.seen) {
      if (last.track === track && last.here && !here.has(seat)) this.seen.set(seat, { track, at: now, here: false })
    }
  }
}
