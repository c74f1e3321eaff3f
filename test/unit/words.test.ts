import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { initials } from '#client/components/party.ts'
import { directionOf } from '#client/editor/direction.ts'
import { ar, refusalsInArabic } from '#shared/words/ar.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { fr, refusalsInFrench } from '#shared/words/fr.ts'
import { FACTS, LANGUAGES, type Language, parseLanguage, preferredOf } from '#shared/words/languages.ts'
import { type Catalogue, createSpeech, type Key, type Plural } from '#shared/words/say.ts'

const ROOT = join(import.meta.dirname, '../..')
const CATALOGUES: Record<Language, Catalogue> = { en, fr, ar }
const REFUSALS = { en: refusalsInEnglish, fr: refusalsInFrench, ar: refusalsInArabic }
const KEYS = Object.keys(en) as Key[]
const others = LANGUAGES.filter((language) => language !== 'en')

const formsOf = (text: string | Plural): [string, string][] =>
  typeof text === 'string' ? [['other', text]] : (Object.entries(text) as [string, string][])
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted()

/** Whether a plural category stands for one number only, so that its sentence may say it in words. */
function isOneNumber(language: Language, category: string): boolean {
  const rules = new Intl.PluralRules(FACTS[language].locale)
  return Array.from({ length: 400 }, (_, n) => n).filter((n) => rules.select(n) === category).length === 1
}

test.each(LANGUAGES)('S40 every sentence is there in %s, and none that English lacks', (language) => {
  expect(Object.keys(CATALOGUES[language]).toSorted()).toEqual(KEYS.toSorted())
  expect(Object.keys(REFUSALS[language]).toSorted()).toEqual(Object.keys(refusalsInEnglish).toSorted())
  expect(readdirSync(join(ROOT, 'shared/words', language)).toSorted()).toEqual(
    readdirSync(join(ROOT, 'shared/words/en')).toSorted(),
  )
  expect(KEYS.length).toBeGreaterThan(400)
})

test.each(LANGUAGES)('S40 a sentence that counts has each plural form that %s has', (language) => {
  const needed = new Intl.PluralRules(FACTS[language].locale).resolvedOptions().pluralCategories.toSorted()
  const wrong = KEYS.filter((key) => {
    const text = CATALOGUES[language][key]
    return typeof text !== 'string' && Object.keys(text).toSorted().join() !== needed.join()
  })
  expect(wrong).toEqual([])
})

test.each(others)('S40 a sentence names in %s what it names in English, in each of its forms', (language) => {
  const wrong = KEYS.flatMap((key) => {
    const counts = typeof en[key] !== 'string'
    const named = placeholders(formsOf(en[key]).at(-1)?.[1] ?? '')
    return formsOf(CATALOGUES[language][key]).flatMap(([category, text]) => {
      // "Two clauses" may be one word; whatever stands for many numbers says which, if English does.
      const free = counts && isOneNumber(language, category)
      const [asked, said] = [named, placeholders(text)].map((names) => names.filter((n) => !free || n !== '{count}'))
      return String(asked) === String(said) ? [] : [`${key} (${category}): ${text}`]
    })
  })
  expect(wrong).toEqual([])
})

test.each(others)('S40 nothing was left in English in %s', (language) => {
  const same = KEYS.filter((key) => {
    const words = formsOf(en[key]).map(([, text]) => text.replace(/\{\w+\}/g, ''))
    return /[a-z]{3}/.test(words.join('')) && String(formsOf(CATALOGUES[language][key])) === String(formsOf(en[key]))
  })
  // The same word in both, or a name.
  expect(same.filter((key) => !SHARED.has(key))).toEqual([])
})
const SHARED = new Set<Key>([
  'app.name',
  'clause.tab',
  'clause.heading',
  'kind.caucus',
  'term.caucus',
  'term.clause',
  'term.consensus',
  'term.ad-referendum',
  'editor.row',
  'matrix.clauses',
  'editor.article',
  'people.invitation',
  'files.print.code',
  'files.print.article',
])

test.each(LANGUAGES)('S40 every refusal has a sentence in %s, whatever it carries', (language) => {
  const speech = createSpeech(language, CATALOGUES[language], REFUSALS[language])
  const sentence = speech.refusal({ code: 'level-too-low', needed: 'suggest', has: 'read' })
  expect(sentence).toContain(speech.say('level.suggest'))
  expect(speech.refusal({ code: 'stale', current: '' as never })).toMatch(/\.$/)
})

test('S40 in Arabic every name is isolated, those of a list one by one', () => {
  const speech = createSpeech('ar', ar, refusalsInArabic)
  expect(speech.say('saved.at', { clock: '14:42' })).toBe('حُفظ \u206814:42\u2069')
  expect(speech.list(['Tavira', 'Council'])).toBe('\u2068Tavira\u2069 و\u2068Council\u2069')
  expect(speech.say('people.seats', { count: 2 })).toBe('مقعدان')
  expect(speech.say('people.seats', { count: 3 })).toContain('مقاعد')
  expect(speech.say('people.seats', { count: 11 })).toContain('مقعداً')
})

test('S40 the browser’s preferred language is the first guess, English the last', () => {
  expect(preferredOf(['de-CH', 'fr-CH', 'en'])).toBe('fr')
  expect(preferredOf(['de', 'es'])).toBe('en')
  expect(parseLanguage('fr_FR.UTF-8')).toBe('fr')
  expect(parseLanguage('frisian')).toBeNull()
})

test('S42 words run where their first letter says, whatever stands before it', () => {
  expect(directionOf('(5) المادة [Tavira]')).toBe('rtl')
  expect(directionOf('«Tavira» المادة')).toBe('ltr')
  expect(directionOf('48 [ – ] 5.2')).toBeNull()
})

test('S42 initials of a joined script stand apart', () => {
  expect(initials('إلسه كورفان')).toBe('إ ك')
  expect(initials('Dr Ilse Corvane')).toBe('IC')
})

const sourcesIn = (folder: string, ending: RegExp): [string, string][] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => [file, readFileSync(join(ROOT, folder, file), 'utf8')])

test('S40 each sentence is said somewhere', () => {
  const source = sourcesIn('client', /\.(?:ts|svelte)$/)
    .map(([, text]) => text)
    .join('\n')
  const literal = new Set(source.match(/(?<=['"`])[a-z][\w-]*(?:\.[\w-]+)+(?=['"`])/g))
  // `role.${role}` says any key that fits.
  const patterns = [...source.matchAll(/`([a-z][\w-]*(?:[.-][\w-]*)*\$\{[^`]*)`/g)]
    .map(([, template = '']) => template)
    .filter((template) => /^[\w-]+[.-]/.test(template))
    .map((template) => {
      const parts = template.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
      return new RegExp(`^${parts.map((part) => part.replaceAll('.', '\\.')).join('[\\w-]+')}$`)
    })
  const silent = KEYS.filter((key) => !literal.has(key) && !patterns.some((pattern) => pattern.test(key)))
  expect(silent).toEqual([])
})

test('S40 no sentence stands in a component outside the catalogue', () => {
  const components = sourcesIn('client', /\.svelte$/)
  expect(components.length).toBeGreaterThan(50)
  expect(components.flatMap(([file, text]) => sentencesIn(text).map((words) => `${file}: ${words}`))).toEqual([])
})

test('S40 a sentence in a component would be found', () => {
  const component = `<p class="x">Read {count} <b>clauses</b></p><button aria-label="Close it">×</button>`
  expect(sentencesIn(component)).toEqual(['Read', 'clauses', 'Close it'])
  expect(sentencesIn(`<p aria-hidden="true" title={say('a.b')}>{#if one}{say('a.b')}{:else}{two}{/if}</p>`)).toEqual([])
})

/** Words between tags and in the attributes that are read: what is left when code, markup and expressions are taken out. */
function sentencesIn(component: string): string[] {
  const markup = component.replaceAll(/<(script|style|code)\b[\s\S]*?<\/\1>/g, '').replaceAll(/<!--[\s\S]*?-->/g, '')
  const plain = withoutBraces(markup)
  const attributes = [...plain.matchAll(/\s(?:aria-label|title|placeholder|alt|label|words)="([^"]*)"/g)]
  const between = plain.replaceAll(/<[^>]*>/g, '\n').split('\n')
  return [...between, ...attributes.map(([, text = '']) => text)]
    .map((text) => text.trim())
    .filter((text) => /\p{Ll}{2}|\p{Lo}{2}/u.test(text))
}

/** The text without what stands in braces, nested ones included. */
function withoutBraces(text: string): string {
  let depth = 0
  let left = ''
  for (const char of text) {
    if (char === '{') depth++
    else if (char === '}') depth--
    else if (depth === 0) left += char
  }
  return left
}
