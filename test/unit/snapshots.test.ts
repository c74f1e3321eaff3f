import { expect, test } from 'vitest'
import { sampleIdOf } from '#server/access/starting.ts'
import type { ForgetfulLog } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import type { Running } from '#server/processes/port.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import { FakeTime, fakeRandom } from '../support/fake-world.ts'
import { SMALL_PROCESS } from '../support/server.ts'
import { openStageNode } from '../support/stage-node.ts'

const PLENARY = 'plenary' as TrackId
const by = { seat: 'north-head' as SeatId, confined: false, session: null }
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A node of its own on the log. */
async function nodeOn(log: ForgetfulLog, seed: number) {
  const telemetry = { count: () => undefined, time: () => undefined, log: quiet }
  const { processes } = await openStageNode({ log, time: new FakeTime(), random: fakeRandom(seed), telemetry })
  return processes
}

async function comment(running: Running, words: string): Promise<void> {
  const [clause] = Object.values(running.state.tracks.by[PLENARY]?.text?.clauses ?? {})
  if (!clause) throw new Error('no clause')
  const said = await running.act(by, null, {
    type: 'Comment',
    track: PLENARY,
    clause: clause.id,
    words,
    audience: 'track',
  })
  if (!said.ok) throw new Error(said.refusal.code)
}

const wordsOf = ({ state }: Running) => state.comments.order.map((id) => state.comments.by[id]?.words)

test('N12 of nodes that start at once on an empty log exactly one makes the sample, and one that died before leaves it to others', async () => {
  const log = openMemoryLog({ time: new FakeTime() })
  // This one died between drawing the name and making it.
  await sampleIdOf(log, fakeRandom(9))
  const nodes = await Promise.all([1, 2, 3].map((seed) => nodeOn(log, seed)))
  const file = parseProcessFile(SMALL_PROCESS)
  if (!file.ok) throw new Error('the file has mistakes')
  const started = await Promise.all(
    nodes.map(async (processes, nth) => processes.start(file.value, await sampleIdOf(log, fakeRandom(nth)))),
  )
  expect(started.filter(({ ok }) => ok).length).toBe(1)
  expect(started.filter(({ ok }) => !ok)).toEqual(
    Array.from({ length: 2 }, () => ({ ok: false, refusal: { code: 'nothing-to-change' } })),
  )
  expect((await log.processes()).length).toBe(1)
})

test('N7 P1.8 a snapshot of a past that the log has lost is not used, however far the log has come since', async () => {
  const log = openMemoryLog({ time: new FakeTime() })
  const before = await nodeOn(log, 1)
  const file = parseProcessFile(SMALL_PROCESS)
  if (!file.ok) throw new Error('the file has mistakes')
  const started = await before.start(file.value)
  if (!started.ok) throw new Error(started.refusal.code)
  const id: ProcessId = started.value
  const first = (await before.open(id)) as Running
  for (const words of ['kept', 'lost', 'lost too']) await comment(first, words)
  await before.close()
  const snapshot = await log.loadSnapshot(id, 'process')
  expect(snapshot?.seq).toBe((await log.heads(id)).seq)

  log.lose(id, 2)
  const second = (await (await nodeOn(log, 2)).open(id)) as Running
  expect(wordsOf(second)).toEqual(['kept'])
  for (const words of ['new', 'newer', 'newest']) await comment(second, words)
  // This node died without a snapshot of its own: the one of the lost past is still there.
  expect((await log.loadSnapshot(id, 'process'))?.seq).toBe(snapshot?.seq)
  const third = (await (await nodeOn(log, 3)).open(id)) as Running
  expect(wordsOf(third)).toEqual(['kept', 'new', 'newer', 'newest'])
  expect(third.state).toEqual(second.state)
})
