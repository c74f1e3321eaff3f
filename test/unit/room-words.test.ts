import { describe, expect, test } from 'vitest'
import type { OpenText } from '#client/room/room.ts'
import type { ClauseId } from '#shared/ids.ts'
import { decodeUp, encodeDown } from '#shared/protocol/frames.ts'
import { type Entered, enterStage } from '../support/held-link.ts'
import { ADVISER, COUNCIL, FORUM_PARTY, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const BASE = 'The parties share the water.'

/** Council edits and Tavira suggests in the plenary text. */
async function two(appendMs = 0) {
  const stage = await Stage.open({ seed: 11, appendMs })
  const council = await enterStage(stage, COUNCIL)
  const tavira = await enterStage(stage, TAVIRA)
  const ours = await council.open(PLENARY)
  const theirs = await tavira.open(PLENARY)
  const { id: clause, leaf } = stage.clause(PLENARY, 0)
  return { stage, council, tavira, ours, theirs, clause, leaf }
}
const clauseOf = (text: OpenText, id: ClauseId) => {
  const found = text.structure.articles.flatMap(({ clauses }) => clauses).find((clause) => clause.id === id)
  if (!found) throw new Error(`no clause ${id}`)
  return found
}
const details = (text: OpenText, event: Parameters<OpenText['on']>[0]): unknown[] => {
  const told: unknown[] = []
  text.on(event, (detail) => told.push(detail))
  return told
}
/** Admits the forum with a clean history: the text begins anew for everybody. */
const renew = (stage: Stage) =>
  stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
const away = ({ link }: Entered): void => {
  link.isDead = true
  link.cut()
}
async function back(stage: Stage, { room, link }: Entered): Promise<void> {
  link.isDead = false
  room.retry()
  await stage.rest(2000)
}

describe('typing what one may only suggest', () => {
  test('R8 words in agreed words stand in a bracket of their own at once, before the server said a thing', async () => {
    const { stage, tavira, ours, theirs, clause, leaf } = await two()
    tavira.link.holdsUp = true
    await theirs.insert({ leaf, index: 4 }, 'three ')
    const shown = 'The [three  - TAV]parties share the water.'
    expect(theirs.plain(clause)).toBe(shown)
    expect(clauseOf(theirs, clause)).toMatchObject({
      state: 'bracketed',
      brackets: [{ pending: {}, holders: ['tavira'] }],
    })
    expect(ours.plain(clause)).toBe(BASE)
    const { hash } = clauseOf(theirs, clause)
    tavira.link.release()
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) {
      expect(text.plain(clause)).toBe(shown)
      expect(clauseOf(text, clause).hash).toBe(hash)
      expect(clauseOf(text, clause).brackets[0]?.pending).toBeUndefined()
    }
    expect(stage.words(PLENARY, leaf)).toBe(BASE)
  })

  test('R8 what touches the bracket extends it, planted or not, and deleting agreed words strikes them', async () => {
    const { stage, tavira, ours, theirs, clause, leaf } = await two()
    tavira.link.holdsUp = true
    await theirs.insert({ leaf, index: 4 }, 'thr')
    await theirs.insert({ leaf, index: 4 }, 'ee ')
    await theirs.remove({ leaf, index: 4, length: 7 })
    const shown = 'The [three  - TAV][-parties - TAV] share the water.'
    expect(theirs.plain(clause)).toBe(shown)
    await theirs.insert({ leaf, index: 11 }, 'states')
    const { hash } = clauseOf(theirs, clause)
    const whole = theirs.plain(clause)
    expect(whole).toBe('The [three  - TAV][-parties - TAV][states - TAV] share the water.')
    tavira.link.release()
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) {
      expect(text.plain(clause)).toBe(whole)
      expect(clauseOf(text, clause).hash).toBe(hash)
    }
    await theirs.insert({ leaf, index: 4 }, 'or four ')
    await theirs.saved()
    await stage.rest()
    expect(ours.plain(clause)).toBe('The [or four three  - TAV][-parties - TAV][states - TAV] share the water.')
  })

  test('R8 inside the bracket of another party it is a bracket within it', async () => {
    const { stage, ours, theirs, clause, leaf } = await two()
    await theirs.insert({ leaf, index: 4 }, 'three ')
    await theirs.saved()
    await stage.rest()
    const [bracket] = clauseOf(ours, clause).brackets
    if (!bracket?.leaf) throw new Error('no bracket')
    await ours.insert({ leaf: bracket.leaf, index: 0 }, 'all ')
    await ours.saved()
    await stage.rest()
    for (const text of [ours, theirs]) {
      expect(text.plain(clause)).toBe('The [[all  - NMC]three  - TAV]parties share the water.')
    }
  })

  test('R8 a bracket whose words are all deleted again closes', async () => {
    const { stage, ours, theirs, clause, leaf } = await two()
    await theirs.insert({ leaf, index: 4 }, 'three ')
    const [bracket] = clauseOf(theirs, clause).brackets
    if (!bracket?.leaf) throw new Error('no bracket')
    await theirs.remove({ leaf: bracket.leaf, index: 0, length: 6 })
    expect(theirs.plain(clause)).toBe(BASE)
    expect(clauseOf(theirs, clause).brackets).toEqual([])
    await theirs.saved()
    await stage.rest()
    expect(clauseOf(ours, clause).brackets).toEqual([])
    expect(clauseOf(theirs, clause).brackets).toEqual([])
  })

  test('R8 brackets that typing opened offline go out on return, in order', async () => {
    const { stage, tavira, ours, theirs, clause, leaf } = await two()
    away(tavira)
    await theirs.insert({ leaf, index: 4 }, 'three ')
    await theirs.remove({ leaf, index: 22, length: 5 })
    const shown = theirs.plain(clause)
    await ours.insert({ leaf, index: 0 }, 'Now: ')
    await back(stage, tavira)
    await theirs.saved()
    expect(ours.plain(clause)).toBe(`Now: ${shown}`)
    expect(theirs.plain(clause)).toBe(`Now: ${shown}`)
  })

  test('R9 when the opening is refused, its words alone come back to their author and leave the screen, and nobody is told that they are saved', async () => {
    const { stage, tavira, ours, theirs, clause, leaf } = await two()
    const refused = details(theirs, 'refused')
    tavira.link.holdsUp = true
    await theirs.insert({ leaf, index: 4 }, 'three ')
    await theirs.insert({ leaf: stage.leaf(PLENARY, 1), index: 0 }, 'Surely ')
    const saved = theirs.saved()
    saved.catch(() => undefined)
    await stage.mediate({ type: 'LockClause', track: PLENARY, clause })
    tavira.link.release()
    await stage.rest(2000)
    await expect(saved).rejects.toMatchObject({ code: 'clause-locked' })
    await theirs.saved()
    expect(refused).toEqual([
      { refusal: { code: 'clause-locked' }, words: [{ leaf: expect.any(String), clause, words: 'three ' }] },
    ])
    expect(theirs.plain(clause)).toBe(BASE)
    const other = stage.clause(PLENARY, 1).id
    for (const text of [ours, theirs]) expect(text.plain(other)).toBe('[Surely  - TAV]The parties measure the flow.')
  })

  test('R9 words that part a character are put beside it', async () => {
    const { stage, ours, leaf } = await two()
    await ours.insert({ leaf, index: 0 }, '\u{1F30A}')
    await ours.insert({ leaf, index: 1 }, 'x')
    await ours.remove({ leaf, index: 2, length: 1 })
    await ours.saved()
    expect(ours.text(leaf).toString()).toBe(`x${BASE}`)
    expect(stage.words(PLENARY, leaf)).toBe(`x${BASE}`)
  })
})

describe('a held text', () => {
  test('P11.1 a held text answers two seconds late and asks to send again: the words stay, are sent again under their number, stand once, and nothing looks as if it had failed', async () => {
    const { stage, council, ours, theirs, leaf } = await two()
    const { link, room } = council
    const refused: unknown[] = []
    ours.on('refused', (detail) => refused.push(detail))
    const said = new Set<string>()
    room.onSaving(({ at }) => said.add(at))
    link.holdsUp = true
    await ours.insert({ leaf, index: 0 }, 'Today ')
    const saved = ours.saved()
    await stage.rest(1900)
    await ours.insert({ leaf, index: 6 }, 'and now ')
    const held = link.up.shift()
    const frame = held && decodeUp(held)
    if (frame?.frame !== 'words') throw new Error('the words are on their way')
    const { channel, number } = frame
    link.down.push(encodeDown({ frame: 'words-refused', channel, number, refusal: { code: 'text-held' } }))
    link.deliver()
    await stage.rest(1000)
    expect(ours.text(leaf).toString()).toMatch(/^Today and now The/)
    link.release()
    await stage.rest()
    await saved
    expect(link.said.filter(({ frame }) => frame === 'words')).toMatchObject([{ number }, { number: number + 1 }])
    for (const text of [ours, theirs]) expect(text.text(leaf).toString()).toBe(`Today and now ${BASE}`)
    expect([...said]).toEqual(['saving', 'saved'])
    expect(refused).toEqual([])
    expect(link.connections).toBe(1)
  })
})

describe('a new incarnation', () => {
  test('R10 what was unsent goes over once: words, deletions, formats, brackets', async () => {
    const { stage, council, tavira, ours, theirs, clause, leaf } = await two()
    away(council)
    away(tavira)
    await ours.insert({ leaf, index: 4 }, 'two ')
    await ours.remove({ leaf, index: 21, length: 10 })
    ours.text(leaf).format(0, 3, { strong: true })
    await theirs.insert({ leaf, index: 11 }, ' fully')
    const renewed = [...details(ours, 'renewed'), ...details(theirs, 'renewed')]
    await renew(stage)
    await back(stage, council)
    await ours.saved()
    expect(ours.text(leaf).toDelta()).toEqual([
      { insert: 'The', attributes: { strong: true } },
      { insert: ' two parties share.' },
    ])
    await back(stage, tavira)
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) expect(text.plain(clause)).toBe('The two parties[ fully - TAV] share.')
    expect(renewed).toEqual([])
  })

  test('R10 live: words on their way and words typed meanwhile go over once', async () => {
    const { stage, council, ours, theirs, leaf } = await two(20)
    for (let i = 0; i < 12; i++) {
      void ours.insert({ leaf, index: i * 2 }, `${String.fromCharCode(97 + i)} `)
      if (i === 5) void renew(stage)
      await stage.rest(7)
    }
    await stage.rest(3000)
    await ours.saved()
    expect(ours.text(leaf).toString()).toBe(`a b c d e f g h i j k l ${BASE}`)
    expect(theirs.text(leaf).toString()).toBe(ours.text(leaf).toString())
    expect(council.link.heard.some((frame) => frame.frame === 'opened' && frame.ask === null)).toBe(true)
  })

  test('R10 words that were recorded just before it are not written twice', async () => {
    const { stage, council, ours, theirs, leaf } = await two()
    council.link.holdsDown = true
    await ours.insert({ leaf, index: 0 }, 'Today ')
    await stage.rest()
    await ours.insert({ leaf, index: 6 }, 'here ')
    council.link.isDead = true
    council.link.cut()
    council.link.release()
    await renew(stage)
    await back(stage, council)
    await ours.saved()
    expect(ours.text(leaf).toString()).toBe(`Today here ${BASE}`)
    expect(theirs.text(leaf).toString()).toBe(`Today here ${BASE}`)
  })
})

describe('direct edits and undo', () => {
  test('R11 what is done on a Y.Text is sent; what Yjs tidies after others is not', async () => {
    const { stage, council, tavira, ours, theirs, leaf } = await two()
    ours.text(leaf).insert(0, 'Now: ', { em: true })
    ours.text(leaf).format(0, 9, { strong: true })
    ours.text(leaf).delete(2, 4)
    ours.text(leaf).format(0, 6, { strong: null, em: null })
    await ours.saved()
    await stage.rest(2000)
    expect(theirs.text(leaf).toDelta()).toEqual(ours.text(leaf).toDelta())
    expect(tavira.link.said.filter(({ frame }) => frame === 'words')).toEqual([])
    expect(council.link.heard.filter(({ frame }) => frame === 'words-refused')).toEqual([])
  })

  test("R12 undo takes back one's own words and leaves those others typed inside them", async () => {
    const { stage, council, ours, leaf } = await two()
    const mediator = await enterStage(stage, COUNCIL)
    const other = await mediator.open(PLENARY)
    await ours.insert({ leaf, index: 4 }, 'one two ')
    await stage.rest()
    await other.insert({ leaf, index: 8 }, 'AND ')
    await stage.rest()
    expect(ours.canUndo).toBe(true)
    ours.undo()
    await ours.saved()
    await stage.rest()
    for (const text of [ours, other]) expect(text.text(leaf).toString()).toBe('The AND parties share the water.')
    ours.redo()
    await ours.saved()
    await stage.rest()
    for (const text of [ours, other])
      expect(text.text(leaf).toString()).toBe('The one AND two parties share the water.')
    expect(council.room.saving.at).toBe('saved')
  })

  test('R12 undo closes the bracket that typing opened and lifts a strike; redo brings both again', async () => {
    const { stage, ours, theirs, clause, leaf } = await two()
    await theirs.insert({ leaf, index: 4 }, 'three ')
    await theirs.remove({ leaf, index: 23, length: 5 })
    await theirs.saved()
    await stage.rest()
    const shown = theirs.plain(clause)
    theirs.undo()
    theirs.undo()
    expect(theirs.canUndo).toBe(false)
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) {
      expect(text.plain(clause)).toBe(BASE)
      expect(clauseOf(text, clause).brackets).toEqual([])
    }
    theirs.redo()
    theirs.redo()
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) expect(text.plain(clause)).toBe(shown)
  })

  test('R12 a strike that grows key by key is one step; a strike that grew later shrinks again', async () => {
    const { stage, ours, theirs, clause, leaf } = await two()
    for (let at = 26; at >= 22; at--) await theirs.remove({ leaf, index: at, length: 1 })
    expect(theirs.plain(clause)).toBe('The parties share the [-water - TAV].')
    await stage.rest(1000)
    await theirs.remove({ leaf, index: 18, length: 4 })
    expect(theirs.plain(clause)).toBe('The parties share [-the water - TAV].')
    await theirs.saved()
    theirs.undo()
    expect(theirs.plain(clause)).toBe('The parties share the [-water - TAV].')
    theirs.redo()
    expect(theirs.plain(clause)).toBe('The parties share [-the water - TAV].')
    theirs.undo()
    theirs.undo()
    expect(theirs.plain(clause)).toBe(BASE)
    expect(theirs.canUndo).toBe(false)
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs]) expect(text.plain(clause)).toBe(BASE)
  })

  test('R12 redo brings back only what undo took: words of others that kept a bracket open stand once', async () => {
    const { stage, ours, theirs, clause, leaf } = await two()
    const adviser = await enterStage(stage, ADVISER)
    const beside = await adviser.open(PLENARY)
    await theirs.insert({ leaf, index: 4 }, 'three ')
    await theirs.saved()
    await stage.rest()
    const [bracket] = clauseOf(beside, clause).brackets
    if (!bracket?.leaf) throw new Error('no bracket')
    await beside.insert({ leaf: bracket.leaf, index: 5 }, ' good')
    await beside.saved()
    await stage.rest()
    theirs.undo()
    expect(theirs.plain(clause)).toBe('The [ good - TAV]parties share the water.')
    theirs.redo()
    await theirs.saved()
    await stage.rest()
    for (const text of [ours, theirs])
      expect(text.plain(clause)).toBe('The [three good  - TAV]parties share the water.')
  })
})
