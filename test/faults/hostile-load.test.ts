import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Down } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import type { StructureView } from '#shared/text/structure.ts'
import type { Orders } from '../support/hostile-crowd.ts'
import type { Deeds } from '../support/hostile-line.ts'
import { cleanUp, SMALL_PROCESS, type StartedServer, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/**
 * Ten people who do their worst, each in another way, while five type and one mediates. What is asserted is counted; what
 * was measured is printed. `HOSTILE_SECONDS` makes it longer.
 */

const QUIET_MS = 3_000
const WORST_MS = Number(process.env['HOSTILE_SECONDS'] ?? 8) * 1_000
const TYPE_EVERY_MS = 100
const HONEST = 5
const HOSTILE = 10

const crowds: ChildProcess[] = []
afterEach(async () => {
  for (const crowd of crowds.splice(0)) crowd.kill('SIGKILL')
  await cleanUp()
})

const seat = (party: string, index: number) => ({
  id: `${party}-${index}`,
  party,
  role: index === 0 ? 'head' : 'adviser',
  name: `${party} ${index}`,
})
const TALKS = {
  ...SMALL_PROCESS,
  seats: [
    ...Array.from({ length: HONEST }, (_, index) => seat('north', index)),
    ...Array.from({ length: HOSTILE }, (_, index) => seat('south', index)),
    { id: 'mediator', party: 'team', role: 'mediator', name: 'Fay Team' },
  ],
  tracks: SMALL_PROCESS.tracks.map((track) => ({
    ...track,
    access: { north: 'edit', south: 'suggest', team: 'edit' },
  })),
}

/** Types every 100 ms, and knows how long each word took until it was saved. */
class Timed {
  readonly typist: Typist
  readonly took: number[] = []
  readonly #since: [words: number, at: number][] = []
  #typed = 0
  #timer: NodeJS.Timeout | null = null

  constructor(wire: WireClient, opened: ConstructorParameters<typeof Typist>[1], name: string) {
    const heard: Pick<WireClient, 'onFrame' | 'send'> = {
      send: (frame) => wire.send(frame),
      onFrame: (listener) =>
        wire.onFrame((frame: Down, size: number) => {
          listener(frame, size)
          this.#look()
        }),
    }
    this.typist = new Typist(heard as WireClient, opened, name)
  }
  begin(): void {
    this.#timer = setInterval(() => {
      this.#typed += 1
      this.#since.push([this.#typed, performance.now()])
      this.typist.type()
    }, TYPE_EVERY_MS)
  }
  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }
  get typed(): number {
    return this.#typed
  }
  #look(): void {
    for (let [first] = this.#since; first && this.typist.saved.size >= first[0]; [first] = this.#since) {
      this.took.push(performance.now() - first[1])
      this.#since.shift()
    }
  }
}

const at = (numbers: number[], share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? 0
const figures = (numbers: number[]) =>
  `p50 ${at(numbers, 0.5).toFixed(1)}, p95 ${at(numbers, 0.95).toFixed(1)}, most ${at(numbers, 1).toFixed(1)} ms (${numbers.length})`

async function lateOf({ url }: StartedServer): Promise<{ p99: number; max: number; resident: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1])
  return {
    p99: figure('nodejs_eventloop_lag_p99_seconds') * 1000,
    max: figure('nodejs_eventloop_lag_max_seconds') * 1000,
    resident: figure('process_resident_memory_bytes'),
  }
}

async function crowdAt(orders: Orders): Promise<() => Promise<Deeds[]>> {
  const crowd = fork(join(import.meta.dirname, '../support/hostile-crowd.ts'), [], { stdio: 'inherit' })
  crowds.push(crowd)
  await once(crowd, 'message')
  crowd.send(orders)
  return async () => {
    crowd.send('stop')
    const [deeds] = await once(crowd, 'message')
    crowd.kill('SIGKILL')
    return deeds as Deeds[]
  }
}

interface Honest {
  wire: WireClient
  timed: Timed
}
async function writersAt({ url }: StartedServer, tokens: Map<string, string>): Promise<Honest[]> {
  return Promise.all(
    Array.from({ length: HONEST }, async (_, index) => {
      const wire = await openWire(url, { token: tokens.get(`north-${index}`) ?? '' })
      const opened = await wire.open('plenary')
      if ('refusal' in opened) throw new Error(opened.refusal.code)
      return { wire, timed: new Timed(wire, opened, `n${index}`) }
    }),
  )
}

/** Renames an article four times a second, and knows how long each took. */
async function mediatorAt({ url }: StartedServer, token: string) {
  const wire = await openWire(url, { token })
  const opened = await wire.open('plenary')
  if ('refusal' in opened) throw new Error(opened.refusal.code)
  let got = 0
  wire.onFrame((frame, size) => {
    if (frame.frame !== 'text') return
    got += size
    wire.send({ frame: 'got', channel: frame.channel, bytes: got })
  })
  const structure = unpack(opened.opened.structure) as unknown as StructureView
  const article = structure.articles[0]?.id as never
  const took: number[] = []
  let acts = 0
  let isOver = false
  const timer = setInterval(async () => {
    const began = performance.now()
    const title = `The ferry ${++acts}`
    const asked = wire.act({ type: 'RenameArticle', track: 'plenary' as never, article, title })
    const answer = await asked.catch((cause: unknown) => {
      if (!isOver) throw cause
      return null
    })
    if (!answer) return
    if ('refusal' in answer) throw new Error(answer.refusal.code)
    took.push(performance.now() - began)
  }, 250)
  const stop = (): void => {
    isOver = true
    clearInterval(timer)
    wire.close()
  }
  return { took, stop }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

test('P9 G7 ten who do their worst keep nobody from writing: every honest word is saved and seen, nobody honest is sent away', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess(TALKS)
  const tokens = new Map<string, string>()
  for (const { id } of TALKS.seats) tokens.set(id, (await server.redeem(codes[id] ?? '')).token)
  const honest = await writersAt(server, tokens)
  const mediator = await mediatorAt(server, tokens.get('mediator') ?? '')
  for (const { timed } of honest) timed.begin()
  const take = async () => {
    const words = honest.flatMap(({ timed }) => timed.took.splice(0))
    return { words, acts: mediator.took.splice(0), late: await lateOf(server) }
  }
  await pause(500)
  await take()
  await pause(QUIET_MS)
  const quiet = await take()
  const hostile = Array.from({ length: HOSTILE }, (_, index) => tokens.get(`south-${index}`) ?? '')
  const stop = await crowdAt({ url: server.url, tokens: hostile })
  await pause(WORST_MS)
  const worst = await take()
  const deeds = await stop()
  for (const { timed } of honest) timed.stop()
  const lines = [
    `words   without: ${figures(quiet.words)}   with: ${figures(worst.words)}`,
    `acts    without: ${figures(quiet.acts)}   with: ${figures(worst.acts)}`,
    ...[quiet, worst].map(({ late }) => `loop    ${JSON.stringify(late)}`),
    ...deeds.map((deed) => `hostile ${JSON.stringify(deed)}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  const all = honest.reduce((sum, { timed }) => sum + timed.typed, 0)
  for (const { wire, timed } of honest) {
    const seen = () => new Set(timed.typist.words().filter((word) => word.startsWith('<n'))).size
    await vi.waitFor(() => expect([timed.typist.saved.size, seen()]).toEqual([timed.typed, all]), { timeout: 10_000 })
    expect(wire.socket.connected).toBe(true)
    wire.close()
  }
  for (const deed of deeds) expect([deed.attack, deed.sent > 0]).toEqual([deed.attack, true])
  expect(server.output()).not.toMatch(/bug|failed/)
  mediator.stop()
})
