import { expect, test } from 'vitest'
import { parseInstant } from '#shared/domain/calendar.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import { fileWith, PROCESS_FILE, Story, trackId } from '../support/build.ts'

const places = (file: unknown): string[] => {
  const parsed = parseProcessFile(file)
  return parsed.ok ? [] : parsed.refusal.map(({ where }) => where)
}
const read = (file: unknown) => {
  const parsed = parseProcessFile(file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal))
  return parsed.value
}
const track = (parts: object) => fileWith({ tracks: [{ id: 'one', title: 'One', kind: 'group', ...parts }] })

test('F1.1 every mistake is named at once, each with its place', () => {
  const file = {
    titel: 'x',
    languages: ['en', 'not a tag'],
    charter: { acceptance: 'required' },
    parties: [
      { id: 'a', name: 'A', short: 'A', kind: 'delegation' },
      { id: 'b', name: 'B', short: 'A', kind: 'delegates' },
      { id: 'a', name: 'C', short: 'CCCCCC', kind: 'civil' },
    ],
    seats: [
      { id: 'a-1', party: 'z', role: 'chief', name: '' },
      { id: 'constructor', party: 'a', role: 'mediator', name: 'M' },
    ],
    tracks: [{ id: 'p', title: 'P', kind: 'plenum', access: { a: 'see', q: 'read' }, text: 'p.md' }],
  }
  expect(places(file)).toEqual([
    'titel',
    'title',
    'languages[1]',
    'charter.text',
    'parties[1].short',
    'parties[1].kind',
    'parties[2].id',
    'parties[2].short',
    'seats[0].party',
    'seats[0].role',
    'seats[0].name',
    'seats[1].id',
    'seats[1].role',
    'parties[0]',
    'tracks[0].kind',
    'tracks[0].access.a',
    'tracks[0].access.q',
    'tracks[0].text',
  ])
})

test.each([[null], [[]], ['text'], [7], [undefined]])(
  'F1.1 what is no record of names and values is one mistake: %j',
  (input) => {
    expect(places(input)).toHaveLength(1)
  },
)

test('F1.1 a key it does not know is a mistake, at every depth', () => {
  expect(places(fileWith({ secretariat: { fax: '1' } }))).toEqual(['secretariat.fax'])
  expect(places(track({ colour: 'red' }))).toEqual(['tracks[0].colour'])
  expect(places(track({ access: { tavira: { level: 'read', forever: true } } }))).toEqual([
    'tracks[0].access.tavira.forever',
  ])
  const text = { title: 'T', articles: [{ title: 'A', clauses: [{ words: 'w', item: [] }], note: '' }] }
  expect(places(track({ text }))).toEqual([
    'tracks[0].text.articles[0].note',
    'tracks[0].text.articles[0].clauses[0].item',
  ])
})

test('F1.1 names that every object inherits name nothing', () => {
  const file = JSON.parse('{"title":"x","parties":[],"seats":[],"tracks":[],"__proto__":{"a":1}}')
  expect(places(file)).toContain('__proto__')
  expect(places(track({ access: { constructor: 'read' } }))).toEqual(['tracks[0].access.constructor'])
})

test('F1.1 a text file that nobody put in place is a mistake, a text written inline is not', () => {
  expect(places(track({ text: 'plenary.md' }))).toEqual(['tracks[0].text'])
  const inline = {
    title: 'T',
    articles: [{ title: 'A', clauses: ['one', { words: 'two', items: ['(a)', { words: 'b', items: ['i'] }] }] }],
  }
  expect(read(track({ text: inline })).tracks[0]?.text).toEqual({
    title: 'T',
    articles: [
      { kind: 'article', title: 'A', clauses: ['one', { words: 'two', items: ['(a)', { words: 'b', items: ['i'] }] }] },
    ],
  })
  const deep = {
    title: 'T',
    articles: [{ title: 'A', clauses: [{ words: '1', items: [{ words: '2', items: [{ words: '3', items: [] }] }] }] }],
  }
  expect(places(track({ text: deep }))).toEqual(['tracks[0].text.articles[0].clauses[0].items[0].items[0].items'])
})

test('F1.2 what a file leaves out has its default', () => {
  const [tavira, council] = PROCESS_FILE.parties
  const file = read({ title: 'x', parties: [tavira, council], seats: [] })
  expect(file).toMatchObject({
    languages: ['en'],
    charter: { text: '', decisionRule: 'consensus', acceptance: 'waived' },
    secretariat: { name: '', phone: '', email: '' },
  })
  expect(file.tracks.map(({ id }) => id)).toEqual(['caucus-tavira', 'caucus-council'])
})

test('F1.2 a caucus is made for every delegation that has none, unless the file says otherwise', () => {
  const own = { id: 'our-room', title: 'Our room', kind: 'caucus', access: { tavira: 'edit' } }
  const some = read(fileWith({ tracks: [own] })).tracks
  expect(some.map(({ id, owner }) => [id, owner])).toEqual([
    ['our-room', 'tavira'],
    ['caucus-council', 'council'],
  ])
  expect(read(fileWith({ tracks: [own], caucuses: false })).tracks).toHaveLength(1)
  expect(places(fileWith({ tracks: [{ ...own, id: 'caucus-council' }] }))).toEqual(['tracks'])
})

test('F5.4 a caucus is of one party, a backchannel of named seats without mediators', () => {
  const kind = (name: string, access: object) => places(track({ kind: name, access }))
  expect(kind('caucus', { tavira: 'edit', union: 'read' })).toEqual(['tracks[0].access'])
  expect(kind('caucus', {})).toEqual(['tracks[0].access'])
  expect(kind('backchannel', { 'tavira-head': 'edit' })).toEqual(['tracks[0].access'])
  expect(kind('backchannel', { tavira: 'edit', council: 'edit' })).toEqual(['tracks[0].access'])
  expect(kind('backchannel', { 'tavira-head': 'edit', 'union-mediator': 'read' })).toEqual(['tracks[0].access'])
  expect(kind('backchannel', { 'tavira-head': 'edit', 'council-head': 'edit' })).toEqual([])
})

test('F5.2 access of a file names parties or seats, by level or with the whole grant', () => {
  const access = {
    tavira: { level: 'read', history: 'full', offline: true, until: '2027-03-01T12:00:00Z' },
    'council-head': 'edit',
    forum: 'hidden',
  }
  const story = Story.of(track({ access }))
  const cells = story.process.tracks.by[trackId('one')]?.cells
  expect(cells?.parties).toEqual({
    tavira: {
      level: 'read',
      since: story.at,
      grant: { history: 'full', annotations: false, export: false, offline: true, until: 1_803_902_400_000 },
    },
  })
  expect(Object.keys(cells?.seats ?? {})).toEqual(['council-head'])
  expect(places(track({ access: { tavira: { level: 'read', until: 'noon' } } }))).toEqual([
    'tracks[0].access.tavira.until',
  ])
})

test('F1.1 an instant is a date of the calendar with its zone', () => {
  expect(parseInstant('1970-01-01T00:00:00Z')).toBe(0)
  expect(parseInstant('2024-02-29T23:59:59.5+02:00')).toBe(Date.UTC(2024, 1, 29, 21, 59, 59, 500))
  expect(parseInstant('2027-03-01T12:00-05:30')).toBe(Date.UTC(2027, 2, 1, 17, 30))
  for (const wrong of [
    '2023-02-29T00:00Z',
    '2027-13-01T00:00Z',
    '2027-01-01T24:00Z',
    '2027-01-01T00:00',
    '2027-01-01',
    '',
  ]) {
    expect(parseInstant(wrong)).toBeNull()
  }
})
