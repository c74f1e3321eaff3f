import { expect, test } from 'vitest'
import { piecesOf } from '#server/documents/update-reader.ts'
import { Account } from '#server/realtime/accounts.ts'
import type { AskId, ClauseId, TrackId } from '#shared/ids.ts'
import type { Up } from '#shared/protocol/frames.ts'
import { rawUpdate, typed } from '../support/raw-update.ts'

const ASK = 'a'.repeat(22) as AskId
const TRACK = 'plenary' as TrackId

const words = (update: Uint8Array): Up => ({ frame: 'words', channel: 1, number: 0, update })
const pieces = (count: number) =>
  words(
    rawUpdate([
      { client: 2_300_000, clock: 0, structs: Array.from({ length: count }, () => typed('x', { root: 'r' })) },
    ]),
  )
const paste = (bytes: number) =>
  words(rawUpdate([{ client: 2_300_000, clock: 0, structs: [typed('x'.repeat(bytes), { root: 'r' })] }]))
const comment = (length: number): Up => ({
  frame: 'act',
  ask: ASK,
  command: {
    type: 'Comment',
    track: TRACK,
    clause: 'clause' as ClauseId,
    words: 'x'.repeat(length),
    audience: 'track',
  },
})
const open: Up = { frame: 'open', ask: ASK, track: TRACK }

/** How often a frame is taken before the seat has to wait, and for how long then. */
function untilItRests(frame: Up): { times: number; wait: number; account: Account; later(ms: number): void } {
  let now = 0
  const account = new Account(() => now)
  let times = 0
  let wait = 0
  while (wait === 0 && times < 10_000) {
    wait = account.spend(frame)
    times += 1
  }
  const later = (ms: number): void => {
    now += ms
  }
  return { times, wait, account, later }
}

test.each<[string, Up, number, number]>([
  ['bytes of words', paste(60_000), 9, 400],
  ['pieces of updates', pieces(500), 3, 9_000],
  ['comments', comment(8_000), 17, 4_000],
  ['opened texts', open, 61, 4_900],
])('G9 a seat has a budget of %s, over all its lines, and then waits', (_what, frame, most, least) => {
  const { times, wait, account, later } = untilItRests(frame)
  expect(times).toBeLessThanOrEqual(most)
  expect(times).toBeGreaterThan(1)
  expect(wait).toBeGreaterThan(least)
  expect(account.isResting).toBe(true)
  later(wait)
  expect(account.isResting).toBe(false)
})

test('G9 typing, carets and acknowledgements cost none of it, for as long as they go on', () => {
  let now = 0
  const account = new Account(() => now)
  const key = words(rawUpdate([{ client: 2_300_000, clock: 0, structs: [typed('x', { root: 'r' })] }]))
  for (let count = 0; count < 5_000; count++) {
    now += 50
    expect(account.spend(key)).toBe(0)
    expect(account.spend({ frame: 'here', channel: 1, place: null })).toBe(0)
    expect(account.spend({ frame: 'got', channel: 1, bytes: count })).toBe(0)
  }
})

test('G9 pieces are counted as far as the bytes can be read', () => {
  const update = (count: number) => {
    const frame = pieces(count)
    return frame.frame === 'words' ? frame.update : new Uint8Array()
  }
  expect(piecesOf(update(400))).toBe(400)
  expect(piecesOf(update(400).subarray(0, 1_000))).toBe(0)
  expect(piecesOf(new Uint8Array(5_000).fill(255))).toBe(0)
  expect(piecesOf(new Uint8Array())).toBe(1)
})
