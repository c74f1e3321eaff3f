import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../scripts/ensure.mjs'
import { clock, pause } from './clock.ts'
import { type Figure, median, quantile, round } from './figures.ts'
import { MeasuredServer } from './measured.ts'
import { LARGE } from './opening.ts'
import { TABLE, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/** The built page in Chromium, in a room where somebody has the large text open: opening it, and typing in it. */

const OPENINGS = 7
const KEYS = 150
const KEY_EVERY_MS = 60
const PARTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Paints as soon as it can: on a screen of 60 Hz the wait for its next picture comes on top.
  '--disable-frame-rate-limit',
  '--disable-gpu-vsync',
]

/** In the page: when the socket was up, and when the last clause's words were painted. */
const WATCH_OPENING = (last: string): void => {
  const marks = { socket: 0, words: 0, first: 0 }
  Object.assign(globalThis, { marks })
  const Socket = globalThis.WebSocket
  globalThis.WebSocket = class extends Socket {
    constructor(...made: ConstructorParameters<typeof Socket>) {
      super(...made)
      this.addEventListener('open', () => {
        marks.socket ||= performance.now()
      })
    }
  }
  const look = () => {
    const words = document.querySelector('.ProseMirror')?.textContent ?? ''
    const painted = (name: 'first' | 'words') => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        marks[name] ||= performance.now()
      }
      port2.postMessage(null)
    }
    if (words.includes('Clause 1:')) painted('first')
    if (words.includes(last)) painted('words')
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** In the page: from each key's event to the end of the frame that follows it. */
const WATCH_KEYS = (): void => {
  const keys: number[] = []
  Object.assign(globalThis, { keys })
  document.addEventListener(
    'keydown',
    ({ timeStamp }) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => keys.push(performance.now() - timeStamp)
        port2.postMessage(null)
      })
    },
    true,
  )
}

export const page: Workload = async ({ short, profile, client }) => {
  const server = await MeasuredServer.start({ client })
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium: npm run setup says how to install it')
  const browser = await chromium.launch({ executablePath, args: PARTS })
  try {
    const size = short ? { clauses: 20, length: 100 } : LARGE
    const file = talks({ north: 2, south: 1, team: 1 }, [{ id: 'plenary', size, access: TABLE }])
    const { process, tokens } = await server.talks(file)
    await server.load('rooms', { track: 'plenary', tokens: [tokens['team-0']], rate: 1 })
    const workload = `page: ${size.clauses} clauses`
    const figures: Figure[] = []
    for (const seat of short ? ['north-0'] : ['north-0', 'team-0']) {
      const there: Visit = { browser, url: server.url, process, seat, token: tokens[seat] ?? '', profile }
      const last = `Clause ${size.clauses}:`
      const opened: Opened[] = []
      for (let count = short ? 1 : OPENINGS; count > 0; count -= 1) opened.push(await open(there, last))
      const keys = await type(there, last, short ? 10 : KEYS)
      const level = seat === 'team-0' ? 'edits' : 'suggests'
      figures.push(...figuresOf(workload, level, opened, keys))
    }
    return { figures }
  } finally {
    await browser.close()
    await server.end()
  }
}

interface Visit {
  browser: Browser
  url: string
  process: string
  seat: string
  token: string
  /** Where the page's processor profiles go. */
  profile: string | undefined
}
interface Opened {
  first: number
  words: number
}

async function visit<T>(there: Visit, last: string, then: (page: Page) => Promise<T>): Promise<T> {
  const { browser, url, process, seat, token, profile } = there
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' })
  const cookie = { name: `parley-${process}-${seat}`, value: token, url, httpOnly: true, sameSite: 'Strict' as const }
  await context.addCookies([cookie])
  const page = await context.newPage()
  await page.addInitScript(WATCH_OPENING, last)
  const keepOpening = await profiled(page, profile)
  await page.goto(`${url}/r/${process}/${seat}/#/text/plenary`)
  await page.waitForFunction(() => (globalThis as unknown as { marks: { words: number } }).marks.words > 0)
  await keepOpening(`opening-${seat}`)
  const keepRest = await profiled(page, profile)
  const result = await then(page)
  await keepRest(`typing-${seat}`)
  await context.close()
  return result
}

/** Records the page's processor from now on; the result writes it down. */
async function profiled(page: Page, folder: string | undefined): Promise<(name: string) => Promise<void>> {
  if (!folder) return async () => {}
  const line = await page.context().newCDPSession(page)
  await line.send('Profiler.enable')
  await line.send('Profiler.setSamplingInterval', { interval: 200 })
  await line.send('Profiler.start')
  return async (name) => {
    const { profile } = await line.send('Profiler.stop')
    writeFileSync(join(folder, `${name}-${Math.round(clock())}.cpuprofile`), JSON.stringify(profile))
  }
}

const open = (there: Visit, last: string): Promise<Opened> =>
  visit(there, last, (page) =>
    page.evaluate(() => {
      const { marks } = globalThis as unknown as { marks: { socket: number; first: number; words: number } }
      return { first: marks.first - marks.socket, words: marks.words - marks.socket }
    }),
  )

const type = (there: Visit, last: string, count: number): Promise<number[]> =>
  visit(there, last, async (page) => {
    await page.locator('.ProseMirror').getByText('Clause 5:').click()
    await page.keyboard.press('End')
    await pause(500)
    await page.evaluate(WATCH_KEYS)
    const typed = 'y'.repeat(count)
    for (const key of typed) {
      await page.keyboard.press(key)
      await pause(KEY_EVERY_MS)
    }
    const shown = await page.locator('.ProseMirror').textContent()
    if (!shown?.includes(typed)) throw new Error('what was typed does not stand in the text')
    return page.evaluate(() => (globalThis as unknown as { keys: number[] }).keys)
  })

function figuresOf(workload: string, level: string, opened: Opened[], keys: number[]): Figure[] {
  const of = (figure: string, value: number, target?: number): Figure => ({
    workload,
    figure: `${figure}, ${level}`,
    value: round(value),
    unit: 'ms',
    ...(target === undefined ? {} : { target }),
  })
  return [
    of('socket up to first words p50', median(opened.map(({ first }) => first))),
    of('socket up to all words p50', median(opened.map(({ words }) => words)), 300),
    of('key to paint p50', median(keys)),
    of('key to paint p95', quantile(keys, 0.95), 16),
    of('key to paint p99', quantile(keys, 0.99)),
  ]
}
