import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Contender } from './contenders.ts'
import { ownCost } from './cost.ts'
import { load } from './installed.ts'
import { listen } from './parts.ts'

/** A peer's server as its own documentation starts it, on loopback. What is used of its packages is typed here. */

export interface PeerSettings {
  contender: Contender
  folder: string
}

export async function peerServer(): Promise<void> {
  const { contender, folder } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as PeerSettings
  const start = SERVERS[contender]
  if (!start) throw new Error(`${contender} is no peer`)
  const address = await start(folder)
  listen({ ...ownCost(), address: async () => address })
}

const SERVERS: Partial<Record<Contender, (folder: string) => Promise<string>>> = {
  hocuspocus: () => hocuspocus([]),
  'hocuspocus-sqlite': async (folder) => {
    await keepStatements()
    const { SQLite } = await load<{ SQLite: new (options: object) => object }>('@hocuspocus/extension-sqlite')
    return hocuspocus([new SQLite({ database: join(folder, 'hocuspocus.db') })])
  },
  'y-websocket': yWebsocket,
  'y-socket.io': ySocketIo,
  'socket.io': bareSocketIo,
  ws: bareWs,
}

async function listening(http: Server): Promise<string> {
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready))
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

interface SqliteDatabase {
  prototype: { prepare(source: string): object }
}
/** A statement of better-sqlite3 12 that is collected ends the process in Node 24.19 and later: each is made once and kept. */
async function keepStatements(): Promise<void> {
  const { default: Database } = await load<{ default: SqliteDatabase }>('better-sqlite3')
  const { prepare } = Database.prototype
  const kept = new Map<string, object>()
  Database.prototype.prepare = function (source) {
    const statement = kept.get(source) ?? prepare.call(this, source)
    kept.set(source, statement)
    return statement
  }
}

interface Hocuspocus {
  listen(): Promise<unknown>
  readonly address: AddressInfo
}
async function hocuspocus(extensions: object[]): Promise<string> {
  const made = await load<{ Server: new (options: object) => Hocuspocus }>('@hocuspocus/server')
  const server = new made.Server({ port: 0, address: '127.0.0.1', quiet: true, stopOnSignals: false, extensions })
  await server.listen()
  return `http://127.0.0.1:${server.address.port}`
}

/** Its server is a program of its own, which takes its port from the environment and says nothing of a free one. */
async function yWebsocket(): Promise<string> {
  const probe = createServer()
  const address = await listening(probe)
  await new Promise((closed) => probe.close(closed))
  process.env['HOST'] = '127.0.0.1'
  process.env['PORT'] = new URL(address).port
  const say = console.log
  console.log = () => {}
  await load('@y/websocket-server/server')
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await fetch(address).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
    await new Promise((done) => setTimeout(done, 20))
  }
  console.log = say
  return address
}

interface Io {
  on(event: 'connection', listener: (socket: IoSocket) => void): void
}
interface IoSocket {
  on(event: string, listener: (body: never) => void): void
  join(room: string): void
  to(room: string): { emit(event: string, body: Uint8Array): void }
}
type IoServer = new (http: Server) => Io

async function ySocketIo(): Promise<string> {
  const http = createServer()
  const { Server: SocketIo } = await load<{ Server: IoServer }>('socket.io')
  const { YSocketIO } = await load<{ YSocketIO: new (io: Io) => { initialize(): void } }>('y-socket.io/dist/server')
  new YSocketIO(new SocketIo(http)).initialize()
  return listening(http)
}

async function bareSocketIo(): Promise<string> {
  const http = createServer()
  const { Server: SocketIo } = await load<{ Server: IoServer }>('socket.io')
  new SocketIo(http).on('connection', (socket) => {
    let room = ''
    socket.on('room', (name: string) => {
      room = name
      socket.join(name)
    })
    socket.on('u', (update: Uint8Array) => socket.to(room).emit('u', update))
  })
  return listening(http)
}

interface Ws {
  on(event: 'message', listener: (message: Buffer) => void): void
  on(event: 'close' | 'error', listener: () => void): void
  send(message: Buffer): void
}
interface WsServer {
  on(event: 'connection', listener: (socket: Ws, request: { url?: string }) => void): void
}

async function bareWs(): Promise<string> {
  const http = createServer()
  const { WebSocketServer } = await load<{ WebSocketServer: new (options: object) => WsServer }>('ws')
  const rooms = new Map<string, Set<Ws>>()
  new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (socket, { url = '' }) => {
    const room = rooms.get(url) ?? new Set()
    rooms.set(url, room.add(socket))
    socket.on('message', (message) => {
      for (const other of room) if (other !== socket) other.send(message)
    })
    socket.on('close', () => room.delete(socket))
    socket.on('error', () => room.delete(socket))
  })
  return listening(http)
}
