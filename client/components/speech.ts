import { createContext } from 'svelte'
import type { Language } from '#shared/words/languages.ts'
import type { Speech } from '#shared/words/say.ts'

/** Screens whose sentences come with them: `client/state/words.ts` says from where. */
export type Screen = 'join' | 'desk' | 'people' | 'help' | 'files' | 'first-start'

/** The speech of the page, in a language that can be changed. */
export interface PageSpeech extends Speech {
  /** Speaks another language from now on; resolves when it does. Keeps the one it has when the words can not be fetched. */
  use(language: Language): Promise<void>
  /** Fetches the sentences of a screen. Await it before the screen says anything; it is asked for once a page. */
  learn(...screens: Screen[]): Promise<void>
}

/** The language of the page, set once by App. Its members are read anew at every use, so a change of language redraws. */
export const [getSpeech, setSpeech] = createContext<PageSpeech>()
