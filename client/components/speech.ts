import { createContext } from 'svelte'
import type { Speech } from '#shared/words/say.ts'

/** The language of the page, set once by App. Its members are read anew at every use, so a change of language redraws. */
export const [getSpeech, setSpeech] = createContext<Speech>()
