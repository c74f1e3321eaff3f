import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { decodeDown, decodeUp, encodeDown, encodeUp } from '#shared/protocol/frames.ts'

/** Each update of somebody who types, moves the caret, deletes and formats. */
function updatesOf(
  steps: { at: number; words: string; deletes: number; strong: boolean }[],
  client: number,
): Uint8Array[] {
  const doc = new Y.Doc()
  doc.clientID = client
  const text = doc.getText('leaf')
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (const { at, words, deletes, strong } of steps) {
    const place = at % (text.length + 1)
    if (deletes > 0) text.delete(place, Math.min(deletes, text.length - place))
    if (words !== '') text.insert(place, words, strong ? { strong: true } : {})
  }
  return updates
}
const steps = fc.array(
  fc.record({
    at: fc.nat(40),
    words: fc.string({ unit: 'grapheme', maxLength: 6 }),
    deletes: fc.constantFrom(0, 0, 0, 2),
    strong: fc.constantFrom(false, false, true),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('frames of words', () => {
  test('P11 words come out as the very bytes that went in, up and down, in the short form too', () => {
    let short = 0
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 2 ** 21, max: 2 ** 28 - 1 }),
        fc.nat(0xffff),
        fc.nat(),
        (of, client, channel, number) => {
          for (const update of updatesOf(of, client)) {
            const up = encodeUp({ frame: 'words', channel, number, update })
            expect(decodeUp(up)).toEqual({ frame: 'words', channel, number, update })
            const down = encodeDown({ frame: 'text', channel, structure: null, moves: [], update })
            expect(decodeDown(down)).toEqual({ frame: 'text', channel, structure: null, moves: [], update })
            if (down.length < update.length) short += 1
          }
        },
      ),
    )
    expect(short).toBeGreaterThan(2)
  })

  test('P11 a character typed on costs a reader eight bytes beside itself, and its writer as many as the number of its frame more', () => {
    const updates = updatesOf(
      [...'agreed'].map((words, at) => ({ at, words, deletes: 0, strong: false })),
      2 ** 27,
    )
    const update = updates.at(-1) as Uint8Array
    expect(encodeDown({ frame: 'text', channel: 7, structure: null, moves: [], update })).toHaveLength(
      1 + 2 + 4 + 1 + 1 + 1,
    )
    expect(encodeUp({ frame: 'words', channel: 7, number: 300, update })).toHaveLength(1 + 2 + 2 + 4 + 1 + 1 + 1)
  })

  test('P11 words with structure, and several at once, are not in the short form', () => {
    const [one = new Uint8Array()] = updatesOf([{ at: 0, words: 'a', deletes: 0, strong: false }], 2 ** 22)
    const many = Y.mergeUpdates([one, ...updatesOf([{ at: 0, words: 'b', deletes: 0, strong: false }], 2 ** 23)])
    const structure = [[['title'], 'New']] as never
    for (const frame of [
      { frame: 'text', channel: 1, structure, moves: [], update: one },
      { frame: 'text', channel: 1, structure: null, moves: [], update: many },
      { frame: 'text', channel: 1, structure: null, moves: [], update: null },
    ] as const) {
      expect(decodeDown(encodeDown({ ...frame, moves: [] }))).toEqual({ ...frame, moves: [] })
    }
  })

  test('P9 whatever bytes come, the short form is an update or nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(20, 25, 38, 46), fc.uint8Array({ maxLength: 40 }), (kind, bytes) => {
        for (const read of [decodeUp, decodeDown]) {
          const frame = read(Uint8Array.of(kind, ...bytes))
          if (frame && 'update' in frame && frame.update) expect(frame.update).toBeInstanceOf(Uint8Array)
        }
      }),
    )
    const nothing = [25, 0, 0, 1, 0x80, 0x80, 0x80, 1, 5, 0]
    expect(decodeUp(Uint8Array.from(nothing))).toBeNull()
    const first = [25, 0, 0, 1, 0x80, 0x80, 0x80, 1, 0, 0, 97]
    expect(decodeUp(Uint8Array.from(first))).toBeNull()
    const farAway = [46, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 97]
    expect(decodeDown(Uint8Array.from(farAway))).toBeNull()
  })

  test('P1.5 the acknowledgement of any number is read as it was said', () => {
    for (const number of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2 ** 31, Number.MAX_SAFE_INTEGER])
      expect(decodeDown(encodeDown({ frame: 'acked', channel: 0xabcd, number }))).toEqual({
        frame: 'acked',
        channel: 0xabcd,
        number,
      })
  })
})
