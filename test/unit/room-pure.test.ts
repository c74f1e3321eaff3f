import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { align, placeOf } from '#client/room/align.ts'
import { carryInto, type Known, unsentIn } from '#client/room/carry.ts'
import { nextConnection } from '#client/room/connection.ts'
import { encodePart } from '#client/room/own-update.ts'
import { type Plan, planInsert, planRemove, planReplace } from '#client/room/plan.ts'
import { addRange, hasItem, type Ranges, subtract, tidy } from '#client/room/ranges.ts'
import type { Connection } from '#client/room/room.ts'
import { type BracketId, type LeafId, leafOf } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { Racer } from '../support/racer.ts'
import { A, B, M, TextRoom } from '../support/text-room.ts'

const SERVER = 7
const OWN = 9

describe('the connection', () => {
  const live: Connection = { at: 'live' }
  const lost = (from: Connection, refusal: Refusal | null, chance = 0) =>
    nextConnection(from, { what: 'lost', refusal }, 1000, chance)

  test('R6 each further try waits twice as long, up to ten seconds, half of it by chance', () => {
    let state = lost(live, null)
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      if (state.at !== 'waiting') throw new Error(state.at)
      waits.push(state.retryAt - 1000)
      state = lost(nextConnection(state, { what: 'due' }, 1000, 0), null)
    }
    expect(waits).toEqual([125, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000])
    expect(lost(live, null, 0.999)).toMatchObject({ retryAt: 1250 })
  })

  test('R6 a server that names a time is not tried before it; a live connection starts counting anew', () => {
    expect(lost(live, { code: 'draining', retryAfterMs: 3000 })).toEqual({ at: 'waiting', attempt: 1, retryAt: 4000 })
    expect(nextConnection(lost(live, null), { what: 'welcomed' }, 0, 0)).toEqual(live)
    expect(nextConnection(live, { what: 'due' }, 0, 0)).toBe(live)
  })

  test.each(['session-ended', 'outdated-client', 'no-such-thing'] as const)('R6 %s is final', (code) => {
    const ended = lost({ at: 'joining', attempt: 1 }, { code })
    expect(ended).toEqual({ at: 'ended', refusal: { code } })
    for (const what of ['welcomed', 'due', 'closed'] as const) expect(nextConnection(ended, { what }, 0, 0)).toBe(ended)
  })
})

describe('ranges', () => {
  const list = fc.array(fc.tuple(fc.nat(2), fc.nat(30), fc.integer({ min: 1, max: 6 })), { maxLength: 12 })
  const rangesOf = (from: [number, number, number][]): Ranges => {
    const ranges: Ranges = new Map()
    for (const [client, clock, length] of from) addRange(ranges, client, clock, length)
    return ranges
  }
  const items = Array.from({ length: 3 * 40 }, (_, i) => ({ client: i % 3, clock: Math.floor(i / 3) }))

  test('R2 tidying and subtracting ranges keeps exactly their items, in the one order an update may have', () => {
    fc.assert(
      fc.property(list, list, (from, without) => {
        const [a, b] = [rangesOf(from), rangesOf(without)]
        const [neat, rest] = [tidy(a), subtract(a, b)]
        for (const item of items) {
          expect(hasItem(neat, item)).toBe(hasItem(a, item))
          expect(hasItem(rest, item)).toBe(hasItem(a, item) && !hasItem(b, item))
        }
        expect([...neat.keys()]).toEqual([...neat.keys()].sort((x, y) => y - x))
        for (const of of neat.values())
          for (let i = 1; i < of.length; i++)
            expect((of[i]?.[0] ?? 0) > (of[i - 1]?.[0] ?? 0) + (of[i - 1]?.[1] ?? 0)).toBe(true)
      }),
    )
  })
})

type Edit = { at: number; remove: number; words: string }
const edit = fc.record({ at: fc.nat(40), remove: fc.nat(4), words: fc.stringMatching(/^[a-z]{0,4}$/) })
const edits = fc.array(edit, { maxLength: 12 })
const change = (text: Y.Text, { at, remove, words }: Edit): void => {
  const index = Math.min(at, text.length)
  text.delete(index, Math.min(remove, text.length - index))
  text.insert(index, words)
}
/** A document on the server, and a copy of it in which somebody goes on writing. */
function copied(before: Edit[], base = 'The parties share the water.') {
  const server = new Y.Doc()
  server.clientID = SERVER
  server.getText('leaf').insert(0, base)
  for (const one of before) change(server.getText('leaf'), one)
  const copy = new Y.Doc({ gcFilter: () => false })
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(server))
  copy.clientID = OWN
  const known: Known = { clocks: new Map([[OWN, 0]]), deletes: new Map() }
  copy.on('afterTransaction', (transaction: Y.Transaction) => {
    for (const [client, all] of transaction.deleteSet.clients)
      for (const { clock, len } of all) addRange(known.deletes, client, clock, len)
  })
  return { server, copy, known }
}
/** As a new incarnation does: the same words, none of the ids. */
function begunAnew(words: string): Y.Text {
  const doc = new Y.Doc()
  doc.clientID = SERVER + 1
  doc.getText('leaf').insert(0, words)
  return doc.getText('leaf')
}

describe('carrying over', () => {
  test('R10 into the words the server showed, the result is what stood on the screen', () => {
    fc.assert(
      fc.property(edits, edits, (before, own) => {
        const { server, copy, known } = copied(before)
        for (const one of own) change(copy.getText('leaf'), one)
        const to = begunAnew(server.getText('leaf').toString())
        const unsent = unsentIn(copy.getText('leaf'), 'leaf' as LeafId, known)
        if (unsent) carryInto(to, unsent, 'carried')
        expect(to.toString()).toBe(copy.getText('leaf').toString())
        if (known.deletes.size === 0 && Y.getState(copy.store, OWN) === 0) expect(unsent).toBeNull()
      }),
    )
  })

  test('R10 into words that others changed meanwhile, every word typed here is there once and every other one stays', () => {
    fc.assert(
      fc.property(edits, edits, fc.array(fc.nat(40), { maxLength: 6 }), (before, others, places) => {
        const { server, copy, known } = copied(before)
        places.forEach((at, nth) => {
          copy.getText('leaf').insert(Math.min(at, copy.getText('leaf').length), String.fromCharCode(0x4e00 + nth))
        })
        for (const one of others) change(server.getText('leaf'), one)
        const words = server.getText('leaf').toString()
        const to = begunAnew(words)
        const unsent = unsentIn(copy.getText('leaf'), 'leaf' as LeafId, known)
        if (unsent) carryInto(to, unsent, 'carried')
        const carried = [...to.toString()].filter((c) => c >= '\u4e00')
        expect(carried.sort()).toEqual(places.map((_, nth) => String.fromCharCode(0x4e00 + nth)))
        expect(to.toString().replace(/[\u4e00-\u4e10]/g, '')).toBe(words)
      }),
    )
  })

  test('R10 words find the neighbour on their left again', () => {
    const { copy, known } = copied([])
    copy.getText('leaf').insert(11, ' all')
    const unsent = unsentIn(copy.getText('leaf'), 'leaf' as LeafId, known)
    const to = begunAnew('Now: The three parties share water.')
    if (unsent) carryInto(to, unsent, 'carried')
    expect(to.toString()).toBe('Now: The three parties all share water.')
  })

  test('R10 beside a word that is gone is never inside another', () => {
    const marks = fc.uniqueArray(fc.nat(120), { maxLength: 8 })
    const textOf = (numbers: number[]) => numbers.map((number) => `<text-of-shores.s${number % 5}.${number}>`)
    fc.assert(
      fc.property(marks, marks, fc.nat(8), (was, is, nth) => {
        const [from, to] = [textOf(was), textOf(is)]
        const at = from.slice(0, nth).join('').length
        const hits = align([...from.join('')], [...to.join('')])
        const bounds = to.map((_, upTo) => to.slice(0, upTo).join('').length)
        expect([...bounds, to.join('').length]).toContain(placeOf(hits, at, to.join('').length))
      }),
    )
  })

  test('R10 in a word that others changed a place stands where it stood', () => {
    const [from, to] = ['They negotiate the water.', 'They renegotiated the water.']
    const hits = align([...from], [...to])
    expect(to.slice(0, placeOf(hits, 'They negot'.length, to.length))).toBe('They renegot')
  })

  test('R10 units are matched in order, each once', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 })
    fc.assert(
      fc.property(words, words, (from, to) => {
        const hits = align(from, to)
        const found = hits.filter((at) => at >= 0)
        expect(found).toEqual([...new Set(found)].sort((a, b) => a - b))
        hits.forEach((at, i) => void (at >= 0 && expect(to[at]).toBe(from[i])))
      }),
    )
  })
})

describe("the client's own updates", () => {
  test('R2 parts of any cut bring another copy to the same words', () => {
    fc.assert(
      fc.property(edits, edits, fc.array(fc.nat(12), { maxLength: 6 }), (before, own, cuts) => {
        const { server, copy, known } = copied(before)
        for (const one of own) change(copy.getText('leaf'), one)
        const end = Y.getState(copy.store, OWN)
        const stops = [...new Set([...cuts.filter((cut) => cut < end), end])].sort((a, b) => a - b)
        let from = 0
        let rest = known.deletes
        for (const until of stops) {
          const part = encodePart(copy, OWN, from, until, rest)
          from = part.next
          rest = part.rest
          Y.applyUpdate(server, part.update)
        }
        expect(rest.size).toBe(0)
        expect(server.store.pendingStructs).toBeNull()
        expect(server.getText('leaf').toString()).toBe(copy.getText('leaf').toString())
      }),
    )
  })
})

describe('planning', () => {
  const words = fc.constantFrom('x', 'new words', '', 'a\r\nb', '\u{1F30A}')
  const place = fc.record({ nth: fc.nat(20), index: fc.nat(60), length: fc.nat(12), words, how: fc.nat(2) })
  const people = [
    ['tavira-head', A, 'suggest'],
    ['council-head', B, 'suggest'],
    ['mediator', M, 'edit'],
    ['tavira-head', A, 'comment'],
  ] as const

  test('R8 no plan writes where the seat may not, strikes what is not there, or speaks of a bracket nobody has', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 12 }), fc.nat(people.length - 1), (places, who) => {
        const room = new TextRoom()
        const [seat, party, level] = people[who] ?? people[0]
        const racer = new Racer(room, seat, party, level, 3_000_001)
        for (const { nth, index, length, words: typed, how } of places) {
          const sheet = racer.sheet(() => room.newBracket())
          const clauses = sheet.structure.articles.flatMap((article) => article.clauses)
          const leaves = clauses.flatMap(({ leaf, brackets }) => [leaf, ...brackets.flatMap((one) => one.leaf ?? [])])
          const leaf = leaves[nth % leaves.length] as LeafId
          const range = { leaf, index, length }
          const plan =
            how === 0
              ? planInsert(sheet, { leaf, index }, typed)
              : how === 1
                ? planRemove(sheet, [range])
                : planReplace(sheet, [range], typed)
          check(plan, sheet.mayWrite, new Set(clauses.flatMap(({ brackets }) => brackets.map(({ id }) => id))))
          if (plan.ok) carryOut(room, racer, plan.value)
          if (level === 'comment' && how === 0) expect(plan).toMatchObject({ refusal: { code: 'level-too-low' } })
        }
      }),
      { numRuns: 60 },
    )
  })

  function check(plan: Outcome<Plan, Refusal>, mayWrite: (leaf: LeafId) => boolean, known: Set<BracketId>): void {
    if (!plan.ok) return
    const opened = new Set<LeafId>()
    for (const step of plan.value.steps) {
      if (step.do !== 'ask') {
        expect(mayWrite(step.leaf) || opened.has(step.leaf)).toBe(true)
        if (step.do === 'insert') expect(step.words).toMatch(/^[^\r\n]+$/)
        continue
      }
      const { command } = step
      if (command.type !== 'OpenBracket') expect(known.has(command.bracket)).toBe(true)
      else {
        expect(mayWrite(command.host)).toBe(false)
        if (command.kind === 'insert') opened.add(leafOf(command.bracket))
      }
    }
  }
  /** As if the server had recorded it at once. */
  function carryOut(room: TextRoom, racer: Racer, plan: Plan): void {
    for (const step of plan.steps) {
      if (step.do === 'insert')
        racer.doc.transact(() => racer.doc.getText(step.leaf).insert(step.index, step.words), 'typed')
      if (step.do === 'delete')
        racer.doc.transact(() => racer.doc.getText(step.leaf).delete(step.index, step.length), 'typed')
      if (step.do === 'ask') racer.overlay.add(room.mint(), step.command, 1 as never)
    }
  }
})
