import type { Hash, Instant, PartyId } from '../ids.ts'
import type { ClauseView } from './structure.ts'

/** Where a clause stands, in the order of B.5: bracketed while anything in it is not agreed, locked above all. */
export type ClauseState = 'open' | 'bracketed' | 'ad-referendum' | 'agreed' | 'locked'

/**
 * `consenting` are the parties whose agreement the charter asks for. An agreement counts only while it names `hash`, the
 * clause's current words, and its last instant (in time at the instant) has not passed.
 */
export function clauseState(clause: ClauseView, hash: Hash | string, consenting: PartyId[], now: Instant): ClauseState {
  if (clause.locked) return 'locked'
  if (clause.brackets.length > 0) return 'bracketed'
  if (consenting.length === 0) return 'open'
  let referendum = false
  for (const party of consenting) {
    const agreement = clause.agreed.find(({ id }) => id === party)
    if (!agreement || agreement.hash !== hash) return 'open'
    if (agreement.until === undefined) continue
    if (now > agreement.until) return 'open'
    referendum = true
  }
  return referendum ? 'ad-referendum' : 'agreed'
}
