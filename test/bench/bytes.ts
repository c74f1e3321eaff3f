import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import { clock, pause } from './clock.ts'
import { type Counting, countingProxy } from './counting.ts'
import { type Figure, round } from './figures.ts'
import { MeasuredServer } from './parts.ts'
import { digestOf } from './replica.ts'
import { TABLE, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/** What one typed character costs on the line: one person types, one character a frame, four read, all at the room's own client. */

const EVERY_MS = 100
const SEATS = ['team-0', 'north-0', 'south-0', 'north-1', 'south-1']

export const bytes: Workload = async ({ short }) => {
  const server = await MeasuredServer.start()
  const proxy = await countingProxy(server.url)
  try {
    const file = talks({ north: 2, south: 2, team: 1 }, [
      { id: 'plenary', size: { clauses: 5, length: 80 }, access: TABLE },
    ])
    const { tokens } = await server.talks(file)
    // One after another: the proxy's connections are in the order of the seats.
    const rooms: Room[] = []
    for (const seat of SEATS) rooms.push(await enterRoom({ url: proxy.url, token: tokens[seat] ?? '' }))
    return await measure(proxy, rooms, short ? { characters: 10, restMs: 300 } : { characters: 300, restMs: 2_000 })
  } finally {
    proxy.close()
    await server.end()
  }
}

interface Size {
  characters: number
  /** So long presence, acknowledgements of what was opened and the last frames take. */
  restMs: number
}

async function measure(proxy: Counting, rooms: Room[], { characters, restMs }: Size): Promise<Figure[]> {
  const texts = await Promise.all(rooms.map((room) => room.open('plenary')))
  const [typist] = texts
  const leaf = typist?.structure.articles[0]?.clauses[0]?.leaf
  if (!typist || !leaf) throw new Error('there is no clause to type in')
  await pause(restMs)
  const before = proxy.counts()
  const from = clock()
  for (let count = 0; count < characters; count += 1) {
    await typist.insert({ leaf, index: typist.text(leaf).length }, 'x')
    await pause(EVERY_MS)
  }
  await typist.saved()
  const seconds = (clock() - from) / 1000
  await pause(restMs)
  const after = proxy.counts()
  if (new Set(texts.map(({ doc }) => digestOf(doc))).size !== 1) throw new Error('the replicas did not end equal')
  await Promise.all(rooms.map((room) => room.close()))
  const each = after.map((count, index) => ({
    up: (count.up - (before[index]?.up ?? 0)) / characters,
    down: (count.down - (before[index]?.down ?? 0)) / characters,
  }))
  const [sender, ...readers] = each
  const mean = (way: 'up' | 'down') => readers.reduce((sum, reader) => sum + reader[way], 0) / readers.length
  const workload = `bytes: 1 types, ${readers.length} read`
  const of = (figure: string, value: number): Figure => ({ workload, figure, value: round(value), unit: 'B' })
  return [
    of('a character, its writer sends', sender?.up ?? Number.NaN),
    of('a character and its acknowledgement, its writer receives', sender?.down ?? Number.NaN),
    of('a character, each reader receives', mean('down')),
    of('a character, each reader sends (flow)', mean('up')),
    { workload, figure: 'characters a second', value: round(characters / seconds), unit: '' },
  ]
}
