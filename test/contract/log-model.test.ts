import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conditions, Log, NewEntry } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import { openRedisLog } from '#server/log/redis.ts'
import { NONCE_BYTES, SECRET_BYTES, seal, unseal } from '#server/log/seal.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { instant, type ProcessId, parseProcessId } from '#shared/ids.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { RedisServer } from '../support/redis.ts'
import { COUNCIL, DRAFT, entryOf, laneOf, need, TAVIRA, TEXT, TestClock, utf8 } from './log-build.ts'

const clock = new TestClock()

/** Off by a little, mostly not. */
const near = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) })
const lane = fc.record({
  client: fc.constantFrom(5_000_000, 6_000_000),
  owner: fc.oneof({ weight: 5, arbitrary: fc.constant(TAVIRA) }, { weight: 1, arbitrary: fc.constant(COUNCIL) }),
  document: fc.constantFrom(TEXT, DRAFT),
  number: near,
  clock: near,
  grows: fc.nat(3),
})
const append = fc.record({
  kinds: fc.array(fc.constantFrom('event' as const, 'access' as const), { maxLength: 2 }),
  lane: fc.option(lane, { nil: null }),
  events: fc.option(near, { nil: null }),
  document: fc.option(near, { nil: null }),
  due: fc.option(near, { nil: null }),
})
type Append = typeof append extends fc.Arbitrary<infer T> ? T : never
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('together' as const),
      appends: fc.array(append, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('clock' as const), ms: fc.integer({ min: -2, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
)

/** Entries and conditions, near to what the reference stands at now. */
async function asked(model: Log, process: ProcessId, drawn: Append): Promise<[NewEntry[], Conditions]> {
  const heads = await model.heads(process)
  const entries = drawn.kinds.map((kind, index) => entryOf(`${kind} ${index}`, { kind }))
  const conditions: Conditions = {}
  if (drawn.events !== null) conditions.events = heads.events + drawn.events
  if (drawn.due !== null) conditions.notAfter = instant(model.now() + drawn.due)
  if (drawn.document !== null) {
    const ofText = (await model.read(process, 0, 1_000)).filter(({ document }) => document === TEXT)
    conditions.documents = [{ id: TEXT, head: (ofText.at(-1)?.seq ?? 0) + drawn.document }]
  }
  if (drawn.lane) {
    const { client, owner, document, grows } = drawn.lane
    const state = (await model.lane(process, document, client)) ?? { number: 0, clock: 0 }
    const [number, at] = [Math.max(0, state.number + drawn.lane.number), Math.max(0, state.clock + drawn.lane.clock)]
    const frame = laneOf(number, at, at + grows, { client, owner })
    conditions.lane = { document, lane: frame }
    entries.push(entryOf('words', { kind: 'update', by: owner, document, lane: frame }))
  }
  if (entries.length === 0) entries.push(entryOf('alone'))
  return [entries, conditions]
}

/** Asks an engine and the reference the same, and compares every answer and what is kept. */
async function compare(engine: string, open: () => Promise<Log>, numRuns: number): Promise<void> {
  let log = await open()
  let runs = 0
  let refused = 0
  let reopened = 0
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
    const process = need(parseProcessId(`${engine}-${runs++}`.padEnd(22, '-')))
    const model = openMemoryLog({ time: clock })
    for (const step of steps) {
      if (step.type === 'clock') clock.ms = Math.max(log.now(), clock.ms + step.ms)
      else if (step.type === 'reopen' && reopened++ < 20) {
        await log.close()
        log = await open()
      } else if (step.type === 'together') {
        const asks = await Promise.all(step.appends.map((drawn) => asked(model, process, drawn)))
        const ours = await Promise.all(asks.map((ask) => log.append(process, ...ask)))
        expect(ours).toEqual(await Promise.all(asks.map((ask) => model.append(process, ...ask))))
        refused += ours.filter(({ ok }) => !ok).length
      }
    }
    expect(await log.read(process, 0, 1_000)).toEqual(await model.read(process, 0, 1_000))
    expect(await log.heads(process)).toEqual(await model.heads(process))
    expect(await log.chain(process)).toEqual(await model.chain(process))
  })
  try {
    await fc.assert(property, { numRuns })
  } finally {
    await log.close()
  }
  expect(refused).toBeGreaterThan(numRuns / 2)
  expect(reopened).toBeGreaterThan(0)
}

describe('against the reference', { timeout: 120_000 }, () => {
  test('P1.1 SQLite answers every append as the reference does, and keeps the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
    await compare('sqlite', () => openSqliteLog({ file: join(folder, 'log.db'), time: clock }), 60)
    rmSync(folder, { recursive: true })
  })

  test.skipIf(!findRedisServer())(
    'P1.1 Redis answers every append as the reference does, and keeps the same',
    async () => {
      const redis = await RedisServer.start()
      await compare('redis', () => openRedisLog({ url: redis.url, time: clock }), 40).finally(() => redis.end())
    },
  )
})

describe('sealed bodies', () => {
  test('L6 a sealed body opens under its own key only, and not when a byte was changed', () => {
    const [secret, nonce] = [new Uint8Array(SECRET_BYTES).fill(1), new Uint8Array(NONCE_BYTES).fill(2)]
    const sealed = seal(secret, utf8('between us'), nonce)
    expect(Buffer.from(sealed).includes('between')).toBe(false)
    expect(unseal(secret, sealed)).toEqual(utf8('between us'))
    expect(unseal(new Uint8Array(SECRET_BYTES).fill(3), sealed)).toBeNull()
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(unseal(secret, changed)).toBeNull()
    }
    expect(unseal(secret, sealed.subarray(0, 20))).toBeNull()
  })
})
