import { expect, test } from 'vitest'
import type { Keep, Kept, KeptText } from '#client/room/keep.ts'
import { RoomKeeping } from '#client/room/keeping.ts'
import { machineTime } from '#client/room/machine.ts'
import type { TrackId } from '#shared/ids.ts'

const TRACK = 'plenary' as TrackId
const LEFT: Kept = {
  view: null,
  at: 0,
  tracks: [
    { track: TRACK, title: 'Plenary text', since: 1, words: [{ leaf: 'l' as never, clause: null, words: 'a' }] },
  ],
}
const VIEW = {
  me: { confined: false, party: 'north' },
  tracks: [{ id: TRACK, grant: { offline: true }, audience: [] }],
  parties: [],
  people: [],
  comments: [],
  positions: [],
} as never

/** Of two pages of a seat the other one keeps, until it goes. */
function secondPage() {
  const puts: KeptText[] = []
  let taken = () => {}
  let isHeld = false
  let answer: (kept: Kept | null) => void = () => {}
  const nothing = async () => undefined
  const keep: Keep = {
    get isHeld() {
      return isHeld
    },
    whenHeld(callback) {
      taken = callback
    },
    load() {
      if (!isHeld) return Promise.resolve(null)
      return new Promise((done) => {
        answer = done
      })
    },
    read: async () => null,
    put: async (text) => void puts.push(text),
    putView: nothing,
    erase: nothing,
    eraseAll: nothing,
    close: () => undefined,
  }
  const keeping = new RoomKeeping(keep, { time: machineTime, view: () => VIEW, lost: () => {}, taken: () => {} })
  return {
    keeping,
    puts,
    takeTurn() {
      isHeld = true
      taken()
    },
    hasRead: (kept: Kept | null) => answer(kept),
  }
}
const text = { track: TRACK } as KeptText

test('R14 a page whose turn to keep has come writes nothing over what the one before it left, and has not read it yet', async () => {
  const { keeping, puts, takeTurn, hasRead } = secondPage()
  await keeping.loaded
  takeTurn()
  await keeping.put(text)
  hasRead(LEFT)
  await Promise.resolve()
  await keeping.put(text)
  expect(puts).toEqual([])
})

test('R14 a page whose turn has come keeps, once it has read that nothing was left', async () => {
  const { keeping, puts, takeTurn, hasRead } = secondPage()
  await keeping.loaded
  takeTurn()
  hasRead(null)
  await new Promise((done) => setImmediate(done))
  await keeping.put(text)
  expect(puts).toEqual([text])
})
