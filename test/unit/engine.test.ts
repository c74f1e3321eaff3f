import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { openLive, requireSafeLib0 } from '#server/documents/engine.ts'
import type { ClauseId } from '#shared/ids.ts'
import {
  BASE,
  bracket,
  COUNCIL,
  guardedLive,
  guardedText,
  MINE,
  OURS,
  SPLIT,
  TAVIRA,
  THEIRS,
  TRACK,
} from '../support/guarded-text.ts'

const OPEN = 'open' as ClauseId
const SPLIT_CLAUSE = 'split' as ClauseId

/** Bytes of `write` made on a copy of the live text. */
function change(live: ReturnType<typeof guardedLive>, client: number, write: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  doc.clientID = client
  write(doc)
  return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(live.doc))
}

test('D2 the server refuses to start with a lib0 that can leak memory into texts', () => {
  for (const version of ['0.2.117', '0.2.99', '0.1.200', '0.2.x'])
    expect(() => requireSafeLib0(version)).toThrow(version)
  for (const version of ['0.2.118', '0.2.120', '0.3.0', '1.0.0-rc.13'])
    expect(() => requireSafeLib0(version)).not.toThrow()
})

test('P7 a clause has another hash as soon as its words, or those of a bracket in it, are others', () => {
  const text = guardedText()
  const live = guardedLive(text)
  const hash = () => live.hashOf(text, 'en', OPEN)
  const first = hash()
  expect(first).toMatch(/^[0-9a-f]{64}$/)
  live.apply(change(live, MINE, (doc) => doc.getText(BASE).insert(0, 'x')))
  const second = hash()
  expect(second).not.toBe(first)
  live.apply(change(live, MINE + 1, (doc) => doc.getText(THEIRS).insert(0, 'x')))
  const third = hash()
  expect(third).not.toBe(second)
  live.apply(change(live, MINE + 2, (doc) => doc.getText(THEIRS).delete(0, 1)))
  expect(hash()).toBe(second)
  const joined = { ...text, brackets: { ...text.brackets, [OURS]: bracket(OURS, BASE, 'open', [TAVIRA, COUNCIL]) } }
  expect(live.hashOf(joined, 'en', OPEN)).not.toBe(second)
  expect(live.hashOf(text, 'fr', OPEN)).not.toBe(second)
  expect(live.hashOf(text, 'en', 'no-clause' as ClauseId)).toBeNull()
})

test('P7 words of one clause leave the hashes of others alone, and a fresh copy has equal ones', () => {
  const text = guardedText()
  const live = guardedLive(text)
  const before = live.hashOf(text, 'en', OPEN)
  live.apply(change(live, MINE, (doc) => doc.getText(SPLIT).insert(3, 'x')))
  expect(live.hashOf(text, 'en', OPEN)).toBe(before)
  const again = openLive(TRACK, text, live.encode())
  for (const clause of [OPEN, SPLIT_CLAUSE])
    expect(again.hashOf(text, 'en', clause)).toBe(live.hashOf(text, 'en', clause))
})

test('P4 the state for a joiner holds no deleted words', () => {
  const live = guardedLive(guardedText())
  live.apply(change(live, MINE, (doc) => doc.getText(SPLIT).insert(0, 'REGRETTABLE')))
  live.apply(change(live, MINE + 1, (doc) => doc.getText(SPLIT).delete(0, 11)))
  expect(Buffer.from(live.encode()).includes('REGRETTABLE')).toBe(false)
  expect(live.words(SPLIT)).toEqual([{ words: 'First half. Second half.' }])
})

test('P11 a text that was given words out of order says so, keeps none of them and stays clean', () => {
  const live = guardedLive(guardedText())
  const before = live.encode()
  const doc = new Y.Doc()
  Y.applyUpdate(doc, before)
  doc.clientID = MINE
  doc.getText(OURS).insert(0, 'one ')
  const vector = Y.encodeStateVector(doc)
  doc.getText(OURS).insert(4, 'two ')
  expect(live.stuck).toBe(false)
  live.apply(Y.encodeStateAsUpdate(doc, vector))
  expect(live.stuck).toBe(true)
  expect(live.encode()).toEqual(before)
})

test('P11 a reader that names what it has gets what it lacks; one that names nonsense gets everything', () => {
  const live = guardedLive(guardedText())
  const reader = new Y.Doc()
  Y.applyUpdate(reader, live.encode())
  const had = Y.encodeStateVector(reader)
  live.apply(change(live, MINE, (doc) => doc.getText(SPLIT).insert(3, 'x')))
  expect(live.encode(had).length).toBeLessThan(live.encode().length / 2)
  Y.applyUpdate(reader, live.encode(had))
  expect(reader.getText(SPLIT).toString()).toBe(live.doc.getText(SPLIT).toString())
  for (const broken of [Uint8Array.of(9), Uint8Array.of(1, 200), Uint8Array.of(0, 0), new Uint8Array(0)])
    expect(live.encode(broken)).toEqual(live.encode())
})

test('P11 a text is a function of its log alone: reading it in between changes no format mark', () => {
  const text = guardedText()
  const [read, unread] = [guardedLive(text), guardedLive(text)]
  // Two people emphasise the same words at the same time: the second pair of marks is without effect.
  const updates = [MINE, MINE + 1].map((client) =>
    change(read, client, (doc) => doc.getText(SPLIT).format(0, 9, { em: true })),
  )
  for (const update of updates) {
    for (const live of [read, unread]) live.apply(update)
    read.words(SPLIT)
  }
  expect(read.encode()).toEqual(unread.encode())
  const tidied = new Y.Doc()
  Y.applyUpdate(tidied, guardedLive(text).encode())
  tidied.getText(SPLIT)
  for (const update of updates) Y.applyUpdate(tidied, update)
  expect(Y.encodeStateAsUpdate(tidied)).not.toEqual(read.encode())
})
