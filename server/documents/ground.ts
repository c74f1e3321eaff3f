import type * as Y from 'yjs'
import type { TextEvent } from '#shared/domain/events.ts'
import type { ClauseId, Hash } from '#shared/ids.ts'
import { type Outcome, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Text } from '#shared/text/structure.ts'
import type { ServerWriter } from './server-writer.ts'

/** What one act works on: the live words and structure, read only, and where its own update is written. */
export interface Ground {
  doc: Y.Doc
  text: Text
  writer: ServerWriter
  /** The hash of a clause's words in this structure. */
  hashOf: (text: Text, clause: ClauseId) => Hash | null
}
/** The event with its places filled in first, then what follows from it. */
export type TextActed = Outcome<TextEvent[], Refusal>

export const NOTHING_THERE = refuse<Refusal>({ code: 'no-such-thing' })
export const NOTHING_TO_CHANGE = refuse<Refusal>({ code: 'nothing-to-change' })
