import { expect, test } from 'vitest'
import type { ForgetfulLog } from '#server/log/log.ts'
import { added, allOf, bodiesOf, entryOf, frame, laneOf, type Opened, P, Q, TEXT } from './log-build.ts'

type Start = () => Promise<Opened>

/** The part of the contract about who follows. */
export function following(start: Start): void {
  test('L4 a follower gets every entry once, in order, an append in one call, before the append is answered', async () => {
    const { log } = await start()
    await added(log, [entryOf('1'), entryOf('2')])
    await added(log, [entryOf('3')])
    const calls: string[][] = []
    await log.follow(P, 1, (entries) => calls.push(bodiesOf(entries)))
    expect(calls.flat()).toEqual(['2', '3'])
    await added(log, [entryOf('q')], {}, Q)
    const appends = [added(log, [entryOf('4'), entryOf('5')]), added(log, [entryOf('6')])]
    await appends[1]
    expect(calls.flat()).toEqual(['2', '3', '4', '5', '6'])
    expect(calls.some((call) => call.includes('4') && call.includes('5'))).toBe(true)
  })

  test('L4 a follower that begins amid appends misses none', async () => {
    const { log } = await start()
    for (let index = 1; index <= 1_500; index += 3)
      void added(
        log,
        ['a', 'b', 'c'].map((body) => entryOf(body)),
      )
    const seqs: number[] = []
    const calls: string[] = []
    const following = log.follow(P, 0, (entries) => {
      seqs.push(...entries.map(({ seq }) => seq))
      calls.push(bodiesOf(entries).join(''))
    })
    for (let index = 0; index < 50; index++) await added(log, [entryOf('a'), entryOf('b'), entryOf('c')])
    await following
    await added(log, [entryOf('a'), entryOf('b'), entryOf('c')])
    expect(seqs).toEqual(Array.from({ length: 1_653 }, (_, index) => index + 1))
    expect(calls.filter((call) => !/^(abc)+$/.test(call))).toEqual([])
  })

  test('L4 a follower that appends is not called within itself', async () => {
    const { log } = await start()
    let within = 0
    const depths: number[] = []
    const answers: Promise<unknown>[] = []
    await log.follow(P, 0, (entries) => {
      within++
      depths.push(within)
      if ((entries[0]?.seq ?? 9) < 3) answers.push(log.append(P, [entryOf('more')], {}))
      within--
    })
    await added(log, [entryOf('first')])
    while (depths.length < 3) await answers.at(-1)
    expect(depths).toEqual([1, 1, 1])
  })

  test('L4 a follower that is stopped hears nothing more', async () => {
    const { log } = await start()
    const heard: string[] = []
    const stop = await log.follow(P, 0, (entries) => heard.push(...bodiesOf(entries)))
    await added(log, [entryOf('1')])
    stop()
    await added(log, [entryOf('2')])
    expect(heard).toEqual(['1'])
  })

  test('L4 a refused append reaches nobody', async () => {
    const { log } = await start()
    const heard: string[] = []
    await log.follow(P, 0, (entries) => heard.push(...bodiesOf(entries)))
    await log.append(P, [entryOf('1')], { events: 9 })
    await added(log, [entryOf('2')])
    expect(heard).toEqual(['2'])
  })
}

/** The part about a store that lost what it had shown. */
export function losing(start: () => ForgetfulLog): void {
  test('L12 when the store lost what it had shown, each follower is told so once and hears nothing more; who follows anew gets what is there', async () => {
    const log = start()
    await added(log, [entryOf('1'), entryOf('2')])
    await added(log, [frame('3', laneOf(0, 0, 1))])
    const heard: string[] = []
    let resets = 0
    const reset = new Promise<void>((told) => {
      const onReset = () => {
        resets++
        told()
      }
      void log.follow(P, 0, (entries) => heard.push(...bodiesOf(entries)), onReset)
    })
    await added(log, [entryOf('4')])
    log.lose(P, 2)
    await reset
    const again: string[] = []
    await log.follow(P, 0, (entries) => again.push(...bodiesOf(entries)))
    expect(await log.heads(P)).toEqual({ seq: 2, events: 2 })
    expect(await log.lane(P, TEXT, 5_000_000)).toBeNull()
    expect(await added(log, [entryOf('another 3')], { events: 2, documents: [{ id: TEXT, head: 0 }] })).toMatchObject({
      first: 3,
    })
    expect(again).toEqual(['1', '2', 'another 3'])
    expect(heard).toEqual(['1', '2', '3', '4'])
    expect(resets).toBe(1)
    expect(bodiesOf(await allOf(log))).toEqual(again)
  })
}
