import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import type { TrackId } from '#shared/ids.ts'
import { unpack } from '#shared/protocol/patch.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { hostileMessage, type Known } from '../support/hostile-frames.ts'
import { type Deeds, Line, newAsk } from '../support/hostile-line.ts'
import { seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import { cleanUp, SMALL_PROCESS, type StartedServer, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/**
 * Twenty seats that write nonsense of every kind to a server in a process of its own, while two people write a text. The
 * server's heap and the lateness of its loop are asked from inside that process and printed; how fast is not asserted.
 */

const INPUTS_A_SEED = 1_000
/** Seeds that once found something. */
const KEPT: number[] = []
const SEATS = 20
/** After so many inputs a line asks something that has an answer: then all before it was handled. */
const FENCE_EVERY = 10
const FILE = 'test/fuzz/hostile-frames.test.ts'
const TRACK = 'plenary' as TrackId

const TALKS = {
  ...SMALL_PROCESS,
  seats: [
    ...SMALL_PROCESS.seats.filter(({ party }) => party !== 'south'),
    ...Array.from({ length: SEATS }, (_, index) => ({
      id: `south-${index}`,
      party: 'south',
      role: index === 0 ? 'head' : 'adviser',
      name: `South ${index}`,
    })),
  ],
  tracks: SMALL_PROCESS.tracks.map((track) => ({
    ...track,
    access: { north: 'edit', south: 'suggest', team: 'edit' },
  })),
}

interface Probed {
  heap: number
  p999: number
  most: number
}
let server: StartedServer
let hostile: string[] = []
const honest: { wire: WireClient; typist: Typist; typed: number }[] = []

async function probe(): Promise<Probed> {
  const answers = () => server.output().match(/^probe .*$/gm) ?? []
  const before = answers().length
  process.kill(server.pid, 'SIGUSR2')
  await vi.waitFor(() => expect(answers().length).toBeGreaterThan(before), { timeout: 10_000 })
  return JSON.parse(answers().at(-1)?.slice('probe '.length) ?? '') as Probed
}

beforeAll(async () => {
  const preload = join(import.meta.dirname, '../support/probe.ts')
  server = await startServer({ environment: { NODE_OPTIONS: `--expose-gc --import ${preload}` } })
  const { codes } = await server.newProcess(TALKS)
  const tokenOf = async (seat: string) => (await server.redeem(codes[seat] ?? '')).token
  for (const seat of ['mediator', 'north-head']) {
    const wire = await openWire(server.url, { token: await tokenOf(seat) })
    const opened = await wire.open('plenary')
    if ('refusal' in opened) throw new Error(opened.refusal.code)
    honest.push({ wire, typist: new Typist(wire, opened, seat), typed: 0 })
  }
  hostile = await Promise.all(Array.from({ length: SEATS }, (_, index) => tokenOf(`south-${index}`)))
  // What the start cost is not asked for.
  await probe()
})
afterAll(cleanUp)

/** So often a seat opens the text for one seed: what it opens costs the server, so it may not do it without end. */
const OPENS = 3
interface Here {
  line: Line
  known: Known
}

/** A line of the seat, mostly with the text open, and what it knows. */
async function arrive(token: string, deeds: Deeds, was: Here | null, opens: boolean): Promise<Here | null> {
  const line = await Line.dial(server.url, token, deeds)
  if (!line) return null
  if (was && !opens) return { line, known: was.known }
  const opened = await line.open(TRACK)
  if (!opened) return null
  const parties = TALKS.parties.map(({ id }) => id)
  const seats = TALKS.seats.map(({ id }) => id)
  return { line, known: { opened, tracks: ['plenary', 'caucus-south'], parties, seats, ask: newAsk } }
}

/** Sends its inputs, coming back each time it is sent away; resolves when the server has handled all of them. */
async function attack(token: string, seed: number, inputs: number): Promise<Deeds> {
  const chance = seeded(seed)
  const deeds: Deeds = { attack: 'nonsense', sent: 0, taken: 0, refused: 0, ended: 0 }
  let here = await arrive(token, deeds, null, true)
  let opens = 1
  for (let count = 1; count <= inputs; count++) {
    while (!here?.line.isOpen) {
      here = (await arrive(token, deeds, here, opens++ < OPENS)) ?? here
      if (!here?.line.isOpen) await new Promise((done) => setTimeout(done, 200))
    }
    here.line.raw(hostileMessage(chance, here.known))
    if (count % FENCE_EVERY !== 0 && count < inputs) continue
    await here.line.ask((ask) => ({ frame: 'act', ask, command: { type: 'NoSuchCommand' } as never }))
  }
  here?.line.close()
  return deeds
}

/** What the clauses themselves say, read by somebody who comes anew, without what the two honest people type. */
async function clausesNow(): Promise<string[]> {
  const [{ wire } = { wire: null }] = honest
  const opened = await wire?.open('plenary')
  if (!opened || 'refusal' in opened) throw new Error('not opened')
  const doc = new Y.Doc()
  Y.applyUpdate(doc, opened.update)
  const structure = unpack(opened.opened.structure) as unknown as StructureView
  const leaves = structure.articles.flatMap(({ clauses }) => clauses.map(({ leaf }) => leaf))
  return leaves.map((leaf) =>
    doc
      .getText(leaf)
      .toString()
      .replaceAll(/<(?:mediator|north-head)\.\d+>/g, ''),
  )
}

/** Both honest people saw all their words saved, see each other's, and were never sent away. */
async function nobodyNoticed(): Promise<void> {
  const all = honest.reduce((sum, { typed }) => sum + typed, 0)
  for (const { wire, typist, typed } of honest) {
    const both = () => [typist.saved.size, new Set(typist.words()).size]
    await vi.waitFor(() => expect(both()).toEqual([typed, all]), { timeout: 10_000 })
    expect(wire.socket.connected).toBe(true)
  }
}

async function round(seed: number): Promise<Deeds> {
  const typing = setInterval(() => {
    for (const person of honest) {
      person.typist.type()
      person.typed += 1
    }
  }, 50)
  const share = Math.ceil(INPUTS_A_SEED / SEATS)
  const all = await Promise.all(hostile.map((token, index) => attack(token, seed * SEATS + index, share)))
  clearInterval(typing)
  const sum = (of: 'sent' | 'refused' | 'ended' | 'taken') => all.reduce((total, deeds) => total + deeds[of], 0)
  return { attack: 'all', sent: sum('sent'), taken: sum('taken'), refused: sum('refused'), ended: sum('ended') }
}

const heaps: number[] = []
const seeds = [...new Set([...KEPT, ...seedsOf(10, INPUTS_A_SEED)])]

test.each(seeds)('P9 G1 nonsense of every kind has no effect but its refusal: PARLEY_SEED=%s', async (seed) => {
  const deeds = await round(seed)
  const replay = `${replayOf(FILE, seed)}\n${server.output().slice(-2_000)}`
  expect(deeds.sent, replay).toBeGreaterThanOrEqual(INPUTS_A_SEED)
  expect(deeds.refused, replay).toBeGreaterThan(INPUTS_A_SEED / 10)
  expect(deeds.ended, replay).toBeGreaterThan(0)
  await nobodyNoticed()
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(/^parley_bugs_total (\d+)/m.exec(metrics)?.[1], replay).toBe('0')
  const probed = await probe()
  heaps.push(probed.heap)
  process.stdout.write(`seed ${seed}: ${JSON.stringify(deeds)} ${JSON.stringify(probed)}\n`)
})

test('P8 P9 after all of it the agreed words are what they were, and memory is back', async () => {
  const [article] = SMALL_PROCESS.tracks[0]?.text.articles ?? []
  expect(await clausesNow()).toEqual(article?.clauses)
  expect((heaps.at(-1) ?? 0) - (heaps[0] ?? 0)).toBeLessThan(10 * 1024 * 1024)
})
