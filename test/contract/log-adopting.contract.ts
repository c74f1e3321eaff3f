import { expect, test } from 'vitest'
import { type DrillLog, type Log, LogDamaged, type StoredEntry } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import {
  added,
  allOf,
  COUNCIL,
  DRAFT,
  entryOf,
  fillUp,
  frame,
  laneOf,
  need,
  type Opened,
  P,
  Q,
  TAVIRA,
  TEXT,
  TestClock,
  utf8,
  writable,
} from './log-build.ts'

type Start = () => Promise<Opened>

/** A log with all that a process can have: events, access, words of two lanes, sealed bodies, appends of several entries. */
async function source(): Promise<DrillLog> {
  const clock = new TestClock()
  clock.ms = 5_000_000
  const log = openMemoryLog({ time: clock })
  await added(log, [entryOf('started'), entryOf('invited', { kind: 'access', audience: { who: 'server' } })])
  for (let number = 0; number < 1_200; number++) {
    clock.ms += 3
    await added(log, [frame(`words ${number}`, laneOf(number, 2 * number, 2 * number + 2)), entryOf(`${number}`)])
  }
  const other = laneOf(0, 0, 9, { client: 6_000_000, owner: COUNCIL })
  await added(log, [entryOf('sealed', { kind: 'update', document: DRAFT, lane: other, key: 'k', ask: 'a'.repeat(22) })])
  await added(log, [entryOf('last', { kind: 'access' })])
  await log.saveKey(P, 'k', new Uint8Array([0, 255, 10, 13, 128]))
  await log.saveKey(P, 'erased', utf8('gone'))
  await log.eraseKey(P, 'erased')
  return log
}

const storedOf = (log: Log): Promise<StoredEntry[]> => log.stored(P, 0, 1_000_000)

/** Everything that an engine says of a process. */
async function whole(log: Log) {
  const lanes = [await log.lane(P, TEXT, 5_000_000), await log.lane(P, DRAFT, 6_000_000)]
  return {
    entries: await log.read(P, 0, 1_000_000),
    stored: await storedOf(log),
    heads: await log.heads(P),
    chain: await log.chain(P),
    keys: await log.keys(P),
    lanes,
  }
}

/** The part of the contract about a process that comes from another log. */
export function adopting(start: Start): void {
  test('L17 a process taken over from another log has every entry, time, head, lane, key and the chain, and goes on from there', async () => {
    const [{ log, reopen, clock }, from] = [await start(), await source()]
    const before = await whole(from)
    await added(log, [entryOf('q')], {}, Q)
    const adoption = await log.adopt(P)
    for (let at = 0; at < before.stored.length; at += 700) await adoption.add(before.stored.slice(at, at + 700))
    const finished = await adoption.finish(await from.keys(P))
    expect(finished).toEqual({ ok: true, value: before.chain })
    expect(await whole(log)).toEqual(before)
    expect(before.lanes).toEqual([
      { owner: TAVIRA, number: 1_200, clock: 2_400 },
      { owner: COUNCIL, number: 1, clock: 9 },
    ])
    expect(before.keys).toEqual(new Map([['k', new Uint8Array([0, 255, 10, 13, 128])]]))
    const again = reopen ? await reopen() : log
    expect(await whole(again)).toEqual(before)
    expect((await again.processes()).sort()).toEqual([P, Q])
    const heard: number[] = []
    await again.follow(P, 1_000, (entries) => heard.push(...entries.map(({ seq }) => seq)))
    const next = laneOf(1_200, 2_400, 2_401)
    const { seq, events } = before.heads
    const on = { lane: { document: TEXT, lane: next }, events, documents: [{ id: DRAFT, head: seq - 1 }] }
    expect(clock.ms).toBeLessThan(5_000_000)
    expect(await added(again, [frame('more', next)], on)).toEqual({ first: seq + 1, at: 5_003_600 })
    expect(heard).toEqual(Array.from({ length: seq + 1 - 1_000 }, (_, index) => 1_001 + index))
    const long = Array.from({ length: 1_500 }, (_, index) => entryOf(`after ${index}`))
    await added(again, long)
    expect((await again.read(P, 1_000, 1)).map(({ seq: place }) => place)).toEqual([1_001])
    expect((await again.chain(P)).seq).toBe(seq + 1_501)
    expect((await storedOf(again)).slice(0, seq)).toEqual(before.stored)
  })

  test('L17 a process whose taking over broke off is not there, and can be taken over anew', async () => {
    const [{ log, reopen }, from] = [await start(), await source()]
    const stored = await storedOf(from)
    const torn = await log.adopt(P)
    await torn.add(stored.slice(0, 2_000))
    const again = reopen ? await reopen() : log
    expect(await again.processes()).toEqual([])
    expect(await again.heads(P)).toEqual({ seq: 0, events: 0 })
    expect(await allOf(again)).toEqual([])
    expect(await again.keys(P)).toEqual(new Map())
    const anew = await again.adopt(P)
    await anew.add(stored)
    expect(await anew.finish(await from.keys(P))).toMatchObject({ ok: true })
    expect(await whole(again)).toEqual(await whole(from))
  })

  test('L17 what has an entry here is not taken over, and the first of two to finish has it', async () => {
    const [{ log }, from] = [await start(), await source()]
    const stored = await storedOf(from)
    const [one, other] = [await log.adopt(P), await log.adopt(P)]
    await one.add(stored)
    await other.add(stored.slice(0, 2))
    expect(await other.finish(new Map())).toMatchObject({ ok: true })
    expect(await one.finish(await from.keys(P))).toEqual({ ok: false, refusal: { code: 'not-empty' } })
    expect(await storedOf(log)).toEqual(stored.slice(0, 2))
    expect(await log.keys(P)).toEqual(new Map())
    await added(log, [entryOf('q')], {}, Q)
    const late = await log.adopt(Q)
    await late.add(stored)
    expect(await late.finish(new Map())).toEqual({ ok: false, refusal: { code: 'not-empty' } })
  })

  test('L17 entries that do not follow one another are not taken over', async () => {
    const [{ log }, from] = [await start(), await source()]
    const stored = await storedOf(from)
    const adoption = async (entries: StoredEntry[]) => {
      const begun = await log.adopt(P)
      await begun.add(entries)
      return begun.finish(new Map())
    }
    await expect(adoption(stored.slice(0, 3))).rejects.toThrow('before all of it is there')
    await expect(adoption([need(stored[0]), need(stored[4])])).rejects.toThrow('Entry 2 is not the one')
    await expect(adoption([...stored.slice(2), ...stored.slice(0, 2)])).rejects.toThrow('older than the one before')
    await expect(adoption([{ bytes: utf8('nonsense'), rest: 0 }])).rejects.toThrow(LogDamaged)
    expect(await log.processes()).toEqual([])
  })

  test('L17 a log without room takes nothing over, and says why', async () => {
    const [{ log }, from] = [await start(), await source()]
    const adoption = await log.adopt(Q)
    await adoption.add(await storedOf(from))
    await log.restrict('disk-full')
    expect(await fillUp(log)).toMatchObject({ code: 'unavailable' })
    expect(await adoption.finish(new Map())).toEqual({
      ok: false,
      refusal: { code: 'unavailable', reason: 'disk-full' },
    })
    await log.restrict(null)
    await writable(log)
    expect(await log.heads(Q)).toEqual({ seq: 0, events: 0 })
  })
}
