import { openWire, type WireClient } from '../support/wire-client.ts'
import { listen } from './parts.ts'

/** People who read a text and do nothing. */

export interface Sitting {
  token: string
  track: string
}

export async function seats(): Promise<void> {
  const { url } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as { url: string }
  const sitting: WireClient[] = []
  listen({
    sit: async (people: Sitting[]) => {
      const came = await Promise.all(people.map((person) => sit(url, person)))
      sitting.push(...came)
      return sitting.length
    },
    /** How many are still there. */
    count: async () => sitting.filter(({ socket }) => socket.connected).length,
  })
}

async function sit(url: string, { token, track }: Sitting): Promise<WireClient> {
  const wire = await openWire(url, { token })
  const answer = await wire.open(track)
  if ('refusal' in answer) throw new Error(answer.refusal.code)
  // What came until here is applied: a silent reader would be closed.
  let applied = 0
  const { channel } = answer.opened
  wire.onFrame((frame, size) => {
    if (frame.frame !== 'text') return
    applied += size
    wire.send({ frame: 'got', channel, bytes: applied })
  })
  return wire
}
