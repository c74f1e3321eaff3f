import type { PartyId } from '../ids.ts'
import type { Level, Refusal } from '../refusals.ts'

/** One sentence per refusal code, by type: the fact, then the next step. */
export type RefusalSentences = {
  readonly [C in Refusal['code']]: (refusal: Extract<Refusal, { code: C }>, speak: RefusalSpeech) => string
}
/** What a refusal's sentence may use. */
export interface RefusalSpeech {
  party: (party: PartyId) => string
  /** The level's name, as the screens say it. */
  level: (level: Level) => string
  list: (items: string[]) => string
  moment: (at: number) => string
  number: (value: number) => string
}
