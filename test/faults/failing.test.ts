import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { Cluster, type ClusterOptions } from '../support/cluster.ts'
import { Drill, elapsed, GUEST, TEXT } from '../support/drill.ts'
import { clockFrom } from '../support/jump-clock.ts'
import { seeded } from '../support/seeded.ts'
import { cleanUp, newFolder } from '../support/server.ts'
import type { FromSleeper, SleeperSeat, ToSleeper } from '../support/sleeper.ts'

/** What fails beside the server, each while people work. All at once: most of it is waiting. */

const HOUR = 3_600_000
/** From the last byte of a dead connection to the server's noticing: a ping, and the time to answer it. */
const UNNOTICED_MS = 20_000
const STOPPED_MS = 30_000

afterAll(cleanUp)

async function talk(seed: number, clock?: string): Promise<Drill> {
  return talkOn({ engine: 'sqlite', nodes: 1, ...(clock ? { execArgv: clockFrom(clock) } : {}) }, seed)
}
async function talkOn(options: ClusterOptions, seed: number): Promise<Drill> {
  const cluster = await Cluster.open(options)
  const drill = await Drill.open({ cluster, chance: seeded(seed) })
  drill.begin()
  return drill
}

/** The clock of these processes is so far off from now on. */
async function jump(file: string, ms: number, pids: number[]): Promise<void> {
  writeFileSync(file, String(ms))
  for (const pid of pids) process.kill(pid, 'SIGUSR2')
  await elapsed(50)
}

/** Everything is checked, and the run did what it is about. */
async function hold(drill: Drill, when: string): Promise<void> {
  const { tally, problems } = drill.oracle
  await vi.waitFor(() => {
    for (const name of ['acknowledged', 'shown', 'decided', 'withdrawals', 'forbidden'] as const)
      expect(tally[name], name).toBeGreaterThan(1)
  }, 20_000)
  await drill.finish(when)
  expect(problems).toEqual([])
}

describe.concurrent('the embedded log', () => {
  test('P1 P2 P3 P11 the clock jumps an hour forward, three back, and stands elsewhere after a restart', async () => {
    const clock = join(newFolder(), 'clock')
    const drill = await talk(1, clock)
    for (const ms of [HOUR, -2 * HOUR, 24 * HOUR, 0]) {
      await jump(clock, ms, [drill.cluster.node(0).pid])
      await elapsed(700)
      // A guest may be on its way back: whoever is slow to close a withdrawn text is cut off.
      const members = drill.people.filter(({ party }) => party !== GUEST)
      expect(members.map(({ room }) => room.connection.at)).toEqual(members.map(() => 'live'))
      await drill.checkKept(`with the clock ${ms} ms off`)
    }
    await jump(clock, HOUR, [drill.cluster.node(0).pid])
    await elapsed(300)
    // It starts with the machine's own clock: an hour before its last entry.
    await drill.cluster.kill(0)
    await drill.cluster.start(0)
    await drill.back()
    await elapsed(500)
    await hold(drill, 'after clocks that jump')
  })

  test('P1 P2 P3 P11 a node stands still for thirty seconds and goes on', async () => {
    const drill = await talk(2)
    await elapsed(800)
    drill.cluster.stop(0)
    await elapsed(STOPPED_MS)
    drill.cluster.go(0)
    await drill.back()
    await elapsed(1_000)
    await hold(drill, 'after a stop')
  })

  test('P1 P2 P3 P11 lines that are slow, narrow, cut and half-open', async () => {
    const drill = await talk(3)
    const { lines } = drill
    for (const [nth, line] of lines.entries()) line.delay(nth * 15)
    await elapsed(1_500)
    for (const line of lines) line.delay(0)
    for (const line of lines.slice(0, 3)) line.narrow(20_000)
    await elapsed(1_500)
    for (const line of lines) line.narrow(null)
    for (let round = 0; round < 6; round += 1) {
      const line = lines[round % lines.length]
      line?.cut()
      await elapsed(200)
      line?.mend()
      await drill.back()
    }
    // Of the guests one is on a line that passes nothing: the withdrawal does not wait for it.
    const stalled = lines.at(-1)
    await drill.end()
    stalled?.stall()
    const began = performance.now()
    await drill.letOutAndIn()
    await drill.letOutAndIn()
    expect(performance.now() - began).toBeLessThan(UNNOTICED_MS)
    stalled?.mend()
    drill.begin()
    await elapsed(500)
    await hold(drill, 'after bad lines')
  })

  test('P1 P2 P3 P11 frames that arrive twice, and behind others that were sent later', async () => {
    const drill = await talk(4)
    const chance = seeded(44)
    const again = ['words', 'act', 'receipt', 'got', 'here']
    for (const { link } of drill.people)
      link.repeat = ({ frame }) => (again.includes(frame) && chance.below(3) === 0 ? chance.below(80) : null)
    await elapsed(4_000)
    await hold(drill, 'after repeated frames')
  })

  test('P1 P2 P3 P11 a browser sleeps for an hour: its words go out, and what was withdrawn meanwhile does not come in', async ({
    onTestFinished,
  }) => {
    const clock = join(newFolder(), 'clock')
    const drill = await talk(5, clock)
    const url = drill.lines[0]?.url ?? ''
    const seatOf = async (seat: string, party: string): Promise<SleeperSeat> => {
      return { url, token: await drill.tokenOf(seat), name: seat, party }
    }
    const sleeper = await openSleeper(clock)
    onTestFinished(() => sleeper.end())
    await drill.end()
    const readers = ['north', 'south', 'team', GUEST]
    const tracks = [{ id: TEXT, title: 'Plenary text', readers }]
    const seats = [await seatOf('south-adviser', 'south'), await seatOf('forum-observer', GUEST)]
    await drill.setLevel('edit')
    await sleeper.ask({ do: 'sit', seats, tracks })
    for (let words = 0; words < 10; words += 1) await sleeper.ask({ do: 'type', track: TEXT })
    await sleeper.ask({ do: 'rest' })
    drill.begin()
    await sleeper.ask({ do: 'type', track: TEXT })
    sleeper.stop()
    await elapsed(500)
    await drill.end()
    const began = performance.now()
    expect(await drill.setLevel('hidden')).toBe(true)
    // The one that sleeps says nothing, and is not waited for.
    expect(performance.now() - began).toBeLessThan(UNNOTICED_MS)
    await elapsed(UNNOTICED_MS)
    await jump(clock, HOUR, [drill.cluster.node(0).pid])
    sleeper.go()
    await sleeper.ask({ do: 'in-force', party: GUEST, track: TEXT })
    const awake = await sleeper.ask({ do: 'rest' })
    await elapsed(500)
    const rested = await sleeper.ask({ do: 'tell' })
    expect(rested.problems).toEqual([])
    const [adviser, guest] = rested.people
    expect(guest).toMatchObject({ tracks: [], texts: {} })
    for (const mark of awake.typed) drill.oracle.typed(mark)
    for (const mark of rested.givenBack) drill.oracle.givenBack(mark)
    expect(awake.typed.length).toBe(22)
    const own = awake.typed.filter((mark) => mark.includes('south-adviser'))
    drill.oracle.promised(own, 'acknowledged')
    await drill.finish('after sleep', { others: adviser ? [{ name: 'asleep', text: adviser.texts[TEXT] ?? '' }] : [] })
    expect(drill.oracle.problems).toEqual([])
  })
})

/** A lease and its margin, and a little: after it no node that did not hear of a withdrawal delivers. */
const FENCED_MS = 6_500
const NODES: ClusterOptions = { engine: 'redis', nodes: 2 }

describe.concurrent('several nodes on Redis', () => {
  test('P1 P2 P3 P11 a node stands still for thirty seconds; a withdrawal is in force meanwhile, on that node too', async () => {
    const drill = await talkOn(NODES, 6)
    await elapsed(1_000)
    // Of the guests one is on this node.
    drill.cluster.stop(1)
    const began = performance.now()
    await drill.end()
    await drill.back()
    await drill.letOutAndIn()
    expect(performance.now() - began).toBeLessThan(STOPPED_MS)
    drill.begin()
    await elapsed(Math.max(0, STOPPED_MS - (performance.now() - began)))
    drill.cluster.go(1)
    await drill.back()
    await hold(drill, 'after a node stood still')
  })

  test('P1 P2 P3 P11 a node is cut off from Redis, half-open and then for good; the others go on, and a withdrawal holds on it', async () => {
    const drill = await talkOn(NODES, 7)
    const [, line] = drill.cluster.redisLines
    await elapsed(1_000)
    line?.stall()
    await drill.letOutAndIn()
    await elapsed(FENCED_MS)
    line?.cut()
    await drill.letOutAndIn()
    line?.mend()
    await elapsed(3_000)
    await drill.back()
    await hold(drill, 'after a node was cut off')
  })

  test('P1 P2 P3 P11 Redis is killed, stands still, and comes back each time', async () => {
    const drill = await talkOn(NODES, 8)
    const { redis } = drill.cluster
    await elapsed(1_000)
    await redis.kill()
    await elapsed(2_000)
    await redis.startAgain()
    await elapsed(2_000)
    await drill.checkKept('after Redis was killed')
    redis.signal('SIGSTOP')
    await elapsed(FENCED_MS)
    redis.signal('SIGCONT')
    await elapsed(3_000)
    await drill.back()
    await hold(drill, 'after Redis stood still')
  })

  test('P1 P2 P3 P11 Redis dies and its replica takes its place', async () => {
    const drill = await talkOn({ ...NODES, replica: true }, 9)
    await elapsed(1_500)
    await drill.cluster.failOver()
    await elapsed(3_000)
    await drill.back()
    await drill.checkKept('after the failover')
    await hold(drill, 'after a failover')
  })
})

interface Sleeper {
  ask(what: ToSleeper): Promise<FromSleeper>
  stop(): void
  go(): void
  end(): void
}

async function openSleeper(clock: string): Promise<Sleeper> {
  const child = fork(join(import.meta.dirname, '../support/sleeper.ts'), { execArgv: clockFrom(clock) })
  const pid = child.pid ?? 0
  return {
    async ask(what) {
      const answer = once(child, 'message')
      child.send(what)
      return ((await answer) as [FromSleeper])[0]
    },
    stop: () => void process.kill(pid, 'SIGSTOP'),
    // Its clock went on while it slept.
    go: () => {
      process.kill(pid, 'SIGUSR2')
      process.kill(pid, 'SIGCONT')
    },
    end: () => void child.kill('SIGKILL'),
  }
}
