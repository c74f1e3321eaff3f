import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { TrackId } from '#shared/ids.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { largePdf } from '../support/files.ts'
import { RedisServer } from '../support/redis.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'

/** Two real servers on one real Redis. */

const PLENARY = 'plenary' as TrackId

describe.skipIf(!findRedisServer())('files on several nodes', () => {
  let redis: RedisServer
  let nodes: StartedServer[] = []
  beforeAll(async () => {
    redis = await RedisServer.start()
    nodes = await Promise.all([1, 2].map(() => startServer({ environment: { REDIS_URL: redis.url } })))
  })
  afterAll(async () => {
    await cleanUp()
    await redis.end()
  })

  test('T16.3 what one node took in any other gives out, and a withdrawal on one cuts the line on the other', async () => {
    const [here, there] = nodes as [StartedServer, StartedServer]
    const { codes } = await here.newProcess()
    const { token } = await here.redeem(codes['mediator'] ?? '')
    const south = (await there.redeem(codes['south-head'] ?? '')).token
    const file = largePdf(15_000_000)
    const attached = await fetch(`${here.url}/api/annexes?track=${PLENARY}&name=Map`, {
      method: 'POST',
      body: new Uint8Array(file),
      headers: { authorization: `Bearer ${token}` },
    })
    const { made } = (await attached.json()) as { made: string[] }
    const body = JSON.stringify({ track: PLENARY, annex: made[0] })
    const headers = { authorization: `Bearer ${south}`, range: 'bytes=14000000-14000099' }
    const part = await fetch(`${there.url}/api/annexes/read`, { method: 'POST', body, headers })
    expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(14_000_000, 14_000_100))).toBe(true)

    const { hostname, port } = new URL(there.url)
    const socket = connect({ port: Number(port), host: hostname })
    let bytes = 0
    const first = new Promise<void>((done) =>
      socket.once('data', (some) => {
        bytes += some.length
        socket.pause()
        done()
      }),
    )
    const ended = new Promise<string>((done) => {
      socket.on('error', (cause: NodeJS.ErrnoException) => done(cause.code ?? ''))
      socket.on('end', () => done('end'))
    })
    const asked = [
      'POST /api/annexes/read HTTP/1.1',
      `Host: ${hostname}`,
      `Authorization: Bearer ${south}`,
      `Content-Length: ${body.length}`,
    ]
    socket.write(`${asked.join('\r\n')}\r\n\r\n${body}`)
    await first
    const mediator = await enterRoom({ url: here.url, token })
    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: 'south' as never, level: 'hidden' }] })
    socket.on('data', (some) => {
      bytes += some.length
    })
    socket.resume()
    expect(await ended).toBe('ECONNRESET')
    expect(bytes).toBeLessThan(file.length / 2)
    await mediator.close()
  })
})
