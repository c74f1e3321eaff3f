import { SvelteMap } from 'svelte/reactivity'
import type { TrackId } from '#shared/ids.ts'
import { parseTrackId } from '#shared/ids.ts'
import { Refused } from '../room/room.ts'
import type { RoomState } from './room.svelte.ts'

/** Where a person was last, in a track shared with the viewer. */
export interface LastSeen {
  track: TrackId
  at: number
  here: boolean
}

/** Hears who is where while a list of people is in front, in the tracks one sees, without being there. */
export class Watch {
  readonly #room: RoomState
  readonly #stops: (() => void)[] = []
  readonly seen = new SvelteMap<string, LastSeen>()
  #tracks: TrackId[] = []

  /** `heard` is called, at most once a second a track, when a text changed. */
  constructor(room: RoomState, heard: () => void = () => undefined) {
    this.#room = room
    this.#stops.push(
      room.room.onView(() => this.#follow()),
      room.room.onPresence((track) => this.#note(track)),
      room.room.onStirred(heard),
      room.room.onConnection(({ at }) => {
        if (at === 'live') void this.#askLast()
      }),
    )
    this.#follow()
    void this.#askLast()
  }

  /** Whether this page hears who is in the track. */
  hears(track: string): boolean {
    return this.#room.view.current.tracks.some(({ id, text }) => id === track && text !== null)
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.#room.room.watch([])
    for (const track of this.#tracks) this.#room.unhear(track)
  }

  #follow(): void {
    this.#tracks = this.#room.room.view.tracks.filter(({ text }) => text !== null).map(({ id }) => id)
    this.#room.room.watch(this.#tracks)
  }

  /** What the room remembers from before this page was opened. */
  async #askLast(): Promise<void> {
    try {
      const shown = await this.#room.room.look({ type: 'LastSeen' })
      if (shown.type !== 'LastSeen') throw new Error('the room answered another question')
      for (const { seat, track, at } of shown.seen) {
        const known = this.seen.get(seat)
        if (!known?.here && (known?.at ?? 0) < at) this.seen.set(seat, { track, at, here: false })
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
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
