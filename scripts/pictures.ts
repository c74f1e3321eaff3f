// `node scripts/pictures.ts`: starts a room with the sample process and makes the pictures of the documentation, in docs/pictures/.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { findChromium } from './ensure.mjs'
import { withoutFilters } from './png.ts'
import { type SampleServer, startSample } from './sample-server.ts'

const ROOT = join(import.meta.dirname, '..')
const PICTURES = join(ROOT, 'docs/pictures')
const SIZE = { width: 1440, height: 900 }
/** A page of documentation stays quick to open. */
const MAX_BYTES = 250_000
/** Letters in shades of grey, as no screen in particular shows them. */
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-lcd-text']
/** Fonts are there, and what fades in has faded in. */
const SETTLE_MS = 800

const server = await startSample()
try {
  await makePictures(server)
} finally {
  await server.end()
}

async function makePictures({ url: address, environment }: SampleServer): Promise<void> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium: install it, or name it in CHROMIUM_PATH')
  mkdirSync(PICTURES, { recursive: true })
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS })
  try {
    const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light', locale: 'en-GB' })
    await pictureOfTheRoom(context, address)
    await picturesOfTheDesk(context, address)
    await pictureOfTheDoor(context, environment)
  } finally {
    await browser.close()
  }
}

/** A head of delegation, with two others in the same text, at the clause where both parties have typed. */
async function pictureOfTheRoom(context: BrowserContext, address: string): Promise<void> {
  for (const name of ['Noor Lathem', 'Dara Venn']) await clauseOfBoth(await seat(context, address, name))
  const page = await seat(context, address, 'Ilse Corvane')
  const clause = await clauseOfBoth(page)
  await clause.click()
  await page.waitForTimeout(SETTLE_MS)
  await clause.evaluate((it) => it.scrollIntoView({ block: 'center' }))
  await take(page, 'room')
}

/** Clause 5.2 of the sample. */
async function clauseOfBoth(page: Page): Promise<Locator> {
  const clause = page.getByText(/^Tavira shall withdraw its/)
  await clause.waitFor()
  return clause
}

/** The desk as a mediator finds it, and the room as the Council sees it. */
async function picturesOfTheDesk(context: BrowserContext, address: string): Promise<void> {
  const page = await seat(context, address, 'Selma Okonjo')
  await page.getByRole('grid').waitFor()
  await take(page, 'desk')
  await page.getByRole('button', { name: 'See the room exactly as Northern Maren Council' }).click()
  await page.getByText('You are seeing the room as Northern Maren Council sees it').waitFor()
  const clause = await clauseOfBoth(page)
  await clause.evaluate((it) => it.scrollIntoView({ block: 'center' }))
  await take(page, 'preview')
}

/** What a link opens, before anything is opened: a process of its own, whose invitations nobody has used. */
async function pictureOfTheDoor(context: BrowserContext, environment: Record<string, string>): Promise<void> {
  const command = ['server/command-line/main.ts', 'new', 'sample/lake-maren.yaml', '--json']
  const answer = execFileSync(process.execPath, command, { cwd: ROOT, env: environment, encoding: 'utf8' })
  const { seats } = JSON.parse(answer) as { seats: { seat: string; invitation: string }[] }
  const invitation = seats.find(({ seat: id }) => id === 'council-head')?.invitation ?? ''
  const page = await context.newPage()
  await page.goto(invitation)
  await page.getByText('Connection good').waitFor()
  await take(page, 'join')
}

/** Opens a seat of the sample as a visitor does: from the page of the first start, in a tab of its own. */
async function seat(context: BrowserContext, address: string, name: string): Promise<Page> {
  const start = await context.newPage()
  await start.goto(address)
  const opened = context.waitForEvent('page')
  await start.getByRole('button', { name: `Open ${name}` }).click()
  const page = await opened
  await page.getByRole('main').waitFor()
  await start.close()
  return page
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(PICTURES, `${name}.png`)
  await page.bringToFront()
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  await page.waitForTimeout(SETTLE_MS)
  const picture = withoutFilters(await page.screenshot({ animations: 'disabled', caret: 'hide' }))
  const size = picture.length
  writeFileSync(path, picture)
  console.log(`docs/pictures/${name}.png: ${size} bytes`)
  if (size > MAX_BYTES) throw new Error(`${name}.png is larger than ${MAX_BYTES} bytes`)
}
