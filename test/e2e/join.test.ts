import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, openPage, SIZES, THEMES } from '../support/browser.ts'
import { cleanUp, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'

let server: StartedServer
let talks: StartedProcess
let browser: Browser

const linkOf = (seat: string) => `${server.url}/join#${talks.codes[seat]}`

describe.skipIf(!CHROMIUM)('the door', () => {
  beforeAll(async () => {
    server = await startServer()
    talks = await server.newProcess()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('S6 a link is used up by entering only, after the ground rules are accepted', async () => {
    const first = await openPage(browser)
    await first.page.goto(linkOf('north-head'))
    await first.page.getByText('Ada North').waitFor()
    await first.context.close()

    const { page, context, troubles } = await openPage(browser)
    await page.goto(linkOf('north-head'))
    const enter = page.getByRole('button', { name: 'Enter the room' })
    await page.getByText('Connection good').waitFor()
    await enter.click()
    await page.getByRole('alert').getByText('Accept the ground rules first').waitFor()
    await page.getByRole('checkbox', { name: /I have read the ground rules/ }).check()
    await enter.click()
    await page.waitForURL(`**/r/${talks.process}/north-head/`)
    const cookies = await context.cookies()
    expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, 'Strict']])
    expect(troubles).toEqual([])
    await context.close()

    const late = await openPage(browser)
    await late.page.goto(linkOf('north-head'))
    await late.page.getByRole('heading', { name: 'This link no longer opens the room' }).waitFor()
    await late.page.getByRole('main').getByRole('button', { name: 'Call the secretariat' }).click()
    await late.page.getByRole('dialog').getByRole('link', { name: '+00 555 0100' }).waitFor()
    await expectAccessible(late.page, 'a used link, with the secretariat')
    await late.context.close()
  })

  test('S6 a network that blocks the live line is told of before anything is redeemed', async () => {
    const { page, context } = await openPage(browser)
    await page.routeWebSocket(/socket\.io/, (line) => line.close())
    await page.goto(linkOf('north-adviser'))
    await page.getByRole('heading', { name: /lets the page through, but not the live line/ }).waitFor()
    await page.getByText(/WebSocket connections \(ws\) to 127\.0\.0\.1/).waitFor()
    expect(await page.getByRole('button', { name: 'Enter the room' }).count()).toBe(0)
    await expectAccessible(page, 'a blocked line')
    await context.close()
    // The link still works: nobody used it.
    expect((await server.redeem(talks.codes['north-adviser'] ?? '')).seat).toBe('north-adviser')
  })

  test('S6 a link that was cut off says so, and names no talks', async () => {
    const { page, context } = await openPage(browser)
    await page.goto(`${server.url}/join#nothing`)
    await page.getByRole('heading', { name: 'This link does not open a room' }).waitFor()
    expect(await page.getByText('Talks of the Two Shores').count()).toBe(0)
    await page.goto(`${server.url}/join`)
    await page.getByRole('heading', { name: 'An invitation opens this door' }).waitFor()
    await context.close()
  })

  test('S6 an address that names nothing shows a page that says so, and whom to call', async () => {
    const { page, context } = await openPage(browser)
    const answer = await page.goto(`${server.url}/r/nothing`)
    expect(answer?.status()).toBe(404)
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
    await expectAccessible(page, 'nowhere')
    await context.close()
    const plain = await fetch(`${server.url}/r/nothing`)
    expect([plain.status, await plain.text()]).toEqual([404, 'There is nothing at this address.\n'])
  })

  test('S6 whoever is somebody else is kept from opening it, and the link stays', async () => {
    const { page, context } = await openPage(browser)
    await page.goto(linkOf('south-adviser'))
    await page.getByRole('button', { name: 'This is not me' }).click()
    await page
      .getByRole('dialog', { name: 'Then do not open the room' })
      .getByText('This link is for Eli South')
      .waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(
      await page.getByRole('button', { name: 'This is not me' }).evaluate((it) => it === document.activeElement),
    ).toBe(true)
    await context.close()
    expect((await server.redeem(talks.codes['south-adviser'] ?? '')).seat).toBe('south-adviser')
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S9 the joining page is accessible on a %s, in both themes',
    async (size) => {
      for (const theme of THEMES) {
        const { page, context } = await openPage(browser, { size, theme })
        await page.goto(linkOf('south-head'))
        await page.getByText(size === 'phone' ? 'Online' : 'Connection good', { exact: true }).waitFor()
        await expectAccessible(page, `${size}, ${theme}`)
        await expectFits(page, `${size}, ${theme}`)
        await context.close()
      }
    },
  )
})
