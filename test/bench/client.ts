import { pause } from './clock.ts'
import type { Typed } from './crowd.ts'
import { type Figure, quantile, round } from './figures.ts'
import type { Part } from './parts.ts'
import type { RoomsTyped } from './rooms.ts'
import { Stage } from './stage.ts'
import type { Workload } from './workloads.ts'

/** People at the room's own client, as the screens use it, among a crowd of raw frames. */

const RATE = 5
const OWN = 3

export const client: Workload = async ({ short, seconds, profile, people: most }) => {
  const people = short ? 6 : most
  const size = { clauses: 100, length: 300 }
  const stage = await Stage.set('parley', { texts: 1, people, writers: people, size }, { profile })
  try {
    // The first of each party, so that some suggest and some edit.
    const own = stage.spots.splice(0, OWN)
    await stage.enter()
    const tokens = own.map(({ token }) => token)
    const rooms = await stage.server.load('rooms', { track: own[0]?.room, tokens, rate: RATE })
    const time = short ? { ms: 600, warmUpMs: 300 } : { ms: seconds * 1000, warmUpMs: 4_000 }
    const typing = rooms.ask<RoomsTyped>('type', time)
    const measured = await stage.measure({ ...time, rate: RATE * (people - OWN), tellsSent: true })
    const { saved, seen } = await typing
    await expectEqual(stage, rooms)
    const workload = `client: ${OWN} at the room's own client among ${people}`
    const of = (figure: string, value: number): Figure => ({ workload, figure, value: round(value), unit: 'ms' })
    const inRooms = timesOf(measured.sent, seen)
    if (inRooms.length === 0) throw new Error(`${workload}: nobody saw anything`)
    return {
      figures: [
        of("seen in the room's own client p50", quantile(inRooms, 0.5)),
        of("seen in the room's own client p95", quantile(inRooms, 0.95)),
        of("saved in the room's own client p50", quantile(saved, 0.5)),
        of("saved in the room's own client p95", quantile(saved, 0.95)),
      ],
    }
  } finally {
    await stage.end()
  }
}

const SETTLE_TRIES = 50

/** The rooms may hear the last words a little later than the crowd. */
async function expectEqual(stage: Stage, rooms: Part): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await stage.expectEqual([rooms])
    } catch (cause) {
      if (tries === SETTLE_TRIES) throw cause
      await pause(100)
    }
  }
}

/** What the crowd typed and the rooms had: joined by client id and clock. */
function timesOf(sent: Typed['sent'][], seen: Float64Array): number[] {
  const typedAt = new Map<string, number>()
  for (const words of sent)
    for (let index = 0; index < words.length; index += 3)
      typedAt.set(`${words[index]}.${words[index + 1]}`, words[index + 2] as number)
  const taken: number[] = []
  for (let index = 0; index < seen.length; index += 3) {
    const at = typedAt.get(`${seen[index]}.${seen[index + 1]}`)
    if (at !== undefined) taken.push((seen[index + 2] as number) - at)
  }
  return taken
}
