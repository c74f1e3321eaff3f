/** The languages of the screens. The talks themselves may be held in any. */
export const LANGUAGES = ['en', 'fr', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

interface Facts {
  /** As its speakers call it. */
  name: string
  locale: string
  direction: 'ltr' | 'rtl'
}
/** What differs beside the words. */
export const FACTS: Record<Language, Facts> = {
  // British order of day and month: the talks' own convention.
  en: { name: 'English', locale: 'en-GB', direction: 'ltr' },
  fr: { name: 'Français', locale: 'fr', direction: 'ltr' },
  ar: { name: 'العربية', locale: 'ar', direction: 'rtl' },
}

/** The language of the screens that a tag such as `fr-CH` asks for; null when there is none. */
export function parseLanguage(tag: string | null | undefined): Language | null {
  const base = tag?.split(/[-_.@]/, 1)[0]?.toLowerCase()
  return LANGUAGES.find((language) => language === base) ?? null
}

/** The first of these tags that the screens speak, else English. */
export function preferredOf(tags: readonly string[]): Language {
  for (const tag of tags) {
    const language = parseLanguage(tag)
    if (language) return language
  }
  return 'en'
}
