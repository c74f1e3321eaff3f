import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { LiveText } from '#server/documents/documents.ts'
import { guard } from '#server/documents/guard.ts'
import {
  BASE,
  CLOSED,
  FROZEN,
  guardedLive,
  guardedText,
  LEAVES,
  LOCKED,
  MINE,
  OURS,
  SERVER,
  sender,
  THEIRS,
  VICTIM,
} from '../support/guarded-text.ts'
import { AUTHORS, BYTES, CONTENT, PLACES, RIGHTS } from '../support/hostile-updates.ts'
import { bare, gone, type Id, marked, type RawRanges, type RawStruct, rawUpdate, typed } from '../support/raw-update.ts'
import { seeded } from '../support/seeded.ts'
import { seedsOf } from '../support/seeds.ts'

/** Leaves the hostile seat (Tavira, `suggest`) may write, closed ones included, and all others. */
const OWN = [OURS, CLOSED]
const FOREIGN = LEAVES.filter((leaf) => !OWN.includes(leaf))
const UPDATES_PER_SEED = 1_000
const SEEDS = seedsOf(10, UPDATES_PER_SEED)

type Chance = ReturnType<typeof seeded>
const fork = (live: LiveText, client: number): Y.Doc => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  doc.clientID = client
  return doc
}
const delta = (doc: Y.Doc, leaf: string): string => JSON.stringify(doc.getText(leaf).toDelta())
const WORDS = ['a', 'no', '😀', 'é', '\u202e', 'we agree ', 'x'.repeat(40)]

/** What an unmodified client could send for a few edits anywhere in the text, wherever it may not write too. */
function edits(chance: Chance, live: LiveText, client: number, leaves: readonly string[]): Uint8Array {
  const doc = fork(live, client)
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (let i = chance.below(4); i >= 0; i--) {
    const leaf = doc.getText(chance.one(leaves))
    const at = chance.below(leaf.length + 1)
    const length = chance.below(Math.min(5, leaf.length - at) + 1)
    const act = chance.below(6)
    if (act === 0 && length > 0) leaf.delete(at, length)
    else if (act === 1 && length > 0) leaf.format(at, length, { [chance.one(['em', 'strong', 'mark'])]: true })
    else if (act === 2) leaf.insertEmbed(at, { b: THEIRS })
    else leaf.insert(at, chance.one(WORDS))
  }
  return updates.length > 0 ? Y.mergeUpdates(updates) : rawUpdate([])
}

/** A syntactically plausible update with anchors, parents, lengths and ranges drawn by chance. */
function grammar(chance: Chance, live: LiveText, clock: number): Uint8Array {
  const near = (): Id => {
    const client = chance.one([SERVER, VICTIM, MINE, MINE])
    const state = Y.getState(live.doc.store, client)
    return [client, Math.max(0, chance.below(state + 4) - (chance.below(4) === 0 ? 0 : 3))]
  }
  const inOurs = (): Id => {
    const items: Y.Item[] = []
    for (let item = live.doc.share.get(OURS)?._start ?? null; item; item = item.right) items.push(item)
    const item = chance.one(items)
    return [item.id.client, item.id.clock + chance.below(item.length)]
  }
  let end = clock
  const id = (): Id =>
    chance.below(3) === 0
      ? near()
      : chance.below(3) === 0 && end > clock
        ? [MINE, clock + chance.below(end - clock)]
        : inOurs()
  const structs: RawStruct[] = []
  for (let i = chance.below(4); i >= 0; i--) {
    const left = chance.below(4) > 0 ? { left: id() } : {}
    const right = chance.below(3) > 0 ? { right: id() } : {}
    const place = 'left' in left || 'right' in right ? { ...left, ...right } : { root: chance.one(LEAVES) }
    const words = chance.one(WORDS)
    const length = 1 + chance.below(5)
    const kind = chance.below(12)
    if (kind === 0) structs.push(gone(length, place))
    else if (kind === 1) structs.push(marked('em', chance.one(['true', 'null', '1']), place))
    else if (kind === 2 && chance.below(4) === 0) structs.push(bare(chance.one([0, 10] as const), length))
    else structs.push(typed(words, place))
    end += kind === 0 ? length : kind === 1 ? 1 : words.length
  }
  const start = chance.below(12) === 0 ? clock + chance.below(3) - 1 : clock
  const [client, from] = id()
  const ranges: RawRanges[] = chance.below(3) === 0 ? [[client, [[from, 1 + chance.below(6)]]]] : []
  return rawUpdate([{ client: chance.below(25) === 0 ? VICTIM : MINE, clock: Math.max(0, start), structs }], ranges)
}

const CRAFTED = [AUTHORS, CONTENT, PLACES, RIGHTS, BYTES]
  .flat()
  .map(([, update]) => update)
  .filter(({ length }) => length < 500)

function mutated(chance: Chance, update: Uint8Array): Uint8Array {
  const out = [...update]
  for (let i = chance.below(3); i >= 0; i--) {
    const at = chance.below(out.length + 1)
    const act = chance.below(4)
    if (act === 0) out[at] = chance.below(256)
    else if (act === 1) out.splice(at, 1 + chance.below(3))
    else if (act === 2) out.splice(at, 0, chance.below(256))
    else if (at < out.length) out[at] = ((out[at] ?? 0) + chance.below(3) - 1) & 255
  }
  return Uint8Array.from(out)
}

function hostile(chance: Chance, live: LiveText, clock: number): Uint8Array {
  const kind = chance.below(10)
  if (kind < 2) return edits(chance, live, MINE, OWN)
  if (kind < 3) return edits(chance, live, MINE, LEAVES)
  if (kind < 7) return grammar(chance, live, clock)
  if (kind < 8) return mutated(chance, chance.one(CRAFTED))
  return mutated(chance, chance.below(2) ? edits(chance, live, MINE, OWN) : grammar(chance, live, clock))
}

/** Two readers, one of whom sees an honest concurrent edit first and the other later, read the same. */
function converge(live: LiveText, update: Uint8Array, honest: Uint8Array): void {
  const [one, two] = [fork(live, 1), fork(live, 2)]
  for (const bytes of [honest, update]) Y.applyUpdate(one, bytes)
  for (const bytes of [update, honest]) Y.applyUpdate(two, bytes)
  for (const doc of [one, two]) expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  const again = new Y.Doc()
  Y.applyUpdate(again, Y.encodeStateAsUpdate(one))
  for (const leaf of OWN) {
    const read = one.getText(leaf).toString()
    expect(two.getText(leaf).toString()).toBe(read)
    expect(again.getText(leaf).toString()).toBe(read)
  }
}

function attack(seed: number): { admitted: number; refused: number } {
  const chance = seeded(seed)
  const text = guardedText()
  let live = guardedLive(text)
  const foreign = FOREIGN.map((leaf) => delta(fork(live, 1), leaf))
  const tally = { admitted: 0, refused: 0 }
  for (let n = 0; n < UPDATES_PER_SEED; n++) {
    // A hostile seat keeps growing its own bracket; a fresh text now and then keeps the run short.
    if (n % 100 === 99) live = guardedLive(text)
    const clock = Y.getState(live.doc.store, MINE)
    const update = hostile(chance, live, clock)
    const before = live.encode()
    const outcome = guard(update, sender({ clock }), live, text)
    expect(Buffer.compare(live.encode(), before)).toBe(0)
    if (!outcome.ok) {
      tally.refused++
      continue
    }
    tally.admitted++
    converge(live, update, edits(chance, live, chance.one([VICTIM, MINE + 1]), [OURS]))
    live.apply(update)
    if (!Buffer.from(update).includes('\ufffd'))
      expect(
        live
          .words(OURS)
          .map((run) => JSON.stringify(run))
          .join(''),
      ).not.toContain('\ufffd')
    expect(live.stuck).toBe(false)
    expect(Y.getState(live.doc.store, MINE)).toBe(outcome.value.next)
    const after = fork(live, 1)
    expect(FOREIGN.map((leaf) => delta(after, leaf))).toEqual(foreign)
    for (const leaf of after.share.keys()) expect(LEAVES).toContain(leaf)
  }
  return tally
}

test.each(SEEDS)(
  'P8 P9 no bytes of a suggest seat change what is not its own, and none of them hurts: PARLEY_SEED=%s',
  (seed) => {
    const { admitted, refused } = attack(seed)
    expect(admitted).toBeGreaterThan(UPDATES_PER_SEED / 20)
    expect(refused).toBeGreaterThan(UPDATES_PER_SEED / 5)
  },
)

test('P8 what the attack is not to change is all there', () => {
  expect(FOREIGN).toEqual(expect.arrayContaining([BASE, LOCKED, THEIRS, FROZEN]))
})
