import { connect } from 'node:net'
import { setPriority } from 'node:os'
import type { BracketId, LeafId, TrackId } from '#shared/ids.ts'
import type { Opened } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import { PROTOCOL } from '#shared/protocol/version.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { type Deeds, Line, newAsk } from './hostile-line.ts'
import { masked } from './raw-socket.ts'
import { rawUpdate, typed } from './raw-update.ts'

/**
 * Ten people who do their worst, in a process of their own: each comes back at once when it is sent away. Started by `fork`;
 * is told by messages whom to be and when to stop, and then says what became of it.
 */

export interface Orders {
  url: string
  /** One token a person; each has an attack of its own. */
  tokens: string[]
}
const TRACK = 'plenary' as TrackId
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Its own bracket in the first clause, and the lane to write in it. */
async function ownBracket(line: Line): Promise<{ opened: Opened; leaf: LeafId } | null> {
  const opened = await line.open(TRACK)
  if (!opened) return null
  const structure = unpack(opened.structure) as unknown as StructureView
  const clause = structure.articles[0]?.clauses[0]
  const bracket = `b${Math.random().toString(36).slice(2)}`.padEnd(22, 'x').slice(0, 22) as BracketId
  if (!clause) return null
  const { id, leaf: host } = clause
  await line.ask((ask) => {
    return {
      frame: 'act',
      ask,
      command: { type: 'OpenBracket', kind: 'insert', track: TRACK, bracket, clause: id, host, after: null },
    }
  })
  return { opened, leaf: bracket as string as LeafId }
}

type Attack = (line: Line) => Promise<void>

const tiny: Attack = async (line) => {
  while (line.isOpen) {
    for (let count = 0; count < 200; count++) line.send({ frame: 'got', channel: count, bytes: count })
    await line.keepUp()
  }
}

/** As much as an update may hold, one after another without waiting. */
const pastes: Attack = async (line) => {
  const own = await ownBracket(line)
  if (!own) return
  const { channel, lane } = own.opened
  const words = 'we do not agree. '.repeat(3_800)
  for (let number = 0; line.isOpen; number++) {
    const clock = number * words.length
    const place = number === 0 ? { root: own.leaf } : { left: [lane.client, clock - 1] as const }
    const update = rawUpdate([{ client: lane.client, clock, structs: [typed(words, place)] }])
    line.send({ frame: 'words', channel, number, update })
    await line.keepUp()
  }
}

/** 500 characters, each at the start, and all the 500 before them deleted one by one. */
const deletes: Attack = async (line) => {
  const own = await ownBracket(line)
  if (!own) return
  const { channel, lane } = own.opened
  for (let number = 0; line.isOpen; number++) {
    const clock = number * 1_000
    const structs = Array.from({ length: 500 }, (_, row) => {
      const first = row === 0 && number === 0
      return typed('xy', first ? { root: own.leaf } : { right: [lane.client, Math.max(0, clock + row * 2 - 2)] })
    })
    const before = clock - 1_000
    const ranges = Array.from({ length: 500 }, (_, row) => [before + row * 2, 1] as const)
    const update = rawUpdate([{ client: lane.client, clock, structs }], number > 0 ? [[lane.client, ranges]] : [])
    line.send({ frame: 'words', channel, number, update })
    await line.keepUp()
  }
}

const opening: Attack = async (line) => {
  while (line.isOpen) {
    for (let count = 0; count < 20; count++) line.send({ frame: 'open', ask: newAsk(), track: TRACK })
    await line.keepUp()
  }
}

const BIG_TEXT = {
  title: 'x',
  articles: [{ title: 'y', clauses: Array.from({ length: 4_000 }, () => 'A clause of words.') }],
}
const hash = 'f'.repeat(64) as never
const clause = 'no-such-clause' as never
const changes = Array.from({ length: 500 }, () => ({ track: TRACK, party: 'south' as never, level: 'read' as const }))
const COSTLY = [
  { type: 'OpenTrack', title: 'z', kind: 'group', access: {}, text: BIG_TEXT },
  { type: 'SetAccess', changes },
  { type: 'AgreeClause', track: TRACK, clause, hash },
  { type: 'TakePosition', track: TRACK, clause, hash, position: 'accept' },
  { type: 'AcceptBracket', track: TRACK, bracket: 'b'.repeat(22) as never },
  { type: 'AddDevice' },
] as const
const refused: Attack = async (line) => {
  while (line.isOpen) {
    for (const command of COSTLY) line.send({ frame: 'act', ask: newAsk(), command: command as never })
    await line.keepUp()
  }
}

const previews: Attack = async (line) => {
  while (line.isOpen) {
    const party = 'north' as never
    line.send({ frame: 'look', ask: newAsk(), look: { type: 'PreviewAs', party, changes } })
    line.send({ frame: 'look', ask: newAsk(), look: { type: 'PreviewText', party, track: TRACK } })
    await line.keepUp()
  }
}

const comments: Attack = async (line) => {
  const opened = await line.open(TRACK)
  if (!opened) return
  const structure = unpack(opened.structure) as unknown as StructureView
  const named = structure.articles[0]?.clauses[0]?.id
  if (!named) return
  const words = 'No. '.repeat(2_000)
  while (line.isOpen) {
    const command = { type: 'Comment', track: TRACK, clause: named, words, audience: 'track' } as const
    line.send({ frame: 'act', ask: newAsk(), command })
    await line.keepUp()
  }
}

/** Comes, and goes as soon as it is in. */
const storm: Attack = async (line) => {
  await Promise.race([line.open(TRACK), pause(100)])
  line.close()
}

/** Opens the text, writes one character, leaves, and comes back under another id. */
const lanes: Attack = async (line) => {
  const own = await ownBracket(line)
  if (!own) return
  let opened: Opened | null = own.opened
  while (line.isOpen && opened) {
    const { lane, channel } = opened
    const update = rawUpdate([{ client: lane.client, clock: 0, structs: [typed('x', { root: own.leaf })] }])
    line.send({ frame: 'words', channel, number: 0, update })
    line.send({ frame: 'leave', channel })
    opened = await line.open(TRACK)
  }
}

/** Frames and headers of which the rest never comes; from many lines at once. */
async function halves({ url }: Orders, token: string, deeds: Deeds, isOver: () => boolean): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const upgrade = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  const greeting = masked(
    Uint8Array.from([0, ...Buffer.from(JSON.stringify({ protocol: PROTOCOL, schema: 1, token }))]),
  )
  const whole = masked(new Uint8Array(100_000).fill(20))
  const beginnings = [
    Buffer.from('GET / HT'),
    Buffer.from(upgrade),
    Buffer.concat([Buffer.from(upgrade), greeting, whole.subarray(0, 50_000)]),
    Buffer.from('POST /api/invitations/redeem HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{"code":'),
  ]
  while (!isOver()) {
    const sockets = beginnings.flatMap((beginning) =>
      Array.from({ length: 30 }, () => {
        const socket = connect({ host: hostname, port: Number(port) })
        socket.on('error', () => undefined)
        socket.on('close', () => (deeds.ended += 1))
        socket.write(beginning)
        deeds.sent += 1
        return socket
      }),
    )
    await pause(1_000)
    for (const socket of sockets) socket.destroy()
  }
}

const ATTACKS: Record<string, Attack | typeof halves> = {
  tiny,
  pastes,
  deletes,
  opening,
  refused,
  previews,
  comments,
  storm,
  lanes,
  halves,
}

async function attack(name: string, orders: Orders, token: string, isOver: () => boolean): Promise<Deeds> {
  const deeds: Deeds = { attack: name, sent: 0, taken: 0, refused: 0, ended: 0 }
  if (name === 'halves') {
    await halves(orders, token, deeds, isOver)
    return deeds
  }
  while (!isOver()) {
    const line = await Line.dial(orders.url, token, deeds)
    if (!line) {
      await pause(50)
      continue
    }
    const doing = (ATTACKS[name] as Attack)(line)
    while (!isOver() && line.isOpen) await pause(20)
    line.close()
    line.isOpen = false
    await Promise.race([doing, pause(500)])
  }
  return deeds
}

function main(): void {
  // The load of ten machines is not to take the processor of the one that is measured.
  setPriority(19)
  let isOver = false
  process.on('message', (orders: Orders | 'stop') => {
    if (orders === 'stop') isOver = true
    else
      void Promise.all(
        Object.keys(ATTACKS).map((name, index) => attack(name, orders, orders.tokens[index] ?? '', () => isOver)),
      ).then((deeds) => process.send?.(deeds))
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}
if (process.argv[1] === import.meta.filename && process.send) main()
