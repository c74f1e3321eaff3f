import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCREENS, type Screen, type Stage, setStage, signIn } from '../../scripts/screens.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, SIZES, THEMES } from '../support/browser.ts'
import { cleanUp, startServer } from '../support/server.ts'

/** Every screen in each theme, each size and both directions, by as few pages as show that: `npm run pictures` makes them all. */

/** A screen that does not come is named, and the others are still looked at. */
const SHOWN_WITHIN_MS = 30_000
/** 400 % of a window 1280 wide. */
const ZOOMED = { width: 320, height: 640 }
const ZOOMED_SCREENS = ['join', 'room', 'clause', 'my-menu', 'people', 'desk', 'desk-people']

let browser: Browser
let stage: Stage
let english: BrowserContext
let arabic: BrowserContext

async function context(language: string, size: keyof typeof SIZES): Promise<BrowserContext> {
  const made = await browser.newContext({
    viewport: SIZES[size],
    locale: language,
    hasTouch: size === 'phone',
    // Another theme is there at once, and not half of it.
    reducedMotion: 'reduce',
  })
  await signIn(made, stage, language)
  return made
}
async function opened(inside: BrowserContext, screen: Screen): Promise<Page> {
  const page = await inside.newPage()
  page.setDefaultTimeout(SHOWN_WITHIN_MS)
  await screen.show(page, stage)
  return page
}
async function look(page: Page, { name, part }: Screen, where: string, nth: number): Promise<void> {
  const colorScheme = THEMES[nth % 2] ?? 'light'
  const what = `${name}, ${where}`
  await page.emulateMedia({ colorScheme })
  await expectAccessible(page, `${what}, ${colorScheme}`, part)
  await expectFits(page, what)
}

async function wide(screen: Screen, nth: number): Promise<void> {
  const page = await opened(english, screen)
  await look(page, screen, 'desktop', nth)
  await page.setViewportSize(SIZES.tablet)
  await look(page, screen, 'tablet', nth + 1)
  await page.close()
}
async function narrow(screen: Screen, nth: number): Promise<void> {
  const page = await opened(arabic, screen)
  expect(await page.evaluate(() => document.documentElement.dir)).toBe('rtl')
  await look(page, screen, 'phone, Arabic', nth)
  if (ZOOMED_SCREENS.includes(screen.name)) {
    await page.setViewportSize(ZOOMED)
    await expectFits(page, `${screen.name}, at 400 %`)
  }
  await page.close()
}

describe.skipIf(!CHROMIUM)('every screen', () => {
  beforeAll(async () => {
    const server = await startServer({ environment: { PARLEY_SAMPLE: 'on' } })
    browser = await openBrowser()
    stage = await setStage(server.url, server.operatorToken())
    english = await context('en', 'desktop')
    arabic = await context('ar', 'phone')
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test.each(SCREENS.map((screen, nth) => ({ ...screen, nth })))(
    'S9 $name is accessible and fits, light and dark, in three sizes and two directions',
    async (screen) => {
      await Promise.all([wide(screen, screen.nth), narrow(screen, screen.nth)])
    },
  )

  test('S9 where the system chooses the colours, edges carry every state; where it wants rest, nothing moves', async () => {
    const room = SCREENS.find(({ name }) => name === 'room')
    if (!room) throw new Error('the room is a screen')
    const page = await opened(english, room)
    await page.emulateMedia({ forcedColors: 'active' })
    await expectAccessible(page, 'forced colours')
    const edge = (selector: string, side: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((it, name) => getComputedStyle(it).getPropertyValue(`${name}-style`), side)
    for (const [what, side] of [
      ['.aud', 'border-block-end'],
      ['.cl.on', 'border-inline-start'],
      ['.text ins.br', 'border-block-end'],
      ['.side a[aria-current]', 'outline'],
    ] as const)
      expect(await edge(what, side), what).not.toBe('none')
    const moving = await page.evaluate(
      () => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1).length,
    )
    expect(moving).toBe(0)
    await page.close()
  })
})
