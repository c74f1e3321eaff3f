import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Door } from '#server/access/door.ts'
import { readConfig } from '#server/config.ts'
import type { Delivery, Receiver, SharedFrame } from '#server/delivery/receiver.ts'
import { seatCookies } from '#server/http/cookies.ts'
import { machineTime } from '#server/machine.ts'
import { type Gateway, openGateway } from '#server/realtime/gateway.ts'
import { FRAMES } from '#server/realtime/limits.ts'
import { openTelemetry } from '#server/telemetry.ts'
import type { ProcessId, SeatId, SessionId } from '#shared/ids.ts'
import { ok, refuse } from '#shared/outcome.ts'
import { decodeDown, encodeDown, encodeUp, MAX_FRAME_UP, type Up } from '#shared/protocol/frames.ts'
import * as parser from '#shared/protocol/parser.ts'
import { PROTOCOL } from '#shared/protocol/version.ts'
import type { Refusal } from '#shared/refusals.ts'
import { hello, masked, openRaw } from '../support/raw-socket.ts'

/** The gateway alone, on a real port: delivery is the test itself, and one token opens. */

const TOKEN = 't'.repeat(43)
const PROCESS = 'p'.repeat(22) as ProcessId
const SEAT = 'head' as SeatId
const AUTH = { protocol: PROTOCOL, schema: 1, token: TOKEN }
const BIG = 256 * 1024

let url = ''
let gateway: Gateway
let entered: Receiver[] = []
let heard: Up[] = []
let left = 0
let misbehave = false
const clients: Socket[] = []
const http = { server: createServer() }

beforeEach(async () => {
  entered = []
  heard = []
  left = 0
  misbehave = false
  http.server = createServer((_request, response) => response.end('other'))
  const config = readConfig({ PORT: '0' })
  if (!config.ok) throw new Error('no configuration')
  const delivery: Delivery = {
    enter: async (_process, receiver) => {
      entered.push(receiver)
      return ok({
        receive(frame: Up) {
          if (misbehave) throw new Error('a bug in a handler')
          heard.push(frame)
        },
        left: () => {
          left += 1
        },
      })
    },
    drain: async () => {},
    endSession: () => {},
  }
  const viewer = { seat: SEAT, confined: false, session: 's'.repeat(22) as SessionId }
  const who = async (token: string) =>
    token === TOKEN ? ok({ running: { id: PROCESS }, viewer }) : refuse({ code: 'session-ended' })
  gateway = openGateway({
    http: http.server,
    config: config.value,
    door: { who } as unknown as Door,
    delivery,
    cookies: seatCookies(false),
    time: machineTime,
    telemetry: openTelemetry({ level: 'silent' }),
    draining: () => false,
    mayServe: () => true,
  })
  await new Promise<void>((done) => http.server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  gateway.close()
  http.server.closeAllConnections()
  await new Promise((done) => http.server.close(done))
})

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5000, interval: 5 })

function client(auth: object = AUTH, extraHeaders: Record<string, string> = {}): Socket {
  const socket = io(url, { parser, transports: ['websocket'], auth, reconnection: false, forceNew: true, extraHeaders })
  clients.push(socket)
  return socket
}

/** The refusal of a handshake, as the client sees it. */
const refusalOf = (socket: Socket) =>
  new Promise<Refusal | string>((done) => {
    socket.once('connect_error', (error) => done('data' in error ? (error.data as Refusal) : error.message))
    socket.once('connect', () => done('connected'))
  })

function framesOf(socket: Socket): Buffer[] {
  const frames: Buffer[] = []
  socket.on('f', (bytes: Uint8Array) => frames.push(Buffer.from(bytes)))
  return frames
}

const got = (bytes: number): Uint8Array<ArrayBuffer> => encodeUp({ frame: 'got', channel: 7, bytes })
const saving = encodeDown({ frame: 'saving', state: 'saving' })

describe('frames', () => {
  test('G1 frames pass both ways as they are, and one made for many reaches each alike', async () => {
    const one = client()
    const other = client()
    const frames = [framesOf(one), framesOf(other)]
    await until(() => entered.length === 2)
    one.emit('f', got(12))
    await until(() => heard.length === 1)
    expect(heard[0]).toEqual({ frame: 'got', channel: 7, bytes: 12 })
    for (const size of [3, 125, 126, 65_535, 65_536, 200_000]) {
      const shared: SharedFrame = { bytes: Uint8Array.from({ length: size }, (_, index) => (index === 0 ? 38 : index)) }
      for (const receiver of entered) {
        receiver.sendShared(shared)
        receiver.send(saving)
      }
      await until(() => frames.every((list) => list.length === 2))
      for (const list of frames) {
        const [first, second] = list.splice(0)
        expect(first?.equals(shared.bytes)).toBe(true)
        expect(second?.equals(saving)).toBe(true)
      }
    }
  })

  test('G1 what a client says before it is seated is heard, in order', async () => {
    const raw = await openRaw(url)
    raw.raw(Buffer.concat([masked(hello(AUTH))]))
    await until(() => raw.frames.some((frame) => frame[0] === 0))
    for (let number = 0; number < 5; number += 1) raw.write(got(number))
    await until(() => heard.length === 5)
    expect(heard.map((frame) => (frame.frame === 'got' ? frame.bytes : -1))).toEqual([0, 1, 2, 3, 4])
    raw.destroy()
  })
})

describe('the handshake', () => {
  test('G5 an old page, a newer one and one with another schema are told to reload; nothing is bound', async () => {
    for (const auth of [
      { ...AUTH, protocol: 0 },
      { ...AUTH, protocol: 99 },
      { ...AUTH, schema: 0 },
    ])
      expect(await refusalOf(client(auth))).toEqual({ code: 'outdated-client' })
    expect(await refusalOf(client({ protocol: 0, anything: 'that an old page sent' }))).toEqual({
      code: 'outdated-client',
    })
    expect(entered).toEqual([])
  })

  test('G5 P9 what is no greeting is refused by name', async () => {
    expect(await refusalOf(client({}))).toMatchObject({ code: 'malformed' })
    expect(await refusalOf(client({ ...AUTH, more: 1 }))).toMatchObject({ code: 'malformed' })
    expect(await refusalOf(client({ ...AUTH, token: 'x'.repeat(65) }))).toMatchObject({ code: 'malformed' })
    expect(await refusalOf(client({ ...AUTH, token: 'x'.repeat(43) }))).toEqual({ code: 'session-ended' })
    expect(await refusalOf(client({ protocol: PROTOCOL, schema: 1 }))).toEqual({ code: 'session-ended' })
    expect(entered).toEqual([])
  })

  test('G2 a foreign page gets no connection, whatever cookie or token it brings', async () => {
    const cookie = `parley-${PROCESS}-${SEAT}=${TOKEN}`
    for (const origin of ['http://evil.example', 'null', url.replace('127.0.0.1', 'localhost'), `${url}0`]) {
      const raw = await openRaw(url, { headers: { Origin: origin, Cookie: cookie } })
      expect([origin, raw.status === 101]).toEqual([origin, false])
      raw.destroy()
    }
    expect(entered).toEqual([])
  })

  test('G2 A5 the cookie of the named seat counts for a page of ours only', async () => {
    const named = { protocol: PROTOCOL, schema: 1, process: PROCESS, seat: SEAT }
    const cookie = `parley-${PROCESS}-${SEAT}=${TOKEN}`
    expect(await refusalOf(client(named, { Origin: url, Cookie: cookie }))).toBe('connected')
    expect(await refusalOf(client(named, { Cookie: cookie }))).toEqual({ code: 'session-ended' })
    expect(await refusalOf(client({ ...named, seat: 'other' }, { Origin: url, Cookie: cookie }))).toEqual({
      code: 'session-ended',
    })
  })

  test('G2 there is no polling and no second namespace', async () => {
    const polling = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
    expect(polling.status).toBe(400)
    const raw = await openRaw(url)
    raw.write('40/admin,{}')
    expect(await raw.closed).toBeTruthy()
    expect(entered).toEqual([])
  })

  test('G3 a second greeting on one line cuts it', async () => {
    const raw = await openRaw(url)
    raw.raw(Buffer.concat([masked(hello(AUTH)), masked(hello(AUTH))]))
    await raw.closed
    expect(entered.length).toBeLessThanOrEqual(1)
  })

  test('G3 a line that says nothing is closed after five seconds', async () => {
    const raw = await openRaw(url)
    const began = performance.now()
    await raw.closed
    expect(performance.now() - began).toBeGreaterThan(4_000)
    expect(performance.now() - began).toBeLessThan(8_000)
  })

  test('G3 two thousand that knock from one address are held off, and somebody from another gets in', async () => {
    const knocks = await Promise.all(Array.from({ length: 2000 }, () => openRaw(url, { from: '127.0.0.2' })))
    expect(knocks.filter(({ status }) => status === 101)).toHaveLength(256)
    expect(await refusalOf(client())).toBe('connected')
    for (const knock of knocks) knock.destroy()
    await until(() => entered.length === 1)
    const again = await openRaw(url, { from: '127.0.0.2' })
    await until(() => again.status === 101)
    again.destroy()
  })
})

describe('P9 hostile frames', () => {
  const hostile: [string, Uint8Array | string, Refusal['code'] | null][] = [
    ['bytes that are no frame', Uint8Array.from([200, 1, 2]), 'malformed'],
    ['a frame of the other direction', Uint8Array.from(saving), 'malformed'],
    ['half a frame', got(5).subarray(0, 2), 'malformed'],
    ['JSON of another shape', Uint8Array.from([16, 2, 123, 125]), 'malformed'],
    ['a frame that is too large', new Uint8Array(MAX_FRAME_UP + 1).fill(20), 'too-large'],
    ['a message that no frame can be', new Uint8Array(300_001).fill(20), null],
    ['a text message', '42["f"]', null],
    ['a packet of the parser', Uint8Array.from([3, 91, 93]), null],
  ]
  test.each(hostile)('G1 P9 %s ends its own connection, with the reason, and no other', async (_name, bytes, code) => {
    const good = client()
    await until(() => entered.length === 1)
    const raw = await openRaw(url)
    raw.write(hello(AUTH))
    await until(() => entered.length === 2)
    raw.write(bytes)
    await until(() => left === 1)
    if (code) await until(() => raw.frames.some((frame) => decodeDown(frame)?.frame === 'bye'))
    const last = raw.frames.map((frame) => decodeDown(frame)).findLast((frame) => frame !== null)
    if (code) expect(last).toMatchObject({ frame: 'bye', refusal: { code } })
    raw.write(got(9))
    good.emit('f', got(1))
    await until(() => heard.length === 1)
    expect(heard).toEqual([{ frame: 'got', channel: 7, bytes: 1 }])
    raw.destroy()
  })

  test('G1 P9 an ask that is malformed is answered by its name, and the connection stays', async () => {
    const good = client()
    const frames = framesOf(good)
    await until(() => entered.length === 1)
    const ask = 'a'.repeat(22)
    good.emit('f', encodeUp({ frame: 'act', ask, command: { type: 'NoSuchCommand' } } as unknown as Up))
    await until(() => frames.length === 1)
    expect(decodeDown(frames[0] ?? new Uint8Array())).toMatchObject({
      frame: 'refused',
      ask,
      refusal: { code: 'malformed' },
    })
    good.emit('f', got(1))
    await until(() => heard.length === 1)
  })

  test('G1 P9 a bug behind a frame cuts that connection and leaves the server and the others', async () => {
    const good = client()
    const bad = client()
    const gone = new Promise((done) => bad.once('disconnect', done))
    await until(() => entered.length === 2)
    misbehave = true
    bad.emit('f', got(1))
    await gone
    misbehave = false
    good.emit('f', got(2))
    await until(() => heard.length === 1)
  })

  test('G4 a flood of tiny frames ends the connection with the reason', async () => {
    const raw = await openRaw(url)
    raw.write(hello(AUTH))
    await until(() => entered.length === 1)
    const tiny = masked(got(1))
    raw.raw(Buffer.concat(Array.from({ length: 100_000 }, () => tiny)))
    await until(() => left === 1)
    expect(heard.length).toBeLessThan(10_000)
    raw.destroy()
  })

  test('G4 who sends faster than allowed is slowed, and nothing is lost or out of order', async () => {
    const raw = await openRaw(url)
    raw.write(hello(AUTH))
    await until(() => entered.length === 1)
    const count = FRAMES.burst + FRAMES.perSecond
    const began = performance.now()
    for (let number = 0; number < count; number += 1) raw.write(got(number))
    await vi.waitFor(() => expect(heard.length).toBe(count), { timeout: 10_000 })
    expect(heard.every((frame, index) => frame.frame === 'got' && frame.bytes === index)).toBe(true)
    raw.write(got(count))
    await vi.waitFor(() => expect(heard.length).toBe(count + 1), { timeout: 10_000 })
    expect(performance.now() - began).toBeGreaterThan(500)
    raw.destroy()
  })
})

describe('cutting', () => {
  test('G6 P2 after a reset nothing that was written and not yet received arrives', async () => {
    const raw = await openRaw(url)
    raw.write(hello(AUTH))
    await until(() => entered.length === 1)
    raw.stop()
    const frame = new Uint8Array(BIG).fill(38)
    for (let sent = 0; sent < 12; sent += 1) entered[0]?.send(frame)
    await new Promise((done) => setTimeout(done, 100))
    entered[0]?.reset()
    await until(() => left === 1)
    raw.resume()
    await raw.closed
    const whole = raw.frames.filter((bytes) => bytes.length === BIG).length
    expect(whole).toBeLessThan(12)
    const before = raw.frames.length
    entered[0]?.send(saving)
    await new Promise((done) => setTimeout(done, 50))
    expect(raw.frames.length).toBe(before)
  })

  test('G6 a reader that takes nothing off its line is cut before it fills the memory', async () => {
    const raw = await openRaw(url)
    raw.write(hello(AUTH))
    await until(() => entered.length === 1)
    raw.stop()
    const frame = { bytes: new Uint8Array(8 * 1024).fill(38) }
    let sent = 0
    while (left === 0 && sent < 20_000) {
      entered[0]?.sendShared(frame)
      sent += 1
      if (sent % 64 === 0) await new Promise(setImmediate)
    }
    expect(left).toBe(1)
    expect(sent * frame.bytes.length).toBeLessThan(32 * 1024 * 1024)
    raw.resume()
    await raw.closed
  })

  test('G6 a goodbye comes after what was written before it, and the line closes', async () => {
    const good = client()
    const frames = framesOf(good)
    const gone = new Promise((done) => good.once('disconnect', done))
    await until(() => entered.length === 1)
    entered[0]?.send(saving)
    entered[0]?.close({ code: 'session-ended' })
    entered[0]?.send(saving)
    await gone
    expect(frames.map((bytes) => decodeDown(bytes)?.frame)).toEqual(['saving', 'bye'])
  })
})
