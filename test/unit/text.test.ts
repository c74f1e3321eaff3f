import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { buildText } from '#server/documents/build.ts'
import { type BracketId, type Hash, instant, type LeafId, type PartyId } from '#shared/ids.ts'
import { plain, textHash } from '#shared/text/compose.ts'
import { hashJson } from '#shared/text/hash.ts'
import { findItem, indexAfter, insertAt, itemAt, openLeaf, runsOf, type Words, wordsOf } from '#shared/text/leaf.ts'
import { leafRights, leafRightsInView, mayWrite } from '#shared/text/rights.ts'
import { clauseState } from '#shared/text/state.ts'
import type { BracketView, ClauseView, Run } from '#shared/text/structure.ts'
import { letters, roman, structureView } from '#shared/text/structure-view.ts'
import { A, B, M, shortOf, TextRoom, TRACK } from '../support/text-room.ts'

const BASE = 'base' as LeafId
const bracketId = (letter: string): BracketId => letter.repeat(22) as BracketId

function clauseOf(brackets: BracketView[]): ClauseView {
  return {
    id: 'clause' as ClauseView['id'],
    number: '1.1',
    leaf: BASE,
    locked: false,
    agreed: [],
    brackets,
    alternatives: [],
    items: [],
  }
}
function insertBracket(letter: string, holders: PartyId[], host: LeafId = BASE): BracketView {
  const id = bracketId(letter)
  const placedBy = 'tavira-head' as BracketView['placedBy']
  const leaf = id as string as LeafId
  return { id, kind: 'insert', host, leaf, struck: null, holders, placedBy, placedAt: instant(1), agreed: [] }
}
/** Words kept as plain runs: units are numbered from 0 by one client per leaf. */
function fixedWords(leaves: Record<string, Run[]>): Words {
  const length = (leaf: LeafId) =>
    (leaves[leaf] ?? []).reduce((sum, run) => sum + ('words' in run ? run.words.length : 1), 0)
  return {
    runs: (leaf) => leaves[leaf] ?? [],
    indexAfter: (leaf, item) => (item === null ? 0 : item.clock < length(leaf) ? item.clock + 1 : null),
    itemAt: (leaf, index) => (index > 0 && index <= length(leaf) ? { client: 1, clock: index - 1 } : null),
  }
}
const strikeOf = (letter: string, holders: PartyId[], from: number, to: number): BracketView => ({
  ...insertBracket(letter, holders),
  kind: 'delete',
  leaf: null,
  struck: { from: { client: 1, clock: from }, to: { client: 1, clock: to - 1 } },
})

describe('the hash of a clause', () => {
  const x = insertBracket('x', [A])

  test('P7 is the SHA-256 of RFC 8785 JSON of words, formats and brackets alone', () => {
    const words = fixedWords({
      [BASE]: [{ words: 'The ' }, { bracket: x.id }, { words: 'water', formats: { strong: true, em: true } }],
      [x.id]: [{ words: 'clear ' }],
    })
    const expected = {
      v: 1,
      language: 'en',
      base: [
        ['The ', []],
        ['water', ['em', 'strong']],
      ],
      brackets: [{ at: 4, kind: 'insert', holders: [A], words: [['clear ', []]], nested: [] }],
      alternatives: [],
    }
    expect(textHash(clauseOf([x]), 'en', words)).toBe(hashJson(expected))
  })

  test('P7 knows no ids, times, order of rows or ways to write a letter', () => {
    const composed = fixedWords({ [BASE]: [{ words: 'é' }, { bracket: x.id }], [x.id]: [{ words: 'a' }] })
    const y = { ...insertBracket('y', [A]), placedAt: instant(99), placedBy: 'other' as BracketView['placedBy'] }
    const apart = fixedWords({ [BASE]: [{ words: 'e\u0301' }, { bracket: y.id }], [y.id]: [{ words: 'a' }] })
    expect(textHash(clauseOf([x]), 'en', composed)).toBe(textHash(clauseOf([y]), 'en', apart))
  })

  test('P7 changes with every word, format, place, kind, holder and language', () => {
    const words = (at: string, own: string, formats = {}) =>
      fixedWords({
        [BASE]: [{ words: at }, { bracket: x.id }, { words: 'water'.slice(at.length), formats }],
        [x.id]: [{ words: own }],
      })
    const hashes = [
      textHash(clauseOf([x]), 'en', words('wa', 'a')),
      textHash(clauseOf([x]), 'en', words('wat', 'a')),
      textHash(clauseOf([x]), 'en', words('wa', 'b')),
      textHash(clauseOf([x]), 'en', words('wa', 'a', { em: true })),
      textHash(clauseOf([x]), 'fr', words('wa', 'a')),
      textHash(clauseOf([{ ...x, holders: [A, B] }]), 'en', words('wa', 'a')),
      textHash(clauseOf([{ ...x, kind: 'placeholder' }]), 'en', words('wa', 'a')),
      textHash(clauseOf([]), 'en', words('wa', 'a')),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('P7 a place of a bracket that is not open, and an accent it stands before, change nothing', () => {
    const split = fixedWords({ [BASE]: [{ words: 'e' }, { bracket: bracketId('z') }, { words: '\u0301' }] })
    expect(textHash(clauseOf([]), 'en', split)).toBe(
      textHash(clauseOf([]), 'en', fixedWords({ [BASE]: [{ words: 'é' }] })),
    )
  })
})

describe('words as shown', () => {
  test('T1 name their holders, and overlapping strikes are told apart', () => {
    const both = insertBracket('x', [A, B])
    const words = fixedWords({
      [BASE]: [{ words: 'abcd' }, { bracket: both.id }, { words: 'ef' }],
      [both.id]: [{ words: 'new' }],
    })
    const clause = clauseOf([both, strikeOf('p', [A], 0, 3), strikeOf('q', [B], 2, 6)])
    expect(plain(clause, words, shortOf)).toBe('[-ab - TAV][-c - TAV, NMC][-d[new - TAV, NMC]e - NMC]f')
  })

  test('T1 leave out a bracket without words, and never loop', () => {
    const [x, y] = [insertBracket('x', [A]), insertBracket('y', [B], bracketId('x') as string as LeafId)]
    const words = fixedWords({
      [BASE]: [{ words: 'a' }, { bracket: x.id }],
      [x.id]: [{ bracket: y.id }],
      [y.id]: [{ bracket: x.id }],
    })
    expect(plain(clauseOf([x, y]), words, shortOf)).toBe('a')
  })
})

describe('a leaf', () => {
  test('T8 index and item name one place, whatever was deleted (any order of typing)', () => {
    const edit = fc.record({ at: fc.nat(60), take: fc.nat(4), words: fc.string({ minLength: 1, maxLength: 4 }) })
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
        const leaf = new Y.Doc().getText('leaf')
        let expected = ''
        for (const { at, take, words } of edits) {
          const index = Math.min(at, expected.length)
          insertAt(leaf, index, words)
          expected = expected.slice(0, index) + words + expected.slice(index)
          const gone = Math.min(take, expected.length - index)
          leaf.delete(index, gone)
          expected = expected.slice(0, index) + expected.slice(index + gone)
        }
        expect(
          runsOf(leaf)
            .map((run) => ('words' in run ? run.words : ''))
            .join(''),
        ).toBe(expected)
        for (let index = 0; index <= expected.length; index++) expect(indexAfter(leaf, itemAt(leaf, index))).toBe(index)
      }),
    )
  })

  test('T8 typing takes the formats in force and steps over no deleted word', () => {
    const doc = new Y.Doc()
    const leaf = doc.getText('leaf')
    leaf.insert(0, 'abc', { em: true })
    leaf.insert(3, 'def', { em: true })
    leaf.delete(3, 3)
    const last = itemAt(leaf, 3)
    insertAt(leaf, 3, 'x')
    const typed = [...(doc.store.clients.get(doc.clientID) ?? [])].at(-1) as Y.Item
    expect(typed.origin).toMatchObject(last ?? {})
    expect(runsOf(leaf)).toEqual([{ words: 'abcx', formats: { em: true } }])
    leaf.insert(4, 'y')
    leaf.insert(1, 'z')
    expect(leaf.toString()).toBe('azbcxy')
  })
})

describe('a leaf others write on', () => {
  test('T8 types as the room does: steps over no deleted word, takes or sets formats', () => {
    const doc = new Y.Doc()
    const leaf = openLeaf(doc, BASE)
    leaf.insert(0, 'abc', { em: true })
    leaf.delete(2, 1)
    const last = itemAt(leaf, 2)
    leaf.insert(2, 'x')
    expect(
      findItem(leaf, { client: doc.clientID, clock: Y.getState(doc.store, doc.clientID) - 1 })?.origin,
    ).toMatchObject(last ?? {})
    leaf.insert(3, 'y', { term: true })
    leaf.insert(4, 'z', {})
    expect(runsOf(leaf)).toEqual([
      { words: 'abx', formats: { em: true } },
      { words: 'y', formats: { term: true } },
      { words: 'z' },
    ])
    expect(openLeaf(doc, BASE)).toBe(leaf)
  })
})

describe('what the server builds', () => {
  const format = fc.subarray(['em', 'strong', 'term'] as const)
  const run = fc.record({ words: fc.string({ minLength: 1, maxLength: 5 }), formats: format })

  test('T7 any words, formats and brackets come back as they were, clocks running in visible order', () => {
    const part = fc.oneof(run, fc.constant('bracket' as const))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const room = new TextRoom()
        const leaf = room.leafOf(0)
        const runs = parts.map((one, index): Run => {
          if (one === 'bracket') return { bracket: bracketId(String.fromCharCode(97 + index)) }
          const formats = Object.fromEntries(one.formats.map((key) => [key, true as const]))
          return one.formats.length > 0
            ? { words: one.words.toWellFormed(), formats }
            : { words: one.words.toWellFormed() }
        })
        const built = buildText(TRACK, room.text, { [leaf]: runs })
        const joined = new Y.Doc()
        Y.applyUpdate(joined, built.encode())
        const length = joined.getText(leaf).length
        const start = itemAt(joined.getText(leaf), 1)?.clock ?? 0
        for (let index = 1; index <= length; index++)
          expect(itemAt(joined.getText(leaf), index)?.clock).toBe(start + index - 1)
        const flat = (list: Run[]) =>
          list.flatMap((one) =>
            'words' in one
              ? [...one.words].map((c) => [
                  c,
                  Object.keys(one.formats ?? {})
                    .sort()
                    .join(),
                ])
              : [[one.bracket]],
          )
        expect(flat(wordsOf(joined).runs(leaf))).toEqual(flat(runs))
      }),
      { numRuns: 60 },
    )
  })
})

describe('numbers', () => {
  test('T9 are counted per viewer: articles, annexes, items to three levels', () => {
    const room = new TextRoom({
      text: {
        title: 'Pact',
        articles: [
          { kind: 'preamble', title: 'Preamble', clauses: ['Recalling,'] },
          { title: 'One', clauses: ['a', { words: 'b', items: ['c', { words: 'd', items: ['e', 'f'] }] }] },
          { title: 'Two', clauses: ['g'] },
          { kind: 'annex', title: 'Maps', clauses: ['h'] },
        ],
      },
    })
    expect(room.clauses.map(({ number }) => number)).toEqual([
      'P.1',
      '1.1',
      '1.2',
      '1.2(a)',
      '1.2(b)',
      '1.2(b)(i)',
      '1.2(b)(ii)',
      '2.1',
      'A.1',
    ])
    expect(structureView(room.text, instant(0)).articles.map(({ number }) => number)).toEqual(['', '1', '2', 'A'])
  })

  test('T9 letters and numerals never repeat', () => {
    const count = 1_000
    expect(new Set(Array.from({ length: count }, (_, i) => letters(i + 1))).size).toBe(count)
    expect(new Set(Array.from({ length: count }, (_, i) => roman(i + 1))).size).toBe(count)
    expect([letters(26), letters(27), letters(703), roman(4), roman(9), roman(48)]).toEqual([
      'z',
      'aa',
      'aaa',
      'iv',
      'ix',
      'xlviii',
    ])
  })
})

describe('rights and states', () => {
  test('P8 base words are for edit, a bracket’s for its holders, a locked clause’s for nobody', () => {
    const base = { holders: null, locked: false, late: false }
    const held = { holders: [A], locked: false, late: false }
    const may = (leaf: typeof base | typeof held) =>
      (['read', 'comment', 'suggest', 'edit'] as const).map((level) => [
        mayWrite(leaf, { party: A, level }),
        mayWrite(leaf, { party: B, level }),
      ])
    expect(may(base)).toEqual([
      [false, false],
      [false, false],
      [false, false],
      [true, true],
    ])
    expect(may(held)).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
    ])
    expect(
      may({ ...base, locked: true })
        .flat()
        .some(Boolean),
    ).toBe(false)
    expect(
      may({ ...held, locked: true })
        .flat()
        .some(Boolean),
    ).toBe(false)
  })

  test('P8 a viewer and the server read the same rights', () => {
    const room = new TextRoom()
    const bracket = room.newBracket()
    const { id: clause, leaf: host } = room.clause(0)
    room.play('tavira-head', { type: 'OpenBracket', bracket, clause, host, kind: 'insert', after: null } as never)
    const structure = structureView(room.text, instant(0))
    for (const leaf of [host, bracket as string as LeafId, 'elsewhere' as LeafId]) {
      expect(leafRightsInView(structure, leaf)).toEqual(leafRights(room.text, leaf))
    }
    expect(leafRights(room.text, '__proto__' as LeafId)).toBeNull()
  })

  test('P7 an agreement counts only for these words and until its last instant', () => {
    const hash = 'a'.repeat(64) as Hash
    const clause = {
      ...clauseOf([]),
      agreed: [
        { id: A, hash, at: instant(1) },
        { id: B, hash, at: instant(1), until: instant(9) },
      ],
    }
    expect(clauseState(clause, hash, [A, B], instant(9))).toBe('ad-referendum')
    expect(clauseState(clause, hash, [A, B], instant(10))).toBe('open')
    expect(clauseState(clause, hash, [A], instant(10))).toBe('agreed')
    expect(clauseState(clause, 'b'.repeat(64), [A], instant(1))).toBe('open')
    expect(clauseState(clause, hash, [A, M], instant(1))).toBe('open')
    expect(clauseState(clause, hash, [], instant(1))).toBe('open')
    expect(clauseState(clauseOf([insertBracket('x', [A])]), hash, [A], instant(1))).toBe('bracketed')
    expect(clauseState({ ...clause, locked: true }, hash, [A], instant(1))).toBe('locked')
  })
})
