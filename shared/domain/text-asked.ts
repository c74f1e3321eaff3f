import type { Hash, Instant, LeafId, TrackId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { includes, type Level, type Refusal } from '../refusals.ts'
import { clauseHolding } from '../text/rights.ts'
import type { Bracket, Clause, Text } from '../text/structure.ts'
import type { Asked, Decided } from './asked.ts'
import type { Event } from './events.ts'
import { levelOf } from './matrix.ts'
import { seatIn, whyNotBinding } from './people.ts'
import type { Process, Seat } from './process.ts'
import { row } from './rows.ts'

/** One text command's ground: the sender, and the one text that its ids are looked up in. */
export interface TextAsked {
  process: Process
  asked: Asked
  track: TrackId
  text: Text
  seat: Seat
  level: Level
  at: Instant
}

/** Refuses `no-such-thing` alike for a hidden track, an absent one, and one without a text. */
export function textAsked(process: Process, asked: Asked, track: TrackId): Outcome<TextAsked, Refusal> {
  const { by, at } = asked
  if (by === 'operator') return refuse({ code: 'not-your-role' })
  const seat = seatIn(process, by.seat)
  const found = row(process.tracks.by, track)
  const level = seat && found ? levelOf(process, by, track, at) : 'hidden'
  if (!seat || !found?.text || level === 'hidden') return refuse({ code: 'no-such-thing' })
  if (found.status !== 'open') return refuse({ code: 'track-not-open' })
  return ok({ process, asked, track, text: found.text, seat, level, at })
}

export type Refused = { ok: false; refusal: Refusal }
export type TextDecided = Outcome<Decided, Refusal>

export const NOTHING_THERE: Refused = refuse({ code: 'no-such-thing' })
export const NOTHING_TO_CHANGE: Refused = refuse({ code: 'nothing-to-change' })
export const LOCKED: Refused = refuse({ code: 'clause-locked' })

export const decided = (event: Event, made: string[] = []): TextDecided => ok({ events: [event], made })

/** The refusal of a level that is too low, or null. */
export const lacks = (on: TextAsked, needed: Level): Refused | null =>
  includes(on.level, needed) ? null : refuse({ code: 'level-too-low', needed, has: on.level })

/** The clause and its items, and theirs. */
export function subtree(text: Text, clause: Clause): Clause[] {
  const below = clause.items.flatMap((id) => {
    const item = row(text.clauses, id)
    return item ? subtree(text, item) : []
  })
  return [clause, ...below]
}

/** What leaves with a clause: it and its items, and every bracket that stands in one of them. */
export function leavingWith(text: Text, clause: Clause): { clauses: Clause[]; brackets: Bracket[] } {
  const clauses = subtree(text, clause)
  const ids = new Set(clauses.map(({ id }) => id))
  return { clauses, brackets: Object.values(text.brackets).filter((bracket) => ids.has(bracket.clause)) }
}

/** The open clause that a leaf, open or closed since, now belongs to; null when it never was of this text. */
export function clauseBehind(text: Text, leaf: LeafId): Clause | null {
  let at = leaf
  for (let steps = 0; steps <= 10_000; steps++) {
    const clause = clauseHolding(text, at)
    if (clause) return row(text.clauses, clause)
    const closed = row(text.closed, at)
    if (!closed) return null
    at = closed.host
  }
  return null
}

/** The refusal of who may not bind its delegation at this instant, or null. */
export const mayNotBind = ({ process, seat, at }: TextAsked): Refused | null => whyNotBinding(process, seat, at)

/** The refusal `stale` when `hash` does not name the clause's current words, or null. */
export function isStale(on: TextAsked, clause: Clause, hash: Hash): Refused | null {
  const current = on.asked.hashOf(on.track, clause.id)
  if (current === null) return NOTHING_THERE
  return current === hash ? null : refuse({ code: 'stale', current })
}

export const lockedAt = (text: Text, bracket: Bracket): boolean => row(text.clauses, bracket.clause)?.locked ?? true
