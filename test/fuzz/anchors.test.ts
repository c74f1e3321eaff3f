import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { LiveText } from '#server/documents/documents.ts'
import { guard } from '#server/documents/guard.ts'
import { guardedLive, guardedText, MINE, OURS, sender, VICTIM } from '../support/guarded-text.ts'
import { type Id, type RawStruct, rawUpdate, typed } from '../support/raw-update.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { seedsOf } from '../support/seeds.ts'

const UPDATES_PER_SEED = 500
const SEEDS = seedsOf(4, UPDATES_PER_SEED)

/** Every unit of the bracket's leaf in list order, deleted ones too. */
function unitsOf(doc: Y.Doc): Id[] {
  const units: Id[] = []
  for (let item = doc.share.get(OURS)?._start ?? null; item; item = item.right)
    for (let i = 0; i < item.length; i++) units.push([item.id.client, item.id.clock + i])
  return units
}
const placeOf = (units: Id[], id: Id): number =>
  units.findIndex(([client, clock]) => client === id[0] && clock === id[1])

/** A leaf in which two people wrote at the same places at the same time, so that its order is not that of its anchors. */
function tangled(chance: Chance, live: LiveText): void {
  const authors = [VICTIM, MINE - 1, MINE + 1].map((client) => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, live.encode())
    doc.clientID = client
    for (let i = 0; i < 6; i++) doc.getText(OURS).insert(chance.below(8), chance.one(['m', 'no', 'p']))
    doc.getText(OURS).delete(chance.below(5), 2)
    return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(live.doc))
  })
  for (const update of authors) live.apply(update)
}

/** Structs between anchors drawn from the leaf and from each other; whether Yjs itself holds them in order, one by one. */
function drawn(chance: Chance, live: LiveText): { structs: RawStruct[]; ordered: boolean } {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  const structs: RawStruct[] = []
  let clock = 0
  for (let i = 1 + chance.below(5); i > 0; i--) {
    const units = unitsOf(doc)
    const any = (): Id => (clock > 0 && chance.below(2) ? [MINE, chance.below(clock)] : chance.one(units))
    const left = chance.below(6) ? any() : undefined
    const at = left ? placeOf(units, left) : -1
    // Mostly near and right of `left`, as an honest client that has not seen everything would draw it.
    const near = units[Math.min(units.length - 1, at + 1 + chance.below(4))]
    const right = chance.below(5) === 0 ? any() : near
    const words = chance.one(['a', 'bc', 'def'])
    const struct = typed(words, { ...(left && { left }), ...(right && { right }) })
    structs.push(struct)
    if (right && placeOf(units, right) <= at) return { structs, ordered: false }
    Y.applyUpdate(doc, rawUpdate([{ client: MINE, clock, structs: [struct] }]))
    clock += words.length
  }
  return { structs, ordered: true }
}

test.each(SEEDS)(
  'P11 an update is admitted exactly when Yjs holds its structs in the order they claim: PARLEY_SEED=%s',
  (seed) => {
    const chance = seeded(seed)
    const text = guardedText()
    const tally = { ordered: 0, crossed: 0 }
    for (let n = 0; n < UPDATES_PER_SEED; n++) {
      const live = guardedLive({ ...text })
      tangled(chance, live)
      const { structs, ordered } = drawn(chance, live)
      tally[ordered ? 'ordered' : 'crossed']++
      const outcome = guard(rawUpdate([{ client: MINE, clock: 0, structs }]), sender(), live, text)
      if (ordered && !outcome.ok) expect(outcome.refusal).toEqual({ code: 'bad-update', why: 'surrogates' })
      else expect(outcome.ok).toBe(ordered)
    }
    expect(tally.ordered).toBeGreaterThan(UPDATES_PER_SEED / 5)
    expect(tally.crossed).toBeGreaterThan(UPDATES_PER_SEED / 5)
  },
)
