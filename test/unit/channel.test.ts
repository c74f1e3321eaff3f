import { describe, expect, test } from 'vitest'
import { Channel, type Line, type Part } from '#server/delivery/channel.ts'
import type { IncarnationId, SeatId, TrackId } from '#shared/ids.ts'
import { decodeDown, encodeDown } from '#shared/protocol/frames.ts'

const MINE = 3_000_001
const THEIRS = 3_000_002
const STRUCTURE = { articles: [] }
const UPDATE = Uint8Array.of(1, 2, 3)

/** An open text whose lane is `MINE`, and the kinds of frames that went out on its line. */
function open() {
  const kinds: (string | undefined)[] = []
  const line: Line = {
    by: { seat: 'north' as SeatId, confined: false },
    send: (bytes) => kinds.push(decodeDown(bytes)?.frame),
    sendShared: ({ bytes }) => kinds.push(decodeDown(bytes)?.frame),
    hasRoom: true,
    outstanding: () => {},
  }
  const named = { track: 'plenary' as TrackId, incarnation: 'first' as IncarnationId, number: 7 }
  return { kinds, channel: new Channel(line, { ...named, client: MINE, structure: STRUCTURE, acked: 0 }) }
}

const part = (by: number | null): Part => ({
  from: STRUCTURE,
  to: STRUCTURE,
  moves: [],
  updates: [UPDATE],
  by,
  frames: [{ bytes: encodeDown({ frame: 'text', channel: 7, structure: null, moves: [], update: UPDATE }) }],
})

describe('what a sender is told of its own words', () => {
  test('P1.5 with those of others they come, and their acknowledgement after them', () => {
    const { kinds, channel } = open()
    channel.offered(0)
    channel.recorded(0)
    channel.take(part(null), false)
    expect(kinds).toEqual(['text', 'acked'])
  })

  test('P1.5 alone they are acknowledged and not sent back', () => {
    const { kinds, channel } = open()
    channel.offered(0)
    channel.recorded(0)
    channel.take(part(MINE), false)
    channel.take(part(THEIRS), false)
    expect(kinds).toEqual(['acked', 'text'])
  })

  test('P11 P1.5 words of its lane that came over an earlier line are sent: nobody knows whether it still has them', () => {
    const { kinds, channel } = open()
    channel.recorded(0)
    channel.take(part(MINE), false)
    channel.offered(2)
    channel.recorded(1)
    channel.take(part(MINE), false)
    expect(kinds).toEqual(['text', 'acked', 'text', 'acked'])
  })
})
