import type { Command } from '#shared/domain/commands.ts'
import { refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'

/** What the order of a connection's own words and commands means for their answers. */

/** What was waiting behind other words when the line ended is asked again on the next. */
export const GONE = Promise.resolve(refuse({ code: 'unanswered' } as const))

/** Commands about a text's words stand behind the words sent before them, and before those sent after. */
export const buildsOnWords = (command: Command): boolean => 'track' in command

/** Words for a leaf that is not there: their bracket was not opened. */
export const isForNoLeaf = (refusal: Refusal): boolean => refusal.code === 'bad-update' && refusal.why === 'root'

/** The lane stands: the client sends the same frame again when told to. */
export function mayComeAgain(refusal: Refusal): boolean {
  return refusal.code === 'text-held' || refusal.code === 'not-saved'
}
