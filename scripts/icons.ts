// Draws the icons of the installed app from client/mark.svg, by the browser that the tests use: `node scripts/icons.ts`.
import { readFileSync, writeFileSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { findChromium } from './ensure.mjs'
import { withoutFilters } from './png.ts'

const MARK = readFileSync(new URL('../client/mark.svg', import.meta.url), 'utf8')
/** A launcher may cut a maskable icon down to the inner four fifths: the mark stands within, and its ground fills the rest. */
const MASKED = MARK.replace('viewBox="0 0 32 32"', 'viewBox="-5 -5 42 42"').replace(
  /<rect [^>]*\/>/,
  '<rect x="-5" y="-5" width="42" height="42" fill="#22304a" />',
)
const ICONS = [
  { file: '192.png', size: 192, svg: MARK },
  { file: '512.png', size: 512, svg: MARK },
  { file: 'maskable-512.png', size: 512, svg: MASKED },
  // A phone that cuts its own corners wants none of ours.
  { file: 'touch-180.png', size: 180, svg: MARK.replace(' rx="7"', '') },
]

const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: ['--no-sandbox'] })
for (const { file, size, svg } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(`<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`)
  const png = withoutFilters(await page.screenshot({ omitBackground: true }))
  writeFileSync(new URL(`../client/public/icons/${file}`, import.meta.url), png)
  await page.close()
  console.log(`client/public/icons/${file}: ${png.length} bytes`)
}
await browser.close()
