import * as Y from 'yjs'
import type { View } from '#shared/domain/view.ts'
import { instant, type PartyId, type TrackId } from '#shared/ids.ts'
import { type Json, unpack } from '#shared/protocol/patch.ts'
import type { Refusal } from '#shared/refusals.ts'
import { textHash } from '#shared/text/compose.ts'
import { type Words, wordsOf } from '#shared/text/leaf.ts'
import { clauseState } from '#shared/text/state.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { liveStructure } from '../room/live-structure.ts'
import { type Presence, Refused, type Structure } from '../room/room.ts'
import { consentingIn } from './brackets.ts'
import type { AskedChange } from './matrix.ts'
import type { RoomState } from './room.svelte.ts'
import { firstTrack } from './tracks.ts'
import { ViewState } from './view.svelte.ts'

/** A track's text as the previewed party would read it. */
export type PreviewedText =
  | { at: 'opening' }
  | { at: 'shown'; structure: Structure; words: Words; here: Presence[] }
  /** The mediators do not read it themselves, so the server does not show it to them. */
  | { at: 'not-ours' }
type Shown =
  | { at: 'asking' }
  | { at: 'shown'; view: View; known: ViewState; track: TrackId | null; text: PreviewedText | null }
  | { at: 'refused'; refusal: Refusal }

const AGAIN_AFTER_MS = 300

/** The room as one party sees it: what the server would send its head, asked for again whenever something changes here. */
export class PreviewState {
  readonly #room: RoomState
  readonly party: PartyId
  readonly #changes: () => AskedChange[]
  readonly #stop: () => void
  shown = $state.raw<Shown>({ at: 'asking' })
  #wanted: TrackId | null = null
  #asked = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(room: RoomState, party: PartyId, changes: () => AskedChange[]) {
    this.#room = room
    this.party = party
    this.#changes = changes
    // Everyone who may read a text is told the same about who is in it.
    this.#stop = room.room.onPresence((track, here) => this.#present(track, here))
    void this.#ask()
  }

  open(track: TrackId): void {
    this.#wanted = track
    void this.#ask()
  }
  /** Something may have changed: asks again, once for many changes. */
  again(): void {
    if (this.#timer || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#ask()
    }, AGAIN_AFTER_MS)
  }
  close(): void {
    this.#closed = true
    this.#stop()
    clearTimeout(this.#timer)
  }

  #present(track: string, here: Presence[]): void {
    const { shown } = this
    if (shown.at === 'shown' && shown.track === track && shown.text?.at === 'shown')
      this.shown = { ...shown, text: { ...shown.text, here } }
  }

  async #ask(): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    try {
      const view = await this.#viewOf()
      const track = view.tracks.find(({ id }) => id === this.#wanted)?.id ?? firstTrack(view)
      const before = this.shown.at === 'shown' && this.shown.track === track ? this.shown.text : null
      const text = track && view.tracks.some(({ id, text }) => id === track && text) ? track : null
      if (turn !== this.#asked || this.#closed) return
      const known = new ViewState({ view, onView: () => () => undefined })
      this.shown = { at: 'shown', view, known, track, text: text ? (before ?? { at: 'opening' }) : null }
      if (!text) return
      const shown = await this.#textOf(text, known)
      if (turn === this.#asked && !this.#closed) this.shown = { at: 'shown', view, known, track, text: shown }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (turn === this.#asked) this.shown = { at: 'refused', refusal: error.refusal }
    }
  }

  async #viewOf(): Promise<View> {
    const changes = this.#changes()
    const asked = changes.length > 0 ? { changes } : {}
    const shown = await this.#room.room.look({ type: 'PreviewAs', party: this.party, ...asked })
    if (shown.type !== 'PreviewAs') throw new Error('the room answered another question')
    return shown.view
  }

  async #textOf(track: TrackId, known: ViewState): Promise<PreviewedText> {
    const changes = this.#changes()
    const asked = changes.length > 0 ? { changes } : {}
    try {
      const shown = await this.#room.room.look({ type: 'PreviewText', party: this.party, track, ...asked })
      if (shown.type !== 'PreviewText') throw new Error('the room answered another question')
      const doc = new Y.Doc({ gc: false })
      Y.applyUpdate(doc, bytesOf(shown.update))
      const words = wordsOf(doc)
      return { at: 'shown', structure: structureIn(shown.structure, words, track, known), words, here: shown.here }
    } catch (error) {
      if (error instanceof Refused && error.code === 'no-such-thing') return { at: 'not-ours' }
      throw error
    }
  }
}

/** Where each clause stands follows from its words and from whose agreement counts, as in the party's own room. */
function structureIn(packed: Json, words: Words, id: TrackId, known: ViewState): Structure {
  const structure = unpack(packed) as unknown as StructureView
  const track = known.track(id)
  const counted = track ? consentingIn(track, known).map((party) => party.id) : []
  return liveStructure(structure, {
    hash: (clause) => textHash(clause, structure.language, words),
    state: (clause, hash) => clauseState(clause, hash ?? '', counted, instant(Date.now())),
  })
}
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
