import { expect, test } from 'vitest'
import type { Structure } from '#client/room/room.ts'
import { standingOf } from '#client/state/brackets.ts'
import { headerWords } from '#client/state/connection.svelte.ts'
import { hrefOf, routeOf } from '#client/state/route.svelte.ts'
import { placeIn } from '#client/state/siblings.ts'
import { wordsIn } from '#client/state/text.svelte.ts'
import { firstTrack } from '#client/state/tracks.ts'
import { type ClauseId, instant, type PartyId, type SeatId } from '#shared/ids.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { createSpeech } from '#shared/words/say.ts'
import { HASH, NOW, OTHER_HASH, trackFor, viewOf } from '../support/seen.ts'

const speech = createSpeech('en', en, refusalsInEnglish, 'UTC')

test('S5 the address names the track behind the #, where no server sees it', () => {
  const process = 'p'.repeat(22)
  const at = (hash: string) => routeOf({ pathname: `/r/${process}/tavira-head/`, hash })
  expect(at('#/text/water')).toMatchObject({
    screen: 'room',
    seat: 'tavira-head',
    place: { page: 'text', track: 'water' },
  })
  expect(at('')).toMatchObject({ place: { page: 'text', track: null } })
  expect(at('#/desk/people')).toMatchObject({ place: { page: 'desk', section: 'people' } })
  for (const place of [{ page: 'people' }, { page: 'desk', section: '' }] as const)
    expect(at(hrefOf(place))).toMatchObject({ place })
})

test('S5 the code of an invitation stands behind the #, and an address that names no room opens none', () => {
  expect(routeOf({ pathname: '/join', hash: '#abc' })).toEqual({ screen: 'join', code: 'abc' })
  expect(routeOf({ pathname: '/r/short/tavira-head/', hash: '' })).toEqual({ screen: 'nowhere' })
  expect(routeOf({ pathname: '/', hash: '' })).toEqual({ screen: 'first-start' })
})

test('S8 saved is said of what is durable only; offline work is not sent yet', () => {
  const words = (
    connection: Parameters<typeof headerWords>[0]['connection'],
    saving: Parameters<typeof headerWords>[0]['saving'],
  ) => headerWords({ connection, saving }, speech)
  expect(words({ at: 'live' }, { at: 'saved', since: NOW })).toMatchObject({
    words: 'Saved 13:42. Connection good',
    tone: 'ok',
  })
  expect(words({ at: 'live' }, { at: 'saving' }).words).toBe('Saving. Connection good')
  const away = words({ at: 'waiting', attempt: 1, retryAt: NOW }, { at: 'not-sent', changes: 3 })
  expect(away).toMatchObject({ words: '3 changes not sent yet. Offline', brief: 'Offline', tone: 'warn' })
  const full = words({ at: 'live' }, { at: 'not-saving', reason: 'disk-full', changes: 0 })
  expect(full).toMatchObject({ brief: 'Not being saved', tone: 'bad' })
})

test('S3 an agreement on older words is shown as such, and one past its time as none', () => {
  const agreed = (hash: string, until?: number) => [
    {
      id: 'council' as PartyId,
      hash: hash as typeof HASH,
      at: instant(NOW),
      by: 'x' as SeatId,
      ...(until ? { until: instant(until) } : {}),
    },
  ]
  const of = (list: ReturnType<typeof agreed>) => standingOf(list, 'council' as PartyId, HASH, NOW)
  expect(of(agreed(HASH))).toBe('agrees')
  expect(of(agreed(OTHER_HASH))).toBe('stale')
  expect(of(agreed(HASH, NOW))).toBe('agrees')
  expect(of(agreed(HASH, NOW - 1))).toBe('not-yet')
  expect(of([])).toBe('not-yet')
})

test('S3 a clause is found among its siblings, on every level', () => {
  const clause = (id: string, items: unknown[] = []) => ({ id, items })
  const structure = {
    articles: [{ id: 'a', clauses: [clause('one'), clause('two', [clause('two-a'), clause('two-b')])] }],
  } as unknown as Structure
  expect(placeIn(structure, 'two-b' as ClauseId)).toMatchObject({ parent: 'two', index: 1, article: { id: 'a' } })
  expect(placeIn(structure, 'one' as ClauseId)).toMatchObject({ parent: null, index: 0 })
  expect(placeIn(structure, 'three' as ClauseId)).toBeNull()
})

test('S2 a person arrives in the plenary text when they see one', () => {
  const tracks = [
    trackFor('tavira', 'caucus', { tavira: 'edit' }),
    trackFor('tavira', 'plenary', { tavira: 'suggest' }),
  ]
  expect(firstTrack(viewOf('tavira', { tracks }))).toBe('plenary')
  expect(firstTrack(viewOf('tavira'))).toBeNull()
})

test('S7 one’s own unsent words are found in what the room tells of them', () => {
  expect(wordsIn({ unsent: [{ words: 'within sixty days' }, 'and no later'] })).toBe('within sixty days\nand no later')
  expect(wordsIn(null)).toBe('')
  expect(wordsIn({ track: 'water' })).toBe('')
})
