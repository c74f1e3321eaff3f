import { BYTES } from './bytes.ts'
import { COLD, COLD_MADE } from './cold.ts'
import type { Contender } from './contenders.ts'
import { isLimit } from './contenders.ts'
import { BUSY, LIGHT, MANY } from './contests.ts'
import { type Figure, round } from './figures.ts'
import { HISTORY, nameOf } from './growth.ts'
import { CONNECTIONS, TEXTS } from './idle.ts'
import { CROWD_50, CROWD_200 } from './overload.ts'
import { REPLAY, REPLAY_MADE } from './replays.ts'
import { find, middleOf, type Row } from './rows.ts'

/** What Parley, which has every word on disk before anyone sees it, is to reach against the peers' defaults of the same run. */

const PEERS: Contender[] = ['hocuspocus', 'hocuspocus-sqlite', 'y-websocket', 'y-socket.io']
const COST = 'processor a delivered word'

/** `limit`: Parley's figure may be at most so many times the other's; for rates, the other's at most so many times Parley's. */
interface Target {
  workload: string
  figure: string
  against: Contender | 'the best peer'
  better: 'less' | 'more'
  limit: number
}
const TARGETS: Target[] = [
  { workload: CROWD_50, figure: 'words taken', against: 'hocuspocus', better: 'more', limit: 3.5 },
  { workload: CROWD_50, figure: 'words taken', against: 'y-websocket', better: 'more', limit: 10 },
  { workload: CROWD_50, figure: 'words taken', against: 'y-socket.io', better: 'more', limit: 30 },
  { workload: CROWD_200, figure: 'words taken', against: 'the best peer', better: 'more', limit: 2 },
  { workload: BUSY, figure: COST, against: 'hocuspocus', better: 'less', limit: 0.6 },
  { workload: BUSY, figure: COST, against: 'the best peer', better: 'less', limit: 0.75 },
  { workload: MANY, figure: COST, against: 'hocuspocus', better: 'less', limit: 0.85 },
  { workload: MANY, figure: COST, against: 'the best peer', better: 'less', limit: 1.05 },
  { workload: LIGHT, figure: 'seen by others p50', against: 'the best peer', better: 'less', limit: 2 },
  { workload: LIGHT, figure: 'seen by others p95', against: 'the best peer', better: 'less', limit: 2 },
  { workload: CONNECTIONS, figure: 'heap and external', against: 'hocuspocus', better: 'less', limit: 1.5 },
  { workload: TEXTS, figure: 'heap and external', against: 'hocuspocus', better: 'less', limit: 2 },
  ...[COLD, COLD_MADE].flatMap((workload): Target[] => [
    { workload, figure: 'after kill and restart', against: 'hocuspocus-sqlite', better: 'less', limit: 0.3 },
    { workload, figure: 'bytes down', against: 'hocuspocus-sqlite', better: 'less', limit: 0.6 },
  ]),
  ...[REPLAY, REPLAY_MADE].map(
    (workload): Target => ({
      workload,
      figure: 'processor of the server',
      against: 'the best peer',
      better: 'less',
      limit: 0.75,
    }),
  ),
  { workload: BYTES, figure: 'its writer sends', against: 'y-websocket', better: 'less', limit: 1 },
  { workload: BYTES, figure: 'its writer receives', against: 'y-websocket', better: 'less', limit: 1 },
  { workload: BYTES, figure: 'each reader receives', against: 'y-websocket', better: 'less', limit: 1 },
]
/** Fixed, whoever else there is. */
const FIXED: { workload: string; figure: string; limit: number }[] = [
  { workload: BUSY, figure: 'seen by others p95', limit: 50 },
  { workload: BUSY, figure: 'seen by others p50', limit: 25 },
  { workload: BUSY, figure: 'acknowledged p95', limit: 50 },
]
const GROWN_AT_MOST = 1.3

export function judged(rows: Row[]): Figure[] {
  return [
    ...TARGETS.flatMap((target) => ratio(rows, target)),
    ...FIXED.flatMap((of) => fixed(rows, of)),
    ...grown(rows),
  ]
}

function ratio(rows: Row[], { workload, figure, against, better, limit }: Target): Figure[] {
  const ours = find(rows, workload, 'parley', figure)
  const peers = against === 'the best peer' ? PEERS : [against]
  const theirs = peers
    .filter((peer) => !isLimit(peer))
    .flatMap((peer) => find(rows, workload, peer, figure) ?? [])
    .map(middleOf)
  if (!ours || theirs.length === 0) return []
  const other = better === 'less' ? Math.min(...theirs) : Math.max(...theirs)
  const named = `${figure}, times ${against}`
  const value = round(middleOf(ours) / other)
  return [
    { workload, figure: named, value, unit: 'x', ...(better === 'less' ? { target: limit } : { atLeast: limit }) },
  ]
}

function fixed(rows: Row[], { workload, figure, limit }: (typeof FIXED)[number]): Figure[] {
  const ours = find(rows, workload, 'parley', figure)
  return ours ? [{ workload, figure, value: middleOf(ours), unit: ours.unit, target: limit }] : []
}

function grown(rows: Row[]): Figure[] {
  const of = rows.filter(({ workload, contender }) => workload === HISTORY && contender === 'parley')
  const first = of.find(({ figure }) => figure === nameOf(1_000))
  const last = of.at(-1)
  if (!first || !last || first === last) return []
  const figure = `an edit ${last.figure}, times ${first.figure}`
  return [
    { workload: HISTORY, figure, value: round(middleOf(last) / middleOf(first)), unit: 'x', target: GROWN_AT_MOST },
  ]
}
