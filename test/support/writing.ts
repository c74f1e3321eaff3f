import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room } from '#client/room/room.ts'
import type { TrackId } from '#shared/ids.ts'
import { Arrivals } from './arrive.ts'
import { openBrowser, type openPage } from './browser.ts'
import { cleanUp, SMALL_PROCESS, type StartedServer, startServer } from './server.ts'

/** People who write in a text, in real pages. */

export const PLENARY = 'plenary' as TrackId

/** Two delegations that suggest in the plenary and edit in a drafting group, and a civil forum that may be let in. */
const talksOf = (clauses: string[], drafts: string[]) => ({
  ...SMALL_PROCESS,
  parties: [...SMALL_PROCESS.parties, { id: 'forum', name: 'Shores Forum', short: 'FOR', kind: 'civil' }],
  seats: [...SMALL_PROCESS.seats, { id: 'forum-moderator', party: 'forum', role: 'moderator', name: 'Hal Forum' }],
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: { title: 'On the ferry', articles: [{ title: 'The ferry', clauses }] },
      access: { north: 'suggest', south: 'suggest', team: 'edit' },
    },
    {
      id: 'group',
      title: 'Drafting group',
      kind: 'group',
      text: { title: 'Draft', articles: [{ title: 'Wells', clauses: drafts }] },
      access: { north: 'edit', south: 'edit', team: 'edit' },
    },
  ],
})

/** A server, a browser, and a mediator without a page who reads what everyone has. */
export interface WritingRoom {
  server: StartedServer
  browser: Browser
  people: Arrivals
  /** By seat: the code of its invitation. */
  codes: Record<string, string>
  mediator: Room
  /** The plenary's. */
  text: OpenText
  /** What any page reported as an error. */
  troubles: string[][]
  /** A page with the text of a track in front. */
  arrive(seat: string, track?: string, options?: Parameters<typeof openPage>[1]): Promise<Page>
  /** What everyone reads in the clause, as a third client has it. */
  comesTo(clause: string, words: string): Promise<void>
  close(): Promise<void>
}

export async function openWriting(clauses: string[], drafts: string[]): Promise<WritingRoom> {
  const server = await startServer()
  const browser = await openBrowser()
  const talks = await server.newProcess(talksOf(clauses, drafts))
  const people = new Arrivals(server, talks, browser)
  const mediator = await enterRoom({ url: server.url, token: await people.token('mediator') })
  const text = await mediator.open(PLENARY)
  const troubles: string[][] = []
  return {
    server,
    browser,
    people,
    codes: talks.codes,
    mediator,
    text,
    troubles,
    async arrive(seat, track = 'plenary', options = {}) {
      const arrived = await people.arrive(seat, { ...options, at: `#/text/${track}` })
      troubles.push(arrived.troubles)
      await arrived.page.getByRole('textbox', { name: /^Negotiated text/ }).waitFor()
      return arrived.page
    },
    comesTo: (clause, words) => expect.poll(() => text.plain(clause), { timeout: 10_000 }).toBe(words),
    async close() {
      await mediator.close()
      await browser.close()
      await cleanUp()
    },
  }
}

export const wordsOf = (page: Page, clause: string) => page.locator(`[data-clause="${clause}"] p`)
/** The words of a clause on a page, without what only screen readers hear. */
export const shownOf = (page: Page, clause: string): Promise<string> =>
  wordsOf(page, clause).evaluate((words) => {
    const copy = words.cloneNode(true) as HTMLElement
    for (const hidden of copy.querySelectorAll('.vh')) hidden.remove()
    return copy.textContent ?? ''
  })
/** Puts the caret so many steps right of a clause's start. */
export async function caretAt(page: Page, clause: string, steps: number): Promise<void> {
  await wordsOf(page, clause).click()
  await page.keyboard.press('Home')
  for (let i = 0; i < steps; i++) await page.keyboard.press('ArrowRight')
}

/** An input method: what it shows for now, and what it leaves. */
export async function composer(page: Page) {
  const devices = await page.context().newCDPSession(page)
  const compose = (words: string) =>
    devices.send('Input.imeSetComposition', { text: words, selectionStart: words.length, selectionEnd: words.length })
  return Object.assign(compose, { done: (words: string) => devices.send('Input.insertText', { text: words }) })
}
