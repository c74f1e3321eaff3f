import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { guard } from '#server/documents/guard.ts'
import type { Refusal } from '#shared/refusals.ts'
import { BASE, guardedLive, MINE, OURS, SERVER, sender, VICTIM } from '../support/guarded-text.ts'
import {
  AUTHORS,
  applyRaw,
  BYTES,
  bad,
  CONTENT,
  copy,
  deletes,
  EMOJI,
  END,
  live,
  mine,
  PLACES,
  RIGHTS,
  text,
  unit,
} from '../support/hostile-updates.ts'
import { marked, rawUpdate, typed } from '../support/raw-update.ts'

/** The guard's answer, having looked that it left no trace. */
function judge(update: Uint8Array, over: Parameters<typeof sender>[0] = {}) {
  const before = [live.encode(), [...live.doc.share.keys()], Y.encodeStateVector(live.doc)]
  const outcome = guard(update, sender(over), live, text)
  expect([live.encode(), [...live.doc.share.keys()], Y.encodeStateVector(live.doc)]).toEqual(before)
  expect(live.stuck).toBe(false)
  return outcome
}

describe.each([
  ['authors', AUTHORS],
  ['content', CONTENT],
  ['places', PLACES],
  ['rights', RIGHTS],
  ['bytes', BYTES],
])('%s', (_, rows) => {
  test.each(rows)('P9 refuses without trace what hurts a raw document: %s', (_name, update, refusal, hurts) => {
    expect(hurts(applyRaw(update))).toBe(true)
    expect(judge(update)).toEqual({ ok: false, refusal })
  })
})

test('P9 every beginning of a good update is refused', () => {
  const good = rawUpdate(
    [{ client: MINE, clock: 0, structs: [typed('words', { left: END }), marked('em', 'true', { left: [MINE, 4] })] }],
    [[VICTIM, [[0, 2]]]],
  )
  expect(judge(good).ok).toBe(true)
  for (let length = 0; length < good.length; length++) expect(judge(good.subarray(0, length)).ok).toBe(false)
})

test('P9 an update in the V2 format is refused', () => {
  const doc = copy()
  doc.clientID = MINE
  doc.getText(OURS).insert(0, 'hello')
  expect(judge(Y.encodeStateAsUpdateV2(doc, Y.encodeStateVector(live.doc))).ok).toBe(false)
})

test('P9 crossed anchors, which make replicas read different words for ever, are all refused', () => {
  let diverged = 0
  let refused = 0
  let tried = 0
  for (const client of [MINE - 1, MINE + 1]) {
    for (let at = 0; at < 5; at++) {
      const honest = copy()
      honest.clientID = client
      honest.getText(OURS).insert(at, 'H')
      const words = Y.encodeStateAsUpdate(honest, Y.encodeStateVector(live.doc))
      for (let left = 0; left < 5; left++) {
        for (let right = 0; right <= left; right++) {
          const crossed = mine(typed('X', { left: unit(OURS, left), right: unit(OURS, right) }))
          const outcome = judge(crossed)
          tried++
          if (!outcome.ok && outcome.refusal.code === 'bad-update' && outcome.refusal.why === 'anchors') refused++
          if (reads([words, crossed]) !== reads([crossed, words])) diverged++
        }
      }
    }
  }
  expect(refused).toBe(tried)
  expect(diverged).toBeGreaterThan(0)
})

function reads(updates: Uint8Array[]): string {
  const doc = copy()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc.getText(OURS).toString()
}

test('P9 a struct whose place would take every reader thousands of steps is refused', () => {
  const long = guardedLive(text)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, long.encode())
  doc.clientID = VICTIM + 1
  for (let i = 0; i < 5_100; i++) doc.getText(OURS).insert(0, i % 2 ? 'a' : 'b')
  long.apply(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(long.doc)))
  const across = mine(typed('x', { right: unit(OURS, EMOJI) }))
  expect(guard(across, sender(), long, text)).toEqual({ ok: false, refusal: bad('anchors') })
})

test.each<[string, Parameters<typeof sender>[0], Refusal]>([
  ['hidden', { level: 'hidden' }, { code: 'no-such-thing' }],
  ['read', { level: 'read' }, { code: 'level-too-low', needed: 'suggest', has: 'read' }],
  ['comment', { level: 'comment' }, { code: 'level-too-low', needed: 'suggest', has: 'comment' }],
])('P8 nobody below suggest writes a word: %s', (_, over, refusal) => {
  expect(judge(mine(typed('x', { left: END })), over)).toEqual({ ok: false, refusal })
})

test('P5 a lane may not go back, nor under the id of the server', () => {
  const second = rawUpdate([{ client: VICTIM, clock: 0, structs: [typed('x', { left: END })] }])
  expect(judge(second, { client: VICTIM, clock: 4 })).toEqual({ ok: false, refusal: bad('clock') })
  expect(judge(second, { client: VICTIM, clock: 0 })).toEqual({ ok: false, refusal: bad('clock') })
  expect(judge(mine(typed('x', { left: END })), { client: SERVER })).toEqual({
    ok: false,
    refusal: bad('foreign-client'),
  })
})

test('P9 an update for another incarnation is answered as renewed', () => {
  const other = { ...text, incarnation: 'incarnation-2' as typeof text.incarnation }
  const outcome = guard(mine(typed('x', { left: END })), sender(), live, other)
  expect(outcome).toEqual({ ok: false, refusal: { code: 'renewed' } })
})

test('P9 the place of a bracket is deleted by nobody but the server', () => {
  const embed = unit(BASE, 8)
  expect(judge(deletes([SERVER, [[embed[1], 1]]]), { level: 'edit' })).toEqual({ ok: false, refusal: bad('deletes') })
  expect(judge(deletes([SERVER, [[unit(BASE, 0)[1], 8]]]), { level: 'edit' }).ok).toBe(true)
})

test('P9 what stands where Yjs has forgotten everything is no place', () => {
  const holed = guardedLive(text)
  const doc = new Y.Doc()
  doc.clientID = VICTIM + 1
  const parent = new Y.Text('lost')
  doc.getMap('nest').set('key', parent)
  doc.getMap('nest').delete('key')
  holed.apply(Y.encodeStateAsUpdate(doc))
  expect(holed.doc.store.clients.get(VICTIM + 1)?.some((struct) => struct instanceof Y.GC)).toBe(true)
  const after = (clock: number) => guard(mine(typed('x', { left: [VICTIM + 1, clock] })), sender(), holed, text)
  expect(after(2)).toEqual({ ok: false, refusal: bad('anchors') })
  const over = guard(deletes([VICTIM + 1, [[2, 1]]]), sender(), holed, text)
  expect(over).toEqual({ ok: false, refusal: bad('deletes') })
})
