import { expect, test } from 'vitest'
import { instant, parseHash } from '#shared/ids.ts'
import type { Refusal } from '#shared/refusals.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { createSpeech } from '#shared/words/say.ts'
import { HASH, NOW } from '../support/seen.ts'

const speech = createSpeech('en', en, refusalsInEnglish, 'Europe/Zurich')
const texts = Object.entries(en).map(([key, text]): [string, string] => [
  key,
  typeof text === 'string' ? text : Object.values(text).join(' '),
])

test('S1 a sentence is filled with what it names, and counts in words', () => {
  expect(speech.say('audience.with-party', { party: 'Northern Maren Council' })).toBe(
    'Only you and Northern Maren Council see this text',
  )
  expect(speech.say('offline.kept', { count: 1 })).toBe('You are offline. 1 change is kept on this page.')
  expect(speech.say('offline.kept', { count: 3 })).toBe('You are offline. 3 changes are kept on this page.')
})

test('S1 words that a person wrote are not read as placeholders', () => {
  expect(speech.say('compose.quote', { words: '{count} {words}' })).toBe('About: “{count} {words}”')
})

test('S1 times are those of the zone, and name the day when it is another', () => {
  expect(speech.clock(NOW)).toBe('14:42')
  expect(speech.moment(NOW, NOW)).toBe('14:42')
  expect(speech.moment(NOW - 24 * 3600_000, NOW)).toBe('21 November, 14:42')
})

test('S1 a name that runs the other way is isolated in its sentence', () => {
  const party = 'مجلس مارين'
  expect(speech.say('audience.with-party', { party })).toContain(`\u2068${party}\u2069`)
  expect(speech.say('audience.with-party', { party: 'Tavira' })).not.toContain('\u2068')
})

test('S1 every refusal has its sentence: the fact, and never a code', () => {
  const refusals: Refusal[] = [
    { code: 'consent-missing', parties: [] },
    { code: 'stale', current: parseHash(HASH) ?? HASH },
    { code: 'too-late', due: instant(NOW) },
    { code: 'not-saved', reason: 'disk-full' },
    { code: 'too-fast', retryAfterMs: 1_500 },
    { code: 'level-too-low', needed: 'suggest', has: 'read' },
  ]
  for (const refusal of refusals) {
    const sentence = speech.refusal(refusal)
    expect(sentence).toMatch(/^[A-Z].*\.$/s)
    expect(sentence).not.toContain(refusal.code)
  }
  expect(speech.refusal({ code: 'too-fast', retryAfterMs: 1_500 })).toContain('2 s')
})

test('S1 the catalogue keeps to the words of the field', () => {
  const banned =
    /\b(publish|posts?|users?|admin|permissions?|sync|hash|token|conflicts?|win|lose|loses|violation|demands?|sides?|errors?)\b|!/i
  const found = texts.filter(([, text]) => banned.test(text)).map(([key]) => key)
  expect(found).toEqual([])
  expect(texts.length).toBeGreaterThan(200)
})
