import { beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { buildText, rebase } from '#server/documents/build.ts'
import { evolveText } from '#shared/domain/structure.ts'
import { type BracketId, type IncarnationId, instant, type LeafId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import type { Run } from '#shared/text/structure.ts'
import { bracketLeaf, LaneTypist } from '../support/lane-typist.ts'
import { A, B, type LogStep, M, type Played, TextRoom, TRACK } from '../support/text-room.ts'

let room: TextRoom
let tavira: LaneTypist
let council: LaneTypist
let union: LaneTypist
let base: LeafId

const levelOf = { tavira: 'suggest', council: 'suggest', union: 'edit' } as const satisfies Record<string, Level>

beforeEach(() => {
  room = new TextRoom()
  base = room.leafOf(0)
  tavira = new LaneTypist(room.live, 'tavira-head', A, levelOf.tavira, 3_000_001)
  council = new LaneTypist(room.live, 'council-head', B, levelOf.council, 3_000_002)
  union = new LaneTypist(room.live, 'union-mediator', M, levelOf.union, 3_000_003)
})

const deliver = (step: Pick<LogStep, 'updates'>, ...to: LaneTypist[]): void => {
  for (const typist of to) typist.receive(step.updates)
}
function done(played: Played): LogStep & { made: string[] } {
  if (!played.ok) throw new Error(`refused: ${JSON.stringify(played.refusal)}`)
  deliver(played.value, tavira, council, union)
  return played.value
}
/** Asks, without anyone hearing of it yet. */
function unheard(played: Played): LogStep & { made: string[] } {
  if (!played.ok) throw new Error(`refused: ${JSON.stringify(played.refusal)}`)
  return played.value
}
function send(typist: LaneTypist): LogStep & { late: boolean } {
  const update = typist.take()
  if (!update) throw new Error('nothing was typed')
  const result = room.words(typist.sender, update)
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  typist.sender.clock = result.value.next
  return result.value
}
/** Sends what was typed and lets everyone hear of it. */
const heard = (typist: LaneTypist): LogStep & { late: boolean } => {
  const step = send(typist)
  deliver(step, tavira, council, union)
  return step
}

function open(
  typist: LaneTypist,
  by: string,
  at: { host: LeafId; index: number; clause?: number },
  words: string,
): BracketId {
  const bracket = room.newBracket()
  const { id: clause } = room.clause(at.clause ?? 0)
  const after = typist.item(at.host, at.index)
  done(room.play(by, { type: 'OpenBracket', bracket, clause, host: at.host, kind: 'insert', after } as never))
  typist.type(bracketLeaf(bracket), 0, words)
  heard(typist)
  return bracket
}
function strike(typist: LaneTypist, by: string, host: LeafId, from: number, to: number): BracketId {
  const bracket = room.newBracket()
  const struck = typist.struck(host, from, to)
  done(
    room.play(by, { type: 'OpenBracket', bracket, clause: room.clause(0).id, host, kind: 'delete', struck } as never),
  )
  return bracket
}
const cmd = (command: object) => command as never

describe('brackets', () => {
  test('T1 two delegations type in one clause at once: both insertions stand, bracketed, the base untouched', () => {
    open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    open(council, 'council-head', { host: base, index: 11 }, 'only ')
    expect(room.shown(0)).toBe('The [clear  - TAV]water [only  - NMC]is shared.')
    expect(
      room.live
        .words(base)
        .map((run) => ('words' in run ? run.words : ''))
        .join(''),
    ).toBe('The water is shared.')
  })

  test('T1 struck words stay and show who struck them; strikes may overlap', () => {
    strike(tavira, 'tavira-head', base, 4, 12)
    strike(council, 'council-head', base, 10, 20)
    expect(room.shown(0)).toBe('The [-water  - TAV][-is - TAV, NMC][- shared. - NMC]')
  })

  test('T2 a withdrawn bracket leaves, and another party’s bracket nested in it climbs to its place', () => {
    const outer = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear, cold ')
    open(council, 'council-head', { host: bracketLeaf(outer), index: 6 }, 'not ')
    expect(room.shown(0)).toBe('The [clear,[not  - NMC] cold  - TAV]water is shared.')
    const step = done(room.play('tavira-head', cmd({ type: 'WithdrawBracket', bracket: outer })))
    expect(room.shown(0)).toBe('The [not  - NMC]water is shared.')
    expect(step.events[0]).toMatchObject({ archive: { [outer]: [{ words: 'clear,' }, {}, { words: ' cold ' }] } })
  })

  test('T2 a bracket closes as empty only if the server’s leaf is empty, a nested bracket included', () => {
    const outer = open(tavira, 'tavira-head', { host: base, index: 4 }, 'cold ')
    open(council, 'council-head', { host: bracketLeaf(outer), index: 2 }, 'X')
    tavira.delete(bracketLeaf(outer), 0, 2)
    tavira.delete(bracketLeaf(outer), 1, 3)
    heard(tavira)
    expect(room.play('tavira-head', cmd({ type: 'CloseEmptyBracket', bracket: outer }))).toMatchObject({
      refusal: { code: 'nothing-to-change' },
    })
    expect(room.shown(0)).toBe('The [[X - NMC] - TAV]water is shared.')
  })

  test('T2 an empty bracket closes and leaves no trace in the clause', () => {
    const before = room.hash(0)
    const bracket = open(tavira, 'tavira-head', { host: base, index: 4 }, 'x')
    tavira.delete(bracketLeaf(bracket), 0, 1)
    heard(tavira)
    done(room.play('tavira-head', cmd({ type: 'CloseEmptyBracket', bracket })))
    expect(room.hash(0)).toBe(before)
    expect(room.clause(0).brackets).toEqual([])
  })

  test('T3 accepted words stand in the host, with strikes and brackets that were nested in them', () => {
    const outer = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear cold ')
    open(council, 'council-head', { host: bracketLeaf(outer), index: 6 }, 'not ')
    strike(council, 'council-head', bracketLeaf(outer), 0, 5)
    const hash = room.hash(0)
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket: outer, hash })))
    done(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket: outer })))
    expect(room.shown(0)).toBe('The [-clear - NMC] [not  - NMC]cold water is shared.')
    expect(room.clause(0).brackets.map(({ host }) => host)).toEqual([base, base])
  })

  test('T3 an accepted strike deletes its words, and another party’s strike of the same words is over', () => {
    const wide = strike(tavira, 'tavira-head', base, 3, 12)
    strike(council, 'council-head', base, 4, 9)
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket: wide, hash: room.hash(0) })))
    const step = done(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket: wide })))
    expect(room.shown(0)).toBe('The shared.')
    expect(room.clause(0).brackets).toEqual([])
    expect(step.events[0]).toMatchObject({ archive: { [base]: [{ words: ' water is' }] } })
  })
})

describe('races', () => {
  test('T4 an open inside a bracket that was withdrawn climbs to the host’s place', () => {
    const outer = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    const after = council.item(bracketLeaf(outer), 3)
    unheard(room.play('tavira-head', cmd({ type: 'WithdrawBracket', bracket: outer })))
    const bracket = room.newBracket()
    const { id: clause } = room.clause(0)
    council.type(bracketLeaf(bracket), 0, 'but ')
    unheard(
      room.play('council-head', cmd({ type: 'OpenBracket', bracket, clause, host: outer, kind: 'insert', after })),
    )
    send(council)
    expect(room.shown(0)).toBe('The [but  - NMC]water is shared.')
  })

  test('T4 an open inside a bracket that was accepted stands beside the same words', () => {
    const outer = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    const after = council.item(bracketLeaf(outer), 5)
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket: outer, hash: room.hash(0) })))
    unheard(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket: outer })))
    const bracket = room.newBracket()
    const { id: clause } = room.clause(0)
    council.type(bracketLeaf(bracket), 0, 'ish')
    unheard(
      room.play('council-head', cmd({ type: 'OpenBracket', bracket, clause, host: outer, kind: 'insert', after })),
    )
    send(council)
    expect(room.shown(0)).toBe('The clear[ish - NMC] water is shared.')
  })

  test('T5 words that come late for an accepted bracket become a bracket of their party, later ones join it', () => {
    const bracket = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket, hash: room.hash(0) })))
    unheard(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket })))
    tavira.type(bracketLeaf(bracket), 6, 'cold')
    expect(send(tavira).events.map(({ type }) => type)).toEqual(['BracketOpened', 'WordsRelocated'])
    tavira.type(bracketLeaf(bracket), 10, 'er')
    expect(send(tavira).events.map(({ type }) => type)).toEqual(['WordsRelocated'])
    expect(room.shown(0)).toBe('The clear [colder - TAV]water is shared.')
  })

  test('T5 words that come late for a withdrawn bracket come back as a bracket, even for a seat that may edit', () => {
    const bracket = open(union, 'union-mediator', { host: base, index: 4 }, 'clear ')
    unheard(room.play('union-mediator', cmd({ type: 'WithdrawBracket', bracket })))
    union.type(bracketLeaf(bracket), 0, 'not ')
    send(union)
    expect(room.shown(0)).toBe('The [not  - MED]water is shared.')
  })

  test('T5 words that come late for a bracket accepted while empty are kept', () => {
    const bracket = room.newBracket()
    const { id: clause } = room.clause(0)
    const after = tavira.item(base, 4)
    done(room.play('tavira-head', cmd({ type: 'OpenBracket', bracket, clause, host: base, kind: 'insert', after })))
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket, hash: room.hash(0) })))
    unheard(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket })))
    tavira.type(bracketLeaf(bracket), 0, 'clear ')
    send(tavira)
    expect(room.shown(0)).toBe('The [clear  - TAV]water is shared.')
  })

  test('T6 a split takes words, brackets and strikes along; a strike across becomes two', () => {
    open(tavira, 'tavira-head', { host: base, index: 10 }, 'now ')
    strike(council, 'council-head', base, 4, 13)
    const after = union.item(base, 9)
    done(room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after })))
    expect(room.clauses).toHaveLength(3)
    expect([room.shown(0), room.shown(1)]).toEqual(['The [-water - NMC]', '[- [now  - TAV]is - NMC] shared.'])
    expect(room.clause(1).brackets).toHaveLength(2)
  })

  test('T6 words typed into a tail that was split away follow it, in their order', () => {
    unheard(
      room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after: union.item(base, 9) })),
    )
    union.type(base, 12, ' not')
    send(union)
    union.type(base, 16, ' yet')
    send(union)
    union.type(base, 28, '!')
    send(union)
    expect([room.shown(0), room.shown(1)]).toEqual(['The water', ' is not yet shared.!'])
  })

  test('T6 words typed at the end of what a split left stay there when the typist knew of it', () => {
    done(
      room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after: union.item(base, 9) })),
    )
    union.type(base, 9, ' runs')
    expect(send(union).late).toBe(false)
    expect([room.shown(0), room.shown(1)]).toEqual(['The water runs', ' is shared.'])
  })

  test('T6 a deletion that comes late for a tail that was split away is done there', () => {
    unheard(
      room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after: union.item(base, 9) })),
    )
    union.delete(base, 9, 3)
    send(union)
    expect([room.shown(0), room.shown(1)]).toEqual(['The water', ' shared.'])
  })

  test('T6 a deletion that comes late for an accepted bracket becomes a strike of its party', () => {
    const bracket = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear cold ')
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket, hash: room.hash(0) })))
    unheard(room.play('union-mediator', cmd({ type: 'AcceptBracket', bracket })))
    tavira.delete(bracketLeaf(bracket), 0, 6)
    send(tavira)
    expect(room.shown(0)).toBe('The [-clear  - TAV]cold water is shared.')
  })

  test('T6 words that come late for a merged clause follow its words', () => {
    const second = room.leafOf(1)
    unheard(room.play('union-mediator', cmd({ type: 'MergeClause', clause: room.clause(1).id })))
    union.type(second, 8, ' too')
    send(union)
    union.type(second, 0, 'And ')
    send(union)
    expect(room.clauses).toHaveLength(1)
    expect(room.shown(0)).toContain('The lake too is open.')
    expect(room.shown(0)).toContain('And ')
  })

  test('T6 words that come late for a removed clause are kept as a bracket of their party beside it', () => {
    const second = room.leafOf(1)
    done(room.play('union-mediator', cmd({ type: 'RenameText', title: 'Lake' })))
    unheard(room.play('union-mediator', cmd({ type: 'RemoveClause', clause: room.clause(1).id })))
    union.type(second, 17, ' Always.')
    send(union)
    expect(room.shown(0)).toBe('The water is shared.[ Always. - MED]')
  })

  test('T6 words that come late for a clause split off and removed since stay in what is left', () => {
    const after = union.item(base, 9)
    const [made] = unheard(
      room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after })),
    ).made
    unheard(room.play('union-mediator', cmd({ type: 'RemoveClause', clause: made })))
    union.type(base, 15, 'X')
    send(union)
    expect(room.shown(0)).toBe('The water[X - MED]')
  })

  test('T6 a strike whose words were split apart meanwhile is opened as two', () => {
    const struck = tavira.struck(base, 4, 12)
    unheard(
      room.play('union-mediator', cmd({ type: 'SplitClause', clause: room.clause(0).id, after: union.item(base, 9) })),
    )
    const bracket = room.newBracket()
    const { id: clause } = room.clause(0)
    unheard(room.play('tavira-head', cmd({ type: 'OpenBracket', bracket, clause, host: base, kind: 'delete', struck })))
    expect([room.shown(0), room.shown(1)]).toEqual(['The [-water - TAV]', '[- is - TAV] shared.'])
  })

  test('T6 two people of a party who extend one strike at once both get what they struck', () => {
    const bracket = strike(tavira, 'tavira-head', base, 4, 9)
    const [left, right] = [tavira.struck(base, 0, 9), tavira.struck(base, 4, 12)]
    unheard(room.play('tavira-head', cmd({ type: 'ExtendStrike', bracket, struck: left })))
    unheard(room.play('tavira-adviser', cmd({ type: 'ExtendStrike', bracket, struck: right })))
    expect(room.shown(0)).toBe('[-The water is - TAV] shared.')
  })

  test('T6 half a character is never split off', () => {
    room = new TextRoom({ text: { title: 'T', articles: [{ title: 'A', clauses: ['a😀b'] }] } })
    const typist = new LaneTypist(room.live, 'union-mediator', M, 'edit', 3_000_009)
    const [{ id, leaf }] = room.clauses as [(typeof room.clauses)[number]]
    unheard(room.play('union-mediator', cmd({ type: 'SplitClause', clause: id, after: typist.item(leaf, 2) })))
    expect([room.shown(0), room.shown(1)]).toEqual(['a😀', 'b'])
  })
})

describe('incarnations', () => {
  function renewed(): { step: ReturnType<typeof rebase>; live: typeof room.live } {
    const words: Record<LeafId, Run[]> = {}
    for (const clause of room.clauses) {
      words[clause.leaf] = room.live.words(clause.leaf)
      for (const { leaf } of clause.brackets) if (leaf) words[leaf] = room.live.words(leaf)
    }
    const step = rebase(room.live, room.text, room.mint<IncarnationId>(), 2_500_000)
    room.process = evolveText(room.process, { event: step, by: 'server', at: instant(5_000) })
    return { step, live: buildText(TRACK, room.text, words) }
  }

  test('T7 a new incarnation shows and hashes the same, and holds no tombstone and no author', () => {
    const bracket = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    strike(council, 'council-head', base, 10, 15)
    union.delete(base, 16, 1)
    union.doc.transact(() => union.leaf(base).format(0, 3, { em: true }), 'typed')
    heard(union)
    const [shown, hash] = [room.shown(0), room.hash(0)]
    const { live } = renewed()
    room.live = live
    expect(room.shown(0)).toBe(shown)
    expect(room.hash(0)).toBe(hash)
    expect([...Y.decodeStateVector(Y.encodeStateVector(live.doc)).keys()]).toEqual([2_500_000])
    expect(Y.decodeUpdate(live.encode()).ds.clients.size).toBe(0)
    expect(live.words(bracketLeaf(bracket))).toEqual([{ words: 'clear ' }])
  })

  test('P4 T7 agreements to words from before end with the incarnation; those to the words as they stand go on', () => {
    const [id, second] = [room.clause(0).id, room.clause(1).id]
    const agree = (clause: typeof id, index: number) =>
      done(room.play('council-head', cmd({ type: 'AgreeClause', clause, hash: room.hash(index) })))
    agree(id, 0)
    agree(second, 1)
    const old = room.hash(0)
    const bracket = open(tavira, 'tavira-head', { host: base, index: 4 }, 'clear ')
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket, hash: room.hash(0) })))
    const older = room.hash(0)
    const other = open(tavira, 'tavira-head', { host: base, index: 0 }, 'So ')
    done(room.play('council-head', cmd({ type: 'AgreeBracket', bracket: other, hash: room.hash(0) })))
    expect(JSON.stringify(room.clauses)).toContain(old)
    const { step, live } = renewed()
    room.live = live
    expect(step.current).toEqual([room.hash(0), room.hash(1)])
    expect(JSON.stringify(room.clauses)).not.toContain(old)
    expect(JSON.stringify(room.clauses)).not.toContain(older)
    expect(room.clause(0).agreed).toEqual([])
    expect(room.clause(1).agreed).toMatchObject([{ id: B, hash: room.hash(1) }])
    const hashes = room.clause(0).brackets.map(({ id: of, agreed }) => [of, agreed.map(({ hash }) => hash)])
    expect(hashes).toEqual([
      [bracket, []],
      [other, [room.hash(0)]],
    ])
  })

  test('T7 every node builds the same bytes, and strikes stand by visible index', () => {
    strike(council, 'council-head', base, 4, 9)
    union.delete(base, 0, 2)
    heard(union)
    const { live } = renewed()
    const again = buildText(
      TRACK,
      room.text,
      Object.fromEntries(room.clauses.map(({ leaf }) => [leaf, live.words(leaf)])),
    )
    expect(again.encode()).toEqual(live.encode())
    room.live = live
    expect(room.shown(0)).toBe('e [-water - NMC] is shared.')
  })
})
