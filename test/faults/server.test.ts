import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parley } from '../support/command-line.ts'
import { cleanUp, PATIENT, post, SMALL_PROCESS, type StartedServer, startServer } from '../support/server.ts'
import { openWire } from '../support/wire-client.ts'

afterEach(cleanUp)

async function started(environment: Record<string, string> = {}): Promise<StartedServer> {
  return startServer({ environment })
}
const json = async (response: Response) => (await response.json()) as Record<string, unknown>

describe('a server alone', () => {
  test('O2 health, readiness and metrics are answered, with the headers of a closed house', async () => {
    const server = await started()
    const alive = await fetch(`${server.url}/healthz`)
    expect([alive.status, await json(alive)]).toEqual([200, { alive: true }])
    const ready = await fetch(`${server.url}/readyz`)
    expect([ready.status, await json(ready)]).toEqual([200, { ready: true }])
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/^parley_http_requests_total [2-9]$/m)
    const policy = alive.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).not.toMatch(/unsafe|\*|http:/)
    expect(alive.headers.get('x-content-type-options')).toBe('nosniff')
    expect(alive.headers.get('referrer-policy')).toBe('no-referrer')
    expect(alive.headers.get('cache-control')).toBe('no-store')
  })

  test('O2 metrics are for this machine and the operator', async () => {
    const server = await started()
    const proxied = { 'x-forwarded-for': '10.0.0.9' }
    expect((await fetch(`${server.url}/metrics`, { headers: proxied })).status).toBe(401)
  })

  test('O1 the start stops with every mistake of the environment', async () => {
    const start = startServer({ environment: { PORT: 'x', LOG_LEVEL: 'y' } })
    await expect(start).rejects.toThrow(/ended with 1:\nPORT: [^\n]+\nLOG_LEVEL: [^\n]+\n$/)
  })

  test('O1 a second server on one folder is turned away, and the first goes on', async () => {
    const server = await started()
    await expect(startServer({ folder: server.folder })).rejects.toThrow(/in use by/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  test('O3 the operator token is readable by its owner only, and nothing is done without it', async () => {
    const server = await started()
    expect(statSync(join(server.folder, 'operator-token')).mode & 0o777).toBe(0o600)
    for (const path of ['/api/processes', '/api/operator/seats', '/api/operator/backup', '/api/operator/invite']) {
      expect((await post(`${server.url}${path}`, SMALL_PROCESS)).status).toBe(401)
      const wrong = { authorization: `Bearer ${'x'.repeat(43)}` }
      expect((await post(`${server.url}${path}`, SMALL_PROCESS, wrong)).status).toBe(401)
    }
    expect(await json(await server.operator('/api/operator/processes', {}))).toEqual({ processes: [] })
  })

  test('P9 broken, oversized and misdirected requests get a typed refusal', async () => {
    const server = await started()
    const redeem = `${server.url}/api/invitations/redeem`
    const raw = (body: string) => fetch(redeem, { method: 'POST', body })
    const cases: [Promise<Response>, number, string][] = [
      [raw('{"code":'), 400, 'malformed'],
      [raw('[]'), 400, 'malformed'],
      [raw('{"code":7}'), 400, 'malformed'],
      [raw(JSON.stringify({ code: 'x'.repeat(10_000) })), 413, 'too-large'],
      [raw(JSON.stringify({ code: 'A'.repeat(22) })), 404, 'invitation-unknown'],
      [fetch(redeem), 405, 'method-not-allowed'],
      [fetch(`${server.url}/api/nothing`), 404, 'no-such-thing'],
      [post(redeem, { code: 'A'.repeat(22) }, { origin: 'http://evil.example' }), 403, 'foreign-origin'],
      [fetch(`${server.url}/api/session`, { method: 'DELETE' }), 401, 'session-ended'],
    ]
    for (const [asked, status, code] of cases) {
      const response = await asked
      expect([response.status, (await json(response))['code']]).toEqual([status, code])
    }
    expect((await fetch(`${server.url}//evil.example/api`)).status).toBeGreaterThanOrEqual(400)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  test('A1 who tries codes is slowed, and told for how long', async () => {
    const server = await started()
    const tries: Response[] = []
    while (tries.at(-1)?.status !== 429 && tries.length < 1000)
      tries.push(await post(`${server.url}/api/invitations/redeem`, { code: String(tries.length).padStart(22, 'A') }))
    expect(tries.length).toBeLessThan(200)
    const last = tries.at(-1)
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  test('P9 a half sent request is ended by its deadline', async () => {
    const server = await started()
    const { hostname, port } = new URL(server.url)
    const began = performance.now()
    const halves = [
      'GET /healthz HTTP/1.1\r\nHost: x\r\n',
      '',
      'POST /api/invitations/redeem HTTP/1.1\r\nHost: x\r\n',
    ].map((half) => {
      const socket = connect({ host: hostname, port: Number(port) })
      socket.write(half)
      return new Promise((done) => socket.on('error', done).on('close', done).resume())
    })
    await Promise.all(halves)
    expect(performance.now() - began).toBeLessThan(12_000)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })
})

describe('a process', () => {
  test('O3 a process file with mistakes makes nothing and names them all', async () => {
    const server = await started()
    const response = await server.operator('/api/processes', { ...SMALL_PROCESS, parties: [], charter: null })
    const body = await json(response)
    expect([response.status, body['code']]).toEqual([400, 'mistakes'])
    expect((body['mistakes'] as unknown[]).length).toBeGreaterThan(1)
    expect(await json(await server.operator('/api/operator/processes', {}))).toEqual({ processes: [] })
  })

  test('A1 a new process gives one invitation for each seat; each opens its own seat', async () => {
    const server = await started()
    const { process, codes } = await server.newProcess()
    expect(Object.keys(codes)).toEqual(SMALL_PROCESS.seats.map(({ id }) => id))
    expect(new Set(Object.values(codes)).size).toBe(SMALL_PROCESS.seats.length)
    for (const { id, party } of SMALL_PROCESS.seats) {
      const redeemed = await server.redeem(codes[id] ?? '')
      expect(redeemed).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/), seat: id, party, process })
      const wire = await openWire(server.url, { token: redeemed.token })
      expect(wire.view().me).toMatchObject({ seat: id, party, confined: false })
      wire.close()
    }
  })

  test('G2 a page elsewhere with a stolen cookie gets no connection', async () => {
    const server = await started()
    const { process, codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    const cookie = `parley-${process}-north-head=${token}`
    const named = { process, seat: 'north-head' }
    const ours = await openWire(server.url, named, { Origin: server.url, Cookie: cookie })
    expect(ours.view().me.seat).toBe('north-head')
    ours.close()
    await expect(openWire(server.url, named, { Origin: 'http://evil.example', Cookie: cookie })).rejects.toThrow()
    await expect(openWire(server.url, named, { Cookie: cookie })).rejects.toMatchObject({
      cause: { code: 'session-ended' },
    })
  })

  test('G5 a page from before is told to reload, before anything of the room is sent', async () => {
    const server = await started()
    const { codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    await expect(openWire(server.url, { token, protocol: 0 })).rejects.toMatchObject({
      cause: { code: 'outdated-client' },
    })
  })

  test('P1 no word, title, name, code or token is printed', async () => {
    const server = await started({ LOG_LEVEL: 'debug' })
    const { codes } = await server.newProcess()
    const { token } = await server.redeem(codes['north-head'] ?? '')
    await post(`${server.url}/api/invitations/redeem`, { code: codes['north-head'] })
    const wire = await openWire(server.url, { token })
    await wire.open('plenary')
    wire.close()
    await vi.waitFor(() => expect(server.output()).toContain('ready'), PATIENT)
    const secrets = [token, ...Object.values(codes), 'Ada North', 'ferry', 'Two Shores', 'plenary']
    for (const secret of secrets) expect(server.output()).not.toContain(secret)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    for (const secret of secrets) expect(metrics).not.toContain(secret)
    expect(metrics).toMatch(/^parley_appends_total [1-9]/m)
    expect(metrics).toMatch(/^parley_append_ms_count [1-9]/m)
  })
})

describe('the first start', () => {
  test('O4 makes the sample once and lets this machine into every seat of it, each apart from the others', async () => {
    const server = await started({ PARLEY_SAMPLE: 'on' })
    expect(server.output()).toMatch(/^ {2}Ilse Corvane \(tavira, head\)$/m)
    const page = await json(await fetch(`${server.url}/api/first-start`))
    expect(page).toMatchObject({ process: { title: 'Lake Maren Basin Talks' } })
    const seats = (page['seats'] as { id: string }[]).map(({ id }) => id)
    expect(seats.length).toBeGreaterThan(5)
    const open = (seat: string, headers: Record<string, string>) =>
      post(`${server.url}/api/first-start/open`, { seat }, headers)
    const cookies: string[] = []
    for (const seat of seats.slice(0, 3)) {
      const opened = await open(seat, { origin: server.url })
      expect(opened.status).toBe(200)
      cookies.push((opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '')
      const { process, address } = await json(opened)
      expect(address).toBe(`/r/${process}/${seat}/`)
      const named = { process: String(process), seat }
      const wire = await openWire(server.url, named, { Origin: server.url, Cookie: cookies.join('; ') })
      expect(wire.view().me).toMatchObject({ seat, confined: false })
      // Its people were here before the visitor.
      expect(wire.view().comments.length).toBeGreaterThan(2)
      wire.close()
    }
    expect(server.output()).not.toMatch(/do not fit|Error/)
    const again = await open(seats[0] ?? '', { origin: server.url, cookie: cookies.join('; ') })
    expect([again.status, again.headers.get('set-cookie')]).toEqual([200, null])
    for (const headers of [
      {},
      { origin: 'http://evil.example' },
      { origin: server.url, 'x-forwarded-for': '10.0.0.9' },
    ])
      expect((await open(seats[0] ?? '', headers)).status).toBe(404)
    expect((await open('nobody', { origin: server.url })).status).toBe(404)
    const { codes } = await server.newProcess()
    expect((await open('north-head', { origin: server.url })).status).toBe(404)
    expect((await server.redeem(codes['north-head'] ?? '')).seat).toBe('north-head')
    await server.end('SIGTERM')
    const later = await startServer({ folder: server.folder, environment: { PARLEY_SAMPLE: 'on' } })
    expect(later.output()).not.toContain('Ilse Corvane')
    expect(await json(await fetch(`${later.url}/api/first-start`))).toMatchObject({ process: page['process'] })
    const listed = await json(await later.operator('/api/operator/processes', {}))
    expect(listed['processes']).toHaveLength(2)
  })

  test('O4 a room of one’s own, and a room published under a name, have no such page', async () => {
    const own = await started()
    await own.newProcess()
    expect((await fetch(`${own.url}/api/first-start`)).status).toBe(404)
    const opened = await post(`${own.url}/api/first-start/open`, { seat: 'north-head' }, { origin: own.url })
    expect(opened.status).toBe(404)
    const published = await started({ PARLEY_SAMPLE: 'on', PUBLIC_URL: 'https://talks.example.org' })
    expect(published.url).toBe('https://talks.example.org')
    const { url } = JSON.parse(readFileSync(join(published.folder, 'running.json'), 'utf8'))
    expect((await fetch(`${url}/api/first-start`)).status).toBe(404)
    expect((await parley(published.folder, 'seats')).out).toContain('No process yet')
  })
})
