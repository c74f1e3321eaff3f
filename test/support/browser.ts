import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Language } from '#shared/words/languages.ts'
import { findChromium } from '../../scripts/ensure.mjs'

/** A real Chromium, and people in front of it. Nothing is fetched but from the server under test. */

export const CHROMIUM = findChromium()
/** A view closes within a second; here other tests run on the same cores. */
export const CLOSED_WITHIN_MS = 3_000
const BUILT = join(import.meta.dirname, '../../dist/index.html')
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
}
export const THEMES = ['light', 'dark'] as const

export function openBrowser(): Promise<Browser> {
  if (!CHROMIUM) throw new Error('no Chromium: npm run setup says how to install it')
  if (!existsSync(BUILT)) throw new Error('the client is not built: npm run build')
  return chromium.launch({ executablePath: CHROMIUM, args: QUIET })
}

/** A page of its own, without anything of another's. What a page reports as an error fails the test that looks at `troubles`. */
export async function openPage(
  browser: Browser,
  options: { size?: keyof typeof SIZES; theme?: (typeof THEMES)[number]; isMobile?: boolean; language?: Language } = {},
): Promise<{ page: Page; context: BrowserContext; troubles: string[] }> {
  const size = options.size ?? 'desktop'
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: options.theme ?? 'light',
    hasTouch: size === 'phone',
    isMobile: options.isMobile ?? false,
    locale: options.language ?? 'en-GB',
  })
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text())
  })
  return { page, context, troubles }
}

/** No finding of axe in the page or a part of it, named so that it can be mended: rule, element, reason. */
export async function expectAccessible(page: Page, what: string, part?: string): Promise<void> {
  // There are no frames here; looking for some would open a page each time.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  const { violations } = await (part ? axe.include(part) : axe).analyze()
  const findings = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 120)}: ${node.any[0]?.message ?? node.failureSummary ?? ''}`),
  )
  expect(findings, what).toEqual([])
}

/** Nothing stands beyond the edge of the window. */
export async function expectFits(page: Page, what: string): Promise<void> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(beyond, `${what}: pixels beyond the edge`).toBeLessThanOrEqual(0)
}
