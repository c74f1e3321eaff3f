import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room } from '#client/room/room.ts'
import { LEASE_MS, MARGIN_MS } from '#server/nodes/nodes.ts'
import type { TrackId } from '#shared/ids.ts'
import { Balancer } from '../support/balancer.ts'
import { RedisServer } from '../support/redis.ts'
import { cleanUp, type Redeemed, type StartedServer, startServer } from '../support/server.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/** Real servers on one real Redis: any of them serves any seat. */

const PLENARY = 'plenary' as TrackId

let redis: RedisServer
let rooms: Room[] = []
let frozen: number[] = []
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.end())
afterEach(async () => {
  for (const pid of frozen) process.kill(pid, 'SIGCONT')
  frozen = []
  await Promise.all(rooms.map((room) => room.close()))
  rooms = []
  await cleanUp()
  await redis.ask('FLUSHALL')
})

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
const startNode = (url = redis.url): Promise<StartedServer> => startServer({ environment: { REDIS_URL: url } })

async function until(is: () => boolean, what: string, ms = 15_000): Promise<void> {
  const end = performance.now() + ms
  while (!is()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await wait(20)
  }
}

/** Nodes, one process, and everybody's token: each invitation was opened at another node in turn. */
async function open(count: number, url = redis.url) {
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(url)))
  const first = nodes[0] as StartedServer
  const { codes } = await first.newProcess()
  const tokens: Record<string, Redeemed> = {}
  for (const [index, [seat, code]] of Object.entries(codes).entries())
    tokens[seat] = await (nodes[index % count] as StartedServer).redeem(code)
  const enter = async (node: StartedServer, seat: string): Promise<{ room: Room; text: OpenText }> => {
    const room = await enterRoom({ url: node.url, token: tokens[seat]?.token ?? '' })
    rooms.push(room)
    return { room, text: await room.open(PLENARY) }
  }
  return { nodes: nodes as [StartedServer, StartedServer, ...StartedServer[]], tokens, enter }
}

/** Tries until the node takes it. */
async function comesBack(node: StartedServer, token: string | undefined): Promise<WireClient> {
  for (let tries = 0; tries < 50; tries++) {
    const back = await openWire(node.url, { token: token ?? '' }).catch(() => null)
    if (back) return back
    await wait(200)
  }
  throw new Error('the node takes nobody')
}

/** Reads, says what it got, and closes a view it is told to close. */
async function reads(node: StartedServer, token: string | undefined): Promise<WireClient> {
  const reader = await openWire(node.url, { token: token ?? '' })
  let got = 0
  reader.onFrame((frame, size) => {
    if (frame.frame === 'withdrawn') reader.send({ frame: 'receipt', withdrawal: frame.withdrawal })
    if (frame.frame === 'text') {
      got += size
      reader.send({ frame: 'got', channel: frame.channel, bytes: got })
    }
  })
  await reader.open(PLENARY)
  return reader
}

const firstClause = (text: OpenText) => {
  const clause = text.structure.articles[0]?.clauses[0]
  if (!clause) throw new Error('no clause')
  return clause
}

const hide = { type: 'SetAccess', changes: [{ track: PLENARY, party: 'south', level: 'hidden' }] } as never

describe('several nodes', () => {
  test('P11 N6 any node serves any seat, and all see one text', async () => {
    const { nodes, enter } = await open(3)
    const people = await Promise.all(
      ['mediator', 'north-head', 'south-head'].map((seat, nth) => enter(nodes[nth] as StartedServer, seat)),
    )
    const clause = firstClause((people[0] as { text: OpenText }).text).id
    for (const [nth, { text }] of people.entries()) {
      await text.insert({ leaf: firstClause(text).leaf, index: 3 }, ` w${nth}`)
      await text.saved()
    }
    const seen = () => people.map(({ text }) => text.plain(clause))
    await until(() => seen().every((words) => /w0/.test(words) && words.includes('w1') && words.includes('w2')), 'all')
    expect(new Set(seen()).size).toBe(1)
  })

  test('P2 N4 a withdrawal at one node: after its answer not one byte of the text goes to a reader at another', async () => {
    const { nodes, tokens, enter } = await open(2)
    const mediator = await enter(nodes[0], 'mediator')
    const reader = await reads(nodes[1], tokens['south-head']?.token)
    const leaf = firstClause(mediator.text).leaf
    let isTyping = true
    const typing = (async () => {
      while (isTyping) {
        await mediator.text.insert({ leaf, index: 3 }, 'x')
        await wait(5)
      }
    })()
    await wait(300)
    await mediator.room.act(hide)
    const had = reader.bytes().length
    await wait(500)
    isTyping = false
    await typing
    expect(reader.bytes().length).toBe(had)
    reader.close()
  })

  test('P2 N5 a node that stands still holds a withdrawal up no longer than its lease and the margin, and serves nobody when it wakes', async () => {
    const { nodes, tokens, enter } = await open(2)
    const [here, there] = nodes
    const mediator = await enter(here, 'mediator')
    const reader = await reads(there, tokens['south-head']?.token)
    process.kill(there.pid, 'SIGSTOP')
    frozen.push(there.pid)
    const asked = performance.now()
    await mediator.room.act(hide)
    expect(performance.now() - asked).toBeLessThan(LEASE_MS + MARGIN_MS + 500)
    await mediator.text.insert({ leaf: firstClause(mediator.text).leaf, index: 3 }, 'secret')
    await mediator.text.saved()
    await wait(LEASE_MS)
    const had = reader.bytes().length
    process.kill(there.pid, 'SIGCONT')
    frozen = []
    expect(await reader.gone).toBeNull()
    expect(reader.bytes().length).toBe(had)
    for (const node of [here, there]) {
      const back = await comesBack(node, tokens['south-head']?.token)
      expect(JSON.stringify(back.view())).not.toContain('Plenary text')
      back.close()
    }
  })

  test('N4 a node that was killed holds nobody up longer than its lease, and its people go on elsewhere', async () => {
    const { nodes, tokens, enter } = await open(2)
    const mediator = await enter(nodes[0], 'mediator')
    await enter(nodes[1], 'south-head')
    await nodes[1].end('SIGKILL')
    const asked = performance.now()
    await mediator.room.act(hide)
    expect(performance.now() - asked).toBeLessThan(LEASE_MS + MARGIN_MS + 500)
    const again = await enterRoom({ url: nodes[0].url, token: tokens['north-head']?.token ?? '' })
    rooms.push(again)
    expect(await again.open(PLENARY)).toBeTruthy()
  })

  test('N11 L15 nodes that name a Redis and its replica go on when the replica takes over: no word is lost, and a withdrawal is in force', async () => {
    const [first, second] = [await RedisServer.start(), await RedisServer.start()]
    try {
      await second.replicate(first)
      const { nodes, tokens, enter } = await open(2, `${first.url},${second.url}`)
      const [mediator, north] = [await enter(nodes[0], 'mediator'), await enter(nodes[1], 'north-head')]
      const { leaf, id } = firstClause(mediator.text)
      await mediator.text.insert({ leaf, index: 3 }, ' before')
      await mediator.text.saved()
      await first.kill()
      await mediator.text.insert({ leaf, index: 3 }, ' meanwhile')
      await second.ask('REPLICAOF', 'NO', 'ONE')
      await mediator.text.saved()
      await until(() => north.text.plain(id).includes(' meanwhile before'), 'the words at the other node', 30_000)
      await mediator.room.act(hide)
      const gone = await comesBack(nodes[1], tokens['south-head']?.token)
      expect(JSON.stringify(gone.view())).not.toContain('Plenary text')
      gone.close()
    } finally {
      await Promise.all([first.end(), second.end()])
    }
  })

  test('N8 nodes are restarted one after another while people type: no word is lost, and no save is said to have failed', async () => {
    const balancer = await Balancer.start()
    try {
      const { nodes, tokens } = await open(2)
      const portOf = ({ url }: StartedServer) => Number(new URL(url).port)
      balancer.targets = nodes.map(portOf)
      const people = await Promise.all(
        ['mediator', 'north-head', 'south-head'].map(async (seat) => {
          const room = await enterRoom({ url: balancer.url, token: tokens[seat]?.token ?? '' })
          rooms.push(room)
          return { room, text: await room.open(PLENARY), typed: [] as string[] }
        }),
      )
      const failed: unknown[] = []
      for (const { room, text } of people) {
        room.onSaving((saving) => saving.at === 'not-saving' && failed.push(saving))
        text.on('refused', (detail) => failed.push(detail))
      }
      let isTyping = true
      const typing = people.map(async ({ text, typed }, nth) => {
        while (isTyping) {
          const word = ` ${'mns'[nth]}${typed.length}.`
          typed.push(word)
          await text.insert({ leaf: firstClause(text).leaf, index: 3 }, word)
          await wait(40)
        }
      })
      for (const node of nodes) {
        const next = await startNode()
        balancer.targets = [...balancer.targets.filter((port) => port !== portOf(node)), portOf(next)]
        expect(await node.end('SIGTERM')).toBe(0)
      }
      isTyping = false
      await Promise.all(typing)
      await Promise.all(people.map(({ text }) => text.saved()))
      const clause = firstClause((people[0] as (typeof people)[number]).text).id
      const all = people.flatMap(({ typed }) => typed)
      await until(
        () => people.every(({ text }) => all.every((word) => text.plain(clause).includes(word))),
        'every word',
      )
      expect(failed).toEqual([])
      expect(all.length).toBeGreaterThan(100)
    } finally {
      balancer.end()
    }
  })
})
