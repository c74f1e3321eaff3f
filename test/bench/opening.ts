import { median, quantile, round } from './figures.ts'
import { MeasuredServer } from './measured.ts'
import { TABLE, type TextSize, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/** 180 kB of words. */
export const LARGE: TextSize = { clauses: 400, length: 450 }
const TIMES = 20

/** A large text in a room where somebody has it open, at the room's own client: structure, words, and every clause composed. */
export const opening: Workload = async ({ short, profile }) => {
  const server = await MeasuredServer.start({ profile })
  try {
    const size = short ? { clauses: 20, length: 100 } : LARGE
    const file = talks({ north: 2, south: 1, team: 1 }, [{ id: 'plenary', size, access: TABLE }])
    const { tokens } = await server.talks(file)
    const warm = { track: 'plenary', tokens: [tokens['team-0']], rate: 1 }
    await server.load('rooms', warm)
    const readers = await server.load('rooms', { ...warm, tokens: [tokens['north-1']] })
    const taken = await readers.ask<number[]>('open', short ? 2 : TIMES)
    const workload = `opening: ${size.clauses} clauses`
    return {
      figures: [
        { workload, figure: 'words in the client, first time', value: round(taken[0] ?? Number.NaN), unit: 'ms' },
        { workload, figure: 'words in the client p50', value: round(median(taken)), unit: 'ms' },
        { workload, figure: 'words in the client p95', value: round(quantile(taken, 0.95)), unit: 'ms', target: 300 },
      ],
    }
  } finally {
    await server.end()
  }
}
