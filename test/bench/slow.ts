import { type Browser, chromium } from 'playwright-core'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText } from '#client/room/room.ts'
import { findChromium } from '../../scripts/ensure.mjs'
import { type Line, openLine } from '../support/line.ts'
import { clock, pause } from './clock.ts'
import { type Figure, median, round } from './figures.ts'
import { MeasuredServer } from './measured.ts'
import { EDITORS, type TextSize, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

/**
 * The built page and the room's own client on a line of 300 kbit/s, 400 ms from key to answer, that loses one packet in
 * twenty: opening the address with nothing in the browser, and coming back after a thousand edits.
 */

const BYTES_A_SECOND = 300_000 / 8
const ROUND_MS = 400
const LOST = 0.05
const SIZE: TextSize = { clauses: 60, length: 300 }
const OPENINGS = 5
const RETURNS = 5
const EDITS = 1_000
const EDITS_AT_ONCE = 25

function worsen(line: Line): void {
  line.delay(ROUND_MS / 2)
  line.greet(ROUND_MS)
  line.share(BYTES_A_SECOND)
  // A lost packet is sent again a round trip after those behind it told of the gap.
  line.lose(LOST, ROUND_MS)
}

export const slow: Workload = async ({ short, client }) => {
  const server = await MeasuredServer.start({ client })
  const line = await openLine(server.url)
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium: npm run setup says how to install it')
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  try {
    const file = talks({ north: 2, south: 1, team: 1 }, [{ id: 'plenary', size: SIZE, access: EDITORS }])
    const { process, tokens } = await server.talks(file)
    if (!short) worsen(line)
    const there = { browser, line, process, token: tokens['north-0'] ?? '' }
    const opened: Opened[] = []
    for (let count = short ? 1 : OPENINGS; count > 0; count -= 1) opened.push(await open(there))
    const others = { url: server.url, token: tokens['team-0'] ?? '' }
    const returned: Returned[] = []
    for (let count = short ? 1 : RETURNS; count > 0; count -= 1)
      returned.push(await comeBack(line, tokens['north-1'] ?? '', others, short ? 50 : EDITS))
    const of = (figure: string, value: number, unit: string, target?: number): Figure => ({
      workload: `slow: 300 kbit/s, ${ROUND_MS} ms, 5 % lost; ${SIZE.clauses} clauses`,
      figure,
      value: round(value),
      unit,
      ...(target === undefined ? {} : { target }),
    })
    return {
      figures: [
        of('address opened to words readable p50', median(opened.map(({ readable }) => readable)), 'ms', 5_000),
        of('address opened to words readable, worst', Math.max(...opened.map(({ readable }) => readable)), 'ms'),
        of('address opened to typing p50', median(opened.map(({ typing }) => typing)), 'ms', 8_000),
        of('address opened to typing, worst', Math.max(...opened.map(({ typing }) => typing)), 'ms'),
        of('first load up to typing, as sent', median(opened.map(({ bytes }) => bytes)) / 1000, 'kB', 220),
        of(`back after ${EDITS} edits p50`, median(returned.map(({ ms }) => ms)), 'ms', 2_000),
        of(`back after ${EDITS} edits, worst`, Math.max(...returned.map(({ ms }) => ms)), 'ms'),
        of(`back after ${EDITS} edits, received`, median(returned.map(({ bytes }) => bytes)) / 1000, 'kB', 100),
      ],
    }
  } finally {
    await browser.close()
    await line.close()
    await server.end()
  }
}

interface Visit {
  browser: Browser
  line: Line
  process: string
  token: string
}
interface Opened {
  readable: number
  typing: number
  bytes: number
}

/** A browser that never was here opens the address. */
async function open({ browser, line, process, token }: Visit): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' })
  const seat = 'north-0'
  const name = `parley-${process}-${seat}`
  await context.addCookies([{ name, value: token, url: line.url, httpOnly: true, sameSite: 'Strict' }])
  const page = await context.newPage()
  const bytes = line.carried.back
  const began = clock()
  await page.goto(`${line.url}/r/${process}/${seat}/#/text/plenary`, { waitUntil: 'commit' })
  await page.getByText('Clause 1:').first().waitFor({ timeout: 120_000 })
  const readable = clock() - began
  await page.locator('.ProseMirror[contenteditable=true]').getByText('Clause 1:').first().waitFor({ timeout: 120_000 })
  const typing = clock() - began
  const taken = line.carried.back - bytes
  await context.close()
  return { readable, typing, bytes: taken }
}

interface Returned {
  ms: number
  bytes: number
}

/** The room's own client is away while another writes, and has all of it again. */
async function comeBack(
  line: Line,
  token: string,
  others: { url: string; token: string },
  edits: number,
): Promise<Returned> {
  const room = await enterRoom({ url: line.url, token })
  const text = await room.open('plenary')
  const other = await enterRoom(others)
  const theirs = await other.open('plenary')
  line.cut()
  while (room.connection.at === 'live') await pause(10)
  await write(theirs, edits)
  const written = shown(theirs)
  line.mend()
  const before = line.carried.back
  const began = clock()
  room.retry()
  while (shown(text) !== written) await pause(5)
  const back = { ms: clock() - began, bytes: line.carried.back - before }
  await Promise.all([room.close(), other.close()])
  return back
}

/** Keystrokes all over the text, a few at a time, each batch saved before the next. */
async function write(text: OpenText, edits: number): Promise<void> {
  const leaves = text.structure.articles.flatMap(({ clauses }) => clauses.map(({ leaf }) => leaf))
  for (let edit = 0; edit < edits; edit += 1) {
    const leaf = leaves[(edit * 7) % leaves.length] ?? ''
    await text.insert({ leaf, index: (edit * 13) % text.text(leaf).length }, 'y')
    if (edit % EDITS_AT_ONCE === 0) await text.saved()
  }
  await text.saved()
}
const shown = (text: OpenText): string =>
  text.structure.articles.flatMap(({ clauses }) => clauses.map(({ leaf }) => text.text(leaf).toString())).join('\n')
