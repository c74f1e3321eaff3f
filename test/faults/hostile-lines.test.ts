import { afterEach, expect, test, vi } from 'vitest'
import { encodeUp } from '#shared/protocol/frames.ts'
import { hello, openRaw, type RawSocket } from '../support/raw-socket.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire } from '../support/wire-client.ts'

/** Lines that are not what they seem, against a server in a process of its own. */

afterEach(cleanUp)

const ASK = 'a'.repeat(22)
const openPlenary = encodeUp({ frame: 'open', ask: ASK, track: 'plenary' } as never)

async function seated(server: StartedServer, token: string): Promise<RawSocket> {
  const raw = await openRaw(server.url)
  raw.write(hello({ protocol: 1, schema: 1, token }))
  await vi.waitFor(() => expect(raw.frames.length).toBeGreaterThan(1))
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
    expect(performance.now() - began).toBeLessThan(10_500)
  }
  clearInterval(asking)
  expect(most - before).toBeLessThan(readers.length * 5 * 1024 * 1024)
  await vi.waitFor(() => expect(typist.saved.size).toBe(new Set(typist.words()).size))
  wire.close()
})

test('G6 a reader that answers pings nobody sent is cut at once', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const { token } = await server.redeem(codes['north-head'] ?? '')
  const raw = await seated(server, token)
  raw.write('3')
  expect(await raw.closed).toBe('reset')
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
    raw.write(hello({ protocol: 1, schema: 1, token }))
    await vi.waitFor(() => expect(raw.frames.length).toBeGreaterThan(1), { interval: 3 })
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
