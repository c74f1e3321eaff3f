import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type ClauseId, parseOpaque, parseTrackId } from '#shared/ids.ts'
import { parley } from '../support/command-line.ts'
import { pdf } from '../support/files.ts'
import { cleanUp, newFolder, type StartedServer, startServer } from '../support/server.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

afterEach(cleanUp)

async function head(
  server: StartedServer,
): Promise<{ wire: WireClient; token: string; codes: Record<string, string> }> {
  const { codes } = await server.newProcess()
  const { token } = await server.redeem(codes['north-head'] ?? '')
  return { wire: await openWire(server.url, { token }), token, codes }
}

async function comment(wire: WireClient, words: string): Promise<void> {
  const opened = JSON.stringify(await wire.open('plenary'))
  const clause = parseOpaque<ClauseId>(/"clauses":\{"by":\{"([\w-]{1,40})"/.exec(opened)?.[1] ?? '')
  const track = parseTrackId('plenary')
  if (!clause || !track) throw new Error('no clause')
  const answer = await wire.act({ type: 'Comment', track, clause, words, audience: 'track' })
  if ('refusal' in answer) throw new Error(answer.refusal.code)
}
const words = (wire: WireClient) => wire.view().comments.map(({ words }) => words)

describe('a backup', () => {
  test('O7 is taken while the room is in use, and a restored room opens with everything', async () => {
    const server = await startServer()
    const { wire, token, codes } = await head(server)
    const before = Array.from({ length: 20 }, (_, number) => `before ${number}`)
    for (const said of before) await comment(wire, said)
    const attached = await fetch(`${server.url}/api/annexes?track=plenary&name=Map`, {
      method: 'POST',
      body: new Uint8Array(pdf('% the map')),
      headers: { authorization: `Bearer ${token}` },
    })
    const { made: annexes } = (await attached.json()) as { made: string[] }
    const file = join(newFolder(), 'copy.db')
    let talking = true
    const talk = (async () => {
      for (let number = 0; talking; number += 1) await comment(wire, `meanwhile ${number}`)
    })()
    const made = await parley(server.folder, 'backup', file, '--json')
    talking = false
    await talk
    expect([made.code, made.err]).toEqual([0, ''])
    expect(JSON.parse(made.out)).toEqual({ file, bytes: readFileSync(file).length, annexes: 1 })

    const folder = newFolder()
    const restored = await parley(folder, 'restore', file)
    expect([restored.code, restored.err]).toEqual([0, ''])
    const again = await startServer({ folder })
    const back = await openWire(again.url, { token })
    expect(words(back)).toEqual(expect.arrayContaining(before))
    expect('opened' in (await back.open('plenary'))).toBe(true)
    expect((await again.redeem(codes['south-head'] ?? '')).seat).toBe('south-head')
    const map = await fetch(`${again.url}/api/annexes/read`, {
      method: 'POST',
      body: JSON.stringify({ track: 'plenary', annex: annexes[0] }),
      headers: { authorization: `Bearer ${token}` },
    })
    expect(Buffer.from(await map.arrayBuffer()).equals(pdf('% the map'))).toBe(true)
    await comment(back, 'and on')
    expect(words(back)).toContain('and on')
    back.close()
    wire.close()
  })

  test('O7 an annex of the backup that was changed stops the restoring, and nothing is changed', async () => {
    const server = await startServer()
    const { wire, token } = await head(server)
    await fetch(`${server.url}/api/annexes?track=plenary&name=Map`, {
      method: 'POST',
      body: new Uint8Array(pdf()),
      headers: { authorization: `Bearer ${token}` },
    })
    const file = join(newFolder(), 'copy.db')
    await parley(server.folder, 'backup', file)
    wire.close()
    const [process = ''] = readdirSync(`${file}-annexes`)
    const [annex = ''] = readdirSync(join(`${file}-annexes`, process))
    writeFileSync(join(`${file}-annexes`, process, annex), 'another')
    const folder = newFolder()
    const restored = await parley(folder, 'restore', file)
    expect(restored.err).toMatch(/is not what was stored[\s\S]*Nothing was changed/)
    expect(readdirSync(folder)).toEqual([])
  })

  test('O7 restoring keeps the log that was there, and its newer words come back by restoring that', async () => {
    const server = await startServer()
    const { wire, token } = await head(server)
    await comment(wire, 'first')
    const file = join(newFolder(), 'copy.db')
    await parley(server.folder, 'backup', file)
    await comment(wire, 'second')
    expect((await parley(server.folder, 'restore', file)).err).toMatch(
      /in use by another server[\s\S]*Nothing was changed/,
    )
    await server.end('SIGKILL')
    const restored = JSON.parse((await parley(server.folder, 'restore', file, '--json')).out)
    const older = await startServer({ folder: server.folder })
    const back = await openWire(older.url, { token })
    expect(words(back)).toEqual(['first'])
    await older.end('SIGTERM')
    await parley(server.folder, 'restore', restored.kept)
    const newer = await startServer({ folder: server.folder })
    const forth = await openWire(newer.url, { token })
    expect(words(forth)).toEqual(['first', 'second'])
  })

  test('O7 a damaged or foreign file is refused and nothing is changed', async () => {
    const server = await startServer()
    const { wire, token } = await head(server)
    await comment(wire, 'kept')
    const file = join(newFolder(), 'copy.db')
    await parley(server.folder, 'backup', file)
    await server.end('SIGTERM')
    const before = readdirSync(server.folder).sort()
    const bytes = readFileSync(file)
    const damaged = join(newFolder(), 'damaged.db')
    const word = bytes.indexOf('"kept"')
    expect(word).toBeGreaterThan(0)
    bytes.write('k3pt', word + 1)
    writeFileSync(damaged, bytes)
    const foreign = join(newFolder(), 'foreign.db')
    writeFileSync(foreign, 'these are no talks')
    const empty = join(newFolder(), 'empty.db')
    writeFileSync(empty, '')
    for (const path of [damaged, foreign, empty, join(server.folder, 'none')]) {
      const ran = await parley(server.folder, 'restore', path)
      expect([path, ran.code]).toEqual([path, 1])
      expect(readdirSync(server.folder).sort()).toEqual(before)
    }
    const again = await startServer({ folder: server.folder })
    const back = await openWire(again.url, { token })
    expect(words(back)).toEqual(['kept'])
  })

  test('O7 a backup is never written over', async () => {
    const server = await startServer()
    const file = join(newFolder(), 'copy.db')
    writeFileSync(file, 'yesterday')
    const ran = await parley(server.folder, 'backup', file)
    expect([ran.code, readFileSync(file, 'utf8')]).toEqual([1, 'yesterday'])
  })
})
