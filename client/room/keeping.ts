import type { View } from '#shared/domain/view.ts'
import type { TrackId } from '#shared/ids.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Time } from '#shared/world.ts'
import { Alarm } from './alarm.ts'
import { type Keep, type Kept, type KeptText, type KeptTrack, mayKeep, viewToKeep } from './keep.ts'
import type { AwayWords } from './room.ts'

/** The view on the device may be so much behind. */
const VIEW_MS = 2_000

export interface KeepingPorts {
  time: Time
  /** As the server sent it; null before its first word. */
  view(): View | null
  /** Words of a track that ended while its seat was away. */
  lost(words: AwayWords): void
  /** This page is now the one that keeps. */
  taken(): void
}

/**
 * What of the room is on the device, and that nothing else is: whatever the server's view does not allow any more is erased as
 * soon as the view is there.
 */
export class RoomKeeping {
  readonly #keep: Keep
  readonly #ports: KeepingPorts
  readonly #later: Alarm
  /** What an earlier page kept, until somebody opens it here. */
  readonly #earlier = new Map<TrackId, KeptTrack>()
  /** Read, and erased since, because it may not stay: to be sent from memory. */
  readonly #inHand = new Map<TrackId, KeptText>()
  readonly #stored = new Set<TrackId>()
  readonly loaded: Promise<Kept | null>
  #settling: Promise<unknown>
  #view = ''
  /** Whether what is on the device is known: before that writing there would write over it. */
  #hasRead = false
  #isOver = false

  constructor(keep: Keep, ports: KeepingPorts) {
    this.#keep = keep
    this.#ports = ports
    this.#later = new Alarm(ports.time, VIEW_MS, () => void this.#putView())
    this.loaded = keep.load().then(
      (kept) => {
        this.#hasRead = keep.isHeld
        return kept && this.#load(kept)
      },
      () => null,
    )
    this.#settling = this.loaded
    keep.whenHeld(() => void this.#taken())
  }
  /** The page that kept before this one is gone. */
  async #taken(): Promise<void> {
    this.#hasRead = false
    const kept = await this.#keep.load().catch(() => undefined)
    if (kept === undefined || this.#isOver) return
    if (kept) this.#load(kept)
    this.#hasRead = true
    this.#ports.taken()
  }
  /** Without what ended by its instant meanwhile. */
  #load(kept: Kept): Kept {
    const now = this.#ports.time.now()
    const isOver = (track: TrackId) =>
      kept.view?.tracks.some(({ id, grant }) => id === track && grant.until !== undefined && grant.until < now) ?? false
    for (const one of kept.tracks) {
      this.#stored.add(one.track)
      this.#earlier.set(one.track, one)
      if (isOver(one.track)) void this.#drop(one, null)
    }
    const isHere = (track: TrackId) => this.#earlier.has(track) && !isOver(track)
    return { ...kept, view: kept.view && { ...kept.view, tracks: kept.view.tracks.filter(({ id }) => isHere(id)) } }
  }

  mayKeep(track: TrackId): boolean {
    // What another page left there is read first, and goes out first.
    if (this.#isOver || !this.#keep.isHeld || !this.#hasRead || this.#earlier.get(track)?.words) return false
    const view = this.#ports.view()
    // Without a line nothing says that it may not any more.
    return view ? mayKeep(view, track) : this.#stored.has(track)
  }
  async put(text: KeptText): Promise<void> {
    if (!this.mayKeep(text.track)) return
    this.#stored.add(text.track)
    await this.#keep.put(text)
    if (this.#view === '') await this.#putView()
  }
  async #putView(): Promise<void> {
    const view = this.#ports.view()
    if (!view || this.#isOver || this.#stored.size === 0) return
    const kept = viewToKeep(view)
    const text = JSON.stringify(kept)
    if (text === this.#view) return
    this.#view = text
    await this.#keep.putView(kept).catch(() => undefined)
  }

  /** A text that an earlier page kept, once; null when there is none. After all that may not stay is erased. */
  async take(track: TrackId): Promise<KeptText | null> {
    await this.#settling
    const inHand = this.#inHand.get(track)
    this.#inHand.delete(track)
    if (inHand || !this.#earlier.delete(track)) return inHand ?? null
    return this.#keep.read(track).catch(() => null)
  }

  /** The server's view is there. Resolves when nothing else is left on the device, with the tracks whose words are to go out now. */
  settle(view: View): Promise<TrackId[]> {
    const settled = this.loaded.then(() => this.#settle(view))
    this.#settling = settled
    return settled
  }
  async #settle(view: View): Promise<TrackId[]> {
    if (this.#isOver) return []
    const back: TrackId[] = []
    const erased: (Promise<unknown> | null)[] = []
    for (const one of this.#earlier.values()) {
      const { track, since, words } = one
      const isSame = view.tracks.some((seen) => seen.id === track && seen.since === since)
      if (!isSame) erased.push(this.#drop(one, view))
      else if (words) {
        back.push(track)
        if (!mayKeep(view, track)) erased.push(this.#takeInHand(track))
      }
    }
    for (const track of this.#stored) if (!mayKeep(view, track)) erased.push(this.forget(track))
    await Promise.all(erased)
    return back
  }
  async #takeInHand(track: TrackId): Promise<void> {
    const text = await this.#keep.read(track).catch(() => null)
    this.#earlier.delete(track)
    if (text) this.#inHand.set(track, text)
  }
  /** What was written there goes back to its author. */
  #drop({ track, title, words }: KeptTrack, view: View | null): Promise<unknown> | null {
    const refusal: Refusal | null = view?.tracks.some(({ id }) => id === track) ? null : { code: 'no-such-thing' }
    if (words && words.length > 0) this.#ports.lost({ track, title, words, ...(refusal ? { refusal } : {}) })
    return this.forget(track)
  }

  /** Another view came on the same line. */
  seen(view: View): void {
    if (this.#isOver) return
    for (const track of this.#stored) if (!mayKeep(view, track)) void this.forget(track)
    if (this.#stored.size > 0) this.#later.set()
  }
  /** Nothing of the track stays. Null when there is nothing. */
  forget(track: TrackId): Promise<void> | null {
    this.#earlier.delete(track)
    if (!this.#stored.delete(track)) return null
    if (this.#stored.size === 0) return this.#eraseAll()
    this.#view = ''
    this.#later.set()
    return this.#keep.erase(track).catch(() => this.#eraseAll())
  }
  #eraseAll(): Promise<void> {
    this.#view = ''
    return this.#keep.eraseAll()
  }

  /** The seat's session is over: nothing of it stays. Of an outdated page all does, for the one that comes after it. */
  ended({ code }: Refusal): void {
    if (code !== 'outdated-client') void this.eraseAll()
  }
  async eraseAll(): Promise<void> {
    this.#isOver = true
    this.#later.cancel()
    this.#earlier.clear()
    this.#inHand.clear()
    this.#stored.clear()
    await this.#eraseAll()
  }
  close(): void {
    this.#isOver = true
    this.#later.cancel()
    this.#keep.close()
  }
}
