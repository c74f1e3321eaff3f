import { availableParallelism } from 'node:os'
import { pause } from './clock.ts'
import { type Contender, isLimit, isParley } from './contenders.ts'
import type { Cost } from './cost.ts'
import type { Ended, Pace, Typed } from './crowd.ts'
import { Histogram } from './histogram.ts'
import type { Place } from './lines/line.ts'
import { MeasuredServer, type ServerOptions } from './measured.ts'
import type { Part } from './parts.ts'
import type { Opening, Reader } from './reals.ts'
import { EDITORS, TABLE, type TextSize, talks, wordsOf } from './talks.ts'

/** A server with texts and people before them: the same work, whoever's server it is. */

export interface Setting {
  texts: number
  /** Of each text. */
  people: number
  writers: number
  /** What each text says at first. */
  size: TextSize
}
export type Spot = Omit<Place, 'url'>

export interface Measured {
  typed: number
  /** Milliseconds. */
  seen: Histogram
  acked: Histogram
  expected: number
  delivered: number
  /** Milliseconds of the server's processor time while it was measured, and how late its loop was. */
  cpuMs: number
  lateP99: number
  seconds: number
  /** The share of a core that the busiest load process took. */
  loadCore: number
  sent: Float64Array[]
}

/** A text of a process of Parley's: so many share one. */
const TEXTS_A_PROCESS = 4

export class Stage {
  readonly server: MeasuredServer
  readonly spots: Spot[]
  #crowds: Part[] = []

  readonly #setting: Setting

  private constructor(server: MeasuredServer, spots: Spot[], setting: Setting) {
    this.server = server
    this.spots = spots
    this.#setting = setting
  }

  static async set(
    contender: Contender,
    setting: Setting,
    options: ServerOptions & { editors?: boolean } = {},
  ): Promise<Stage> {
    const server = await MeasuredServer.start({ ...options, contender })
    try {
      const spots = isParley(contender)
        ? await talksFor(server, setting, options.editors ? EDITORS : TABLE)
        : roomsFor(setting)
      return new Stage(server, spots, setting)
    } catch (cause) {
      await server.end()
      throw cause
    }
  }

  /** Everybody comes, in as many processes as the machine has cores beside the server's. */
  async enter(): Promise<void> {
    const { contender } = this.server
    const writer = isParley(contender) || isLimit(contender) ? null : await this.server.load('reals', {})
    const words = wordsOf(this.#setting.size)
    // Whoever wrote them stays until somebody else is there: some forget a text that nobody has open.
    for (const room of writer ? new Set(this.spots.map((spot) => spot.room)) : [])
      await writer?.ask('write', { room, words })
    await this.#enterAll()
    await writer?.end()
  }
  async #enterAll(): Promise<void> {
    const processes = Math.max(1, Math.min(4, availableParallelism() - 1))
    const share = Math.ceil(this.spots.length / processes)
    for (let from = 0; from < this.spots.length; from += share) {
      const crowd = await this.server.load('crowd', {})
      this.#crowds.push(crowd)
      await crowd.ask('enter', this.spots.slice(from, from + share))
    }
  }

  async measure(pace: Pace): Promise<Measured> {
    const mine = { ...pace, rate: pace.rate / this.#crowds.length }
    const typed = Promise.all(this.#crowds.map((crowd) => crowd.ask<Typed>('type', mine)))
    await pause(pace.warmUpMs)
    const before = await this.server.part.ask<Cost>('cost')
    await pause(pace.ms)
    const after = await this.server.part.ask<Cost>('cost')
    const all = await typed
    const sum = (of: (one: Typed) => number) => all.reduce((total, one) => total + of(one), 0)
    const together = (of: (one: Typed) => number[]) => all.reduce((times, one) => times.take(of(one)), new Histogram())
    return {
      typed: sum((one) => one.typed),
      seen: together((one) => one.seen),
      acked: together((one) => one.acked),
      expected: sum((one) => one.expected),
      delivered: sum((one) => one.delivered),
      cpuMs: after.cpuMs - before.cpuMs,
      lateP99: after.lateP99,
      seconds: pace.ms / 1000,
      loadCore: Math.max(...all.map(({ core }) => core)),
      sent: all.map(({ sent }) => sent),
    }
  }

  /** The first load process, for questions that are not about typing. */
  get crowd(): Part {
    const [first] = this.#crowds
    if (!first) throw new Error('nobody came')
    return first
  }
  /** What each person's line carried so far, in the order of `spots`. */
  async bytes(): Promise<{ up: number; down: number }[]> {
    return (await Promise.all(this.#crowds.map((crowd) => crowd.ask<{ up: number; down: number }[]>('bytes')))).flat()
  }
  async present(): Promise<number> {
    const counts = await Promise.all(this.#crowds.map((crowd) => crowd.ask<number>('count')))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /**
   * Everybody's replica, a real client's that was there (`readers`) and one that opens the text now are equal.
   * Throws when not. `rooms`: only of so many texts.
   */
  async expectEqual(readers: Part[] = [], rooms = 3): Promise<void> {
    const ended = (await Promise.all(this.#crowds.map((crowd) => crowd.ask<Ended[]>('ended')))).flat()
    for (const [text, of] of Map.groupBy(ended, (one) => one.text)) {
      if (new Set(of.flatMap(({ vectors }) => vectors)).size > 1) throw new Error(`the replicas of ${text} differ`)
    }
    if (isLimit(this.server.contender)) return
    const real = await this.server.load('reals', {})
    for (const { text, digest } of ended.slice(0, rooms)) {
      const spot = this.spots.find((one) => one.text === text)
      const opened = await real.ask<Opening>('open', { room: spot?.room ?? '', token: spot?.token } satisfies Reader)
      const there = await Promise.all(readers.map((reader) => reader.ask<string[]>('digests')))
      if (new Set([digest, opened.digest, ...there.flat()]).size > 1)
        throw new Error(`the replicas of ${text} did not end equal`)
    }
  }
  end(): Promise<void> {
    return this.server.end()
  }
}

function roomsFor({ texts, people, writers }: Setting): Spot[] {
  return Array.from({ length: texts * people }, (_, index) => ({
    room: `text${Math.floor(index / people)}`,
    text: `text${Math.floor(index / people)}`,
    token: '',
    index,
    writes: index % people < writers,
  }))
}

async function talksFor(
  server: MeasuredServer,
  { texts, people, writers, size }: Setting,
  access: typeof TABLE,
): Promise<Spot[]> {
  const spots: Spot[] = []
  for (let from = 0; from < texts; from += TEXTS_A_PROCESS) {
    const rooms = Array.from({ length: Math.min(TEXTS_A_PROCESS, texts - from) }, (_, at) => `text${at}`)
    const count = people * rooms.length
    const party = Math.ceil(count / 3)
    const seats = { north: party, south: party, team: Math.max(1, count - 2 * party) }
    const file = talks(
      seats,
      rooms.map((id) => ({ id, size, access })),
    )
    const { tokens } = await server.talks(file)
    // In turns of the parties, so that among few writers there are some of each.
    const order = Object.entries(tokens).sort(([a], [b]) => numberOf(a) - numberOf(b))
    for (const [at, [, token]] of order.slice(0, count).entries()) {
      const room = rooms[at % rooms.length] ?? ''
      spots.push({
        room,
        text: `${from} ${room}`,
        token,
        index: spots.length,
        writes: Math.floor(at / rooms.length) < writers,
      })
    }
  }
  return spots
}

const numberOf = (seat: string): number => Number(seat.split('-')[1])
