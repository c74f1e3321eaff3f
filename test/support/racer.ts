import * as Y from 'yjs'
import { drawnWords, Overlay } from '#client/room/overlay.ts'
import type { Sheet } from '#client/room/plan.ts'
import type { TextCommand } from '#shared/domain/commands.ts'
import {
  type AskId,
  type BracketId,
  type ItemId,
  instant,
  type LeafId,
  type PartyId,
  type SeatId,
} from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { findItem, isVisible, wordsOf } from '#shared/text/leaf.ts'
import { leafRightsInView, mayWrite } from '#shared/text/rights.ts'
import type { Move, StructureView } from '#shared/text/structure.ts'
import { clausesOf, structureView } from '#shared/text/structure-view.ts'
import { type TextRoom, TRACK } from './text-room.ts'

/** One of the people in a race: a copy of the text, what was typed and not sent, a caret, and a link that takes its time. */

export type Up = { ask: AskId; command: TextCommand } | { update: Uint8Array }
export type Down = {
  structure: StructureView
  updates: Uint8Array[]
  moves: Move[]
  /** The ask or update of this person's own that it answers. */
  answers?: { ask: AskId } | { acked: number }
}

/** A first-in first-out line whose messages take their time. */
class Line<T> {
  readonly queue: { at: number; message: T }[] = []
  #last = 0
  send(message: T, at: number): void {
    this.#last = Math.max(this.#last, at)
    this.queue.push({ at: this.#last, message })
  }
}

export class Racer {
  readonly doc = new Y.Doc()
  readonly up = new Line<Up>()
  readonly down = new Line<Down>()
  heldUntil = 0
  structure: StructureView
  caret: { leaf: LeafId; after: ItemId | null } | null = null
  readonly overlay: Overlay
  readonly seat: string
  readonly party: PartyId
  readonly level: Level
  readonly client: number
  clock = 0
  inFlight = false
  readonly unsent: Uint8Array[] = []

  constructor(room: TextRoom, seat: string, party: PartyId, level: Level, client: number) {
    this.seat = seat
    this.party = party
    this.level = level
    this.client = client
    this.overlay = new Overlay({ seat: seat as SeatId, party })
    this.structure = structureView(room.text, instant(0))
    Y.applyUpdate(this.doc, room.live.encode(), 'room')
    this.doc.clientID = client
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'typed') this.unsent.push(update)
    })
  }

  sheet(mint: () => BracketId): Sheet {
    const structure = this.overlay.draw(this.structure)
    const { party, level } = this
    return {
      track: TRACK,
      structure,
      words: drawnWords(structure, wordsOf(this.doc)),
      party,
      level,
      mayWrite: (leaf) => {
        const rights = leafRightsInView(structure, leaf)
        return rights !== null && mayWrite(rights, { party, level })
      },
      mint,
    }
  }

  /** The visible character left of the caret. */
  leftOfCaret(): string | null {
    const { caret } = this
    if (!caret?.after) return null
    const leaf = this.doc.getText(caret.leaf)
    if (!isVisible(leaf, caret.after)) return null
    const item = findItem(leaf, caret.after)
    return item?.content instanceof Y.ContentString
      ? (item.content.str[caret.after.clock - item.id.clock] ?? null)
      : null
  }

  /** The caret goes with the character on its left. */
  follow(moves: Move[]): void {
    for (const { leaf, client, clock, length, to } of moves) {
      const after = this.caret?.after
      if (!after || this.caret?.leaf !== leaf || after.client !== client) continue
      if (after.clock < clock || after.clock >= clock + length) continue
      this.caret = { leaf: to.leaf, after: { client: to.client, clock: to.clock + after.clock - clock } }
    }
  }
}

/** Whether the character shows anywhere in the person's copy. */
export const showsIn = ({ structure, doc }: Racer, character: string): boolean =>
  [...clausesOf(structure)].some(({ leaf, brackets }) =>
    [leaf, ...brackets.map((bracket) => bracket.leaf)].some(
      (one) => one && doc.getText(one).toString().includes(character),
    ),
  )

/** The characters of a stretch of a leaf, brackets counted but not given. */
export function cut(leaf: Y.Text, index: number, length: number): string {
  let at = 0
  let out = ''
  for (const { insert } of leaf.toDelta() as { insert: string | object }[]) {
    const units = typeof insert === 'string' ? insert : '\0'
    out += units.slice(Math.max(0, index - at), Math.max(0, index + length - at))
    at += units.length
  }
  return out
}
