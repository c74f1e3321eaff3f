import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { seatCookies } from '#server/http/cookies.ts'
import { isLocal, originOf } from '#server/http/origin.ts'
import { Bucket, Buckets, FRAMES, Knocking } from '#server/realtime/limits.ts'
import type { ProcessId, SeatId } from '#shared/ids.ts'

const PROCESS = 'p'.repeat(22) as ProcessId
const HEAD = 'north-head' as SeatId
const ADVISER = 'north' as SeatId

/** The few parts of a request that these functions read. */
const request = (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage
const origin = (headers: Record<string, string>, publicUrl: string | null = null, host = '127.0.0.1') =>
  originOf(request(headers), { publicUrl, host })

describe('who sent a browser here', () => {
  test('G2 PUBLIC_URL is ours and other names are foreign', () => {
    const ours = 'https://talks.example.org'
    expect(origin({ origin: ours, host: 'talks.example.org' }, ours)).toBe('ours')
    expect(origin({ origin: 'http://talks.example.org', host: 'talks.example.org' }, ours)).toBe('foreign')
    expect(origin({ origin: 'https://evil.example', host: 'talks.example.org' }, ours)).toBe('foreign')
    expect(origin({ origin: 'null', host: 'talks.example.org' }, ours)).toBe('foreign')
    expect(origin({ host: 'talks.example.org' }, ours)).toBe('none')
  })

  test('G2 without PUBLIC_URL this machine and plain addresses are ours, at the port that was asked for', () => {
    expect(origin({ origin: 'http://localhost:8080', host: 'localhost:8080' })).toBe('ours')
    expect(origin({ origin: 'http://10.1.2.3:8080', host: '10.1.2.3:8080' })).toBe('ours')
    expect(origin({ origin: 'http://[::1]:8080', host: '[::1]:8080' })).toBe('ours')
    expect(origin({ origin: 'http://box:8080', host: 'box:8080' }, null, 'box')).toBe('ours')
    expect(origin({ origin: 'http://localhost:3000', host: 'localhost:8080' })).toBe('foreign')
  })

  test('G2 a name that somebody points at this machine is foreign', () => {
    expect(origin({ origin: 'http://evil.example:8080', host: 'evil.example:8080' })).toBe('foreign')
    expect(origin({ origin: 'http://10.1.2.3', host: '10.1.2.3' }, 'https://talks.example.org')).toBe('foreign')
  })

  test('O4 only a request of this machine, for this machine, through no proxy is local', () => {
    const here = { host: '127.0.0.1:8080' }
    expect(isLocal(request(here), { publicUrl: null })).toBe(true)
    expect(isLocal(request(here, '10.0.0.9'), { publicUrl: null })).toBe(false)
    expect(isLocal(request({ ...here, 'x-forwarded-for': '10.0.0.9' }), { publicUrl: null })).toBe(false)
    expect(isLocal(request({ host: 'evil.example' }), { publicUrl: null })).toBe(false)
    expect(isLocal(request(here), { publicUrl: 'https://talks.example.org' })).toBe(false)
  })
})

describe('cookies', () => {
  test('A5 each seat has a cookie of its own name, and only the named one is read', () => {
    const cookies = seatCookies(false)
    const both = [HEAD, ADVISER].map((seat) => cookies.set(PROCESS, seat, `token-of-${seat}`).split(';')[0]).join('; ')
    expect(cookies.read(both, PROCESS, HEAD)).toBe('token-of-north-head')
    expect(cookies.read(both, PROCESS, ADVISER)).toBe('token-of-north')
    expect(cookies.read(both, 'q'.repeat(22) as ProcessId, HEAD)).toBe(null)
    expect(cookies.read(undefined, PROCESS, HEAD)).toBe(null)
  })

  test('A5 scripts cannot read it, other sites cannot send it, and on https its name is bound to the host', () => {
    const plain = seatCookies(false).set(PROCESS, HEAD, 't')
    const secure = seatCookies(true).set(PROCESS, HEAD, 't')
    for (const cookie of [plain, secure]) expect(cookie).toMatch(/Path=\/; HttpOnly; SameSite=Strict/)
    expect(secure).toMatch(/^__Host-.*; Secure$/)
    expect(secure).not.toMatch(/Domain/i)
    expect(seatCookies(true).clear(PROCESS, HEAD)).toMatch(/=; Max-Age=0;/)
  })
})

describe('budgets', () => {
  test('G4 a burst is free, a steady flow at the rate is free, and more than that waits', () => {
    let now = 0
    const bucket = new Bucket(FRAMES, () => now)
    expect(bucket.take(FRAMES.burst)).toBe(0)
    expect(bucket.take(FRAMES.perSecond)).toBe(1000)
    now += 1000
    for (let second = 0; second < 10; second += 1) {
      now += 1000
      expect(bucket.take(FRAMES.perSecond)).toBe(0)
    }
    expect(bucket.flooded).toBe(false)
  })

  test('G4 what one read of the network can bring at most is told from a burst', () => {
    const bucket = new Bucket(FRAMES, () => 0)
    for (let frame = 0; frame < 65_536 / 8; frame += 1) bucket.take(1)
    expect(bucket.flooded).toBe(true)
  })

  test('G4 an address in debt waits as it is told, and others do not', () => {
    let now = 0
    const buckets = new Buckets({ perSecond: 1, burst: 2 }, () => now)
    expect([buckets.take('a', 2), buckets.take('a', 1)]).toEqual([0, 0])
    const wait = buckets.take('a', 1)
    expect(wait).toBe(1000)
    expect(buckets.take('b', 1)).toBe(0)
    now += wait
    expect(buckets.take('a', 1)).toBe(0)
  })

  test('G3 an address can knock so many times at once and no more', () => {
    const knocking = new Knocking()
    let admitted = 0
    while (knocking.begin('a') && admitted < 10_000) admitted += 1
    expect(admitted).toBe(256)
    expect(knocking.begin('b')).toBe(true)
    knocking.end('a')
    expect(knocking.begin('a')).toBe(true)
    expect(knocking.begin('a')).toBe(false)
  })
})
