import { afterEach, expect, test, vi } from 'vitest'
import { PROTOCOL } from '#shared/protocol/version.ts'
import { hello, openRaw } from '../support/raw-socket.ts'
import { cleanUp, PATIENT, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire } from '../support/wire-client.ts'

afterEach(cleanUp)

test('G6 a reader that acknowledges nothing is closed with the reason, the typist waits for nobody, and it resumes', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const tokenOf = async (seat: string) => (await server.redeem(codes[seat] ?? '')).token
  const mediator = await openWire(server.url, { token: await tokenOf('mediator') })
  const text = await mediator.open('plenary')
  const token = await tokenOf('north-head')
  const silent = await openWire(server.url, { token })
  await silent.open('plenary')
  if ('refusal' in text) throw new Error(text.refusal.code)
  const typist = new Typist(mediator, text, 'm')
  const began = performance.now()
  const typing = setInterval(() => typist.type(), 5)
  expect(await silent.gone).toEqual({ code: 'unanswered' })
  expect(performance.now() - began).toBeLessThan(8_000)
  clearInterval(typing)
  expect(silent.frames().filter(({ frame }) => frame === 'text').length).toBeGreaterThan(0)
  expect(silent.bytes().length).toBeLessThan(256 * 1024)
  await vi.waitFor(() => expect(typist.saved.size).toBe(new Set(typist.words()).size), PATIENT)
  const back = await openWire(server.url, { token })
  const opened = await back.open('plenary')
  if ('refusal' in opened) throw new Error(opened.refusal.code)
  expect(new Typist(back, opened, 'reader').words().length).toBe(typist.saved.size)
  back.close()
  mediator.close()
})

test('G3 two thousand lines that say nothing are held off, the room goes on, and the server stays small', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const { token } = await server.redeem(codes['mediator'] ?? '')
  const wire = await openWire(server.url, { token })
  const text = await wire.open('plenary')
  if ('refusal' in text) throw new Error(text.refusal.code)
  const typist = new Typist(wire, text, 'm')
  const knocks = await Promise.all(Array.from({ length: 2000 }, () => openRaw(server.url, { from: '127.0.0.2' })))
  expect(knocks.filter(({ status }) => status === 101).length).toBeLessThanOrEqual(256)
  for (let count = 0; count < 50; count += 1) typist.type()
  await vi.waitFor(() => expect(typist.saved.size).toBe(50), PATIENT)
  const resident = Number(
    /^process_resident_memory_bytes (\d+)/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1],
  )
  expect(resident).toBeLessThan(400 * 1024 * 1024)
  for (const knock of knocks) knock.destroy()
  wire.close()
})

test('G1 P9 hostile bytes on a seated line leave no trace: another client sees nothing and the text is as it was', async () => {
  const server = await startServer()
  const { codes } = await server.newProcess()
  const tokens = await Promise.all(
    ['mediator', 'north-head'].map(async (seat) => (await server.redeem(codes[seat] ?? '')).token),
  )
  const watcher = await openWire(server.url, { token: tokens[0] ?? '' })
  await watcher.open('plenary')
  const before = watcher.bytes().length
  const view = JSON.stringify(watcher.view().tracks)
  for (let kind = 0; kind < 256; kind += 5) {
    const raw = await openRaw(server.url)
    raw.write(hello({ protocol: PROTOCOL, schema: 1, token: tokens[1] }))
    await vi.waitFor(() => expect(raw.frames.length).toBeGreaterThan(1), PATIENT)
    for (const body of [[], [0, 1, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], new Array(300).fill(255)])
      raw.write(Uint8Array.from([kind, ...body]))
    raw.destroy()
  }
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  const frames = watcher.frames().filter(({ frame }) => frame === 'text' || frame === 'opened')
  expect(frames).toHaveLength(1)
  expect(JSON.stringify(watcher.view().tracks)).toBe(view)
  expect(watcher.bytes().length).toBeLessThan(before + 64 * 1024)
  expect(server.output()).not.toMatch(/bug|failed/)
  watcher.close()
})
