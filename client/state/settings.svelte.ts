import { createContext } from 'svelte'
import { type Language, parseLanguage } from '#shared/words/languages.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
/** Percent of the browser's own size. */
export const TEXT_SIZES = ['100', '115', '130', '150'] as const
export type TextSize = (typeof TEXT_SIZES)[number]

const KEY = 'parley-settings'
interface Kept {
  theme: Theme
  textSize: TextSize
  shortcuts: boolean
  language: Language | null
}
const DEFAULTS: Kept = { theme: 'system', textSize: '100', shortcuts: true, language: null }

/** How this browser shows the room. Nothing of the talks is kept here. */
export class Settings {
  theme = $state<Theme>(DEFAULTS.theme)
  textSize = $state<TextSize>(DEFAULTS.textSize)
  /** Alt shortcuts; off where the browser or a screen reader owns them. */
  shortcuts = $state(DEFAULTS.shortcuts)
  /** What was chosen here last: the first guess at the next door. Null: what the browser prefers. */
  language = $state<Language | null>(DEFAULTS.language)

  constructor() {
    const kept = read()
    this.theme = THEMES.includes(kept.theme) ? kept.theme : DEFAULTS.theme
    this.textSize = TEXT_SIZES.includes(kept.textSize) ? kept.textSize : DEFAULTS.textSize
    this.shortcuts = kept.shortcuts !== false
    this.language = parseLanguage(kept.language)
  }

  /** Puts the settings on the page and keeps them. Call inside an effect: it reads all of them. */
  apply(root: HTMLElement): void {
    if (this.theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = this.theme
    if (this.textSize === '100') delete root.dataset['text']
    else root.dataset['text'] = this.textSize
    const { theme, textSize, shortcuts, language } = this
    const kept: Kept = { theme, textSize, shortcuts, language }
    try {
      localStorage.setItem(KEY, JSON.stringify(kept))
    } catch {
      // A browser that keeps nothing still shows the room.
    }
  }
}

function read(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return { ...DEFAULTS, ...(typeof kept === 'object' ? kept : {}) }
  } catch {
    return DEFAULTS
  }
}

export const [getSettings, setSettings] = createContext<Settings>()
