import { afterEach, describe, expect, test } from 'vitest'
import type { Message, Wire } from '#server/nodes/wire.ts'
import type { ProcessId } from '#shared/ids.ts'

/** What a test of the contract brings: lines to one store, and its clock. */
export interface WireWorld {
  wire(): Promise<Wire>
  pass(ms: number): Promise<void>
  /** Another takes the store over, without the leases. */
  takeOver(): Promise<void>
  end(): Promise<void>
}

const LEASE = 1_500
const ASK: Message = { is: 'ask', process: 'p'.repeat(22) as ProcessId, seq: 7, nonce: 'n' }

/** The rules that every engine of the line between nodes keeps. */
export function wireContract(name: string, open: () => Promise<WireWorld>): void {
  describe(name, () => {
    let world: WireWorld | null = null
    const two = async () => {
      world = await open()
      return { world, a: await world.wire(), b: await world.wire() }
    }
    afterEach(async () => {
      await world?.end()
      world = null
    })

    test('N1 a node is live while it renews its lease, and not a moment longer than the grace asked for', async () => {
      const { world, a, b } = await two()
      await a.join('a', LEASE)
      await b.join('b', LEASE)
      expect((await a.live(0)).nodes.sort()).toEqual(['a', 'b'])
      await world.pass(LEASE / 2)
      expect(await a.renew('a', LEASE)).toBe(true)
      await world.pass(LEASE / 2 + 100)
      expect((await a.live(0)).nodes).toEqual(['a'])
      expect((await a.live(LEASE)).nodes.sort()).toEqual(['a', 'b'])
    })

    test('N1 a lease that ended is not renewed, nor one that was given up', async () => {
      const { world, a, b } = await two()
      await a.join('a', LEASE)
      await b.join('b', LEASE)
      await b.leave('b')
      expect((await a.live(LEASE)).nodes).toEqual(['a'])
      expect(await b.renew('b', LEASE)).toBe(false)
      await world.pass(LEASE + 100)
      expect(await a.renew('a', LEASE)).toBe(false)
    })

    test('N2 a fenced node gets no new lease, and counts as live until its last one is over', async () => {
      const { world, a, b } = await two()
      await a.join('a', LEASE)
      await b.join('b', LEASE)
      await a.fence('b')
      expect(await b.renew('b', LEASE)).toBe(false)
      expect((await a.live(0)).nodes.sort()).toEqual(['a', 'b'])
      expect(await a.renew('a', LEASE * 4)).toBe(true)
      await world.pass(LEASE + 100)
      expect((await a.live(0)).nodes).toEqual(['a'])
      await b.join('b-again', LEASE)
      expect((await a.live(0)).nodes.sort()).toEqual(['a', 'b-again'])
    })

    test('N11 a store that another took over says for how long it has been the one it is, and takes new leases', async () => {
      const { world, a, b } = await two()
      await a.join('a', LEASE)
      expect((await a.live(0)).sinceMs).toBeGreaterThan(1_000_000)
      await world.takeOver()
      const { nodes, sinceMs } = await b.live(0)
      expect(nodes).toEqual([])
      expect(sinceMs).toBeLessThan(1_000_000)
      await world.pass(20)
      expect((await b.live(0)).sinceMs).toBeGreaterThan(sinceMs)
      expect(await a.renew('a', LEASE)).toBe(false)
      await a.join('a again', LEASE)
      expect((await b.live(0)).nodes).toEqual(['a again'])
    })

    test('N3 a message reaches every other node in the order of sending, and not its sender', async () => {
      const { world, a, b } = await two()
      await a.join('a', LEASE)
      await b.join('b', LEASE)
      const heard: unknown[] = []
      a.onMessage((from, message) => heard.push(['a heard', from, message]))
      b.onMessage((from, message) => heard.push(['b heard', from, message]))
      await a.send('a', ASK)
      await a.send('a', { is: 'in-force', nonce: 'x' })
      await world.pass(50)
      expect(heard).toEqual([
        ['b heard', 'a', ASK],
        ['b heard', 'a', { is: 'in-force', nonce: 'x' }],
      ])
    })
  })
}
