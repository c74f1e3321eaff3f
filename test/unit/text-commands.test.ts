import { beforeEach, describe, expect, test } from 'vitest'
import type { TextCommand } from '#shared/domain/commands.ts'
import { decideText, evolveText } from '#shared/domain/structure.ts'
import { type BracketId, type Hash, instant, type SeatId, type TrackId } from '#shared/ids.ts'
import type { Refusal } from '#shared/refusals.ts'
import { MAX_CLAUSES } from '#shared/text/seed.ts'
import { A, B, TextRoom } from '../support/text-room.ts'

let room: TextRoom
beforeEach(() => {
  room = new TextRoom({
    text: {
      title: 'Pact',
      articles: [
        { title: 'Water', clauses: ['The water is shared.', { words: 'All shall:', items: ['see;', 'go.'] }] },
        { title: 'Shore', clauses: ['It is open.'] },
      ],
    },
  })
})

type Bare = TextCommand extends infer C ? (C extends TextCommand ? Omit<C, 'track'> : never) : never
const ask = (by: string, command: Bare) => room.play(by, command)
function made(by: string, command: Bare): string {
  const played = ask(by, command)
  if (!played.ok) throw new Error(`refused: ${JSON.stringify(played.refusal)}`)
  return played.value.made[0] ?? ''
}
const refusal = (by: string, command: Bare): Refusal | null => {
  const played = ask(by, command)
  return played.ok ? null : played.refusal
}
const clause = (index: number) => room.clause(index).id
const shown = () => room.clauses.map((_, index) => room.shown(index))
function opened(by: string, at = 0): BracketId {
  const bracket = room.newBracket()
  const { id, leaf: host } = room.clause(at)
  made(by, { type: 'OpenBracket', bracket, clause: id, host, kind: 'insert', after: null })
  return bracket
}
const [HEAD, ADVISER, ALTERNATE, COUNCIL, UNION] = [
  'tavira-head',
  'tavira-adviser',
  'tavira-alternate',
  'council-head',
  'union-mediator',
]

describe('structure', () => {
  test('T12 P8 every structure command needs edit', () => {
    const [article] = room.text.order
    const [id, other] = [clause(0), clause(1)]
    if (!article) throw new Error('there is an article')
    const commands: Bare[] = [
      { type: 'AddArticle', kind: 'article', title: 'New', after: null },
      { type: 'RenameArticle', article, title: 'New' },
      { type: 'RemoveArticle', article },
      { type: 'RenameText', title: 'New' },
      { type: 'AddClause', article, parent: null, after: null },
      { type: 'RemoveClause', clause: id },
      { type: 'MoveClause', clause: id, article, parent: null, after: other },
      { type: 'SplitClause', clause: id, after: null },
      { type: 'MergeClause', clause: other },
      { type: 'LockClause', clause: id },
      { type: 'UnlockClause', clause: id },
    ]
    for (const command of commands) {
      expect(refusal(HEAD, command)).toEqual({ code: 'level-too-low', needed: 'edit', has: 'suggest' })
    }
  })

  test('T12 clauses and articles are added, moved and removed, items with them', () => {
    const article = made(UNION, { type: 'AddArticle', kind: 'annex', title: ' Maps\n', after: null }) as never
    const added = made(UNION, { type: 'AddClause', article, parent: null, after: null, words: 'See\nmap 1.' }) as never
    made(UNION, { type: 'MoveClause', clause: clause(2), article, parent: null, after: added })
    expect(room.clauses.map(({ number }) => number)).toEqual(['A.1', 'A.2', 'A.2(a)', 'A.2(b)', '1.1', '2.1'])
    expect(shown().slice(0, 2)).toEqual(['See map 1.', 'All shall:'])
    made(UNION, { type: 'RemoveClause', clause: clause(1) })
    expect(shown()).toEqual(['See map 1.', 'The water is shared.', 'It is open.'])
    expect(refusal(UNION, { type: 'RemoveArticle', article })).toEqual({ code: 'clause-not-clean' })
    made(UNION, { type: 'RemoveClause', clause: clause(0) })
    made(UNION, { type: 'RemoveArticle', article })
    expect(room.text.order).toHaveLength(2)
  })

  test('T12 items go to three levels, never below, and no clause into itself', () => {
    const [article] = room.text.order
    if (!article) throw new Error('there is an article')
    const parent = clause(2)
    const deep = made(UNION, { type: 'AddClause', article, parent, after: null, words: 'by day' }) as never
    expect(refusal(UNION, { type: 'AddClause', article, parent: deep, after: null })).toMatchObject({
      code: 'too-large',
    })
    expect(
      refusal(UNION, { type: 'MoveClause', clause: clause(1), article, parent: clause(0), after: null }),
    ).toMatchObject({ code: 'too-large' })
    expect(refusal(UNION, { type: 'MoveClause', clause: clause(1), article, parent, after: null })).toEqual({
      code: 'nothing-to-change',
    })
  })

  test('T12 a split takes the items along, a merge brings them back', () => {
    const before = room.clauses.map(({ id }) => id)
    made(UNION, { type: 'SplitClause', clause: clause(1), after: null })
    expect(room.clauses.map(({ number }) => number)).toEqual(['1.1', '1.2', '1.3', '1.3(a)', '1.3(b)', '2.1'])
    made(UNION, { type: 'MergeClause', clause: clause(2) })
    expect(room.clauses.map(({ id }) => id)).toEqual(before)
    made(UNION, { type: 'MergeClause', clause: clause(1) })
    expect(shown()[0]).toBe('The water is shared. All shall:')
    expect(refusal(UNION, { type: 'MergeClause', clause: clause(0) })).toEqual({ code: 'nothing-to-change' })
  })

  test('T12 a clause with another party’s bracket stays, in an item of it too', () => {
    const bracket = opened(HEAD, 2)
    expect(refusal(UNION, { type: 'RemoveClause', clause: clause(1) })).toEqual({ code: 'not-your-bracket', bracket })
    made(HEAD, { type: 'WithdrawBracket', bracket })
    expect(refusal(UNION, { type: 'RemoveClause', clause: clause(1) })).toBeNull()
  })

  test('T12 a locked clause refuses every change of its words and place', () => {
    const bracket = opened(HEAD)
    expect(refusal(UNION, { type: 'LockClause', clause: clause(0) })).toEqual({ code: 'clause-not-clean' })
    made(HEAD, { type: 'WithdrawBracket', bracket })
    made(UNION, { type: 'LockClause', clause: clause(0) })
    const { id, leaf: host } = room.clause(0)
    const [article] = room.text.order
    if (!article) throw new Error('there is an article')
    const commands: [string, Bare][] = [
      [HEAD, { type: 'OpenBracket', bracket: room.newBracket(), clause: id, host, kind: 'insert', after: null }],
      [UNION, { type: 'RemoveClause', clause: id }],
      [UNION, { type: 'SplitClause', clause: id, after: null }],
      [UNION, { type: 'MergeClause', clause: clause(1) }],
      [UNION, { type: 'MoveClause', clause: id, article, parent: null, after: clause(1) }],
      [UNION, { type: 'AddClause', article, parent: id, after: null }],
    ]
    for (const [by, command] of commands) expect(refusal(by, command)).toEqual({ code: 'clause-locked' })
    expect(refusal(UNION, { type: 'LockClause', clause: id })).toEqual({ code: 'nothing-to-change' })
    made(UNION, { type: 'UnlockClause', clause: id })
    expect(refusal(UNION, { type: 'SplitClause', clause: id, after: null })).toBeNull()
  })

  test('T12 ids are looked up in the track’s own text: all others are no such thing', () => {
    const strange = '__proto__' as never
    const [article] = room.text.order
    if (!article) throw new Error('there is an article')
    const [id, host] = [clause(0), room.leafOf(0)]
    const commands: [string, Bare][] = [
      [UNION, { type: 'RemoveClause', clause: strange }],
      [UNION, { type: 'SplitClause', clause: 'nowhere' as never, after: null }],
      [UNION, { type: 'AddClause', article: strange, parent: null, after: null }],
      [UNION, { type: 'AddClause', article, parent: strange, after: null }],
      [UNION, { type: 'AddClause', article, parent: null, after: clause(4) }],
      [UNION, { type: 'RenameArticle', article: strange, title: 'x' }],
      [
        HEAD,
        { type: 'OpenBracket', bracket: room.newBracket(), clause: id, host: strange, kind: 'insert', after: null },
      ],
      [HEAD, { type: 'WithdrawBracket', bracket: room.newBracket() }],
      [HEAD, { type: 'JoinBracket', bracket: strange }],
      [HEAD, { type: 'AgreeClause', clause: strange, hash: room.hash(0) }],
    ]
    for (const [by, command] of commands) expect(refusal(by, command)).toEqual({ code: 'no-such-thing' })
    const unknown = { client: 7, clock: 7 }
    expect(
      refusal(HEAD, {
        type: 'OpenBracket',
        bracket: room.newBracket(),
        clause: id,
        host,
        kind: 'insert',
        after: unknown,
      }),
    ).toEqual({ code: 'unknown-dependency' })
  })

  test('P3 a track that is hidden and one that never was refuse alike', () => {
    const hidden = new TextRoom({ levels: { [A]: 'hidden' } })
    const asked = (track: string) =>
      decideText(hidden.process, {
        by: { seat: HEAD as SeatId, confined: false },
        at: instant(1),
        command: { type: 'RenameText', track: track as TrackId, title: 'x' },
        mint: hidden.mint,
        mintClient: () => 1,
        hashOf: () => null,
      })
    expect(asked('plenary')).toEqual(asked('nowhere'))
    expect(asked('plenary')).toMatchObject({ refusal: { code: 'no-such-thing' } })
  })

  test('T12 a text holds at most 5,000 clauses', () => {
    const clauses = Array.from({ length: MAX_CLAUSES }, () => 'x')
    room = new TextRoom({ text: { title: 'T', articles: [{ title: 'A', clauses }] } })
    const [article] = room.text.order
    if (!article) throw new Error('there is an article')
    const full = { code: 'too-large', limit: MAX_CLAUSES }
    expect(refusal(UNION, { type: 'AddClause', article, parent: null, after: null })).toEqual(full)
    expect(refusal(UNION, { type: 'SplitClause', clause: clause(0), after: null })).toEqual(full)
  })
})

describe('brackets', () => {
  test('T12 opening and joining need suggest; only a holder lifts, and only its own part', () => {
    const bracket = opened(HEAD)
    expect(refusal(COUNCIL, { type: 'WithdrawBracket', bracket })).toEqual({ code: 'not-your-bracket', bracket })
    expect(refusal(UNION, { type: 'WithdrawBracket', bracket })).toEqual({ code: 'not-your-bracket', bracket })
    made(COUNCIL, { type: 'JoinBracket', bracket })
    expect(refusal(COUNCIL, { type: 'JoinBracket', bracket })).toEqual({ code: 'nothing-to-change' })
    made(ADVISER, { type: 'WithdrawBracket', bracket })
    expect(room.clause(0).brackets[0]?.holders).toEqual([B])
    made(COUNCIL, { type: 'WithdrawBracket', bracket })
    expect(room.clause(0).brackets).toEqual([])
    const reader = new TextRoom({ levels: { [A]: 'comment' } })
    const { id, leaf: host } = reader.clause(0)
    const open = { type: 'OpenBracket', bracket, clause: id, host, kind: 'insert', after: null } as const
    expect(reader.play(HEAD, open as never)).toMatchObject({ refusal: { code: 'level-too-low', needed: 'suggest' } })
  })

  test('T12 an id is used once', () => {
    const bracket = opened(HEAD)
    const again = () =>
      refusal(HEAD, {
        type: 'OpenBracket',
        bracket,
        clause: clause(0),
        host: room.leafOf(0),
        kind: 'insert',
        after: null,
      })
    expect(again()).toEqual({ code: 'already-exists' })
    made(HEAD, { type: 'WithdrawBracket', bracket })
    expect(again()).toEqual({ code: 'already-exists' })
  })

  test('T12 P7 accepting waits for every party with suggest or more, on the words as they stand', () => {
    const bracket = opened(HEAD)
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toEqual({ code: 'consent-missing', parties: [B] })
    expect(refusal(COUNCIL, { type: 'AcceptBracket', bracket })).toMatchObject({ code: 'level-too-low' })
    made(COUNCIL, { type: 'AgreeBracket', bracket, hash: room.hash(0) })
    const other = opened(HEAD)
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toEqual({ code: 'consent-missing', parties: [B] })
    made(HEAD, { type: 'WithdrawBracket', bracket: other })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toBeNull()
  })

  test('F2.1 an adviser places and joins, and consents for nobody: the own head agrees, or the alternate', () => {
    const bracket = opened(ADVISER)
    expect(room.clause(0).brackets[0]?.proposer).toBeUndefined()
    made(COUNCIL, { type: 'AgreeBracket', bracket, hash: room.hash(0) })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toEqual({ code: 'consent-missing', parties: [A] })
    made(ALTERNATE, { type: 'AgreeBracket', bracket, hash: room.hash(0) })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toBeNull()

    const theirs = opened(COUNCIL)
    made(ADVISER, { type: 'JoinBracket', bracket: theirs, hash: room.hash(0) })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket: theirs })).toEqual({
      code: 'consent-missing',
      parties: [A],
    })
    room.now = 2_001
    expect(opened(ALTERNATE)).toBeDefined()
    expect(room.clause(0).brackets.at(-1)?.proposer).toBeUndefined()
  })

  test('F2.1 P7 a head who joins consents to the words as named, and from then on both consents are to exact words', () => {
    const bracket = opened(HEAD)
    expect(room.clause(0).brackets[0]?.proposer).toBe(A)
    const hash = room.hash(0)
    const stale = '0'.repeat(64) as Hash
    expect(refusal(COUNCIL, { type: 'JoinBracket', bracket, hash: stale })).toEqual({ code: 'stale', current: hash })
    made(COUNCIL, { type: 'JoinBracket', bracket, hash })
    const [joint] = room.clause(0).brackets
    expect(joint).toMatchObject({ holders: [A, B], agreed: [{ hash: room.hash(0) }, { hash: room.hash(0) }] })
    expect(joint?.proposer).toBeUndefined()
    const other = opened(ADVISER)
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toEqual({ code: 'consent-missing', parties: [A, B] })
    made(HEAD, { type: 'WithdrawBracket', bracket: other })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket })).toBeNull()

    const silent = opened(HEAD)
    made(COUNCIL, { type: 'JoinBracket', bracket: silent })
    expect(refusal(UNION, { type: 'AcceptBracket', bracket: silent })).toEqual({
      code: 'consent-missing',
      parties: [B],
    })
  })

  test('F2.1 a strike that an adviser widens waits for its head', () => {
    const [{ leaf: host, id }] = room.clauses as [(typeof room.clauses)[number]]
    const item = (clock: number) => ({ client: room.text.client, clock: firstClock(host) + clock })
    const bracket = room.newBracket()
    made(HEAD, {
      type: 'OpenBracket',
      bracket,
      clause: id,
      host,
      kind: 'delete',
      struck: { from: item(0), to: item(2) },
    })
    expect(room.clause(0).brackets[0]?.proposer).toBe(A)
    made(ADVISER, { type: 'ExtendStrike', bracket, struck: { from: item(0), to: item(8) } })
    expect(room.clause(0).brackets[0]?.proposer).toBeUndefined()
    made(HEAD, { type: 'ExtendStrike', bracket, struck: { from: item(0), to: item(9) } })
    expect(room.clause(0).brackets[0]?.proposer).toBe(A)
  })

  test('F2 P7 only a head or an alternate with a live mandate agrees, and on the current words only', () => {
    const bracket = opened(COUNCIL)
    const hash = room.hash(0)
    const stale = '0'.repeat(64) as Hash
    expect(refusal(ADVISER, { type: 'AgreeBracket', bracket, hash })).toEqual({ code: 'not-your-role' })
    expect(refusal(UNION, { type: 'AgreeBracket', bracket, hash })).toEqual({ code: 'not-your-role' })
    expect(refusal(HEAD, { type: 'AgreeBracket', bracket, hash: stale })).toEqual({ code: 'stale', current: hash })
    room.now = 2_000
    expect(refusal(ALTERNATE, { type: 'AgreeBracket', bracket, hash })).toBeNull()
    expect(refusal(ALTERNATE, { type: 'AgreeClause', clause: clause(1), hash: room.hash(1) })).toEqual({
      code: 'mandate-ended',
      at: 2_000,
    })
    expect(refusal(HEAD, { type: 'AgreeClause', clause: clause(1), hash: room.hash(1) })).toBeNull()
  })

  test('P7 nobody agrees to a clause with brackets; an agreement can be taken back', () => {
    const bracket = opened(COUNCIL)
    const agree = (): Bare => ({ type: 'AgreeClause', clause: clause(0), hash: room.hash(0), until: instant(9_000) })
    expect(refusal(HEAD, agree())).toEqual({ code: 'clause-not-clean' })
    made(COUNCIL, { type: 'WithdrawBracket', bracket })
    expect(refusal(HEAD, { ...agree(), until: instant(1) } as Bare)).toEqual({ code: 'too-late', due: 1 })
    expect(refusal(HEAD, agree())).toBeNull()
    expect(refusal(HEAD, agree())).toEqual({ code: 'nothing-to-change' })
    expect(room.clause(0).agreed).toMatchObject([{ id: A, until: 9_000 }])
    made(HEAD, { type: 'WithdrawClauseAgreement', clause: clause(0) })
    expect(room.clause(0).agreed).toEqual([])
    expect(refusal(HEAD, { type: 'WithdrawClauseAgreement', clause: clause(0) })).toEqual({ code: 'nothing-to-change' })
  })

  test('T12 a strike grows only while one party holds it alone', () => {
    const [{ leaf: host, id }] = room.clauses as [(typeof room.clauses)[number]]
    const item = (clock: number) => ({ client: room.text.client, clock: first + clock })
    const first = firstClock(host)
    const bracket = room.newBracket()
    const struck = { from: item(0), to: item(2) }
    made(HEAD, { type: 'OpenBracket', bracket, clause: id, host, kind: 'delete', struck })
    made(HEAD, { type: 'ExtendStrike', bracket, struck: { from: item(0), to: item(8) } })
    expect(room.shown(0)).toBe('[-The water - TAV] is shared.')
    made(COUNCIL, { type: 'JoinBracket', bracket })
    expect(refusal(HEAD, { type: 'ExtendStrike', bracket, struck: { from: item(0), to: item(12) } })).toEqual({
      code: 'not-your-bracket',
      bracket,
    })
  })
})

function firstClock(leaf: string): number {
  const clock = room.live.doc.getText(leaf)._start?.id.clock
  if (clock === undefined) throw new Error('the leaf has words')
  return clock
}

describe('folding', () => {
  test('T12 what the log says about things that are not there changes nothing and throws nothing', () => {
    const elsewhere = new TextRoom({ seed: 7 })
    const facts: Parameters<typeof evolveText>[1][] = []
    const play = (by: string, command: Bare) => {
      const played = ask(by, command)
      if (!played.ok) throw new Error(played.refusal.code)
      for (const event of played.value.events) facts.push({ event: event as never, by: by as SeatId, at: instant(1) })
    }
    const [id, host] = [clause(0), room.leafOf(0)]
    const [article] = room.text.order
    if (!article) throw new Error('there is an article')
    const bracket = room.newBracket()
    play(HEAD, { type: 'OpenBracket', bracket, clause: id, host, kind: 'insert', after: null })
    play(COUNCIL, { type: 'JoinBracket', bracket })
    play(COUNCIL, { type: 'AgreeBracket', bracket, hash: room.hash(0) })
    play(UNION, { type: 'SplitClause', clause: id, after: null })
    play(UNION, { type: 'MoveClause', clause: clause(1), article, parent: null, after: clause(2) })
    play(UNION, { type: 'MergeClause', clause: clause(4) })
    const now = room.clauses.findIndex(({ brackets }) => brackets.length > 0)
    for (const by of [HEAD, COUNCIL]) play(by, { type: 'AgreeBracket', bracket, hash: room.hash(now) })
    play(UNION, { type: 'AcceptBracket', bracket })
    play(UNION, { type: 'LockClause', clause: id })
    play(UNION, { type: 'UnlockClause', clause: id })
    play(UNION, { type: 'RemoveClause', clause: id })
    const before = elsewhere.clauses
    for (const fact of facts.filter(({ event }) => event.type !== 'BracketOpened')) {
      elsewhere.process = evolveText(elsewhere.process, fact)
    }
    expect(facts.length).toBe(12)
    expect(elsewhere.clauses).toEqual(before)
    for (const fact of facts.slice(1)) {
      const nowhere = { ...fact, event: { ...fact.event, track: 'nowhere' as TrackId } }
      expect(evolveText(room.process, nowhere)).toBe(room.process)
    }
  })
})
