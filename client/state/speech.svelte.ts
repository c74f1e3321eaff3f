import { FACTS, type Language } from '#shared/words/languages.ts'
import { createSpeech, type Say, type Speech } from '#shared/words/say.ts'
import type { PageSpeech, Screen } from '../components/speech.ts'
import { WORDS } from './words.ts'

/** The language the page speaks now. A change is seen wherever a sentence is read. Says nothing before `ready`. */
export class SpeechState implements PageSpeech {
  #speech = $state.raw<Speech | null>(null)
  #language: Language = $state('en')
  #asked: Language
  readonly #screens = new Set<Screen>()
  #turn = 0
  #latest: Promise<void> = Promise.resolve()
  /** Rejects when the words can not be fetched: the page has nothing to say then. */
  readonly ready: Promise<void>

  constructor(first: Language) {
    this.#language = first
    this.#asked = first
    this.ready = this.#load()
  }

  async use(language: Language): Promise<void> {
    if (language === this.#asked) return
    this.#asked = language
    try {
      await this.#load()
    } catch {
      this.#asked = this.#language
    }
  }

  async learn(...screens: Screen[]): Promise<void> {
    const unknown = screens.filter((screen) => !this.#screens.has(screen))
    if (unknown.length === 0) return this.#latest
    for (const screen of unknown) this.#screens.add(screen)
    try {
      await this.#load()
    } catch (cause) {
      for (const screen of unknown) this.#screens.delete(screen)
      throw cause
    }
  }

  /** Whoever was overtaken is done when the last one is. */
  #load(): Promise<void> {
    this.#latest = this.#fetch(++this.#turn)
    return this.#latest
  }

  /** All that the page has to say in a language, at once: no sentence is ever half in another. */
  async #fetch(turn: number): Promise<void> {
    const language = this.#asked
    const words = WORDS[language]
    const [{ first, refusals }, ...parts] = await Promise.all([
      words.first(),
      ...[...this.#screens].map((screen) => words.screens[screen]()),
    ])
    if (turn !== this.#turn) return this.#latest
    this.#speech = createSpeech(language, Object.assign({}, first, ...parts), refusals)
    this.#language = language
  }

  get language() {
    return this.#language
  }
  get direction() {
    return FACTS[this.#language].direction
  }
  get #spoken(): Speech {
    if (!this.#speech) throw new Error('the page speaks before its words are there')
    return this.#speech
  }
  // One function for the life of the page, which speaks whatever language is set when it is called. The compiler cannot
  // follow a generic rest tuple through, so the arguments pass as one opaque value.
  say = ((key: 'app.name', ...values: []) => this.#spoken.say(key, ...values)) as Say
  refusal: Speech['refusal'] = (refusal, nameOf) => this.#spoken.refusal(refusal, nameOf)
  clock: Speech['clock'] = (at) => this.#spoken.clock(at)
  moment: Speech['moment'] = (at, now) => this.#spoken.moment(at, now)
  day: Speech['day'] = (at) => this.#spoken.day(at)
  list: Speech['list'] = (items) => this.#spoken.list(items)
  number: Speech['number'] = (value) => this.#spoken.number(value)
}
