import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyPatch, diff, type Json, pack, unpack } from '#shared/protocol/patch.ts'
import { Story, setAccess } from '../support/build.ts'

const key = fc.oneof(fc.constantFrom('a', 'b', 'words', '__proto__', 'constructor'), fc.string({ maxLength: 3 }))
const { json } = fc.letrec<{ json: Json; rows: Json[]; row: { id: string } }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, 0, 1.5, '', 'x'),
    fc.array(tie('json'), { maxLength: 3 }),
    tie('rows'),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }).filter((value) => !isLikeTable(value)),
  ),
  rows: fc.uniqueArray(tie('row'), { selector: ({ id }) => id, maxLength: 4 }) as fc.Arbitrary<Json[]>,
  row: fc.record({ id: fc.constantFrom('r1', 'r2', 'r3', '__proto__', 'toString'), at: tie('json') }),
}))
/** No view has a record of exactly `order` and `by`. */
const isLikeTable = (value: object): boolean => 'order' in value && 'by' in value

test('V1 packing loses nothing', () => {
  fc.assert(fc.property(json, (value) => canonicalize(unpack(pack(value))) === canonicalize(value)))
})

test('V1 the patch between two views makes the second out of the first, and leaves the first alone', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      const [before, after] = [pack(a), pack(b)]
      const kept = JSON.stringify(before)
      const sent = JSON.parse(JSON.stringify(diff(before, after)))
      expect(canonicalize(applyPatch(before, sent))).toBe(canonicalize(after))
      expect(JSON.stringify(before)).toBe(kept)
    }),
  )
})

test('V1 equal values need no patch, and one changed row is one path', () => {
  fc.assert(fc.property(json, (value) => diff(pack(value), pack(structuredClone(value))).length === 0))
  const story = Story.of()
  const packed = (room: Story) => pack(room.view('tavira-head') as unknown as Json)
  const lowered = story.did('union-mediator', setAccess('plenary', { council: 'read' }))
  const row = ['tracks', 'by', 'plenary', 'audience', 'by', 'party:council', 'level']
  expect(diff(packed(story), packed(lowered))).toEqual([[row, 'read']])
})

test('V1 views survive being packed, patched and unpacked', () => {
  const story = Story.of()
  const view = (room: Story) => room.view('union-mediator') as unknown as Json
  const after = story.did('union-mediator', setAccess('plenary', { forum: 'read', council: 'hidden' }))
  const patched = applyPatch(pack(view(story)), diff(pack(view(story)), pack(view(after))))
  expect(unpack(patched)).toEqual(JSON.parse(JSON.stringify(view(after))))
})
