import { connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { encodeUp } from '#shared/protocol/frames.ts'
import { PROTOCOL } from '#shared/protocol/version.ts'
import { hello, openRaw, type RawSocket } from '../support/raw-socket.ts'
import { cleanUp, PATIENT, type StartedServer, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire } from '../support/wire-client.ts'

/** Lines that are not what they seem, against a server in a process of its own. */

afterEach(cleanUp)

const ASK = 'a'.repeat(22)
const openPlenary = encodeUp({ frame: 'open', ask: ASK, track: 'plenary' } as never)

async function seated(server: StartedServer, token: string): Promise<RawSocket> {
  const raw = await openRaw(server.url)
  raw.write(hello({ protocol: PROTOCOL, schema: 1, token }))
  await vi.waitFor(() => expect(raw.frames.length).toBeGreaterThan(1), PATIENT)
  return raw
}

async function figuresOf({ url }: StartedServer): Promise<{ resident: number; sockets: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1])
  return { resident: figure('process_resident_memory_bytes'), sockets: figure('parley_sockets') }
}

test('G6 readers that stop reading are closed within ten seconds and hold little, whatever they were sent', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const tokenOf = async (seat: string) => (await server.redeem(codes[seat] ?? '')).token
  const wire = await openWire(server.url, { token: await tokenOf('mediator') })
  const opened = await wire.open('plenary')
  if ('refusal' in opened) throw new Error(opened.refusal.code)
  const typist = new Typist(wire, opened, 'm')
  const token = await tokenOf('north-head')
  // One hears nothing that it would have to acknowledge; the others have the text open, and ask on and on.
  const idle = await seated(server, token)
  const readers = await Promise.all(Array.from({ length: 10 }, () => seated(server, token)))
  await new Promise((done) => setTimeout(done, 500))
  const before = (await figuresOf(server)).resident
  for (const raw of [idle, ...readers]) raw.stop()
  const asking = setInterval(() => {
    for (const raw of readers) for (let count = 0; count < 20; count++) raw.write(openPlenary)
    typist.type()
  }, 20)
  const began = performance.now()
  let most = before
  for (let open = readers.length + 2; open > 1; ) {
    await new Promise((done) => setTimeout(done, 100))
    const figures = await figuresOf(server)
    open = figures.sockets
    most = Math.max(most, figures.resident)
    expect(performance.now() - began).toBeLessThan(12_000)
  }
  clearInterval(asking)
  expect(most - before).toBeLessThan(readers.length * 5 * 1024 * 1024)
  await vi.waitFor(() => expect(typist.saved.size).toBe(new Set(typist.words()).size), PATIENT)
  wire.close()
})

test('G6 a reader that answers pings nobody sent is cut at once', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const { token } = await server.redeem(codes['north-head'] ?? '')
  const raw = await seated(server, token)
  raw.write('3')
  expect(await raw.closed).toBe('reset')
  // Before any ping was sent.
  expect(raw.frames.map(String)).not.toContain('2')
  expect((await figuresOf(server)).sockets).toBe(0)
})

test('G3 one seat has 48 connections and so many greetings a minute; another seat gets in', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const { token } = await server.redeem(codes['north-head'] ?? '')
  const other = await server.redeem(codes['south-head'] ?? '')
  const kept: RawSocket[] = []
  const tally = { seated: 0, refused: 0 }
  for (let count = 0; count < 150; count++) {
    const raw = await openRaw(server.url)
    kept.push(raw)
    raw.write(hello({ protocol: PROTOCOL, schema: 1, token }))
    await vi.waitFor(() => expect(raw.frames.length).toBeGreaterThan(1), { interval: 3, timeout: 15_000 })
    // CONNECT_ERROR of our parser.
    const isRefused = raw.frames.some((frame) => frame[0] === 4)
    tally[isRefused ? 'refused' : 'seated'] += 1
    if (isRefused) raw.destroy()
  }
  expect(tally).toEqual({ seated: 24, refused: 126 })
  const wire = await openWire(server.url, { token: other.token })
  wire.close()
  for (const raw of kept) raw.destroy()
})

/** A plain connection that sends `text` and waits; resolves with how long it lived. */
function silent(url: string, from: string, text: string): Promise<number> {
  const { hostname, port } = new URL(url)
  const began = performance.now()
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  socket.write(text)
  return new Promise((done) =>
    socket
      .on('error', () => undefined)
      .on('close', () => done(performance.now() - began))
      .resume(),
  )
}

test('G3 of a thousand plain connections that say nothing or half a request most are closed at once, the rest in seconds', async () => {
  const server = await startServer()
  const halves = ['', 'GET / HTTP/1.1\r\nHost: x\r\n', 'G']
  const lives = Promise.all(
    Array.from({ length: 1_000 }, (_, index) => silent(server.url, '127.0.0.2', halves[index % 3] ?? '')),
  )
  await new Promise((done) => setTimeout(done, 500))
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  const all = await lives
  expect(all.filter((lived) => lived < 2_000).length).toBeGreaterThanOrEqual(480)
  expect(Math.max(...all)).toBeLessThan(9_000)
})

test('G8 behind a trusted proxy each address has its own limits, whatever a client writes into the header', async () => {
  const server = await startServer({ environment: { TRUST_PROXY: '127.0.0.1' } })
  const knock = (forwarded: string) => openRaw(server.url, { headers: { 'X-Forwarded-For': forwarded } })
  const knocks = await Promise.all(Array.from({ length: 300 }, (_, n) => knock(`203.0.113.${n % 200}, 198.51.100.1`)))
  expect(knocks.filter(({ status }) => status === 101)).toHaveLength(256)
  expect(new Set(knocks.map(({ status }) => status))).toEqual(new Set([101, 429]))
  const [other, same] = [await knock('198.51.100.2'), await knock('198.51.100.2, 198.51.100.1')]
  expect([other.status, same.status]).toEqual([101, 429])
  // Who comes past the proxy is who it is.
  const past = await openRaw(server.url, { from: '127.0.0.2', headers: { 'X-Forwarded-For': '198.51.100.1' } })
  expect(past.status).toBe(101)
  for (const raw of [...knocks, other, same, past]) raw.destroy()
})
