import type { Event } from '#shared/domain/events.ts'

/** What happened in one run, and what went wrong in it. */
export interface Tally {
  typed: number
  opens: number
  strikes: number
  withdrawals: number
  formats: number
  accepts: number
  splits: number
  merges: number
  removals: number
  relocations: number
  lateBrackets: number
  lateDeletes: number
  caretChecks: number
  caretWrong: number
  /** Updates the guard refused. */
  refused: string[]
  lost: number
  lostCharacters: string[]
  duplicated: number
  unequal: number
}

export const emptyTally = (): Tally => ({
  typed: 0,
  opens: 0,
  strikes: 0,
  withdrawals: 0,
  formats: 0,
  accepts: 0,
  splits: 0,
  merges: 0,
  removals: 0,
  relocations: 0,
  lateBrackets: 0,
  lateDeletes: 0,
  caretChecks: 0,
  caretWrong: 0,
  refused: [],
  lost: 0,
  lostCharacters: [],
  duplicated: 0,
  unequal: 0,
})

/** Counts one event; `late` when it settled words that came late. */
export function count(tally: Tally, event: Event, late: boolean): void {
  if (event.type === 'BracketOpened' && event.kind === 'insert') tally[late ? 'lateBrackets' : 'opens']++
  if (event.type === 'BracketOpened' && event.kind === 'delete') tally[late ? 'lateDeletes' : 'strikes']++
  if (event.type === 'WordsRelocated') tally.relocations++
  if (event.type === 'BracketWithdrawn') tally.withdrawals++
  if (event.type === 'BracketAccepted') tally.accepts++
  if (event.type === 'ClauseSplit') tally.splits++
  if (event.type === 'ClauseMerged') tally.merges++
  if (event.type === 'ClauseRemoved') tally.removals++
}
