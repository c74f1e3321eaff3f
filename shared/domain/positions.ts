import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { whyNotBinding } from './people.ts'
import type { Position, Process, Seat, Track } from './process.ts'
import { doer, row } from './rows.ts'

/** A delegation's private stance on a clause, given on its exact words. */

/** By a head or alternate whose mandate lasts, on a text the seat can read. */
export function decideTakePosition(
  process: Process,
  asked: Asked,
  seat: Seat,
  track: Track,
  command: Extract<Command, { type: 'TakePosition' }>,
): Outcome<Decided, Refusal> {
  const no = whyNotBinding(process, seat, asked.at)
  if (no) return no
  if (!track.text || !row(track.text.clauses, command.clause)) return refuse({ code: 'no-such-thing' })
  const { clause, position, hash, until } = command
  const current = asked.hashOf(track.id, clause)
  if (current === null) return refuse({ code: 'no-such-thing' })
  if (current !== hash) return refuse({ code: 'stale', current })
  if (until !== undefined && asked.at > until) return refuse({ code: 'too-late', due: until })
  const before = row(row(process.positions, seat.party) ?? {}, clause) as Position | null
  const isSame = before?.position === position && before.hash === hash && before.until === until
  if (before ? isSame : position === 'none') return refuse({ code: 'nothing-to-change' })
  const base = { type: 'PositionTaken', party: seat.party, track: track.id, clause, position, hash } as const
  return ok({ events: [until === undefined ? base : { ...base, until }], made: [] })
}

/** `none` takes the position back. */
export function foldPositionTaken(
  process: Process,
  event: Extract<Event, { type: 'PositionTaken' }>,
  fact: Fact,
): Process {
  const { party, clause, track, position, hash, until } = event
  const { [clause]: _, ...others } = row(process.positions, party) ?? {}
  const base: Position = { track, position, hash, by: doer(fact), at: fact.at }
  const taken = position === 'none' ? {} : { [clause]: until === undefined ? base : { ...base, until } }
  return { ...process, positions: { ...process.positions, [party]: { ...others, ...taken } } }
}
