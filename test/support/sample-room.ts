import type { Browser, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { OpenText } from '#client/room/room.ts'
import { openPage, type SIZES } from './browser.ts'
import { post, type StartedServer } from './server.ts'

/** The sample process as people meet it: by the page of the first start, or by a link. */

export const TEXT = /^Negotiated text/

/** What the page's button does for `seat`, without a page: gives a token. */
export async function seatToken(server: StartedServer, seat: string): Promise<string> {
  const answer = await post(`${server.url}/api/first-start/open`, { seat }, { origin: server.url })
  const token = /^[^=]+=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1]
  if (!token) throw new Error(`no seat: ${answer.status} ${await answer.text()}`)
  return token
}

/** A browser of one's own; opens a seat by its button on the page of the first start, seen at `url`. */
export async function openSeat(
  browser: Browser,
  url: string,
  name: string,
  size: keyof typeof SIZES = 'desktop',
): Promise<{ page: Page; troubles: string[] }> {
  const { page: first, context } = await openPage(browser, { size })
  await first.goto(url)
  const opened = context.waitForEvent('page')
  await first.getByRole('button', { name: new RegExp(`^Open ${name}`) }).click()
  const page = await opened
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(error.message))
  await page.getByRole('main').waitFor()
  return { page, troubles }
}

/** A browser of one's own; opens a link as a person does. */
export async function openLink(browser: Browser, link: string): Promise<{ page: Page; troubles: string[] }> {
  const { page, troubles } = await openPage(browser)
  await page.goto(link)
  await page.getByRole('checkbox', { name: /I have read the ground rules/ }).check()
  await page.getByText('Connection good').waitFor()
  await page.getByRole('button', { name: 'Enter the room' }).click()
  await page.getByRole('textbox', { name: TEXT }).waitFor()
  return { page, troubles }
}

export const wordsOf = (page: Page, clause: string) => page.locator(`[data-clause="${clause}"] p`)

/** What a clause shows on a page, without what only screen readers hear. */
export const shown = (page: Page, clause: string): Promise<string> => shownIn(wordsOf(page, clause))
export const shownIn = (element: Locator): Promise<string> =>
  element.evaluate((words) => {
    const copy = words.cloneNode(true) as HTMLElement
    for (const hidden of copy.querySelectorAll('.vh')) hidden.remove()
    return copy.textContent ?? ''
  })

/** Puts the caret right of `letters` letters of a clause whose first line has no brackets. */
export async function caretAt(page: Page, clause: string, letters: number): Promise<void> {
  await wordsOf(page, clause).click({ position: { x: 1, y: 8 } })
  await page.keyboard.press('Home')
  for (let i = 0; i < letters; i++) await page.keyboard.press('ArrowRight')
}

/** The clause that begins so, however it is numbered. */
export function clauseThatBegins(text: OpenText, words: string): { id: string; leaf: string } {
  const found = text.structure.articles
    .flatMap(({ clauses }) => clauses)
    .find(({ leaf }) => text.text(leaf).toString().startsWith(words))
  if (!found) throw new Error(`no clause begins: ${words}`)
  return found
}

/** Opens the card of the bracket with these words, from the list beside the text. */
export async function openBracket(page: Page, clause: string, words: string) {
  const card = page.getByRole('dialog', { name: /racket, words/ })
  if ((await card.count()) > 0) return card
  await wordsOf(page, clause).click({ position: { x: 1, y: 8 } })
  await page.getByRole('tab', { name: /^Clause/ }).click()
  await page
    .getByRole('list', { name: 'Brackets in this clause' })
    .getByRole('button', { name: new RegExp(words) })
    .click()
  await card.waitFor()
  return card
}

/** Everything this page and its storage hold, as one string. */
export async function heldBy(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const held: unknown[] = [document.documentElement.outerHTML, { ...localStorage }, { ...sessionStorage }]
    for (const { name, version } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((opened, failed) => {
        const request = indexedDB.open(name ?? '', version)
        request.onsuccess = () => opened(request.result)
        request.onerror = () => failed(request.error)
      })
      for (const store of database.objectStoreNames) {
        const rows = await new Promise<unknown[]>((read) => {
          const request = database.transaction(store).objectStore(store).getAll()
          request.onsuccess = () => read(request.result)
        })
        held.push(rows.map((row) => JSON.stringify(row, bytesAsText)))
      }
      database.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) held.push(await (await cache.match(request))?.text())
    }
    return JSON.stringify(held)
    function bytesAsText(_key: string, value: unknown): unknown {
      return value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value
    }
  })
}

/** The strings that the page's memory still holds, after a collection. */
export async function remembers(page: Page, words: string): Promise<boolean> {
  const devtools = await page.context().newCDPSession(page)
  let parts = ''
  devtools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    parts += chunk
  })
  await devtools.send('HeapProfiler.collectGarbage')
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await devtools.detach()
  return parts.includes(words)
}

export async function everywhere(pages: Page[], clause: string, words: string | RegExp): Promise<void> {
  for (const page of pages) await expect.poll(() => shown(page, clause), { timeout: 15_000 }).toMatch(words)
}
