import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, openPage, SIZES, THEMES } from '../support/browser.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'

let server: StartedServer
let browser: Browser

describe.skipIf(!CHROMIUM)('the first start', () => {
  beforeAll(async () => {
    server = await startServer({ environment: { PARLEY_SAMPLE: 'on' } })
    browser = await openBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('S30 the page lists the sample’s seats by party, and says that it exists on this machine only', async () => {
    const { page, context, troubles } = await openPage(browser)
    await page.goto(server.url)
    await page.getByRole('heading', { name: 'Lake Maren Basin Talks', level: 1 }).waitFor()
    await page.getByText('This page exists on this machine only').waitFor()
    await page.getByText('A fictional process with 6 parties and 12 seats.').waitFor()
    const forum = page.getByRole('region', { name: 'Maren Civic Forum' })
    expect(await forum.getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/Nadia Ferro\s*Moderator/),
      expect.stringMatching(/Lio Marsh\s*Adviser/),
    ])
    await page.getByText('Open Ilse Corvane and Dara Venn.').waitFor()
    expect(troubles).toEqual([])
    await context.close()
  })

  test('S30 several seats open next to each other, each in a tab of its own, and do not sign each other out', async () => {
    const { page, context } = await openPage(browser)
    await page.goto(server.url)
    const open = async (name: string) => {
      const opened = context.waitForEvent('page')
      await page.getByRole('button', { name: new RegExp(`^Open ${name}`) }).click()
      return opened
    }
    const head = await open('Ilse Corvane')
    await head.getByRole('heading', { name: 'Framework Agreement on the Lake Maren Basin' }).waitFor()
    const mediator = await open('Selma Okonjo')
    await mediator.getByText('Only the mediation team sees this desk').waitFor()
    await head.reload()
    await head.getByRole('heading', { name: 'Framework Agreement on the Lake Maren Basin' }).waitFor()
    const again = await open('Ilse Corvane')
    await again.getByRole('heading', { name: 'Framework Agreement on the Lake Maren Basin' }).waitFor()
    expect(await again.evaluate(() => window.opener)).toBe(null)
    await context.close()
  })

  test('S30 where there is no sample, or the page is another’s, the address opens nothing', async () => {
    const real = await startServer()
    const { page, context } = await openPage(browser)
    await page.goto(real.url)
    await page.getByRole('heading', { name: 'An invitation opens this door' }).waitFor()
    expect(await page.getByRole('button', { name: /^Open/ }).count()).toBe(0)
    await context.close()
    const foreign = await fetch(`${server.url}/api/first-start`, { headers: { origin: 'https://elsewhere.example' } })
    expect(foreign.status).toBe(404)
    await real.end('SIGTERM')
  })

  test('S30 a browser that keeps the new tab closed is shown the address instead', async () => {
    const { page, context } = await openPage(browser)
    await page.addInitScript(() => {
      window.open = () => null
    })
    await page.goto(server.url)
    await page.getByRole('button', { name: /^Open Mira Solane/ }).click()
    await page.getByRole('alert').getByRole('link', { name: 'Mira Solane' }).waitFor()
    await context.close()
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S31 the first start is accessible and fits on a %s, in both themes',
    async (size) => {
      for (const theme of THEMES) {
        const { page, context } = await openPage(browser, { size, theme })
        await page.goto(server.url)
        await page.getByRole('heading', { name: 'What to try' }).waitFor()
        await expectAccessible(page, `first start, ${size}, ${theme}`)
        await expectFits(page, `first start, ${size}, ${theme}`)
        await context.close()
      }
    },
  )
})
