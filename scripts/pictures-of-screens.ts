// `npm run pictures`: every screen in every theme, language and size, in pictures/. `npm run pictures -- room desk` makes the named ones.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { LANGUAGES } from '#shared/words/languages.ts'
import { findChromium } from './ensure.mjs'
import { startSample } from './sample-server.ts'
import { SCREENS, type Stage, setStage, signIn } from './screens.ts'

const PICTURES = join(import.meta.dirname, '../pictures')
const SIZES = { '1440': [1440, 900], '1024': [1024, 768], '390': [390, 844] } as const
const THEMES = ['light', 'dark'] as const
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu']
/** What fades in has faded in. */
const SETTLE_MS = 250

async function show(browser: Browser, stage: Stage, language: string, only: string[]): Promise<void> {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    const viewport = { width, height }
    const context = await browser.newContext({ viewport, locale: language, hasTouch: width < 1440 })
    await signIn(context, stage, language)
    for (const screen of SCREENS.filter(({ name }) => only.length === 0 || only.includes(name))) {
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      await screen
        .show(page, stage)
        .catch((error: Error) => console.error(`${screen.name}, ${language}, ${size}: ${error.message.split('\n')[0]}`))
      for (const theme of THEMES) await take(page, theme, `${screen.name}-${language}-${size}-${theme}`)
      await page.close()
    }
    await context.close()
  }
}
async function take(page: Page, colorScheme: (typeof THEMES)[number], name: string): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.waitForTimeout(SETTLE_MS)
  writeFileSync(join(PICTURES, `${name}.png`), await page.screenshot({ animations: 'disabled', caret: 'hide' }))
}

const asked = process.argv.slice(2)
const languages = LANGUAGES.filter((language) => asked.includes(language))
const executablePath = findChromium()
if (!executablePath) throw new Error('no Chromium: install it, or name it in CHROMIUM_PATH')
mkdirSync(PICTURES, { recursive: true })
const server = await startSample()
const browser = await chromium.launch({ executablePath, args: ARGUMENTS })
try {
  const stage = await setStage(server.url, server.operatorToken())
  const names = asked.filter((name) => SCREENS.some((screen) => screen.name === name))
  for (const language of languages.length > 0 ? languages : LANGUAGES) await show(browser, stage, language, names)
} finally {
  await browser.close()
  await server.end()
}
console.log(`pictures/ holds ${SCREENS.length} screens in each theme, language and size`)
