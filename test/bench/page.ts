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
/** Its processor is so many times slower, as Chromium plays it. */
const PHONE_SLOWER = 4
const PHONE_P95_MS = 50
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
      const count = short ? 10 : KEYS
      const level = seat === 'team-0' ? 'edits' : 'suggests'
      figures.push(...figuresOf(workload, level, opened, await type(there, last, count)))
      const slow = await type({ ...there, isPhone: true }, last, count)
      figures.push(...keysOf(workload, `${level}, a phone`, slow, PHONE_P95_MS))
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
  /** In a phone's window, with a phone's processor once the text is open. */
  isPhone?: boolean
}
interface Opened {
  first: number
  words: number
}

async function visit<T>(there: Visit, last: string, then: (page: Page) => Promise<T>): Promise<T> {
  const { browser, url, process, seat, token, profile, isPhone } = there
  const viewport = isPhone ? { width: 390, height: 844 } : { width: 1440, height: 900 }
  const context = await browser.newContext({ viewport, locale: 'en-GB', hasTouch: isPhone ?? false })
  const cookie = { name: `parley-${process}-${seat}`, value: token, url, httpOnly: true, sameSite: 'Strict' as const }
  await context.addCookies([cookie])
  const page = await context.newPage()
  await page.addInitScript(WATCH_OPENING, last)
  const keepOpening = await profiled(page, profile)
  await page.goto(`${url}/r/${process}/${seat}/#/text/plenary`)
  await page.waitForFunction(() => (globalThis as unknown as { marks: { words: number } }).marks.words > 0)
  await keepOpening(`opening-${seat}`)
  if (isPhone) {
    const line = await context.newCDPSession(page)
    await line.send('Emulation.setCPUThrottlingRate', { rate: PHONE_SLOWER })
  }
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

const figureOf = (workload: string, figure: string, value: number, target?: number): Figure => ({
  workload,
  figure,
  value: round(value),
  unit: 'ms',
  ...(target === undefined ? {} : { target }),
})
function figuresOf(workload: string, level: string, opened: Opened[], keys: number[]): Figure[] {
  const [first, words] = [median(opened.map((one) => one.first)), median(opened.map((one) => one.words))]
  return [
    figureOf(workload, `socket up to first words p50, ${level}`, first),
    figureOf(workload, `socket up to all words p50, ${level}`, words, 300),
    ...keysOf(workload, level, keys, 16),
  ]
}
function keysOf(workload: string, who: string, keys: number[], target: number): Figure[] {
  return [
    figureOf(workload, `key to paint p50, ${who}`, median(keys)),
    figureOf(workload, `key to paint p95, ${who}`, quantile(keys, 0.95), target),
    figureOf(workload, `key to paint p99, ${who}`, quantile(keys, 0.99)),
  ]
}
