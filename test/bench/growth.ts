import { enterRoom } from '#client/room/index.ts'
import { clock } from './clock.ts'
import { isParley } from './contenders.ts'
import type { Cost } from './cost.ts'
import { median } from './figures.ts'
import { MeasuredServer } from './measured.ts'
import { progress } from './progress.ts'
import { Rows } from './rows.ts'
import { Stage } from './stage.ts'
import { TABLE, talks } from './talks.ts'
import type { Options, Workload } from './workloads.ts'

/** What an edit costs as its text's history grows, and what a process costs as it grows in tracks and seats. */

export const HISTORY = 'growth: an edit after so many edits of history'
export const PROCESS = 'growth: a process with so many tracks and seats'
const TYPISTS = 5
/** Who write the history: no one seat may leave so much with everybody in a short time. */
const HANDS = 6
const RATE = 100
/** Hocuspocus alone of the peers says when it has an edit. */
const ALSO = 'hocuspocus'

export const growth: Workload = async (options) => {
  const rows = new Rows(HISTORY)
  const { contenders } = options
  for (const contender of contenders.filter((one) => isParley(one) || one === ALSO)) {
    const setting = {
      texts: 1,
      people: TYPISTS + HANDS,
      writers: TYPISTS,
      size: { clauses: TYPISTS + HANDS, length: 20 },
    }
    const stage = await Stage.set(contender, setting, { profile: options.profile, editors: true })
    try {
      await stage.enter()
      let there = 0
      for (const edits of historiesFor(options)) {
        progress(`${HISTORY}: ${contender}, ${edits}`)
        await stage.crowd.ask('grow', { from: TYPISTS, letters: edits - there })
        there = edits
        const ms = options.short ? 300 : options.quick ? 3_000 : 10_000
        const measured = await stage.measure({ ms, warmUpMs: ms / 3, rate: RATE })
        if (measured.delivered !== measured.expected) throw new Error(`${contender} lost words of a long text`)
        rows.add(contender, { [nameOf(edits)]: [(measured.cpuMs * 1000) / measured.typed, 'us of the server'] })
      }
    } finally {
      await stage.end()
    }
  }
  return { rows: [...rows.all, ...(contenders.some(isParley) ? await processes(options) : [])] }
}

export const nameOf = (edits: number): string => `after ${edits.toLocaleString('en')}`
export const historiesFor = ({ short, quick }: Pick<Options, 'short' | 'quick'>): number[] =>
  short ? [100, 400] : quick ? [1_000, 10_000, 50_000] : [1_000, 10_000, 100_000, 1_000_000]

const SIZES = [
  { tracks: 10, seats: 50 },
  { tracks: 50, seats: 250 },
  { tracks: 200, seats: 1_000 },
]
const COMERS = 5

async function processes(options: Options) {
  const rows = new Rows(PROCESS)
  const sizes = options.quick ? SIZES.slice(0, 2) : SIZES
  for (const { tracks, seats } of options.short ? [{ tracks: 2, seats: 12 }] : sizes) {
    progress(`${PROCESS}: ${tracks} and ${seats}`)
    const server = await MeasuredServer.start({ profile: options.profile })
    try {
      rows.add('parley', await processCost(server, tracks, seats))
    } finally {
      await server.end()
    }
  }
  return rows.all
}

async function processCost(server: MeasuredServer, tracks: number, seats: number) {
  const party = Math.floor(seats / 3)
  const file = talks(
    { north: party, south: party, team: seats - 2 * party },
    Array.from({ length: tracks }, (_, at) => ({
      id: `track${at}`,
      size: { clauses: 3, length: 60 },
      access: TABLE,
    })),
  )
  const names = Array.from({ length: COMERS }, (_, at) => `team-${at}`).slice(0, Math.max(1, seats - 2 * party))
  const { tokens } = await server.talks(file, names)
  const entering: number[] = []
  const acting: number[] = []
  const rooms = []
  for (const name of names) {
    const from = clock()
    const room = await enterRoom({ url: server.url, token: tokens[name] ?? '' })
    entering.push(clock() - from)
    rooms.push(room)
  }
  const [actor] = rooms
  const before = await server.part.ask<Cost>('cost')
  for (let act = 0; act < COMERS * 2; act += 1) {
    const from = clock()
    await actor?.act({
      type: 'SetAccess',
      changes: [{ track: 'track0', party: 'north', level: act % 2 === 0 ? 'comment' : 'suggest' }],
    } as never)
    acting.push(clock() - from)
  }
  const after = await server.part.ask<Cost>('cost')
  await Promise.all(rooms.map((room) => room.close()))
  const at = `${tracks} tracks, ${seats.toLocaleString('en')} seats`
  return {
    [`entering, ${at}`]: [median(entering), 'ms'],
    [`an access change, ${at}`]: [median(acting), 'ms'],
    [`processor an access change with ${names.length} there, ${at}`]: [
      (after.cpuMs - before.cpuMs) / acting.length,
      'ms of the server',
    ],
  } satisfies Record<string, [number, string]>
}
