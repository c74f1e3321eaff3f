import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenText, Room } from '#client/room/room.ts'
import type { PartyId, TrackId } from '#shared/ids.ts'
import { CHROMIUM } from '../support/browser.ts'
import { caretAt, composer, openWriting, PLENARY, shownOf, type WritingRoom, wordsOf } from '../support/writing.ts'

const FORUM = 'forum' as PartyId

let writing: WritingRoom
let mediator: Room
let text: OpenText
let north: Page
let south: Page
let clauses: [string, string]

const arrive = (seat: string, track?: string) => writing.arrive(seat, track)
const comesTo = (clause: string, words: string) => writing.comesTo(clause, words)

describe.skipIf(!CHROMIUM)('composing in a text', () => {
  beforeAll(async () => {
    writing = await openWriting(
      ['Tickets are free for children.', 'Nobody is turned away.'],
      ['Pumps are kept.', 'Valves are shut.'],
    )
    mediator = writing.mediator
    text = writing.text
    const [first, second] = text.structure.articles[0]?.clauses ?? []
    clauses = [first?.id ?? '', second?.id ?? '']
    north = await arrive('north-head')
    south = await arrive('south-head')
  })
  afterAll(() => writing.close())

  test('E4 what an input method composes is in the text letter by letter, while somebody types in the same clause: nothing is doubled, lost or torn', async () => {
    const compose = await composer(north)
    await caretAt(north, clauses[0], 'Tickets'.length)
    await compose('に')
    await comesTo(clauses[0], 'Tickets[に - NOR] are free for children.')
    await compose('にほ')
    await comesTo(clauses[0], 'Tickets[にほ - NOR] are free for children.')
    await expect.poll(() => shownOf(south, clauses[0])).toBe('Tickets[にほ]NOR are free for children.')
    await caretAt(south, clauses[0], 'Tickets[にほ] are free'.length)
    await south.keyboard.type(' of charge', { delay: 5 })
    await comesTo(clauses[0], 'Tickets[にほ - NOR] are free[ of charge - SOU] for children.')
    await compose('にほん')
    await compose('日本')
    await comesTo(clauses[0], 'Tickets[日本 - NOR] are free[ of charge - SOU] for children.')
    // Held: what others do is not drawn under the hands of the one who composes.
    expect(await shownOf(north, clauses[0])).toBe('Tickets日本 are free for children.')
    await compose.done('日本')
    await expect.poll(() => shownOf(north, clauses[0])).toBe('Tickets[日本]NOR are free[ of charge]SOU for children.')
    await north.keyboard.type('go')
    await comesTo(clauses[0], 'Tickets[日本go - NOR] are free[ of charge - SOU] for children.')
    // Given up: nothing stays of it, no empty bracket either.
    await caretAt(south, clauses[0], 3)
    const other = await composer(south)
    await other('か')
    await comesTo(clauses[0], 'Tic[か - SOU]kets[日本go - NOR] are free[ of charge - SOU] for children.')
    await other('')
    await expect.poll(() => shownOf(south, clauses[0])).toBe('Tickets[日本go]NOR are free[ of charge]SOU for children.')
    await comesTo(clauses[0], 'Tickets[日本go - NOR] are free[ of charge - SOU] for children.')
  })

  test('E4 composing in words that others edit: they type and delete around it and in it, and it stays between its neighbours', async () => {
    const group = await mediator.open('group')
    const clause = group.structure.articles[0]?.clauses[0]
    if (!clause) throw new Error('the draft has a clause')
    const [first, second] = [await arrive('north-alternate', 'group'), await arrive('south-adviser', 'group')]
    const compose = await composer(first)
    await caretAt(first, clause.id, 'Pumps are'.length)
    await compose('zz')
    await expect.poll(() => group.plain(clause.id)).toBe('Pumps arezz kept.')
    await caretAt(second, clause.id, 'Pumps are'.length)
    for (let i = 0; i < 'are'.length; i++) await second.keyboard.press('Backspace')
    await second.keyboard.type('will be')
    await expect.poll(() => group.plain(clause.id)).toBe('Pumps will bezz kept.')
    await second.keyboard.press('ArrowRight')
    await second.keyboard.type('-')
    await expect.poll(() => group.plain(clause.id)).toBe('Pumps will bez-z kept.')
    await compose('zzz')
    await expect.poll(() => group.plain(clause.id)).toBe('Pumps will bez-zz kept.')
    await compose.done(' well')
    await expect.poll(() => group.plain(clause.id)).toMatch(/^Pumps will be(?: well-|- well) kept\.$/)
    await expect.poll(() => wordsOf(first, clause.id).textContent()).toBe(group.plain(clause.id))
    await first.keyboard.type('!')
    await expect.poll(() => group.plain(clause.id)).toContain(' well!')
    group.close()
    for (const page of [first, second]) await page.context().close()
  })

  test('E4 the text begins anew while an input method composes: it goes on in the same words', async () => {
    const compose = await composer(north)
    await caretAt(north, clauses[1], 'Nobody'.length)
    await compose('に')
    await comesTo(clauses[1], 'Nobody[に - NOR] is turned away.')
    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM, level: 'read' }] })
    await north.getByText('Shores Forum').first().waitFor()
    await compose('にほ')
    await comesTo(clauses[1], 'Nobody[にほ - NOR] is turned away.')
    await compose.done('日本')
    await comesTo(clauses[1], 'Nobody[日本 - NOR] is turned away.')
    await expect.poll(() => shownOf(north, clauses[1])).toBe('Nobody[日本]NOR is turned away.')
    for (let i = 0; i < 2; i++) await north.keyboard.press('Backspace')
    await comesTo(clauses[1], 'Nobody is turned away.')
  })

  test('E4 the clause goes while an input method composes in it: what was composed is given back to its author and goes nowhere else', async () => {
    const group = await mediator.open('group')
    const clause = group.structure.articles[0]?.clauses[1]
    if (!clause) throw new Error('the draft has two clauses')
    const page = await arrive('north-alternate', 'group')
    const compose = await composer(page)
    await caretAt(page, clause.id, 'Valves'.length)
    await compose('にほ')
    await expect.poll(() => group.plain(clause.id)).toBe('Valvesにほ are shut.')
    await mediator.act({ type: 'RemoveClause', track: 'group' as TrackId, clause: clause.id })
    await wordsOf(page, clause.id).waitFor({ state: 'detached' })
    await page.getByText('にほ').waitFor()
    await compose.done('日本')
    await page.keyboard.type('x')
    expect(group.structure.articles[0]?.clauses.map(({ id }) => group.plain(id)).join()).not.toMatch(/[にほ日本x]/u)
    expect(await page.getByRole('textbox', { name: /^Negotiated text/ }).textContent()).not.toMatch(/[にほ日本]/u)
    group.close()
    await page.context().close()
  })

  test('E11 no page reported an error', () => {
    expect(writing.troubles.flat()).toEqual([])
  })
})
