import { row } from '#shared/domain/rows.ts'
import { type ProcessId, parseSeatId } from '#shared/ids.ts'
import type { Door } from '../access/door.ts'
import type { Processes, Running } from '../processes/port.ts'
import type { SeatCookies } from './cookies.ts'
import { type Asked, problem, type Reply, type Route, textAt } from './exchange.ts'
import { isLocal } from './origin.ts'

export interface FirstStartOptions {
  processes: Processes
  door: Door
  cookies: SeatCookies
  publicUrl: string | null
  /** The process that was made at the first start; null when there is none. */
  sample: () => ProcessId | null
}

const SMALL = 4 * 1024

/**
 * The page of the first start: whoever sits at this machine opens any seat of the sample process. To every other machine,
 * and for every other process, these addresses do not exist.
 */
export function firstStartRoutes(options: FirstStartOptions): [string, Route][] {
  return [
    ['GET /api/first-start', (asked) => show(options, asked)],
    ['POST /api/first-start/open', (asked) => open(options, asked)],
  ]
}

async function sampleFor({ processes, sample, publicUrl }: FirstStartOptions, asked: Asked): Promise<Running | null> {
  const id = sample()
  return id && asked.origin !== 'foreign' && isLocal(asked.request, { publicUrl }) ? processes.open(id) : null
}

async function show(options: FirstStartOptions, asked: Asked): Promise<Reply> {
  const running = await sampleFor(options, asked)
  if (!running) return problem({ code: 'no-such-thing' })
  const { id, title, parties, seats } = running.state
  const body = {
    process: { id, title },
    parties: parties.order.map((party, index) => ({ ...row(parties.by, party), slot: index + 1 })),
    seats: seats.order.map((seat) => row(seats.by, seat)),
  }
  return { status: 200, body }
}

async function open(options: FirstStartOptions, asked: Asked): Promise<Reply> {
  const running = await sampleFor(options, asked)
  // A page of ours sends its origin with every POST.
  if (!running || asked.origin !== 'ours') return problem({ code: 'no-such-thing' })
  const body = await asked.json(SMALL)
  if (!body.ok) return problem(body.refusal)
  const seat = parseSeatId(textAt(body.value, 'seat') ?? '')
  if (!seat) return problem({ code: 'malformed', where: 'seat' })
  const { cookies, door } = options
  const place = { process: running.id, seat, address: `/r/${running.id}/${seat}/` }
  const known = cookies.read(asked.request.headers.cookie, running.id, seat)
  if (known && (await door.who(known)).ok) return { status: 200, body: place }
  const opened = await door.openSeat(running, seat)
  if (!opened.ok) return problem(opened.refusal)
  return { status: 200, body: place, headers: { 'Set-Cookie': cookies.set(running.id, seat, opened.value.token) } }
}
