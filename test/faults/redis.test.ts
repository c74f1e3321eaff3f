import { cpSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Health, Log } from '#server/log/log.ts'
import { openRedisLog } from '#server/log/redis.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { bodiesOf, entryOf, frame, laneOf, P, TEXT } from '../contract/log-build.ts'
import { RedisServer } from '../support/redis.ts'

const logs: Log[] = []
const servers: RedisServer[] = []
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close()
  for (const server of servers.splice(0)) await server.end()
})

async function start(...settings: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...settings)
  servers.push(server)
  return server
}

async function open(url: string, onWarning?: (sentence: string) => void): Promise<Log> {
  const log = await openRedisLog({ url, probeMs: 20, ...(onWarning && { onWarning }) })
  logs.push(log)
  return log
}

const allOf = async (log: Log) => bodiesOf(await log.read(P, 0, 1_000_000))

/** Types into one log, many frames at once, until told to end. Gives what was acknowledged. */
function typing(log: Log): { acknowledged: string[]; end(): Promise<string[]> } {
  const acknowledged: string[] = []
  let isOn = true
  let count = 0
  const typists = Array.from({ length: 16 }, async () => {
    while (isOn) {
      const body = `words ${count++}`
      const outcome = await log.append(P, [entryOf(body)], {})
      if (outcome.ok) acknowledged.push(body)
      else await new Promise((done) => setTimeout(done, 20))
    }
  })
  return {
    acknowledged,
    async end() {
      isOn = false
      await Promise.all(typists)
      return acknowledged
    },
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((done) => setTimeout(done, 5))
}

/** Follows as a node does: forgets and follows anew when told. */
function reader(log: Log) {
  const read = { bodies: [] as string[], resets: 0, seqs: [] as number[] }
  const follow = async (): Promise<void> => {
    read.bodies = []
    read.seqs = []
    const reset = () => {
      read.resets++
      void follow().catch(() => setTimeout(() => void follow(), 50))
    }
    await log.follow(
      P,
      0,
      (entries) => {
        read.bodies.push(...bodiesOf(entries))
        read.seqs.push(...entries.map(({ seq }) => seq))
      },
      reset,
    )
  }
  return { read, follow }
}

/** A line to Redis on which, from `hang` on, those connections that wait for entries hang, and neither end is told. */
async function lineThatHangs(port: number): Promise<{ port: number; hang(): void; close(): void }> {
  const waiting = new Set<Socket>()
  const all = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      all.add(from)
      from.on('error', () => undefined).on('close', () => to.destroy())
      from.pipe(to)
    }
    near.on('data', (bytes) => bytes.includes('XREAD') && waiting.add(far))
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  return {
    port: (proxy.address() as AddressInfo).port,
    hang() {
      for (const far of waiting) far.unpipe().pause()
    },
    close() {
      for (const socket of all) socket.destroy()
      proxy.close()
    },
  }
}

describe.skipIf(!findRedisServer())('a Redis that fails', () => {
  test('P1.3 of what a Redis acknowledged nothing is lost or doubled when it is killed and starts again', async () => {
    const server = await start()
    const [log, other] = [await open(server.url), await open(server.url)]
    const { read, follow } = reader(other)
    await follow()
    const typed = typing(log)
    for (const more of [300, 600]) {
      const before = typed.acknowledged.length
      await until(() => typed.acknowledged.length > before + more)
      await server.kill()
      await server.startAgain()
    }
    const before = typed.acknowledged.length
    await until(() => typed.acknowledged.length > before + 100)
    const acknowledged = await typed.end()
    const kept = await allOf(log)
    expect(new Set(kept).size).toBe(kept.length)
    expect(acknowledged.filter((body) => !kept.includes(body))).toEqual([])
    await until(() => read.bodies.length === kept.length)
    expect(read.bodies).toEqual(kept)
    expect(read.resets).toBeGreaterThan(0)
    expect(log.health()).toEqual({ state: 'writable' })
  })

  test('L13 an append whose answer was lost with the line is answered once, and stands once', async () => {
    const server = await start()
    const log = await open(server.url)
    await log.follow(P, 0, () => undefined)
    const typed = typing(log)
    for (let cut = 0; cut < 15; cut++) {
      const before = typed.acknowledged.length
      await until(() => typed.acknowledged.length > before + 20)
      await server.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    }
    const acknowledged = await typed.end()
    const kept = await allOf(log)
    expect(kept.toSorted()).toEqual(acknowledged.toSorted())
  })

  test('L12 a Redis that comes back with less than it had shown makes every node forget and read anew', async () => {
    const server = await start()
    const [log, other] = [await open(server.url), await open(server.url)]
    const [here, there] = [reader(log), reader(other)]
    await Promise.all([here.follow(), there.follow()])
    await log.append(P, [entryOf('1'), entryOf('2')], {})
    cpSync(join(server.folder, 'appendonlydir'), join(server.folder, 'before'), { recursive: true })
    await log.append(P, [frame('lost', laneOf(0, 0, 5))], {})
    await until(() => there.read.bodies.length === 3)
    const { events } = await log.heads(P)
    await server.kill()
    rmSync(join(server.folder, 'appendonlydir'), { recursive: true })
    cpSync(join(server.folder, 'before'), join(server.folder, 'appendonlydir'), { recursive: true })
    await server.startAgain()
    // Decided on what was lost, and asked before the nodes know.
    const stale = await log.append(P, [entryOf('stale')], { events, documents: [{ id: TEXT, head: 3 }] })
    expect(stale).toMatchObject({ ok: false, refusal: { code: 'conflict' } })
    await until(() => here.read.resets === 1 && there.read.resets === 1)
    expect(await log.lane(P, TEXT, 5_000_000)).toBeNull()
    expect(await other.append(P, [entryOf('another 3')], { events: 2 })).toMatchObject({
      ok: true,
      value: { first: 3 },
    })
    await until(() => here.read.bodies.length === 3 && there.read.bodies.length === 3)
    expect(here.read.bodies).toEqual(['1', '2', 'another 3'])
    expect(there.read.bodies).toEqual(['1', '2', 'another 3'])
  })

  test('L8 a Redis that stands still is said to be unavailable, and is used again when it goes on', async () => {
    const server = await start()
    const log = await open(server.url)
    const health: Health[] = []
    log.onHealth((now) => health.push(now))
    await log.append(P, [entryOf('1')], {})
    server.signal('SIGSTOP')
    const lost = log.append(P, [entryOf('2')], {})
    await until(() => health.length === 1)
    expect(health).toEqual([{ state: 'not-writable', reason: 'unavailable' }])
    expect(await log.append(P, [entryOf('3')], {})).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
    await expect(log.read(P, 0, 10)).rejects.toThrow('reached')
    server.signal('SIGCONT')
    expect(await lost).toMatchObject({ ok: true, value: { first: 2 } })
    await until(() => log.health().state === 'writable')
    expect(await allOf(log)).toEqual(['1', '2'])
  })

  test('N5 a line that waits for entries and hangs, while the others answer, is given up, and the entries come', async () => {
    const server = await start()
    const narrow = await lineThatHangs(server.port)
    try {
      const [near, far] = [await open(server.url), await open(`redis://127.0.0.1:${narrow.port}`)]
      const { read, follow } = reader(far)
      await follow()
      await near.append(P, [entryOf('1')], {})
      await until(() => read.bodies.length === 1)
      narrow.hang()
      await near.append(P, [entryOf('2')], {})
      expect(await allOf(far)).toEqual(['1', '2'])
      await until(() => read.bodies.length === 2)
      expect(read.resets).toBe(0)
    } finally {
      narrow.close()
    }
  })

  test('L15 with a replica, what was acknowledged survives a failover, and nothing else was shown to anybody', async () => {
    const [first, second] = [await start(), await start()]
    await second.replicate(first)
    const url = `${first.url},${second.url}`
    const said: string[] = []
    const [log, other] = [await open(url, (sentence) => said.push(sentence)), await open(url)]
    const { read, follow } = reader(other)
    await follow()
    const typed = typing(log)
    await until(() => typed.acknowledged.length > 300 && read.bodies.length > 300)
    // The replica hears nothing more, and the first takes what nobody else has.
    second.signal('SIGSTOP')
    await new Promise((done) => setTimeout(done, 300))
    const [acknowledged, shown] = [[...typed.acknowledged], [...read.bodies]]
    await first.kill()
    second.signal('SIGCONT')
    await second.ask('REPLICAOF', 'NO', 'ONE')
    const before = typed.acknowledged.length
    await until(() => typed.acknowledged.length > before + 100)
    const all = await typed.end()
    const kept = await allOf(log)
    expect(new Set(kept).size).toBe(kept.length)
    expect([...acknowledged, ...shown, ...all].filter((body) => !kept.includes(body))).toEqual([])
    expect(kept.slice(0, shown.length)).toEqual(shown)
    await until(() => read.bodies.length === kept.length)
    expect(read.bodies).toEqual(kept)
    expect(read.resets).toBeGreaterThan(0)
    expect(said.at(-1)).toContain('in one place only')
    // The one that was left comes back as a master of its own, with less: nobody takes it for the log.
    await first.startAgain()
    const late = await open(url)
    expect(await allOf(late)).toEqual(kept)
  })

  test('L15 without its replica a Redis that had one acknowledges nothing, and says so', async () => {
    const [first, second] = [await start(), await start()]
    await second.replicate(first)
    const log = await open(first.url)
    await log.follow(P, 0, () => undefined)
    expect(await log.append(P, [entryOf('1')], {})).toMatchObject({ ok: true })
    await second.kill()
    let isAnswered = false
    const waiting = log.append(P, [entryOf('2')], {}).finally(() => {
      isAnswered = true
    })
    await until(() => log.health().state === 'not-writable')
    expect(isAnswered).toBe(false)
    await second.startAgain('--replicaof', `127.0.0.1 ${first.port}`)
    expect(await waiting).toMatchObject({ ok: true, value: { first: 2 } })
    await until(() => log.health().state === 'writable')
  })

  test('L8 a Redis that forgot our functions is given them again', async () => {
    const server = await start()
    const log = await open(server.url)
    await log.append(P, [entryOf('1')], {})
    await server.ask('FUNCTION', 'FLUSH')
    expect(await log.append(P, [entryOf('2')], {})).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
    await until(() => log.health().state === 'writable')
    expect(await log.append(P, [entryOf('3')], {})).toMatchObject({ ok: true, value: { first: 2 } })
  })

  test('L14 a Redis whose settings break a promise is named, setting by setting', async () => {
    const server = await start('--appendfsync', 'everysec', '--maxmemory-policy', 'allkeys-lru')
    const said: string[] = []
    await open(server.url, (sentence) => said.push(sentence))
    expect(said).toEqual([
      'Redis has appendfsync everysec, and it should be always: a power cut loses what was answered as saved.',
      'Redis has maxmemory-policy allkeys-lru, and it should be noeviction: Redis throws away texts when its memory is full.',
    ])
  })

  test('L14 a Redis that was emptied while in use is not written to as if nothing had happened', async () => {
    const server = await start()
    const log = await open(server.url)
    await log.append(P, [entryOf('1')], {})
    await server.ask('INCR', 'another')
    await server.ask('FLUSHALL')
    await until(() => log.health().state === 'not-writable')
    expect(await log.append(P, [entryOf('2')], {})).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
  })
})
