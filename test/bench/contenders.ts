import { bareWsLine } from './lines/bare-ws.ts'
import { hocuspocusLine } from './lines/hocuspocus.ts'
import type { Line, Place } from './lines/line.ts'
import { bareSocketIoLine, ySocketIoLine } from './lines/socket-io.ts'
import { yWebsocketLine } from './lines/y-websocket.ts'

/** Those who are measured on the same work. */

export type Contender =
  | 'parley'
  | 'parley-redis'
  | 'hocuspocus'
  | 'hocuspocus-sqlite'
  | 'y-websocket'
  | 'y-socket.io'
  | 'socket.io'
  | 'ws'

export interface Kind {
  /** As the table calls it. */
  title: string
  /** Durable before anyone sees it; durable some time after; in memory; no server of texts at all. */
  keeps: 'first' | 'later' | 'nothing' | 'not even in memory'
  connect(place: Place): Promise<Line>
}

/** Parley's line is loaded when needed: it brings Parley's own Yjs with it. */
const parley = async (place: Place): Promise<Line> => (await import('./lines/parley.ts')).parleyLine(place)

export const CONTENDERS: Record<Contender, Kind> = {
  parley: { title: 'Parley', keeps: 'first', connect: parley },
  'parley-redis': { title: 'Parley with Redis', keeps: 'first', connect: parley },
  hocuspocus: { title: 'Hocuspocus', keeps: 'nothing', connect: hocuspocusLine },
  'hocuspocus-sqlite': { title: 'Hocuspocus with SQLite', keeps: 'later', connect: hocuspocusLine },
  'y-websocket': { title: 'y-websocket', keeps: 'nothing', connect: yWebsocketLine },
  'y-socket.io': { title: 'y-socket.io', keeps: 'nothing', connect: ySocketIoLine },
  'socket.io': { title: 'bare Socket.IO', keeps: 'not even in memory', connect: bareSocketIoLine },
  ws: { title: 'bare ws', keeps: 'not even in memory', connect: bareWsLine },
}

export const isParley = (contender: Contender): boolean => contender.startsWith('parley')
export const isLimit = (contender: Contender): boolean => CONTENDERS[contender].keeps === 'not even in memory'
