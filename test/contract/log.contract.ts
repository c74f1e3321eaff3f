import { afterEach, describe, expect, test } from 'vitest'
import { decodeEntry, encodeEntry, stampEntry } from '#server/log/entry.ts'
import { type Conditions, type DrillLog, type Health, type Lane, LogUnavailable } from '#server/log/log.ts'
import { chainAfter, chainStart, hexOf } from '#server/log/segments.ts'
import { instant, type ProcessId } from '#shared/ids.ts'
import { adopting } from './log-adopting.contract.ts'
import {
  added,
  allOf,
  bodiesOf,
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
  utf8,
  writable,
} from './log-build.ts'
import { following } from './log-following.contract.ts'

/** The rules every engine of the log answers to. No engine has rules of its own. */
export function logContract(name: string, open: () => Promise<Opened>): void {
  describe(`the log in ${name}`, () => {
    let opened: Opened | null = null
    afterEach(async () => {
      await opened?.cleanUp()
      opened = null
    })
    const start = async () => {
      opened = await open()
      return opened
    }
    appending(start)
    conditions(start)
    following(start)
    keeping(start)
    adopting(start)
    shortage(start)
  })
}

type Start = () => Promise<Opened>

function appending(start: Start): void {
  test('L1 entries of a process are numbered from 1 without gap, and read back as they were', async () => {
    const { log } = await start()
    const full = entryOf('{"type":"Ü"}', {
      by: TAVIRA,
      audience: { who: 'track', track: 'plenary' },
      ask: 'a'.repeat(22),
      key: 'sealed-1',
      policy: 3,
    })
    const words = frame('words', laneOf(0, 0, 5))
    expect(await added(log, [entryOf('one'), entryOf('two', { kind: 'access' })])).toEqual({ first: 1, at: 1_000_000 })
    expect(await added(log, [full, words])).toEqual({ first: 3, at: 1_000_000 })
    const entries = await allOf(log)
    expect(entries.map(({ seq, at, v }) => [seq, at, v])).toEqual([1, 2, 3, 4].map((seq) => [seq, 1_000_000, 1]))
    expect(entries[2]).toEqual({ v: 1, seq: 3, at: 1_000_000, ...full })
    expect(entries[3]).toEqual({ v: 1, seq: 4, at: 1_000_000, ...words })
    expect(bodiesOf(await log.read(P, 1, 2))).toEqual(['two', '{"type":"Ü"}'])
    expect(await log.read(P, 4, 10)).toEqual([])
  })

  test('L1 each process has an order of its own', async () => {
    const { log } = await start()
    await Promise.all([added(log, [entryOf('p')]), added(log, [entryOf('q')], {}, Q)])
    expect(bodiesOf(await allOf(log, Q))).toEqual(['q'])
    expect(await log.heads(Q)).toEqual({ seq: 1, events: 1 })
    expect((await log.processes()).sort()).toEqual([P, Q])
    expect(await log.heads('processprocessprocess3' as ProcessId)).toEqual({ seq: 0, events: 0 })
  })

  test('L1 appends are added in the order they were asked for', async () => {
    const { log } = await start()
    const asked = Array.from({ length: 300 }, (_, index) => added(log, [entryOf(`${index}`)]))
    expect((await Promise.all(asked)).map(({ first }) => first)).toEqual(asked.map((_, index) => index + 1))
    expect(bodiesOf(await allOf(log))).toEqual(asked.map((_, index) => `${index}`))
  })

  test("L2 the time of entries is the store's and never goes back", async () => {
    const { log, clock } = await start()
    await added(log, [entryOf('one')])
    clock.ms += 5
    await added(log, [entryOf('two')])
    clock.ms -= 100_000
    await added(log, [entryOf('three')])
    expect((await allOf(log)).map(({ at }) => at)).toEqual([1_000_000, 1_000_005, 1_000_005])
    expect(log.now()).toBe(1_000_005)
  })

  test('L3 the chain is the SHA-256 over the bytes of entries in order', async () => {
    const { log } = await start()
    expect(await log.chain(P)).toEqual({ seq: 0, hash: hexOf(chainStart(P)) })
    const sent = [entryOf('one'), frame('two', laneOf(0, 0, 1)), entryOf('three')]
    await added(log, sent)
    let hash = chainStart(P)
    for (const entry of sent) {
      const bytes = encodeEntry(entry)
      stampEntry(bytes, instant(1_000_000))
      hash = chainAfter(hash, bytes)
    }
    expect(await log.chain(P)).toEqual({ seq: 3, hash: hexOf(hash) })
    expect(decodeEntry(encodeEntry(need(sent[1])), 2)).toEqual({ v: 1, seq: 2, at: 0, ...sent[1] })
  })
}

function conditions(start: Start): void {
  const refusalOf = async (log: DrillLog, conditions: Conditions) => {
    const before = await log.heads(P)
    const outcome = await log.append(P, [entryOf('x'), entryOf('y')], conditions)
    expect(await log.heads(P)).toEqual(outcome.ok ? { seq: before.seq + 2, events: before.seq + 2 } : before)
    return outcome.ok ? null : outcome.refusal
  }

  test('P1.1 an append decided on an older head of events adds nothing', async () => {
    const { log } = await start()
    await added(log, [entryOf('one'), frame('two', laneOf(0, 0, 1)), entryOf('three', { kind: 'access' })])
    expect(await log.heads(P)).toEqual({ seq: 3, events: 1 })
    expect(await refusalOf(log, { events: 0 })).toEqual({ code: 'conflict', on: 'events' })
    expect(await refusalOf(log, { events: 3 })).toEqual({ code: 'conflict', on: 'events' })
    expect(await refusalOf(log, { events: 1 })).toBeNull()
  })

  test('P1.1 a lane goes on exactly where it stands, under its owner only', async () => {
    const { log } = await start()
    const lane = (number: number, clock: number, more: Partial<Lane> = {}) => ({
      lane: { document: TEXT, lane: laneOf(number, clock, clock, more) },
    })
    const stray = (why: string, number: number, clock: number) => ({ code: 'lane', why, number, clock })
    expect(await refusalOf(log, lane(0, 3))).toEqual(stray('ahead', 0, 0))
    await added(log, [frame('a', laneOf(0, 0, 7))], lane(0, 0))
    await added(log, [frame('b', laneOf(1, 7, 7))], lane(1, 7))
    expect(await refusalOf(log, lane(0, 0))).toEqual(stray('known', 2, 7))
    expect(await refusalOf(log, lane(3, 7))).toEqual(stray('ahead', 2, 7))
    expect(await refusalOf(log, lane(2, 6))).toEqual(stray('overlap', 2, 7))
    expect(await refusalOf(log, lane(2, 8))).toEqual(stray('ahead', 2, 7))
    expect(await refusalOf(log, lane(2, 7, { owner: COUNCIL }))).toEqual(stray('foreign', 2, 7))
    expect(await refusalOf(log, lane(0, 0, { client: 6_000_000, owner: COUNCIL }))).toBeNull()
    expect(await log.lane(P, TEXT, 5_000_000)).toEqual({ owner: TAVIRA, number: 2, clock: 7 })
    expect(await log.lane(P, DRAFT, 5_000_000)).toBeNull()
    expect(await log.lane(Q, TEXT, 5_000_000)).toBeNull()
  })

  test('P1.1 a frame that is known is told so whatever else changed', async () => {
    const { log } = await start()
    await added(log, [frame('a', laneOf(0, 0, 1)), entryOf('later')])
    const again = { lane: { document: TEXT, lane: laneOf(0, 0, 1) }, events: 0, notAfter: instant(0) }
    expect(await refusalOf(log, again)).toMatchObject({ code: 'lane', why: 'known' })
  })

  test('P1.1 a move of the server is refused when its document moved', async () => {
    const { log } = await start()
    const on = (text: number, draft: number) => ({
      documents: [
        { id: TEXT, head: text },
        { id: DRAFT, head: draft },
      ],
    })
    expect(await refusalOf(log, on(0, 0))).toBeNull()
    await added(log, [frame('a', laneOf(0, 0, 1)), entryOf('b', { kind: 'update', document: DRAFT })])
    expect(await refusalOf(log, on(0, 4))).toEqual({ code: 'conflict', on: 'document' })
    expect(await refusalOf(log, on(3, 0))).toEqual({ code: 'conflict', on: 'document' })
    expect(await refusalOf(log, on(3, 4))).toBeNull()
  })

  test('P1.1 an append that is due at an instant is in time at that instant and not after it', async () => {
    const { log, clock } = await start()
    expect(await refusalOf(log, { notAfter: instant(1_000_000) })).toBeNull()
    clock.ms++
    expect(await refusalOf(log, { notAfter: instant(1_000_000) })).toEqual({ code: 'too-late' })
  })

  test('P1.1 of appends decided on one head at once, one is added', async () => {
    const { log } = await start()
    const outcomes = await Promise.all(['a', 'b', 'c'].map((body) => log.append(P, [entryOf(body)], { events: 0 })))
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false])
    expect(bodiesOf(await allOf(log))).toEqual(['a'])
  })

  test('P1.1 an append without entries is a mistake of the caller', async () => {
    const { log } = await start()
    await expect(log.append(P, [], {})).rejects.toThrow(TypeError)
  })
}

function keeping(start: Start): void {
  test('L5 of the snapshots of a name the one of the highest place is kept', async () => {
    const { log } = await start()
    await added(log, [entryOf('1')])
    expect(await log.loadSnapshot(P, 'state')).toBeNull()
    await log.saveSnapshot(P, 'state', { seq: 7, bytes: utf8('seven') })
    await log.saveSnapshot(P, 'state', { seq: 5, bytes: utf8('five') })
    await log.saveSnapshot(P, 'text', { seq: 5, bytes: utf8('text') })
    expect(await log.loadSnapshot(P, 'state')).toEqual({ seq: 7, bytes: utf8('seven') })
    await log.saveSnapshot(P, 'state', { seq: 8, bytes: utf8('eight') })
    expect(await log.loadSnapshot(P, 'state')).toEqual({ seq: 8, bytes: utf8('eight') })
    expect(await log.loadSnapshot(Q, 'state')).toBeNull()
  })

  test('L6 an erased key is gone, and the chain does not change', async () => {
    const { log } = await start()
    await added(log, [entryOf('sealed', { key: 'k' })])
    const chain = await log.chain(P)
    await log.saveKey(P, 'k', utf8('secret'))
    await log.saveKey(P, 'k', utf8('another'))
    expect(await log.loadKey(P, 'k')).toEqual(utf8('secret'))
    expect(await log.loadKey(Q, 'k')).toBeNull()
    await log.eraseKey(P, 'k')
    expect(await log.loadKey(P, 'k')).toBeNull()
    expect(await log.chain(P)).toEqual(chain)
  })

  test('P1.2 what was answered is there after closing and opening again, and every head with it', async () => {
    const { log, reopen } = await start()
    if (!reopen) return expect(log.backup('x')).rejects.toThrow('memory')
    const seed = Array.from({ length: 3_000 }, (_, index) =>
      added(log, [frame(`${index}`, laneOf(index, index, index + 1))]),
    )
    await Promise.all(seed)
    await added(log, [entryOf('event')])
    await log.saveKey(P, 'k', utf8('secret'))
    await log.saveSnapshot(P, 's', { seq: 3, bytes: utf8('three') })
    const [before, chain] = [await allOf(log), await log.chain(P)]
    const again = await reopen()
    expect(await allOf(again)).toEqual(before)
    expect(await again.chain(P)).toEqual(chain)
    expect(await again.heads(P)).toEqual({ seq: 3_001, events: 3_001 })
    expect(await again.lane(P, TEXT, 5_000_000)).toEqual({ owner: TAVIRA, number: 3_000, clock: 3_000 })
    expect(await again.processes()).toEqual([P])
    expect(await again.loadKey(P, 'k')).toEqual(utf8('secret'))
    expect(await again.loadSnapshot(P, 's')).toEqual({ seq: 3, bytes: utf8('three') })
    const on = {
      lane: { document: TEXT, lane: laneOf(3_000, 3_000, 3_001) },
      events: 3_001,
      documents: [{ id: TEXT, head: 3_000 }],
    }
    await added(again, [frame('next', laneOf(3_000, 3_000, 3_001))], on)
    const seqs: number[] = []
    await again.follow(P, 0, (entries) => seqs.push(...entries.map(({ seq }) => seq)))
    expect(seqs).toEqual(Array.from({ length: 3_002 }, (_, index) => index + 1))
    return
  })

  test('P1.2 a closed log refuses, and does not go on as if it had saved', async () => {
    const { log } = await start()
    const last = log.append(P, [entryOf('1')], {})
    await log.close()
    expect((await last).ok).toBe(true)
    expect(await log.append(P, [entryOf('2')], {})).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
  })

  test('L7 a copy made while others write opens as a log of the content of one moment', async () => {
    const { log, copy } = await start()
    if (!copy) return expect(log.backup('x')).rejects.toThrow(LogUnavailable)
    await added(
      log,
      Array.from({ length: 2_000 }, (_, index) => entryOf(`before ${index}`)),
    )
    let writing = true
    const writer = (async () => {
      let count = 0
      for (; writing; count++) await added(log, [entryOf(`during ${count} a`), entryOf(`during ${count} b`)])
      return count
    })()
    await log.backup(copy.file)
    writing = false
    expect(await writer).toBeGreaterThan(0)
    const copied = await copy.open(copy.file)
    const [entries, original] = [await allOf(copied), await allOf(log)]
    await copied.close()
    expect(entries.length).toBeGreaterThanOrEqual(2_000)
    expect(entries.length % 2).toBe(0)
    expect(entries).toEqual(original.slice(0, entries.length))
    return
  })
}

function shortage(start: Start): void {
  test('L8 on a full disk writers are refused, readers go on, a narrowing still takes effect, and it recovers by itself', async () => {
    const { log } = await start()
    const changes: Health[] = []
    log.onHealth((health) => changes.push(health))
    await added(log, [entryOf('1')])
    await log.saveKey(P, 'k', utf8('secret'))
    await log.restrict('disk-full')
    expect(await fillUp(log)).toEqual({ code: 'unavailable', reason: 'disk-full' })
    expect(log.health()).toEqual({ state: 'not-writable', reason: 'disk-full' })
    const { seq, events } = await log.heads(P)
    expect(await log.append(P, [entryOf('small')], {})).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
    await log.saveSnapshot(P, 'state', { seq: 1, bytes: utf8('state') })
    await expect(log.saveKey(P, 'k2', utf8('secret'))).rejects.toThrow('key')
    const heard: string[] = []
    await log.follow(P, seq, (entries) => heard.push(...bodiesOf(entries)))
    expect(await log.appendNarrowing(P, [entryOf('late')], { events: 0 })).toMatchObject({
      ok: false,
      refusal: { code: 'conflict' },
    })
    expect(await log.appendNarrowing(P, [entryOf('narrower')], { events })).toMatchObject({
      ok: true,
      value: { first: seq + 1 },
    })
    expect(heard).toEqual(['narrower'])
    expect(bodiesOf(await log.read(P, seq, 10))).toEqual(['narrower'])
    expect(log.health()).toEqual({ state: 'not-writable', reason: 'disk-full' })
    await log.restrict(null)
    await writable(log)
    const stands = (await log.lane(P, TEXT, 5_000_000)) ?? { number: 0, clock: 0 }
    const refusedBefore = laneOf(stands.number, stands.clock, stands.clock + 1)
    const again = { lane: { document: TEXT, lane: refusedBefore } }
    expect(await added(log, [frame('again', refusedBefore)], again)).toMatchObject({ first: seq + 2 })
    expect(changes).toEqual([{ state: 'not-writable', reason: 'disk-full' }, { state: 'writable' }])
  })

  test('L8 on a read-only disk nothing is added, readers go on, and it recovers by itself', async () => {
    const { log } = await start()
    await added(log, [entryOf('1')])
    await log.restrict('read-only')
    const refused = { ok: false, refusal: { code: 'unavailable', reason: 'read-only' } }
    expect(await log.append(P, [entryOf('2')], {})).toEqual(refused)
    expect(await log.appendNarrowing(P, [entryOf('3')], {})).toEqual(refused)
    await expect(log.eraseKey(P, 'k')).rejects.toThrow('key')
    expect(bodiesOf(await allOf(log))).toEqual(['1'])
    await log.restrict(null)
    await writable(log)
    await added(log, [entryOf('4')])
    expect(bodiesOf(await allOf(log))).toEqual(['1', '4'])
  })
}
