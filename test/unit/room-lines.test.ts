import { describe, expect, test } from 'vitest'
import type { OpenText } from '#client/room/room.ts'
import { TextState } from '#client/state/text.svelte.ts'
import type { LeafId } from '#shared/ids.ts'
import type { Up } from '#shared/protocol/frames.ts'
import { settled } from '../support/fake-world.ts'
import { type Entered, enterStage } from '../support/held-link.ts'
import { COUNCIL, COUNCIL_PARTY, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

/** The kind of a `view` frame. */
const VIEW = 33

/** Council edits and Tavira suggests in the plenary text. */
async function two(appendMs = 0) {
  const stage = await Stage.open({ seed: 7, appendMs })
  const council = await enterStage(stage, COUNCIL)
  const tavira = await enterStage(stage, TAVIRA)
  const ours = await council.open(PLENARY)
  const theirs = await tavira.open(PLENARY)
  const { id: clause, leaf } = stage.clause(PLENARY, 0)
  return { stage, council, tavira, ours, theirs, clause, leaf }
}
const wordsSent = ({ link }: Entered): Up[] => link.said.filter(({ frame }) => frame === 'words')
const words = (text: OpenText, leaf: LeafId): string => text.text(leaf).toString()
/** The line comes back: the first try is within a quarter of a second. */
const comesBack = (stage: Stage): Promise<void> => stage.rest(1000)

describe('the line', () => {
  test('P1.7 that nothing was saved is not said any more on a line to a server that saves', async () => {
    const { stage, council, ours, leaf } = await two()
    await stage.log.restrict('disk-full')
    await ours.insert({ leaf, index: 0 }, 'Today ')
    await stage.rest()
    expect(council.room.saving).toEqual({ at: 'not-saving', reason: 'disk-full', changes: 1 })
    council.link.isDead = true
    council.link.cut()
    expect(council.room.saving).toEqual({ at: 'not-sent', changes: 1 })
    await stage.log.restrict(null)
    council.link.isDead = false
    await comesBack(stage)
    await ours.saved()
    expect(council.room.saving.at).toBe('saved')
    expect(stage.words(PLENARY, leaf)).toBe('Today The parties share the water.')
  })

  test('R1 a bracket that the full disk did not take opens with its words when room returns', async () => {
    const { stage, tavira, theirs, leaf, clause } = await two()
    const refused: unknown[] = []
    theirs.on('refused', (detail) => refused.push(detail))
    await stage.log.restrict('disk-full')
    await theirs.insert({ leaf, index: 0 }, 'Today ')
    await stage.rest(3000)
    expect(tavira.room.saving).toMatchObject({ at: 'not-saving', reason: 'disk-full' })
    expect(refused).toEqual([])
    expect(theirs.plain(clause)).toMatch(/^\[Today /)
    await stage.log.restrict(null)
    await theirs.saved()
    await stage.rest()
    expect(tavira.room.saving.at).toBe('saved')
    const reader = await enterStage(stage, TAVIRA)
    expect((await reader.open(PLENARY)).plain(clause)).toMatch(/^\[Today /)
  })

  test('R9 a page that is outdated gives back what it could not send', async () => {
    const { council, ours, leaf, clause } = await two()
    const kept: unknown[] = []
    ours.on('withdrawn', (detail) => kept.push(detail))
    council.link.holdsUp = true
    await ours.insert({ leaf, index: 0 }, 'Today ')
    council.link.dismiss({ code: 'outdated-client' })
    await settled()
    expect(council.room.connection.at).toBe('ended')
    expect(kept).toEqual([{ refusal: { code: 'outdated-client' }, words: [{ leaf, clause, words: 'Today ' }] }])
  })

  test('R1 what is typed while the line is away reaches the others once, after it came back', async () => {
    const { stage, council, ours, theirs, leaf } = await two()
    council.link.isDead = true
    council.link.cut()
    expect(council.room.connection.at).toBe('waiting')
    await ours.insert({ leaf, index: 0 }, 'Today ')
    await ours.insert({ leaf, index: 6 }, 'and ever ')
    // One change, as a person counts; words in another clause are another.
    expect(council.room.saving).toEqual({ at: 'not-sent', changes: 1 })
    await ours.insert({ leaf: stage.clause(PLENARY, 1).leaf, index: 0 }, 'Also ')
    expect(council.room.saving).toEqual({ at: 'not-sent', changes: 2 })
    council.link.isDead = false
    await comesBack(stage)
    await ours.saved()
    expect(words(theirs, leaf)).toBe('Today and ever The parties share the water.')
    expect(words(ours, leaf)).toBe(words(theirs, leaf))
    expect(wordsSent(council)).toHaveLength(1)
    expect(council.room.saving.at).toBe('saved')
  })

  test('R1 S8 the words of a bracket and the bracket are one change that was not sent', async () => {
    const { tavira, theirs, leaf } = await two()
    tavira.link.isDead = true
    tavira.link.cut()
    for (const letter of 'and ever ') await theirs.insert({ leaf, index: 4 }, letter)
    expect(tavira.room.saving).toEqual({ at: 'not-sent', changes: 1 })
  })

  test('R1 S8 who comes back is told of every clause that others changed meanwhile, however long the answer takes', async () => {
    const { stage, tavira, ours, theirs, leaf, clause } = await two()
    const shown = new TextState(theirs)
    tavira.room.onConnection(({ at }) => {
      if (at === 'live') shown.back()
    })
    tavira.link.isDead = true
    tavira.link.cut()
    await ours.insert({ leaf, index: 0 }, 'Today ')
    await ours.saved()
    tavira.link.isDead = false
    tavira.link.holdsUp = true
    await stage.rest(4000)
    expect(tavira.room.connection.at).toBe('live')
    expect(shown.changedAway).toEqual([])
    tavira.link.release()
    await stage.rest()
    expect(shown.changedAway).toEqual([clause])
    // What comes from now on is seen as it comes.
    await ours.insert({ leaf: stage.clause(PLENARY, 1).leaf, index: 0 }, 'Also ')
    await stage.rest()
    expect(shown.changedAway).toEqual([clause])
  })

  test('R1 words that were recorded while their acknowledgement was lost are not written twice', async () => {
    const { stage, council, ours, theirs, leaf } = await two()
    council.link.holdsDown = true
    await ours.insert({ leaf, index: 0 }, 'Today ')
    await stage.rest()
    expect(stage.words(PLENARY, leaf)).toMatch(/^Today /)
    await ours.insert({ leaf, index: 6 }, 'we ')
    council.link.cut()
    council.link.release()
    await comesBack(stage)
    await ours.saved()
    expect(words(theirs, leaf)).toBe('Today we The parties share the water.')
    expect(words(ours, leaf)).toBe(words(theirs, leaf))
  })

  test('R1 words that were lost on their way are sent again under the same number', async () => {
    const { stage, council, ours, leaf } = await two()
    council.link.holdsUp = true
    await ours.insert({ leaf, index: 0 }, 'Today ')
    council.link.cut()
    council.link.release()
    await comesBack(stage)
    await ours.saved()
    expect(stage.words(PLENARY, leaf)).toBe('Today The parties share the water.')
    expect(wordsSent(council)).toMatchObject([{ number: 0 }])
  })

  test('R2 one frame of words is in flight; what is typed meanwhile becomes one next frame', async () => {
    const { stage, council, ours, leaf } = await two()
    council.link.holdsDown = true
    for (let i = 0; i < 10; i++) await ours.insert({ leaf, index: i }, String(i))
    await stage.rest()
    expect(wordsSent(council)).toHaveLength(1)
    council.link.release()
    await stage.rest()
    expect(wordsSent(council)).toHaveLength(2)
    expect(stage.words(PLENARY, leaf)).toMatch(/^0123456789The/)
  })

  test('R2 a paste of any size and thousands of keys arrive whole, in frames that the server takes', async () => {
    const { stage, council, ours, theirs, leaf } = await two()
    const keys = stage.leaf(PLENARY, 1)
    await ours.insert({ leaf, index: 0 }, '\u{1F30A}水x'.repeat(20_000))
    await ours.insert({ leaf: keys, index: 0 }, 'x'.repeat(2000))
    council.link.isDead = true
    council.link.cut()
    for (let i = 0; i < 1500; i++) ours.text(keys).insert((i * 7919) % 900, 'k')
    for (let i = 0; i < 700; i++) ours.text(keys).delete(1000 + i, 1)
    council.link.isDead = false
    await stage.rest(5000)
    await ours.saved()
    await stage.rest(5000)
    for (const one of [leaf, keys]) {
      expect(stage.words(PLENARY, one)).toBe(words(ours, one))
      expect(words(theirs, one)).toBe(words(ours, one))
    }
    expect(council.link.heard.filter(({ frame }) => frame === 'words-refused')).toEqual([])
  })

  test('R3 a command whose answer was lost is asked again with the same id and done once', async () => {
    const { stage, council, clause } = await two()
    council.link.holdsDown = true
    const said = council.room.act({ type: 'Comment', track: PLENARY, clause, words: 'Thirty days.', audience: 'track' })
    await stage.rest()
    council.link.cut()
    council.link.release()
    await comesBack(stage)
    const { made } = await said
    expect(council.room.view.comments.map(({ id }) => id)).toEqual(made)
    const asks = council.link.said.filter((frame) => frame.frame === 'act').map(({ ask }) => ask)
    expect(asks).toHaveLength(2)
    expect(new Set(asks).size).toBe(1)
  })

  test('R3 a command without a line is refused at once and never done later', async () => {
    const { stage, council, clause } = await two()
    council.link.isDead = true
    council.link.cut()
    const said = council.room.act({ type: 'Comment', track: PLENARY, clause, words: 'Late.', audience: 'track' })
    await expect(said).rejects.toMatchObject({ code: 'unanswered' })
    council.link.isDead = false
    await comesBack(stage)
    expect(council.room.view.comments).toEqual([])
  })

  test('R4 text frames are acknowledged while they come, and nothing ticks when nothing comes', async () => {
    const { stage, council, tavira, ours, leaf } = await two()
    await ours.insert({ leaf, index: 0 }, 'x'.repeat(9000))
    await stage.rest(5)
    const got = () => tavira.link.said.filter(({ frame }) => frame === 'got')
    expect(got()).toHaveLength(1)
    await ours.insert({ leaf, index: 0 }, 'y')
    await stage.rest(100)
    expect(got()).toHaveLength(1)
    await stage.rest(500)
    expect(got()).toHaveLength(2)
    const before = [council, tavira].map(({ link }) => link.said.length)
    await stage.rest(60_000)
    expect([council, tavira].map(({ link }) => link.said.length)).toEqual(before)
  })

  test('R4 sixty seconds of a text that changes all the time never close a reader', async () => {
    const { stage, tavira, ours, theirs, leaf } = await two()
    for (let i = 0; i < 120; i++) {
      await ours.insert({ leaf, index: 0 }, 'abcdefgh'.repeat(60))
      await stage.rest(500)
    }
    expect(tavira.link.connections).toBe(1)
    expect(words(theirs, leaf)).toBe(words(ours, leaf))
  })

  test('R5 a view that no patch fits is asked for anew, and is then the whole view', async () => {
    const { stage, council, clause } = await two()
    const mediator = await enterStage(stage, MEDIATOR)
    council.link.holdsDown = true
    for (const words of ['one', 'two']) {
      await mediator.room.act({ type: 'Comment', track: PLENARY, clause, words, audience: 'track' })
    }
    await stage.rest()
    const at = council.link.down.findIndex((bytes) => bytes[0] === VIEW)
    expect(at).toBeGreaterThanOrEqual(0)
    council.link.down.splice(at, 1)
    council.link.release()
    await comesBack(stage)
    expect(council.room.view.comments.map(({ words }) => words)).toEqual(['one', 'two'])
    expect(council.link.connections).toBe(2)
  })

  test('R6 a goodbye that nothing can change ends the room: no further try, texts closed, their words offered', async () => {
    const { stage, council, ours, leaf } = await two()
    council.link.holdsUp = true
    await ours.insert({ leaf, index: 0 }, 'Late ')
    council.link.dismiss({ code: 'session-ended' })
    await stage.rest(60_000)
    expect(council.room.connection).toEqual({ at: 'ended', refusal: { code: 'session-ended' } })
    expect(council.link.connections).toBe(1)
    await expect(ours.insert({ leaf, index: 0 }, 'x')).rejects.toMatchObject({ code: 'session-ended' })
    await expect(ours.saved()).rejects.toMatchObject({ code: 'session-ended' })
  })

  test('R6 a server that goes is tried again after the time it asked for, then ever more seldom', async () => {
    const { stage, council } = await two()
    council.link.isDead = true
    council.link.dismiss({ code: 'draining', retryAfterMs: 4000 })
    await stage.rest(3900)
    expect(council.link.connections).toBe(1)
    await stage.rest(60_000)
    expect(council.room.connection).toMatchObject({ at: 'waiting' })
    expect(council.link.connections).toBeGreaterThan(5)
    expect(council.link.connections).toBeLessThan(20)
    const before = council.link.connections
    council.link.isDead = false
    council.room.retry()
    await stage.rest(0)
    expect(council.link.connections).toBe(before + 1)
    expect(council.room.connection).toEqual({ at: 'live' })
    await council.room.close()
    expect(council.room.connection).toEqual({ at: 'ended', refusal: null })
    await stage.rest(60_000)
    expect(council.link.connections).toBe(before + 1)
  })
})

describe('sight that ends', () => {
  const see = (stage: Stage, level: 'hidden' | 'read' | 'edit') =>
    stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: COUNCIL_PARTY, level }] })

  test('R7 a withdrawn text is closed and forgotten at once; its author is offered the words that were not sent', async () => {
    const { stage, council, ours, leaf, clause } = await two()
    const { doc } = ours
    const told: unknown[] = []
    ours.on('withdrawn', (detail) => told.push(detail))
    council.link.holdsUp = true
    await ours.insert({ leaf, index: 4 }, 'kept ')
    const saved = ours.saved()
    saved.catch(() => undefined)
    council.link.holdsUp = false
    await see(stage, 'hidden')
    expect(told).toEqual([{ refusal: { code: 'no-such-thing' }, words: [{ leaf, clause, words: 'kept ' }] }])
    await expect(saved).rejects.toMatchObject({ code: 'no-such-thing' })
    expect(doc.isDestroyed).toBe(true)
    expect(words(ours, leaf)).toBe('')
    expect(council.link.said.filter(({ frame }) => frame === 'receipt')).toHaveLength(1)
    expect(council.link.connections).toBe(1)
    await expect(ours.insert({ leaf, index: 0 }, 'x')).rejects.toMatchObject({ code: 'no-such-thing' })
    await expect(council.room.open(PLENARY)).rejects.toMatchObject({ code: 'no-such-thing' })
  })

  test('R7 who was away while sight ended and began anew is offered its words, and none of them goes in', async () => {
    const { stage, council, ours, theirs, leaf, clause } = await two()
    const told: unknown[] = []
    ours.on('set-aside', (detail) => told.push(detail))
    council.link.isDead = true
    council.link.cut()
    await ours.insert({ leaf, index: 0 }, 'Late ')
    await see(stage, 'hidden')
    await see(stage, 'edit')
    council.link.isDead = false
    await comesBack(stage)
    await stage.rest()
    expect(told).toEqual([{ words: [{ leaf, clause, words: 'Late ' }] }])
    for (const text of [ours, theirs]) expect(words(text, leaf)).toBe('The parties share the water.')
    expect(council.room.saving.at).toBe('saved')
  })

  test('R7 words of a text that was left before they were saved are offered to their author when its sight ends', async () => {
    const { stage, council, ours, leaf, clause } = await two()
    const told: unknown[] = []
    council.room.onLost((detail) => told.push(detail))
    council.link.isDead = true
    council.link.cut()
    await ours.insert({ leaf, index: 0 }, 'Late ')
    ours.close()
    await see(stage, 'hidden')
    council.link.isDead = false
    await comesBack(stage)
    const words = [{ leaf, clause, words: 'Late ' }]
    expect(told).toEqual([{ track: PLENARY, title: 'Plenary text', refusal: { code: 'no-such-thing' }, words }])
  })

  test('R7 who was away when sight ended learns it at the next contact', async () => {
    const { stage, council, ours, leaf, clause } = await two()
    const told: unknown[] = []
    ours.on('withdrawn', (detail) => told.push(detail))
    council.link.isDead = true
    council.link.cut()
    await ours.insert({ leaf, index: 0 }, 'Late ')
    await see(stage, 'hidden')
    council.link.isDead = false
    await comesBack(stage)
    expect(told).toEqual([{ refusal: { code: 'no-such-thing' }, words: [{ leaf, clause, words: 'Late ' }] }])
    expect(stage.words(PLENARY, leaf)).toBe('The parties share the water.')
  })

  test('R7 a level that fell is told, and words sent after it come back to their author', async () => {
    const { stage, council, ours, theirs, leaf, clause } = await two()
    const told: unknown[] = []
    ours.on('level', (level) => told.push(level))
    ours.on('refused', (detail) => told.push(detail))
    council.link.holdsUp = true
    await ours.insert({ leaf, index: 0 }, 'Late ')
    await see(stage, 'read')
    council.link.release()
    await stage.rest(2000)
    expect(told).toContainEqual('read')
    expect(told).toContainEqual(expect.objectContaining({ words: [{ leaf, clause, words: 'Late ' }] }))
    expect(words(ours, leaf)).toBe('The parties share the water.')
    expect(words(theirs, leaf)).toBe('The parties share the water.')
    expect(ours.mayWrite(leaf)).toBe(false)
    await expect(ours.insert({ leaf, index: 0 }, 'x')).rejects.toMatchObject({ code: 'level-too-low' })
    await ours.saved()
  })
})
