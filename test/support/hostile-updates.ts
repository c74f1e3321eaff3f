import { writeAny, writeUint8, writeUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import * as Y from 'yjs'
import type { Refusal } from '#shared/refusals.ts'
import {
  BASE,
  EMPTY,
  FROZEN,
  guardedLive,
  guardedText,
  idAt,
  LOCKED,
  MINE,
  OURS,
  SERVER,
  THEIRS,
  VICTIM,
} from './guarded-text.ts'
import {
  bare,
  bytes,
  gone,
  type Id,
  marked,
  other,
  type RawRanges,
  type RawStruct,
  rawUpdate,
  typed,
} from './raw-update.ts'

/** Updates that hurt a raw Yjs document, each with the guard's answer and with what it does to the document. */

export const text = guardedText()
export const live = guardedLive(text)
export const copy = (): Y.Doc => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, live.encode())
  return doc
}
const seen = copy()
/** The unit at `index` of a leaf. */
export const unit = (leaf: string, index: number): Id => idAt(seen, leaf as typeof OURS, index)
export const END: Id = unit(OURS, seen.getText(OURS).length - 1)
export const EMOJI = 'near all the dam '.length
export const mine = (...structs: RawStruct[]): Uint8Array => rawUpdate([{ client: MINE, clock: 0, structs }])
export const deletes = (...ranges: RawRanges[]): Uint8Array => rawUpdate([], ranges)
export const bad = (why: Extract<Refusal, { code: 'bad-update' }>['why']): Refusal => ({ code: 'bad-update', why })
/** One word at the end of the sender's own bracket: good by itself. */
const X = typed('x', { left: END })
const UNKNOWN: Refusal = { code: 'unknown-dependency' }

/** What the bytes do to a raw Yjs document. */
interface Hurt {
  doc: Y.Doc
  threw: boolean
}
export function applyRaw(update: Uint8Array): Hurt {
  const doc = copy()
  try {
    Y.applyUpdate(doc, update)
    return { doc, threw: false }
  } catch {
    return { doc, threw: true }
  }
}
const isPending = ({ doc }: Hurt): boolean => doc.store.pendingStructs !== null || doc.store.pendingDs !== null
const throws = ({ threw }: Hurt): boolean => threw
const changes =
  (leaf: string) =>
  ({ doc }: Hurt): boolean =>
    doc.getText(leaf).toString() !== seen.getText(leaf).toString()
/** The victim types on; whether everybody else fails to see it. */
function silences({ doc }: Hurt): boolean {
  const victim = copy()
  victim.clientID = VICTIM
  victim.getText(OURS).insert(0, 'HEARD')
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(victim))
  return !doc.getText(OURS).toString().includes('HEARD')
}
const grows = ({ doc }: Hurt): boolean => Y.getState(doc.store, MINE) > 2 ** 30
const makesRoot = ({ doc }: Hurt): boolean => doc.share.has('never-opened')
/** Nothing a raw document shows at once; the row names what it breaks. */
const unseen = ({ threw }: Hurt): boolean => !threw

export type Row = [name: string, update: Uint8Array, refusal: Refusal, hurts: (hurt: Hurt) => boolean]
const NEXT: Id = [VICTIM, 4]

export const AUTHORS: Row[] = [
  [
    'GC over the next clocks of another',
    rawUpdate([{ client: VICTIM, clock: 4, structs: [bare(0, 2 ** 52)] }]),
    bad('foreign-client'),
    silences,
  ],
  [
    'words under the id and clock of another',
    rawUpdate([{ client: VICTIM, clock: 4, structs: [typed('I AGREE TO IT', { left: END })] }]),
    bad('foreign-client'),
    silences,
  ],
  [
    'words under the id of the server',
    rawUpdate([{ client: SERVER, clock: 200, structs: [X] }]),
    bad('foreign-client'),
    isPending,
  ],
  [
    'two blocks',
    rawUpdate([
      { client: MINE, clock: 0, structs: [typed('a', { left: END })] },
      { client: VICTIM, clock: 4, structs: [typed('b', { left: END })] },
    ]),
    bad('foreign-client'),
    changes(OURS),
  ],
  ['a gap in the own clocks', rawUpdate([{ client: MINE, clock: 5, structs: [X] }]), bad('gap'), isPending],
  ['a Skip', mine(bare(10, 3), X), bad('gap'), isPending],
  ['an own GC', mine(bare(0, 3)), bad('content'), ({ doc }) => Y.getState(doc.store, MINE) === 3],
  ['clocks past 2^53', rawUpdate([{ client: MINE, clock: 2 ** 53 - 1, structs: [X] }]), bad('gap'), isPending],
  [
    'a block twice',
    rawUpdate([
      { client: MINE, clock: 0, structs: [typed('a', { left: END })] },
      { client: MINE, clock: 0, structs: [typed('b', { left: END })] },
    ]),
    bad('foreign-client'),
    changes(OURS),
  ],
]

export const CONTENT: Row[] = [
  ['a zero-length deleted item', mine(gone(0, { left: END })), bad('content'), throws],
  ['no words', mine(typed('', { left: END })), bad('content'), unseen],
  ['2^31 deleted clocks', mine(gone(2 ** 31 - 1, { left: END })), bad('too-large'), grows],
  [
    'a type inside the words',
    mine(other(7, { left: END }, (to) => writeUint8Array(to, Uint8Array.of(3, 2, 0x68, 0x31)))),
    bad('content'),
    ({ doc }) => doc.getText(OURS).toDelta().length > 1,
  ],
  [
    'a subdocument',
    mine(
      other(9, { left: END }, (to) => {
        writeVarString(to, 'guid')
        writeAny(to, { autoLoad: true })
      }),
    ),
    bad('content'),
    ({ doc }) => doc.subdocs.size === 1,
  ],
  [
    'an embed',
    mine(other(5, { left: END }, (to) => writeVarString(to, `{"b":"${THEIRS}"}`))),
    bad('content'),
    ({ doc }) => doc.getText(OURS).toDelta().length > 1,
  ],
  [
    'deeply nested JSON',
    mine(other(5, { left: END }, (to) => writeVarString(to, '['.repeat(5_000) + ']'.repeat(5_000)))),
    bad('content'),
    unseen,
  ],
  [
    'any value',
    mine(
      other(8, { left: END }, (to) => {
        writeVarUint(to, 1)
        writeAny(to, { ['__proto__']: 1 })
      }),
    ),
    bad('content'),
    unseen,
  ],
  ['binary', mine(other(3, { left: END }, (to) => writeVarUint8Array(to, new Uint8Array(9)))), bad('content'), unseen],
  [
    'a map key',
    mine(typed('x', { root: OURS, info: 4 | 32, parent: (to) => writeVarString(to, '__proto__') })),
    bad('content'),
    ({ doc }) => doc.getText(OURS)._map.size === 1,
  ],
  [
    'a parent that is an item',
    mine(
      typed('x', {
        info: 4,
        parent: (to) => {
          for (const part of [0, ...END]) writeVarUint(to, part)
        },
      }),
    ),
    bad('root'),
    ({ doc }) => Y.getState(doc.store, MINE) === 1,
  ],
  ['an unknown root', mine(typed('x', { root: 'never-opened' })), bad('root'), makesRoot],
  [
    'a root that is no name',
    mine(typed('x', { root: '__proto__/..' })),
    bad('root'),
    ({ doc }) => doc.share.has('__proto__/..'),
  ],
  ['the root __proto__', mine(typed('x', { root: '__proto__' })), bad('root'), ({ doc }) => doc.share.has('__proto__')],
  ['a format that is not on the list', mine(marked('comment', 'true', { left: END })), bad('format'), unseen],
  ['a format with a value', mine(marked('em', '{"by":"tavira"}', { left: END })), bad('format'), unseen],
  ['broken JSON after good words', mine(X, marked('em', '{', { left: [MINE, 0] })), bad('format'), throws],
]

export const PLACES: Row[] = [
  ['anchors in two leaves', mine(typed('x', { left: END, right: unit(THEIRS, 0) })), bad('anchors'), changes(OURS)],
  [
    'its own id as origin',
    mine(typed('FIRST HALF', { left: END }), typed('x', { left: [MINE, 10] })),
    bad('anchors'),
    (hurt) => hurt.threw && changes(OURS)(hurt),
  ],
  ['its own future as right origin', mine(typed('x', { left: END, right: [MINE, 7] })), bad('anchors'), throws],
  ['an unknown origin', mine(typed('x', { left: NEXT })), UNKNOWN, isPending],
  ['an unknown right origin', mine(typed('x', { left: END, right: [9_999_999, 0] })), UNKNOWN, isPending],
  ['deleting clocks of an unknown client', deletes([9_999_999, [[0, 1]]]), UNKNOWN, isPending],
  [
    'deleting clocks another has not written yet',
    deletes([VICTIM, [[4, 1_000]]]),
    UNKNOWN,
    (hurt) => isPending(hurt) && silences(hurt),
  ],
  [
    'deleting own clocks to come',
    rawUpdate([{ client: MINE, clock: 0, structs: [X] }], [[MINE, [[0, 2]]]]),
    bad('deletes'),
    isPending,
  ],
  ['deleting nothing', deletes([VICTIM, [[0, 0]]]), bad('deletes'), unseen],
  [
    'half a character deleted',
    deletes([SERVER, [[unit(OURS, EMOJI)[1], 1]]]),
    bad('surrogates'),
    ({ doc }) => doc.getText(OURS).toString().includes('\ufffd'),
  ],
  [
    'the other half deleted',
    deletes([SERVER, [[unit(OURS, EMOJI + 1)[1], 1]]]),
    bad('surrogates'),
    ({ doc }) => doc.getText(OURS).toString().includes('\ufffd'),
  ],
  [
    'words between the halves',
    mine(typed('x', { left: unit(OURS, EMOJI), right: unit(OURS, EMOJI + 1) })),
    bad('surrogates'),
    ({ doc }) => doc.getText(OURS).toString().includes('\ufffd'),
  ],
  [
    'words between the halves of own words',
    mine(typed('😀', { left: END }), typed('x', { left: [MINE, 0], right: [MINE, 1] })),
    bad('surrogates'),
    ({ doc }) => doc.getText(OURS).toString().includes('\ufffd'),
  ],
  [
    'half of an own new character deleted',
    rawUpdate([{ client: MINE, clock: 0, structs: [typed('😀', { left: END })] }], [[MINE, [[1, 1]]]]),
    bad('surrogates'),
    ({ doc }) => doc.getText(OURS).toString().includes('\ufffd'),
  ],
]

export const RIGHTS: Row[] = [
  ['base words added by suggest', mine(typed('x', { left: unit(BASE, 0) })), bad('leaf'), changes(BASE)],
  [
    'base words added by name',
    mine(typed('x', { root: EMPTY })),
    bad('leaf'),
    ({ doc }) => doc.getText(EMPTY).length === 1,
  ],
  ['base words deleted by suggest', deletes([SERVER, [[unit(BASE, 0)[1], 3]]]), bad('leaf'), changes(BASE)],
  [
    'base words formatted by suggest',
    mine(marked('strong', 'true', { right: unit(BASE, 0) })),
    bad('leaf'),
    ({ doc }) => doc.getText(BASE).toDelta()[0].attributes !== undefined,
  ],
  ['the bracket of another, added to', mine(typed('x', { left: unit(THEIRS, 0) })), bad('leaf'), changes(THEIRS)],
  ['the bracket of another, deleted', deletes([SERVER, [[unit(THEIRS, 0)[1], 2]]]), bad('leaf'), changes(THEIRS)],
  ['everything deleted', deletes([SERVER, [[0, 60]]]), bad('leaf'), changes(BASE)],
  ['a locked clause', mine(typed('x', { left: unit(LOCKED, 0) })), { code: 'clause-locked' }, changes(LOCKED)],
  [
    'an own bracket in a locked clause',
    mine(typed('x', { left: unit(FROZEN, 0) })),
    { code: 'clause-locked' },
    changes(FROZEN),
  ],
  [
    'words deleted in a locked clause',
    deletes([SERVER, [[unit(FROZEN, 0)[1], 1]]]),
    { code: 'clause-locked' },
    changes(FROZEN),
  ],
]

export const BYTES: Row[] = [
  [
    'bytes behind the end',
    bytes((to) => {
      writeUint8Array(to, mine(X))
      writeUint8(to, 0)
    }),
    bad('trailing'),
    changes(OURS),
  ],
  ['no structs and no ranges', rawUpdate([]), bad('counts'), unseen],
  [
    '30,000,000 announced structs',
    rawUpdate([{ client: MINE, clock: 0, structs: [], count: 30_000_000 }]),
    bad('too-large'),
    throws,
  ],
  [
    'a block without structs',
    rawUpdate([{ client: MINE, clock: 0, structs: [] }], [[VICTIM, [[0, 1]]]]),
    bad('counts'),
    changes(OURS),
  ],
  ['501 structs', mine(...Array.from({ length: 501 }, () => X)), bad('too-large'), changes(OURS)],
  [
    '501 delete ranges',
    deletes([VICTIM, Array.from({ length: 501 }, (_, i) => [i * 2, 1] as const)]),
    bad('too-large'),
    isPending,
  ],
  [
    'ranges in reverse',
    deletes([
      VICTIM,
      [
        [2, 1],
        [0, 1],
      ],
    ]),
    bad('not-canonical'),
    changes(OURS),
  ],
  [
    'ranges that touch',
    deletes([
      VICTIM,
      [
        [0, 1],
        [1, 1],
      ],
    ]),
    bad('not-canonical'),
    changes(OURS),
  ],
  ['a range client twice', deletes([VICTIM, [[0, 1]]], [VICTIM, [[2, 1]]]), bad('not-canonical'), changes(OURS)],
  [
    'range clients in another order',
    deletes([SERVER, [[unit(OURS, 0)[1], 1]]], [VICTIM, [[0, 1]]]),
    bad('not-canonical'),
    changes(OURS),
  ],
  ['a range client without ranges', deletes([VICTIM, []]), bad('counts'), unseen],
  [
    'a number in a longer form',
    Uint8Array.of(
      0,
      1,
      0x80 | (VICTIM & 127),
      0x80 | ((VICTIM >> 7) & 127),
      0x80 | ((VICTIM >> 14) & 127),
      0x80 | (VICTIM >> 21),
      0,
      1,
      0,
      1,
    ),
    bad('not-canonical'),
    changes(OURS),
  ],
  [
    'UTF-8 that is none',
    mine({ kind: 4, left: END, content: (to) => writeUint8Array(to, Uint8Array.of(3, 0xed, 0xa0, 0x80)) }),
    bad('content'),
    throws,
  ],
  [
    'words longer than the bytes',
    mine({ kind: 4, left: END, content: (to) => writeVarUint(to, 4_000) }),
    bad('truncated'),
    throws,
  ],
  ['more than 64 kB', mine(typed('x'.repeat(65_536), { left: END })), bad('too-large'), changes(OURS)],
]
