import type { Party, Seat } from '#shared/domain/process.ts'
import type { SeatId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'

/** The process that was made at the first start, with all its seats. */
export interface SampleProcess {
  process: { id: string; title: string }
  parties: (Party & { slot: number })[]
  seats: Seat[]
}

/** The server answers whoever sits at its own machine; to all others the page does not exist. */
export type FirstStart = { at: 'here'; sample: SampleProcess } | { at: 'nowhere' } | { at: 'unreachable' }

export async function firstStart(): Promise<FirstStart> {
  try {
    const answer = await fetch('/api/first-start', { cache: 'no-store' })
    return answer.ok ? { at: 'here', sample: (await answer.json()) as SampleProcess } : { at: 'nowhere' }
  } catch {
    return { at: 'unreachable' }
  }
}

/** Opens a seat in this browser: its cookie is set, and its address is the answer. */
export async function openSeat(seat: SeatId): Promise<Outcome<string, Refusal>> {
  try {
    const answer = await fetch('/api/first-start/open', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ seat }),
    })
    const body = (await answer.json()) as { address: string } | Refusal
    if ('address' in body) return ok(body.address)
    return refuse(body)
  } catch {
    return refuse({ code: 'unanswered' })
  }
}
