import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Sender } from '#server/documents/documents.ts'
import { guard } from '#server/documents/guard.ts'
import type { LeafId } from '#shared/ids.ts'
import type { Text } from '#shared/text/structure.ts'
import {
  BASE,
  CLOSED,
  COUNCIL,
  EMPTY,
  guardedLive,
  guardedText,
  idAt,
  MINE,
  OURS,
  SERVER,
  SPLIT,
  sender,
  THEIRS,
  VICTIM,
} from '../support/guarded-text.ts'
import { gone, rawUpdate, typed } from '../support/raw-update.ts'

/** What an honest client sends for `write`, one update per transaction, merged. */
function written(text: Text, write: (doc: Y.Doc) => void) {
  const live = guardedLive(text)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  doc.clientID = MINE
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  write(doc)
  return { live, doc, update: Y.mergeUpdates(updates) }
}
function admitted(write: (doc: Y.Doc) => void, over: Partial<Sender> = {}, text = guardedText()) {
  const { live, doc, update } = written(text, write)
  const outcome = guard(update, sender(over), live, text)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal))
  live.apply(update)
  expect(live.stuck).toBe(false)
  for (const leaf of outcome.value.leaves) expect(live.doc.getText(leaf).toDelta()).toEqual(doc.getText(leaf).toDelta())
  return outcome.value
}
const typing = (leaf: LeafId, at: number, words: string) => (doc: Y.Doc) => doc.getText(leaf).insert(at, words)
const EDIT: Partial<Sender> = { level: 'edit' }

test('P9 admits typing, and says where the lane stands and which leaves changed', () => {
  expect(admitted(typing(OURS, 3, 'é😀'))).toEqual({ next: 3, leaves: [OURS], late: false })
  expect(admitted(typing(BASE, 0, 'x'), EDIT)).toEqual({ next: 1, leaves: [BASE], late: false })
  expect(admitted(typing(EMPTY, 0, 'first words'), EDIT)).toEqual({ next: 11, leaves: [EMPTY], late: false })
  expect(admitted(typing(THEIRS, 0, 'x'), { party: COUNCIL }).leaves).toEqual([THEIRS])
})

test('P9 admits formats on the list, on and off', () => {
  const { next } = admitted((doc) => {
    doc.getText(OURS).format(0, 8, { strong: true })
    doc.getText(OURS).format(2, 3, { strong: null, em: true })
  })
  expect(next).toBeGreaterThan(2)
})

test("P8 admits deleting another seat's words in a bracket of one's own party, and in base words with edit", () => {
  expect(admitted((doc) => doc.getText(OURS).delete(2, 8)).leaves).toEqual([OURS])
  expect(admitted((doc) => doc.getText(BASE).delete(1, 6), EDIT)).toMatchObject({ next: 0, leaves: [BASE] })
})

test('P9 admits deleting what is deleted already', () => {
  const text = guardedText()
  const { live, update } = written(text, (doc) => doc.getText(OURS).delete(0, 3))
  live.apply(update)
  expect(guard(update, sender(), live, text).ok).toBe(true)
})

test('P9 admits words typed and deleted before they were sent', () => {
  const both = (doc: Y.Doc) =>
    doc.transact(() => {
      doc.getText(OURS).insert(2, 'never seen')
      doc.getText(OURS).delete(2, 10)
      doc.getText(OURS).insert(2, 'seen')
    })
  expect(admitted(both)).toEqual({ next: 14, leaves: [OURS], late: false })
})

test('P9 admits words typed in any order into words that are not sent yet', () => {
  admitted((doc) => {
    const leaf = doc.getText(OURS)
    leaf.insert(4, 'abc')
    leaf.insert(4, 'x')
    leaf.insert(6, 'y')
    leaf.insert(5, 'z')
    leaf.insert(0, 'start')
    leaf.insert(leaf.length, 'end')
    leaf.delete(3, 3)
    leaf.insert(3, '😀')
  })
})

test('P9 admits a lone half of a character as Yjs sends it: as the sign for an unknown one', () => {
  const text = guardedText()
  const { live, update } = written(text, typing(OURS, 0, '\ud83d'))
  expect(guard(update, sender(), live, text).ok).toBe(true)
  live.apply(update)
  expect(live.words(OURS)).toEqual([{ words: '\ufffdnear all the dam 😀' }])
})

test('P9 words deleted before sending may spend as many clocks as words could, over all structs', () => {
  const text = guardedText()
  const live = guardedLive(text)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  const end = idAt(doc, OURS, doc.getText(OURS).length - 1)
  const spending = (last: number) =>
    rawUpdate([
      { client: MINE, clock: 0, structs: [gone(65_000, { left: end }), gone(last, { left: [MINE, 64_999] })] },
    ])
  expect(guard(spending(536), sender(), live, text).ok).toBe(true)
  const refusal = { code: 'bad-update', why: 'too-large' }
  expect(guard(spending(537), sender(), live, text)).toEqual({ ok: false, refusal })
})

test('P5 the next frame of a lane continues where the last one ended', () => {
  const text = guardedText()
  const { live, doc, update } = written(text, typing(OURS, 0, 'one '))
  live.apply(update)
  doc.getText(OURS).insert(4, 'two ')
  const second = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(live.doc))
  expect(guard(second, sender({ clock: 4 }), live, text)).toMatchObject({ ok: true, value: { next: 8 } })
  expect(guard(second, sender({ clock: 8 }), live, text).ok).toBe(false)
  expect(guard(second, sender(), live, text).ok).toBe(false)
})

test('P11 a frame that is ahead of this node waits for the log, whoever wrote what it builds on', () => {
  const text = guardedText()
  const { live, doc } = written(text, typing(OURS, 0, 'one '))
  const vector = Y.encodeStateVector(doc)
  doc.getText(OURS).insert(4, 'two ')
  const ahead = Y.encodeStateAsUpdate(doc, vector)
  const refusal = { code: 'unknown-dependency' }
  expect(guard(ahead, sender({ clock: 4 }), live, text)).toEqual({ ok: false, refusal })
})

test('D1 words that reach a closed leaf are late, from those who could write there only', () => {
  expect(admitted(typing(CLOSED, 2, 'x'))).toEqual({ next: 1, leaves: [CLOSED], late: true })
  expect(() => admitted(typing(CLOSED, 2, 'x'), { party: COUNCIL })).toThrow('"leaf"')
  const text = guardedText()
  const { clauses } = text
  const { empty: _, ...others } = clauses as Record<string, Text['clauses'][keyof Text['clauses']]>
  const merged: Text = {
    ...text,
    clauses: others as Text['clauses'],
    closed: {
      [EMPTY]: { why: 'merged', clause: 'open' as keyof Text['clauses'], host: BASE, holders: [], after: null },
    },
  }
  expect(admitted(typing(EMPTY, 0, 'x'), EDIT, merged).late).toBe(true)
  expect(() => admitted(typing(EMPTY, 0, 'x'), {}, merged)).toThrow('"leaf"')
})

test('D1 words right of words that moved are late, and deleting moved words is', () => {
  const text = guardedText()
  const { live } = written(text, typing(SPLIT, 0, 'x'))
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  const [client, clock] = idAt(doc, SPLIT, 12)
  const length = 'Second half.'.length
  const split: Text = {
    ...text,
    moves: [{ leaf: SPLIT, client, clock, length, to: { leaf: EMPTY, client, clock: 900 } }],
  }
  const server = new Y.Doc()
  Y.applyUpdate(server, live.encode())
  server.getText(SPLIT).delete(12, length)
  const lateness = (left: number) => {
    const after = guardedLive(split)
    after.apply(Y.encodeStateAsUpdate(server, Y.encodeStateVector(after.doc)))
    const place = idAt(doc, SPLIT, left)
    const outcome = guard(
      rawUpdate([{ client: MINE, clock: 0, structs: [typed('a', { left: place }), typed('b', { left: [MINE, 0] })] }]),
      sender(EDIT),
      after,
      split,
    )
    return outcome.ok && outcome.value.late
  }
  expect([lateness(5), lateness(11), lateness(12), lateness(20), lateness(23)]).toEqual([
    false,
    false,
    true,
    true,
    true,
  ])
  const deletion = rawUpdate([], [[client, [[clock + 3, 2]]]])
  expect(guard(deletion, sender(EDIT), live, split)).toMatchObject({ ok: true, value: { late: true } })
  expect(guard(rawUpdate([], [[client, [[clock - 3, 2]]]]), sender(EDIT), live, split)).toMatchObject({
    value: { late: false },
  })
  expect([client, VICTIM]).not.toContain(MINE)
  expect(client).toBe(SERVER)
})
