import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import { Arrivals } from '../support/arrive.ts'
import { CHROMIUM, openBrowser } from '../support/browser.ts'
import { cleanUp, SMALL_PROCESS, startServer } from '../support/server.ts'

/** 400 clauses of 450 letters: 180 kB. */
const PARTS = 20
const CLAUSES = 20
const LETTERS = 450
const BRACKETS = 300
const KEYS = 80
const SENTENCE =
  'The Parties shall halt all military movement within the Shore Zone from the day this Agreement begins. '

const TALKS = {
  ...SMALL_PROCESS,
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: {
        title: 'A long agreement',
        articles: Array.from({ length: PARTS }, (_, part) => ({
          title: `Part ${part + 1}`,
          clauses: Array.from({ length: CLAUSES }, (_, clause) =>
            `Clause ${part} ${clause}. ${SENTENCE.repeat(5)}`.slice(0, LETTERS - 1).concat('.'),
          ),
        })),
      },
      access: { north: 'suggest', south: 'suggest', team: 'edit' },
    },
  ],
}

/** The page notes when its socket opened and when the first words were painted. */
const WATCH_OPENING = `(() => {
  const Real = window.WebSocket
  window.marks = { up: null, words: null }
  window.WebSocket = class extends Real {
    constructor(...all) {
      super(...all)
      this.addEventListener('open', () => { window.marks.up ??= performance.now() })
    }
  }
  new MutationObserver((_, watcher) => {
    if (!document.querySelector('[data-clause] p')?.textContent) return
    watcher.disconnect()
    requestAnimationFrame(() => setTimeout(() => { window.marks.words = performance.now() }))
  }).observe(document, { childList: true, subtree: true })
})()`
/** Key by key: how long the page is busy from the press to the end of the frame that shows it. */
const WATCH_KEYS = `(() => {
  window.keys = []
  const channel = new MessageChannel()
  let pressed = null
  channel.port1.onmessage = () => { window.keys.push(performance.now() - pressed) }
  window.addEventListener('keydown', (event) => {
    pressed = event.timeStamp
    requestAnimationFrame(() => channel.port2.postMessage(null))
  }, true)
})()`
interface Watched {
  marks: { up: number | null; words: number | null }
  keys: number[]
}

const share = (list: number[], part: number): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length * part)] ?? Number.NaN

describe.skipIf(!CHROMIUM)('a text of 400 clauses and 180 kB with 300 brackets', () => {
  let browser: Browser
  let people: Arrivals
  let south: Room

  beforeAll(async () => {
    const server = await startServer()
    browser = await openBrowser()
    people = new Arrivals(server, await server.newProcess(TALKS), browser)
    south = await enterRoom({ url: server.url, token: await people.token('south-head') })
    const text = await south.open('plenary')
    const leaves = text.structure.articles.flatMap(({ clauses }) => clauses.map(({ leaf }) => leaf))
    for (const leaf of leaves.slice(0, BRACKETS)) await text.insert({ leaf, index: 40 }, ' of the South')
    await text.saved()
  })
  afterAll(async () => {
    await south.close()
    await browser.close()
    await cleanUp()
  })

  test('E12 its words are on screen soon after the socket is up', async () => {
    const { page, context } = await people.arrive('north-head', { at: '#/text/plenary' })
    await page.addInitScript(WATCH_OPENING)
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      await page.reload()
      await page.waitForFunction(() => (window as unknown as Watched).marks.words !== null)
      const { up, words } = await page.evaluate(() => (window as unknown as Watched).marks)
      waits.push((words ?? Number.NaN) - (up ?? Number.NaN))
    }
    console.log(`words on screen after the socket is up: ${waits.map((ms) => Math.round(ms)).join(', ')} ms`)
    expect(share(waits, 0.5)).toBeLessThan(300 * SLACK)
    await context.close()
  })

  test('E8 what is read stays where it is when the window becomes narrower and wider again', async () => {
    const { page, context } = await people.arrive('north-head', { at: '#/text/plenary' })
    const row = page.locator('[data-clause]').nth(200)
    await row.evaluate((element) => element.scrollIntoView({ block: 'start' }))
    await page.waitForTimeout(300)
    const topOf = () => row.evaluate((element) => Math.round(element.getBoundingClientRect().top))
    const top = await topOf()
    for (const width of [700, 1200]) {
      await page.setViewportSize({ width, height: 900 })
      // The bars above may have other heights: the text's own window is what counts.
      await expect.poll(async () => Math.abs((await topOf()) - top)).toBeLessThan(120)
    }
    await context.close()
  })

  test.each(['mediator', 'north-adviser'])('E12 a key pressed by %s is painted soon', async (seat) => {
    const { page, context } = await people.arrive(seat, { at: '#/text/plenary' })
    await caretIn(page, 7)
    await page.evaluate(WATCH_KEYS)
    for (let i = 0; i < KEYS; i++) {
      await page.keyboard.press('abcdefgh'[i % 8] ?? 'a')
      await page.waitForTimeout(30)
    }
    const keys = await page.evaluate(() => (window as unknown as Watched).keys)
    expect(keys).toHaveLength(KEYS)
    console.log(
      `${seat}: key to paint, middle ${share(keys, 0.5).toFixed(1)} ms, p95 ${share(keys, 0.95).toFixed(1)} ms`,
    )
    expect(share(keys, 0.5)).toBeLessThan(16 * SLACK)
    await context.close()
  })
})

/** 300 ms and 16 ms are for a machine of one’s own (`npm run bench` measures them). Drawing all for a key takes twenty times that. */
const SLACK = 6

async function caretIn(page: Page, clause: number): Promise<void> {
  await page.locator('[data-clause] p').nth(clause).click()
  await page.keyboard.press('Home')
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight')
}
