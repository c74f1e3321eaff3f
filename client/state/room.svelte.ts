import { createContext } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import type { Command } from '#shared/domain/commands.ts'
import type { TrackView } from '#shared/domain/view.ts'
import type { TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { type AwayWords, type LostWords, type Presence, Refused, type Room } from '../room/room.ts'
import { ConnectionState } from './connection.svelte.ts'
import { TextState, wordsIn } from './text.svelte.ts'
import { ViewState } from './view.svelte.ts'

/** A track that was open here and is not any more. */
export interface Closed {
  track: TrackId
  title: string
  at: number
  /** What had not gone out: its author's alone, gone with the page. */
  unsent: string
}
/** What the middle of the screen shows. */
export type Shown =
  | { at: 'nothing' }
  | { at: 'opening'; track: TrackId; slow: boolean }
  | { at: 'open'; track: TrackId; text: TextState }
  | { at: 'closed'; closed: Closed }
  | { at: 'refused'; track: TrackId; refusal: Refusal }

const SLOW_MS = 4_000

/** One seat's room on this page: what it sees, its line, and the text that is open. */
export class RoomState {
  readonly room: Room
  readonly view: ViewState
  readonly line: ConnectionState
  shown = $state.raw<Shown>({ at: 'nothing' })
  #presence = new SvelteMap<string, Presence[]>()
  #titles = new Map<string, string>()
  /** Words for their author while no text is open beside which they can be offered. */
  #lost: LostWords[] = []
  #stops: (() => void)[] = []
  #live = true

  constructor(room: Room) {
    this.room = room
    this.view = new ViewState(room)
    this.line = new ConnectionState(room)
    this.#remember()
    this.#stops.push(
      room.onView(() => this.#seen()),
      room.onLost((lost) => this.#offer(lost)),
      room.onConnection(({ at }) => this.#connected(at === 'live')),
      room.onPresence((track, here) => {
        // Carets move at every letter; only who is there is said here.
        if (seatsOf(here) !== seatsOf(this.#presence.get(track) ?? [])) this.#presence.set(track, here)
      }),
    )
  }

  /** Words of one's own that found no way into a text that is not in front. */
  #offer(lost: AwayWords): void {
    const { track, title } = lost
    if (this.shown.at === 'open') this.shown.text.keep(lost)
    else this.#lost.push(lost)
    // Its track ended while this page was away: it stands in its place until another text is opened, and goes with it there.
    if (this.shown.at !== 'nothing' || this.view.track(track)) return
    this.shown = { at: 'closed', closed: { track, title, at: Date.now(), unsent: wordsIn(lost) } }
  }
  /** Whether a copy of the track may stay on this device. */
  keeps({ id, grant }: TrackView): boolean {
    return grant.offline && (this.shown.at !== 'open' || this.shown.track !== id || this.room.isKept(id))
  }

  /** Where the others of a track are; one's own other devices are not others. */
  here(track: string): Presence[] {
    return (this.#presence.get(track) ?? []).filter(({ seat }) => seat !== this.room.me.seat)
  }

  /** The text of the track is closed: nothing more is heard of who is there, so nobody is said to be. */
  unhear(track: string): void {
    this.#presence.delete(track)
  }

  /** Asks the room for something. A refusal is a value; everything else is thrown. */
  async act(command: Command): Promise<Outcome<string[], Refusal>> {
    try {
      return ok((await this.room.act(command)).made)
    } catch (error) {
      if (error instanceof Refused) return refuse(error.refusal)
      throw error
    }
  }

  /** Opens a track's text in the middle of the screen; the one before is closed. */
  async show(track: TrackId): Promise<void> {
    if (this.#trackShown() === track && this.shown.at !== 'refused') return
    this.#leave()
    this.shown = { at: 'opening', track, slow: false }
    const timer = setTimeout(() => this.#slow(track), SLOW_MS)
    try {
      const text = await this.room.open(track)
      if (this.#trackShown() !== track) return text.close()
      const state = new TextState(text)
      for (const lost of this.#lost.splice(0)) state.keep(lost)
      text.on('withdrawn', (detail) => this.#withdrawn(track, detail))
      this.shown = { at: 'open', track, text: state }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (this.#trackShown() === track) this.shown = { at: 'refused', track, refusal: error.refusal }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Nothing in the middle: another page is in front. */
  leave(): void {
    this.#leave()
    this.shown = { at: 'nothing' }
  }

  async close(): Promise<void> {
    this.#leave()
    for (const stop of this.#stops) stop()
    await this.room.close()
  }

  #connected(live: boolean): void {
    if (live && !this.#live && this.shown.at === 'open') this.shown.text.back()
    this.#live = live
  }
  #trackShown(): TrackId | null {
    const { shown } = this
    return shown.at === 'opening' || shown.at === 'open' || shown.at === 'refused' ? shown.track : null
  }
  #slow(track: TrackId): void {
    if (this.shown.at === 'opening' && this.shown.track === track) this.shown = { at: 'opening', track, slow: true }
  }
  #leave(): void {
    if (this.shown.at !== 'open') return
    this.shown.text.close()
    this.unhear(this.shown.track)
  }
  /** A track that left the view while its text was open is closed, whichever of the two messages came first. */
  #seen(): void {
    const track = this.#trackShown()
    if (track && this.shown.at !== 'refused' && !this.room.view.tracks.some(({ id }) => id === track))
      this.#withdrawn(track, null)
    this.#remember()
  }
  #remember(): void {
    for (const { id, title } of this.room.view.tracks) this.#titles.set(id, title)
  }
  #withdrawn(track: TrackId, detail: unknown): void {
    const { shown } = this
    const unsent = wordsIn(detail)
    if (shown.at === 'closed' && shown.closed.track === track) {
      if (unsent) this.shown = { at: 'closed', closed: { ...shown.closed, unsent } }
      return
    }
    if (this.#trackShown() !== track) return
    this.#leave()
    const title = this.#titles.get(track) ?? ''
    this.shown = { at: 'closed', closed: { track, title, at: Date.now(), unsent } }
    this.#presence.delete(track)
  }
}

const seatsOf = (here: Presence[]): string => here.map(({ seat }) => seat).join(' ')

export const [getRoom, setRoom] = createContext<RoomState>()
