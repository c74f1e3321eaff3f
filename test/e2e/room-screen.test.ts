import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import type { PartyId, TrackId } from '#shared/ids.ts'
import {
  CHROMIUM,
  CLOSED_WITHIN_MS,
  expectAccessible,
  expectFits,
  openBrowser,
  openPage,
  SIZES,
  THEMES,
} from '../support/browser.ts'
import { cleanUp, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'

const PLENARY = 'plenary' as TrackId
const SOUTH = 'south' as PartyId

let server: StartedServer
let talks: StartedProcess
let browser: Browser
let mediator: Room
const tokens = new Map<string, string>()

async function tokenOf(seat: string): Promise<string> {
  const known = tokens.get(seat) ?? (await server.redeem(talks.codes[seat] ?? '')).token
  tokens.set(seat, known)
  return known
}
/** The room as `seat` sees it in a browser of its own. */
async function arrive(
  seat: string,
  options: Parameters<typeof openPage>[1] = {},
): Promise<{ page: Page; context: BrowserContext; troubles: string[] }> {
  const opened = await openPage(browser, options)
  await opened.context.addCookies([
    {
      name: `parley-${talks.process}-${seat}`,
      value: await tokenOf(seat),
      url: server.url,
      httpOnly: true,
      sameSite: 'Strict',
    },
  ])
  await opened.page.goto(`${server.url}/r/${talks.process}/${seat}/#/text/plenary`)
  await opened.page.getByRole('heading', { name: 'Agreement on the Two Shores' }).waitFor()
  return opened
}
const whoSees = (page: Page) => page.getByRole('region', { name: 'Who sees this' })
const clause = (page: Page, number: string) => page.getByRole('main').getByText(number, { exact: true })

describe.skipIf(!CHROMIUM)('the room on screen', () => {
  beforeAll(async () => {
    server = await startServer()
    talks = await server.newProcess()
    browser = await openBrowser()
    mediator = await enterRoom({ url: server.url, token: await tokenOf('mediator') })
  })
  afterAll(async () => {
    await mediator.close()
    await browser.close()
    await cleanUp()
  })

  test('S2 a delegate arrives in the plenary and reads who sees it, and who joins is shown before a word', async () => {
    const { page, context, troubles } = await arrive('north-head')
    await whoSees(page).getByText('Everyone at the table sees this text').waitFor()
    expect(await whoSees(page).getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/You\s+suggest/),
      expect.stringMatching(/South Shore\s+suggests/),
      expect.stringMatching(/Mediation Team\s+edits/),
    ])
    await page.getByRole('navigation', { name: 'Tracks' }).getByRole('link', { name: /aucus/ }).click()
    await whoSees(page).getByText('Only your delegation sees this text', { exact: true }).waitFor()
    expect(troubles).toEqual([])
    await context.close()
  })

  test('S4 a comment goes to the fewest people first, and back to them after a wider one', async () => {
    const north = await arrive('north-head')
    const south = await arrive('south-head')
    await clause(north.page, '1.1').click()
    const composer = north.page.getByRole('region', { name: 'Write a comment on 1.1' })
    await composer.getByText('Only your delegation will see this').waitFor()
    await composer.getByRole('button', { name: 'Change who sees this' }).click()
    await composer.getByRole('radio', { name: 'The table' }).check()
    await composer.getByRole('textbox').fill('Every day but one.')
    await composer.getByRole('button', { name: 'Comment to the table' }).click()
    await composer.getByText('Only your delegation will see this').waitFor()
    await composer.getByRole('textbox').fill('Sundays, we say.')
    await composer.getByRole('textbox').press('Control+Enter')
    await north.page.getByText('Sundays, we say.').waitFor()

    await south.page.getByRole('tab', { name: /Comments/ }).click()
    const thread = south.page.getByRole('article', { name: 'Thread on 1.1' })
    await thread.getByText('Every day but one.').waitFor()
    await thread.getByText('The table', { exact: true }).waitFor()
    expect(await south.page.getByText('Sundays, we say.').count()).toBe(0)
    await thread.getByRole('button', { name: 'Answer the table' }).click()
    await thread.getByRole('textbox').fill('Which one?')
    await thread.getByRole('textbox').press('Control+Enter')
    await north.page.getByText('Which one?').waitFor()
    await expectAccessible(north.page, 'comments')
    await Promise.all([north.context.close(), south.context.close()])
  })

  test('S3 a bracket says who holds it; the other head agrees to its exact words, the mediator accepts', async () => {
    const head = await enterRoom({ url: server.url, token: await tokenOf('south-head') })
    const text = await head.open(PLENARY)
    const leaf = text.structure.articles[0]?.clauses[1]?.leaf ?? ''
    await text.insert({ leaf, index: 0 }, 'Gladly, ')
    await text.saved()
    const { page, context } = await arrive('north-head')
    await clause(page, '1.2').click()
    await page
      .getByRole('list', { name: 'Brackets in this clause' })
      .getByRole('button', { name: /Gladly/ })
      .click()
    const card = page.getByRole('dialog', { name: 'Bracket, words put in' })
    await card.getByText('Every party that suggests (consensus)').waitFor()
    expect(await card.getByRole('button', { name: 'Close' }).evaluate((it) => it === document.activeElement)).toBe(true)
    await expectAccessible(page, 'a bracket')
    await card.getByRole('button', { name: 'Agree for North Shore, to the table' }).click()
    await card.getByText('Every party that suggests has agreed').waitFor()
    await card.getByText('North Shore has agreed to these words.').waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)

    const pen = await arrive('mediator')
    await clause(pen.page, '1.2').click()
    await pen.page
      .getByRole('list', { name: 'Brackets in this clause' })
      .getByRole('button', { name: /Gladly/ })
      .click()
    await pen.page.getByRole('button', { name: 'Accept into the text' }).click()
    await pen.page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('heading', { name: 'Agreement to this clause' }).waitFor()
    await head.close()
    await Promise.all([context.close(), pen.context.close()])
  })

  test('S7 a closed track leaves the screen within a second', async () => {
    const { page, context } = await arrive('south-adviser')
    await page.getByText('The ferry runs every day.').waitFor()
    const changes = (level: 'hidden' | 'suggest') => [{ track: PLENARY, party: SOUTH, level }]
    await mediator.act({ type: 'SetAccess', changes: changes('hidden') })
    await page.getByText('The ferry runs every day.').waitFor({ state: 'detached', timeout: CLOSED_WITHIN_MS })
    await page.getByRole('heading', { name: /The mediators closed Plenary text to you/ }).waitFor()
    await expectAccessible(page, 'a closed track')
    await mediator.act({ type: 'SetAccess', changes: changes('suggest') })
    await page
      .getByRole('navigation', { name: 'Tracks' })
      .getByRole('link', { name: /Plenary text/ })
      .click()
    await page.getByText('The ferry runs every day.').waitFor()
    await context.close()
  })

  test('S8 offline is said in words, and nothing is called saved until it is', async () => {
    const { page, context } = await arrive('north-head')
    await page.getByText(/^(?:Saved .*|Everything is saved)\. Connection good/).waitFor()
    await context.setOffline(true)
    await page
      .getByText(/You are offline/)
      .first()
      .waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Try now' }).waitFor()
    await expectAccessible(page, 'offline')
    await context.setOffline(false)
    // It tries by itself too: whichever comes first.
    const good = page.getByText(/\. Connection good/)
    await Promise.any([page.getByRole('button', { name: 'Try now' }).click(), good.waitFor()])
    await good.waitFor()
    await context.close()
  })

  test('S9 the keyboard reaches who sees this, the tracks, the clauses and the composer', async () => {
    const { page, context } = await arrive('north-head')
    await page.keyboard.press('Alt+w')
    expect(await whoSees(page).evaluate((it) => it === document.activeElement)).toBe(true)
    await page.keyboard.press('Alt+ArrowDown')
    await page.getByRole('tab', { name: 'Clause 1.1' }).waitFor()
    await page.keyboard.press('Alt+ArrowDown')
    await page.getByRole('tab', { name: 'Clause 1.2' }).waitFor()
    await page.keyboard.press('Alt+c')
    await page.getByRole('textbox', { name: 'Write a comment on 1.2' }).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
    await page.keyboard.press('Alt+t')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-current'))).toBe('true')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await whoSees(page).getByText('Only your delegation sees this text', { exact: true }).waitFor()
    await context.close()
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S9 the room is accessible on a %s, in both themes',
    async (size) => {
      for (const theme of THEMES) {
        const { page, context } = await arrive('north-head', { size, theme })
        await clause(page, '1.2').click()
        await expectAccessible(page, `${size}, ${theme}`)
        await expectFits(page, `${size}, ${theme}`)
        await page.getByRole('button', { name: /Your menu/ }).click()
        await expectAccessible(page, `my menu, ${size}, ${theme}`)
        await page.getByRole('dialog').getByRole('button', { name: 'Help' }).click()
        await page.getByText('Whoever holds the server’s disk can read what is on it.').waitFor()
        await expectAccessible(page, `help, ${size}, ${theme}`)
        await context.close()
      }
    },
  )

  test.each(['tablet', 'phone'] as const)(
    'S2 on a %s who sees the text stays in sight, whatever panel comes in front of it',
    async (size) => {
      const { page, context } = await arrive('north-head', { size })
      await clause(page, '1.2').click()
      const inSight = () =>
        whoSees(page).evaluate((bar) => {
          const { left, right, top, bottom } = bar.getBoundingClientRect()
          const at = [left + 8, (left + right) / 2, right - 8].map((x) =>
            document.elementFromPoint(x, (top + bottom) / 2),
          )
          return bottom > top && at.every((it) => it && bar.contains(it))
        })
      expect(await inSight()).toBe(true)
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: size === 'phone' ? 'Comments' : 'Clause and comments' }).click()
      await page.getByRole('tab', { name: /^Comments/ }).waitFor()
      expect(await inSight()).toBe(true)
      await expectAccessible(page, `the margin on a ${size}`)
      if (size === 'phone') {
        await page.getByRole('button', { name: 'Tracks' }).last().click()
        await page.getByRole('link', { name: /aucus/ }).waitFor()
        expect(await inSight()).toBe(true)
      }
      await context.close()
    },
  )

  test('S7 signing out clears the page, and the way back needs an invitation', async () => {
    const { page, context } = await arrive('second-mediator')
    await page.getByRole('button', { name: /Your menu/ }).click()
    await page.getByRole('button', { name: 'Sign out of this device' }).click()
    await page
      .getByRole('dialog', { name: 'Sign out of this device?' })
      .getByRole('button', { name: 'Sign out of this device' })
      .click()
    await page.getByRole('heading', { name: 'You have signed out' }).waitFor()
    expect(await page.getByText('The ferry runs every day.').count()).toBe(0)
    await page.reload()
    await page.getByRole('heading', { name: 'This address opens nothing on this device' }).waitFor()
    await context.close()
  })
})
