import type { Language } from '#shared/words/languages.ts'
import type { RefusalSentences } from '#shared/words/refusal-sentences.ts'
import type { Part } from '#shared/words/say.ts'
import type { Screen } from '../components/speech.ts'

/** Where the sentences of a language come from: each file is a chunk that only those who need it load. */
interface Words {
  /** What every page needs. */
  first: () => Promise<{ first: Part; refusals: RefusalSentences }>
  screens: Record<Screen, () => Promise<Part>>
}

export const WORDS: Record<Language, Words> = {
  en: {
    first: async () => ({
      ...(await import('#shared/words/en/first.ts')),
      ...(await import('#shared/words/en/refusals.ts')),
    }),
    screens: {
      join: async () => (await import('#shared/words/en/join.ts')).join,
      desk: async () => (await import('#shared/words/en/desk.ts')).desk,
      people: async () => (await import('#shared/words/en/people.ts')).people,
      help: async () => (await import('#shared/words/en/help.ts')).help,
      files: async () => (await import('#shared/words/en/files.ts')).files,
      'first-start': async () => (await import('#shared/words/en/first-start.ts')).firstStart,
    },
  },
  fr: {
    first: async () => ({
      ...(await import('#shared/words/fr/first.ts')),
      ...(await import('#shared/words/fr/refusals.ts')),
    }),
    screens: {
      join: async () => (await import('#shared/words/fr/join.ts')).join,
      desk: async () => (await import('#shared/words/fr/desk.ts')).desk,
      people: async () => (await import('#shared/words/fr/people.ts')).people,
      help: async () => (await import('#shared/words/fr/help.ts')).help,
      files: async () => (await import('#shared/words/fr/files.ts')).files,
      'first-start': async () => (await import('#shared/words/fr/first-start.ts')).firstStart,
    },
  },
  ar: {
    first: async () => ({
      ...(await import('#shared/words/ar/first.ts')),
      ...(await import('#shared/words/ar/refusals.ts')),
    }),
    screens: {
      join: async () => (await import('#shared/words/ar/join.ts')).join,
      desk: async () => (await import('#shared/words/ar/desk.ts')).desk,
      people: async () => (await import('#shared/words/ar/people.ts')).people,
      help: async () => (await import('#shared/words/ar/help.ts')).help,
      files: async () => (await import('#shared/words/ar/files.ts')).files,
      'first-start': async () => (await import('#shared/words/ar/first-start.ts')).firstStart,
    },
  },
}
