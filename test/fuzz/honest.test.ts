import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { LiveText, Sender } from '#server/documents/documents.ts'
import { guard } from '#server/documents/guard.ts'
import type { LeafId } from '#shared/ids.ts'
import { keepMarks } from '#shared/text/keep-marks.ts'
import { runsOf } from '#shared/text/leaf.ts'
import type { Text } from '#shared/text/structure.ts'
import {
  BASE,
  bracket,
  COUNCIL,
  EMPTY,
  guardedLive,
  guardedText,
  LEAVES,
  OURS,
  SERVER,
  SPLIT,
  sender,
  TAVIRA,
  THEIRS,
  UNION,
} from '../support/guarded-text.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { seedsOf } from '../support/seeds.ts'

const SEEDS = seedsOf(8, 500)
const STEPS_PER_SEED = 12_000
/** Admitted at least, or the run proved little. */
const FRAMES_PER_SEED = 500

/** Two brackets that two parties hold together, so that people of both write in the same words. */
function sharedText(): Text {
  const text = guardedText()
  const ours = bracket(OURS, BASE, 'open', [TAVIRA, COUNCIL, UNION])
  const theirs = bracket(THEIRS, BASE, 'open', [COUNCIL, TAVIRA])
  return { ...text, brackets: { ...text.brackets, [OURS]: ours, [THEIRS]: theirs } }
}

/** A client as it is meant to be: one frame in flight, what comes meanwhile merged, an undo history, a link that stops at times. */
class Author {
  readonly doc = new Y.Doc()
  inFlight: Uint8Array | null = null
  cut = false
  /** Entries of the log it has applied. */
  seen = 0
  readonly #sender: Omit<Sender, 'clock'>
  readonly #leaves: LeafId[]
  readonly #undo: Y.UndoManager
  #waiting: Uint8Array[] = []
  #hears = false

  constructor(state: Uint8Array, who: Partial<Sender> & { client: number }, leaves: LeafId[]) {
    this.#sender = sender(who)
    this.#leaves = leaves
    keepMarks(this.doc)
    Y.applyUpdate(this.doc, state)
    this.doc.clientID = who.client
    const types = leaves.map((leaf) => this.doc.getText(leaf))
    this.#undo = new Y.UndoManager(types, { trackedOrigins: new Set([this]), captureTimeout: 0 })
    this.doc.on('update', (update: Uint8Array) => {
      if (!this.#hears) this.#waiting.push(update)
    })
  }

  as(clock: number): Sender {
    return { ...this.#sender, clock }
  }
  get client(): number {
    return this.#sender.client
  }
  mayWrite(leaf: LeafId): boolean {
    return this.#leaves.includes(leaf)
  }

  hear(update: Uint8Array): void {
    this.#hears = true
    Y.applyUpdate(this.doc, update)
    this.#hears = false
  }

  write(chance: Chance): void {
    const leaf = this.doc.getText(chance.one(this.#leaves))
    const act = chance.below(20)
    if (act === 0) this.#undo.undo()
    else if (act === 1) this.#undo.redo()
    else this.doc.transact(() => change(chance, leaf, act), this)
  }

  send(): void {
    if (this.inFlight || this.#waiting.length === 0) return
    this.inFlight = Y.mergeUpdates(this.#waiting)
    this.#waiting = []
  }
}

/** One stretch of plain words, on whole characters: never over the place of a bracket. */
function stretch(chance: Chance, leaf: Y.Text): { at: number; length: number } | null {
  const cells = leaf
    .toDelta()
    .flatMap(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? [...insert] : [null]))
  if (cells.length === 0) return null
  const first = chance.below(cells.length)
  let end = first
  while (end < cells.length && end < first + 6 && cells[end] !== null) end++
  const width = (some: (string | null)[]) => some.reduce((sum, cell) => sum + (cell?.length ?? 1), 0)
  return { at: width(cells.slice(0, first)), length: width(cells.slice(first, end)) }
}

function change(chance: Chance, leaf: Y.Text, act: number): void {
  const place = stretch(chance, leaf)
  const { at, length } = place ?? { at: 0, length: 0 }
  if (act < 6 && length > 0) leaf.delete(at, length)
  else if (act < 9 && length > 0)
    leaf.format(at, length, { [chance.one(['em', 'strong', 'term'])]: chance.one([true, null]) })
  else leaf.insert(at, chance.one(['a', 'b', 'word ', '😀', 'é']))
  if (act < 18) return
  leaf.insert(at, 'never sent ')
  leaf.delete(at, 11)
}

class Room {
  readonly log: Uint8Array[] = []
  text = sharedText()
  readonly live: LiveText = guardedLive(this.text)
  readonly authors: Author[]
  readonly lanes = new Map<number, number>()

  constructor() {
    const state = this.live.encode()
    const base = [BASE, SPLIT, EMPTY]
    this.authors = [
      new Author(state, { client: 2_400_000, party: UNION, level: 'edit' }, [...base, OURS]),
      new Author(state, { client: 2_300_000, party: TAVIRA }, [OURS, THEIRS]),
      new Author(state, { client: 2_500_000, party: COUNCIL, level: 'edit' }, [...base, OURS, THEIRS]),
    ]
  }

  deliver(author: Author): void {
    const update = author.inFlight
    if (!update) return
    const outcome = guard(update, author.as(this.lanes.get(author.client) ?? 0), this.live, this.text)
    expect(outcome).toMatchObject({ ok: true })
    if (!outcome.ok) return
    for (const leaf of outcome.value.leaves) expect(author.mayWrite(leaf)).toBe(true)
    this.lanes.set(author.client, outcome.value.next)
    this.append(update)
    author.inFlight = null
  }

  append(update: Uint8Array): void {
    this.live.apply(update)
    expect(this.live.stuck).toBe(false)
    this.log.push(update)
  }

  catchUp(author: Author, entries: number): void {
    for (const update of this.log.slice(author.seen, author.seen + entries)) author.hear(update)
    author.seen = Math.min(this.log.length, author.seen + entries)
  }

  /** The server plants the place of a new bracket, as it does when somebody opens one. */
  plant(chance: Chance): void {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, this.live.encode())
    doc.clientID = SERVER
    const place = stretch(chance, doc.getText(BASE))
    const name = `bracket-${String(this.log.length).padStart(14, '0')}` as LeafId
    doc.getText(BASE).insertEmbed(place?.at ?? 0, { b: name })
    this.append(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(this.live.doc)))
    this.text = { ...this.text, brackets: { ...this.text.brackets, [name]: bracket(name, BASE, 'open', [TAVIRA]) } }
  }
}

test.each(SEEDS)(
  'P9 P11 nothing that honest people write at the same time is refused, and all read the same: PARLEY_SEED=%s',
  (seed) => {
    const chance = seeded(seed)
    const room = new Room()
    let frames = 0
    for (let step = 0; step < STEPS_PER_SEED; step++) {
      const author = chance.one(room.authors)
      const act = chance.below(100)
      if (act < 40) author.write(chance)
      else if (act < 42) author.cut = chance.below(3) === 0
      else if (act === 42 && chance.below(20) === 0) room.plant(chance)
      else if (author.cut) continue
      else if (act < 60) author.send()
      else if (act < 80) {
        if (author.inFlight) frames++
        room.deliver(author)
      } else room.catchUp(author, 1 + chance.below(5))
    }
    for (let round = 0; round < 2; round++)
      for (const author of room.authors) {
        author.send()
        room.deliver(author)
      }
    for (const author of room.authors) room.catchUp(author, room.log.length)
    for (const { doc } of room.authors)
      for (const leaf of LEAVES) expect(runsOf(doc.getText(leaf))).toEqual(room.live.words(leaf))
    expect(frames).toBeGreaterThan(FRAMES_PER_SEED)
  },
)
