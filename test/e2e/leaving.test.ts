import { afterEach, describe, expect, test } from 'vitest'
import { CHROMIUM, openBrowser, openPage } from '../support/browser.ts'
import { cleanUp, startServer } from '../support/server.ts'

const CLAUSE = 'The ferry runs every day.'

describe.skipIf(!CHROMIUM)('leaving the page', () => {
  afterEach(cleanUp)

  test('S8 the browser asks before a page goes that holds words nobody else has, and only then', async () => {
    const server = await startServer()
    const { process, codes } = await server.newProcess()
    const { token } = await server.redeem(codes['mediator'] ?? '')
    const browser = await openBrowser()
    try {
      const { page, context } = await openPage(browser, {})
      const name = `parley-${process}-mediator`
      await context.addCookies([{ name, value: token, url: server.url, httpOnly: true, sameSite: 'Strict' }])
      await page.goto(`${server.url}/r/${process}/mediator/#/text/plenary`)
      const asked: string[] = []
      page.on('dialog', (dialog) => {
        asked.push(dialog.type())
        void dialog.dismiss()
      })
      await page.getByText(CLAUSE).click()
      await page.keyboard.type('Here ')
      await page
        .getByText(/Saved \d/)
        .first()
        .waitFor()
      await page.reload()
      expect(asked).toEqual([])
      await page.getByText(CLAUSE.slice(-10)).first().click()
      await server.end('SIGKILL')
      await page.keyboard.type('Only ')
      await page.getByText('Keep this page open').waitFor()
      await page.reload({ timeout: 2_000 }).catch(() => undefined)
      expect(asked).toEqual(['beforeunload'])
      await page.getByText('Only ').first().waitFor()
    } finally {
      await browser.close()
    }
  })
})
