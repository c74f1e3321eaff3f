import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { type BracketId, leafOf } from '#shared/ids.ts'
import { seeded } from '../support/seeded.ts'
import { COUNCIL, FORUM, FORUM_PARTY, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

/** A morning of writing, striking out and talking, all of it over before the forum is let in. */
async function morning(seed: number) {
  const stage = await Stage.open({ seed })
  const chance = seeded(seed)
  const [council, tavira, mediator] = await stage.seats(PLENARY, COUNCIL, TAVIRA, MEDIATOR)
  const gone: string[] = []
  for (let i = 0; i < 20; i++) {
    const leaf = stage.leaf(PLENARY, chance.below(3))
    const token = `gone-${seed}-${i};`
    const writer = chance.one([council, mediator])
    const at = chance.below(writer.text(PLENARY).doc.getText(leaf).length + 1)
    writer.type(PLENARY, leaf, at, token)
    await stage.rest()
    const place = writer.text(PLENARY).words(leaf).indexOf(token)
    if (place < 0) continue
    writer.erase(PLENARY, leaf, place, token.length)
    gone.push(token)
    await stage.rest()
  }
  const { id: clause, leaf: host } = stage.clause(PLENARY, 0)
  const bracket = 'w'.repeat(22) as BracketId
  void tavira.act({ type: 'OpenBracket', track: PLENARY, clause, host, bracket, kind: 'insert', after: null })
  tavira.type(PLENARY, leafOf(bracket), 0, 'gone-in-a-bracket')
  await stage.rest()
  const asks = [
    tavira.act({ type: 'WithdrawBracket', track: PLENARY, bracket }),
    tavira.act({ type: 'Comment', track: PLENARY, clause, words: 'gone-in-a-comment', audience: 'track' }),
  ]
  await stage.rest()
  for (const answer of await Promise.all(asks)) expect(answer).toMatchObject({ ok: true })
  gone.push('gone-in-a-bracket', 'gone-in-a-comment', bracket)
  return { stage, gone, council }
}

test('P4 a party that is let in receives no word, bracket or comment from before, whatever it asks for', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { stage, gone, council } = await morning(seed)
    expect(gone.length).toBeGreaterThan(10)
    const before = council.text(PLENARY)
    await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
    const forum = await stage.seat(FORUM)
    await forum.open(PLENARY)
    await forum.open(PLENARY, { ...before.resume, vector: 'AA==' })
    await forum.open(PLENARY, { ...forum.text(PLENARY).resume, vector: 'AA==' })
    council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'After: ')
    await stage.rest()
    expect(stage.bugs).toEqual([])
    const stream = Buffer.concat(forum.received.map(({ bytes }) => bytes)).toString('utf8')
    expect(stream).toContain('After: ')
    for (const token of gone) expect(stream).not.toContain(token)
  }
})

test('P4.1 the text of a new reader bears no author, tombstone or clock from before', async () => {
  const { stage } = await morning(11)
  await stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read' }] })
  const forum = await stage.seat(FORUM)
  await forum.open(PLENARY)
  const opened = forum.received.map(({ frame }) => frame).find((frame) => frame.frame === 'opened')
  const { structs, ds } = Y.decodeUpdate(opened?.update ?? new Uint8Array())
  const client = stage.running.state.tracks.by[PLENARY]?.text?.client
  expect(new Set(structs.map(({ id }) => id.client))).toEqual(new Set([client]))
  expect(ds.clients.size).toBe(0)
})
