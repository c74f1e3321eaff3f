import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ClauseId, parseOpaque, parseTrackId } from '#shared/ids.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

afterEach(cleanUp)

async function seated(server: StartedServer, seats: string[]): Promise<WireClient[]> {
  const { codes } = await server.newProcess()
  return Promise.all(
    seats.map(async (seat) => openWire(server.url, { token: (await server.redeem(codes[seat] ?? '')).token })),
  )
}
const ready = async (server: StartedServer) => (await fetch(`${server.url}/readyz`)).status

describe('SIGTERM', () => {
  test('O5 everyone is told to come back, in a spread, and the server is gone within ten seconds with code 0', async () => {
    const server = await startServer()
    const wires = await seated(server, ['north-head', 'north-adviser', 'south-head', 'south-adviser', 'mediator'])
    const times: number[] = []
    const goodbyes = wires.map((wire) =>
      wire.gone.then((refusal) => {
        times.push(performance.now())
        return refusal
      }),
    )
    const began = performance.now()
    const code = server.end('SIGTERM')
    await vi.waitFor(async () => expect(await ready(server)).toBe(503), { timeout: 15_000, interval: 5 })
    for (const refusal of await Promise.all(goodbyes))
      expect(refusal).toEqual({ code: 'draining', retryAfterMs: expect.any(Number) })
    expect(await code).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(20)
    expect(existsSync(join(server.folder, 'running.json'))).toBe(false)
  })

  test('O5 while it leaves nobody new comes in', async () => {
    const server = await startServer()
    const { codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    const staying = await openWire(server.url, { token })
    const code = server.end('SIGTERM')
    await vi.waitFor(async () => expect(await ready(server)).toBe(503), { timeout: 15_000, interval: 5 })
    await expect(openWire(server.url, { token })).rejects.toMatchObject({ cause: { code: 'draining' } })
    await staying.gone
    expect(await code).toBe(0)
  })

  test('O5 with nobody there it is gone at once; a second signal never waits', async () => {
    const idle = await startServer()
    const began = performance.now()
    expect(await idle.end('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(5_000)
    const busy = await startServer()
    await seated(busy, ['north-head', 'north-adviser', 'south-head', 'mediator'])
    const first = busy.end('SIGTERM')
    await vi.waitFor(async () => expect(await ready(busy)).toBe(503), { timeout: 15_000, interval: 5 })
    const second = performance.now()
    await busy.end('SIGINT')
    await first
    expect(performance.now() - second).toBeLessThan(3_000)
  })

  test('O5 P1 what was answered before the goodbye is there after the next start', async () => {
    const server = await startServer()
    const { codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    const wire = await openWire(server.url, { token })
    const clause = clauseIn(await wire.open('plenary'))
    let answered = 0
    const talking = (async () => {
      for (let number = 0; ; number += 1) {
        const answer = await wire.act({
          type: 'Comment',
          track: parseTrackId('plenary') ?? fail(),
          clause: parseOpaque<ClauseId>(clause) ?? fail(),
          words: `comment ${number}`,
          audience: 'track',
        })
        if ('refusal' in answer) return answer.refusal
        answered += 1
      }
    })()
    await vi.waitFor(() => expect(answered).toBeGreaterThan(20), { timeout: 5000 })
    expect(await server.end('SIGTERM')).toBe(0)
    expect(await talking).toMatchObject({ code: expect.stringMatching(/unanswered|draining/) })
    const again = await startServer({ folder: server.folder })
    const after = await openWire(again.url, { token })
    const kept = new Set(after.view().comments.map(({ words }) => words))
    for (let number = 0; number < answered; number += 1) expect(kept).toContain(`comment ${number}`)
    expect(kept.size - answered).toBeLessThanOrEqual(1)
    after.close()
  })
})

function fail(): never {
  throw new Error('no such id')
}
/** The first clause of a packed structure. */
function clauseIn(text: unknown): string {
  const found = /"clauses":\{"by":\{"([\w-]{1,40})"/.exec(JSON.stringify(text))?.[1]
  return found ?? fail()
}
