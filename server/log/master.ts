import { createClient, RESP_TYPES } from 'redis'
import { LogUnavailable } from './log.ts'
import { STORE } from './redis-functions.ts'

export type Client = ReturnType<typeof newClient>
export type Reply = Buffer | string | number | null | Reply[]

/** One that does not take a connection by then is not there. */
const CONNECT_MS = 2_000

/** A start of this program on that Redis would take it as it is. */
export const PAST = 'This Redis has less than it had: it was emptied, or is one that another took over from.'

/** A Redis that takes writes, and how far its content went on: the generation is raised by who keeps the log in it. */
export interface Master {
  redis: Client
  url: string
  generation: number
  /** Its clock, in milliseconds. */
  clock: number
}

/**
 * Of the addresses that answer as master the one whose content went on furthest. Throws when there is none, or none of generation
 * `atLeast`.
 */
export async function findMaster(urls: string[], atLeast: number): Promise<Master> {
  const asked = await Promise.allSettled(urls.map(lookAt))
  const masters = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const [best] = masters.toSorted((one, other) => other.generation - one.generation)
  for (const { redis } of masters) if (redis !== best?.redis && redis.isOpen) redis.destroy()
  if (!best) throw asked.find((one) => one.status === 'rejected')?.reason
  if (best.generation >= atLeast) return best
  best.redis.destroy()
  throw new LogUnavailable(PAST)
}

async function lookAt(url: string): Promise<Master> {
  const redis = newClient(url)
  try {
    await redis.connect()
    const [role] = (await redis.sendCommand(['ROLE'])) as unknown as Reply[]
    if (String(role) !== 'master') throw new LogUnavailable(`${new URL(url).host} is a replica.`)
    const generation = Number(await redis.sendCommand(['HGET', STORE, 'generation']))
    return { redis, url, generation, clock: clockOf((await redis.sendCommand(['TIME'])) as unknown as Reply) }
  } catch (cause) {
    if (redis.isOpen) redis.destroy()
    throw cause
  }
}

/** Not connected yet. It does not connect again by itself, and nothing waits for it. */
export function newClient(url: string) {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
  // Whoever waits for an answer is told; nobody else has to be.
  client.on('error', () => undefined)
  return client
}

export const clockOf = (reply: Reply): number => {
  const [seconds, micros] = reply as [Reply, Reply]
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}
