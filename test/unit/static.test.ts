import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { readConfig } from '#server/config.ts'
import { Outgoing } from '#server/files/outgoing.ts'
import { openHttp } from '#server/http/server.ts'
import { clientFiles } from '#server/http/static.ts'
import { alone } from '#server/nodes/alone.ts'
import { openTelemetry } from '#server/telemetry.ts'

const PAGE = '<!doctype html><title>Parley</title>'
const SCRIPT = 'export const words = 1'
let server: Server | null = null
const folders: string[] = []

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-client-'))
  folders.push(folder)
  return folder
}
function build(folder: string): void {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), PAGE)
  writeFileSync(join(folder, 'assets/main-abc.js'), SCRIPT)
  writeFileSync(join(folder, 'assets/main-abc.js.br'), brotliCompressSync(SCRIPT))
}

async function open(folder: string, environment: Record<string, string> = {}): Promise<number> {
  const config = readConfig(environment)
  if (!config.ok) throw new Error('no configuration')
  const telemetry = openTelemetry({ level: 'silent' })
  const opened = openHttp({
    config: config.value,
    telemetry,
    routes: new Map(),
    files: clientFiles(folder),
    clock: () => 0,
    outgoing: new Outgoing(alone),
  })
  server = opened
  await new Promise<void>((done) => opened.listen(0, '127.0.0.1', done))
  return (opened.address() as AddressInfo).port
}

/** Sends the path as it is: `fetch` would tidy it first. */
function ask(
  port: number,
  path: string,
  headers = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((done, failed) => {
    get({ port, host: '127.0.0.1', path, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      )
    }).on('error', failed)
  })
}

describe('client files', () => {
  test.each([
    '/',
    '/join',
    '/join/',
    '/r/AAAAAAAAAAAAAAAAAAAAAA/north-head/',
    '/r/AAAAAAAAAAAAAAAAAAAAAA/north-head?x',
  ])('O2 %s is the page of the room, asked for anew each time', async (path) => {
    const folder = newFolder()
    build(folder)
    const answer = await ask(await open(folder), path)
    expect([answer.status, answer.body.toString()]).toEqual([200, PAGE])
    expect(answer.headers['cache-control']).toBe('no-cache')
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
  })

  test('O2 the build’s own compression is served, for good', async () => {
    const folder = newFolder()
    build(folder)
    const port = await open(folder)
    const dense = await ask(port, '/assets/main-abc.js', { 'accept-encoding': 'br' })
    expect([dense.headers['content-encoding'], dense.body.equals(brotliCompressSync(SCRIPT))]).toEqual(['br', true])
    expect(dense.headers['cache-control']).toMatch(/immutable/)
    const plain = await ask(port, '/assets/main-abc.js')
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, SCRIPT])
  })

  test.each([
    '/none',
    '/assets/none.js',
    '/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/r/a',
    '/r/a/b/c',
    '/%00',
    '/%',
  ])('O2 P9 %s is not there', async (path) => {
    const folder = newFolder()
    build(folder)
    expect((await ask(await open(folder), path)).status).toBe(404)
  })

  test('O2 a small joining page of its own is served when the build has one', async () => {
    const folder = newFolder()
    build(folder)
    writeFileSync(join(folder, 'join.html'), 'join')
    const port = await open(folder)
    expect((await ask(port, '/join')).body.toString()).toBe('join')
    expect((await ask(port, '/')).body.toString()).toBe(PAGE)
  })

  test('O2 a server without a built client says so, and finds it once it is built', async () => {
    const folder = newFolder()
    const port = await open(folder)
    expect((await ask(port, '/')).status).toBe(503)
    build(folder)
    expect((await ask(port, '/')).body.toString()).toBe(PAGE)
  })

  test('G2 published under a name, the page may open its live line there and nowhere else; https is remembered', async () => {
    const folder = newFolder()
    build(folder)
    const { headers } = await ask(await open(folder, { PUBLIC_URL: 'https://talks.example.org' }), '/')
    expect(headers['content-security-policy']).toContain("connect-src 'self' wss://talks.example.org;")
    expect(headers['strict-transport-security']).toMatch(/max-age=\d{7,}/)
  })

  test('O2 a file that a newer build took away is answered as absent, and the server goes on', async () => {
    const folder = newFolder()
    build(folder)
    const port = await open(folder)
    expect((await ask(port, '/assets/main-abc.js')).status).toBe(200)
    rmSync(join(folder, 'assets'), { recursive: true })
    expect((await ask(port, '/assets/main-abc.js')).status).toBe(404)
    expect((await ask(port, '/join')).status).toBe(200)
  })
})
