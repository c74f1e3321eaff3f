import type { PartyId } from '../ids.ts'
import type { Refusal } from '../refusals.ts'
import type { en } from './en.ts'
import { FACTS, type Language } from './languages.ts'
import type { RefusalSentences, RefusalSpeech } from './refusal-sentences.ts'

/** A sentence that counts: forms by `Intl.PluralRules` category. `{count}` is written in the language's digits. */
export interface Plural {
  readonly zero?: string
  readonly one?: string
  readonly two?: string
  readonly few?: string
  readonly many?: string
  readonly other: string
}

/** Names place and purpose, never the English. */
export type Key = keyof typeof en
type Placeholder<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never
type NamesOf<T> = T extends string ? Placeholder<T> : T extends Plural ? 'count' | Placeholder<T['other']> : never
type Values<K extends Key> = {
  [N in NamesOf<(typeof en)[K]>]: N extends 'count' ? number : string | number
}
/** The sentence at `key`. What a sentence needs is asked for by the compiler. */
export type Say = <K extends Key>(
  key: K,
  ...values: [NamesOf<(typeof en)[K]>] extends [never] ? [] : [Values<K>]
) => string

/** One language: every key of the English catalogue, with the same placeholders. */
export type Catalogue = { readonly [K in Key]: (typeof en)[K] extends string ? string : Plural }
/** Some of its sentences: those of one screen. */
export type Part = Partial<Catalogue>

/** The forms a counting sentence has in each language: its categories of `Intl.PluralRules`. */
interface Categories {
  en: 'one' | 'other'
  fr: 'one' | 'many' | 'other'
  ar: 'zero' | 'one' | 'two' | 'few' | 'many' | 'other'
}
/** One file of sentences in another language: no key of the English file is absent, no form of a sentence that counts. */
export type Translation<English, L extends Language> = {
  readonly [K in keyof English]: English[K] extends string ? string : { readonly [C in Categories[L]]: string }
}
/** Everything said in one language. Times are local to `zone`, or to the machine when there is none. */
export interface Speech {
  readonly language: Language
  readonly direction: 'ltr' | 'rtl'
  readonly say: Say
  /** Why the room said no. `nameOf` gives a party's name as the viewer knows it. */
  refusal(refusal: Refusal, nameOf?: (party: PartyId) => string): string
  /** 14:42 */
  clock(at: number): string
  /** 14:42 when `at` is on the day of `now`, else 18 November, 11:05. */
  moment(at: number, now: number): string
  /** 22 November */
  day(at: number): string
  list(items: string[]): string
  number(value: number): string
}

/** Letters that turn the line around them: Hebrew, Arabic and their kin. */
const TURNS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/

export function createSpeech(language: Language, catalogue: Part, refusals: RefusalSentences, zone?: string): Speech {
  const { direction } = FACTS[language]
  const format = formats(language, zone)
  const words: { [K in Key]?: string | Plural } = catalogue
  // A name of another direction is isolated, as `bdi` does in markup.
  const isolated = (words: string): string =>
    direction === 'rtl' || TURNS.test(words) ? `\u2068${words}\u2069` : words
  const fill = (text: string, values: Record<string, string | number>): string =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name]
      if (value === undefined) return whole
      return isolated(typeof value === 'number' ? format.number(value) : value)
    })
  const say = (key: Key, values: Record<string, string | number> = {}): string => {
    const text = words[key] ?? key
    if (typeof text === 'string') return fill(text, values)
    return fill(text[format.plural(Number(values['count'] ?? 0))] ?? text.other, values)
  }
  const dayAndClock = (at: number): string => format.dayAndClock(at, say('app.comma'))
  const list = (items: string[]): string => format.list(items.map(isolated))
  return {
    language,
    direction,
    say: say as Say,
    refusal: (refusal, nameOf = (party) => party) => {
      const sentence = refusals[refusal.code] as (refusal: Refusal, speak: RefusalSpeech) => string
      const level: RefusalSpeech['level'] = (level) => say(`level.${level}`)
      const named = (party: PartyId) => isolated(nameOf(party))
      return sentence(refusal, { party: named, level, list, moment: dayAndClock, number: format.number })
    },
    clock: format.clock,
    day: format.day,
    moment: (at, now) => (format.date(at) === format.date(now) ? format.clock(at) : dayAndClock(at)),
    list,
    number: format.number,
  }
}

/** Each format is made when it is first asked for: together they take a browser 60 ms. */
function formats(language: Language, zone: string | undefined) {
  const { locale } = FACTS[language]
  const timeZone = zone === undefined ? {} : { timeZone: zone }
  const plural = once(() => new Intl.PluralRules(locale))
  const number = once(() => new Intl.NumberFormat(locale))
  const list = once(() => new Intl.ListFormat(locale, { type: 'conjunction' }))
  const time = (options: Intl.DateTimeFormatOptions) =>
    once(() => new Intl.DateTimeFormat(locale, { ...options, ...timeZone }))
  const clock = time({ hour: '2-digit', minute: '2-digit', hour12: false })
  const day = time({ day: 'numeric', month: 'long' })
  const date = time({ dateStyle: 'short' })
  return {
    plural: (count: number) => plural().select(count),
    number: (value: number) => number().format(value),
    list: (items: string[]) => list().format(items),
    clock: (at: number) => clock().format(at),
    day: (at: number) => day().format(at),
    date: (at: number) => date().format(at),
    dayAndClock: (at: number, comma: string) => `${day().format(at)}${comma}${clock().format(at)}`,
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
