import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import type { Level } from '#shared/refusals.ts'
import { Arrivals, type Arrived, DESK_PROCESS } from '../support/arrive.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, SIZES, THEMES } from '../support/browser.ts'
import { cleanUp, startServer } from '../support/server.ts'

let browser: Browser
let people: Arrivals
let other: Room

const levelOf = (track: string, party: string): Level =>
  other.view.desk?.matrix.find(({ id }) => id === track)?.cells.find(({ id }) => id === `party:${party}`)?.level ??
  'hidden'

async function deskOf(options: Parameters<Arrivals['arrive']>[1]): Promise<Arrived> {
  const arrived = await people.arrive('mediator', options)
  await arrived.page.getByText('Only the mediation team sees this desk').waitFor()
  return arrived
}

describe.skipIf(!CHROMIUM)('the desk in three sizes', () => {
  beforeAll(async () => {
    const server = await startServer()
    const talks = await server.newProcess(DESK_PROCESS)
    browser = await openBrowser()
    people = new Arrivals(server, talks, browser)
    other = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
  })
  afterAll(async () => {
    await other.close()
    await browser.close()
    await cleanUp()
  })

  test('S26 a tablet shows one track with all parties, and asks under it', async () => {
    const { page, context } = await deskOf({ size: 'tablet' })
    await page.getByRole('tab', { name: 'Plenary text' }).press('ArrowRight')
    await page.getByRole('heading', { name: 'Who sees “Water group”' }).waitFor()
    const witness = page.getByRole('group', { name: 'Access of Witness State' })
    await witness.getByRole('button', { name: 'Read' }).click()
    await page.getByText(/^1 person of Witness State will be able to read/).waitFor()
    expect(levelOf('water', 'witness')).toBe('hidden')
    await expectAccessible(page, 'a tablet that asks')
    await page.getByRole('button', { name: 'Let Witness State read', exact: true }).click()
    await page.getByText(/Water group: read/).waitFor()
    await witness.getByRole('button', { name: 'Hidden' }).click()
    await page.getByText('Water group closed.').waitFor()
    await page.getByRole('button', { name: /^Undo/ }).first().waitFor()
    await context.close()
  })

  test.each(['tablet', 'phone'] as const)('S26 on a %s the terms of a grant are set in a sheet', async (size) => {
    const { page, context } = await deskOf({ size })
    await page.getByRole('button', { name: 'Terms for South Shore' }).click()
    const sheet = page.getByRole('dialog', { name: 'South Shore on Plenary text' })
    const levels = await sheet.getByRole('radio').count()
    expect(levels).toBe(size === 'phone' ? 3 : 5)
    await sheet.getByText('Until when, and what comes with it').click()
    const copy = sheet.getByRole('checkbox', { name: /copy may stay on their devices/ })
    const now = await copy.isChecked()
    await copy.setChecked(!now)
    await expectAccessible(page, `a sheet on a ${size}`)
    const bar = await page.getByRole('region', { name: 'Who sees this' }).boundingBox()
    const box = await sheet.boundingBox()
    expect(box?.y ?? 0).toBeGreaterThan((bar?.y ?? 0) + (bar?.height ?? Number.POSITIVE_INFINITY))
    await sheet.getByRole('button', { name: 'Change the terms for South Shore' }).click()
    await sheet.waitFor({ state: 'detached' })
    const grant = () =>
      other.view.desk?.matrix.find(({ id }) => id === 'plenary')?.cells.find(({ id }) => id === 'party:south')?.grant
    await expect.poll(() => grant()?.offline).toBe(!now)
    await context.close()
  })

  test('S26 a phone hides and lowers, and opens nothing', async () => {
    const { page, context } = await deskOf({ size: 'phone' })
    const south = page.getByRole('group', { name: 'Access of South Shore' })
    expect(await south.getByRole('button').allInnerTexts()).toEqual(['Hidden', 'Read', 'Suggest'])
    const witness = page.getByRole('group', { name: 'Access of Witness State' })
    expect(await witness.getByRole('button').allInnerTexts()).toEqual(['Hidden'])
    await south.getByRole('button', { name: 'Read' }).tap()
    await expect.poll(() => levelOf('plenary', 'south')).toBe('read')
    const small = await page
      .getByRole('main')
      .getByRole('button')
      .evaluateAll((buttons) =>
        buttons
          .map((button) => ({ name: button.textContent?.trim(), box: button.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && box.height < 44)
          .map(({ name, box }) => `${name}: ${Math.round(box.height)}`),
      )
    expect(small).toEqual([])
    await context.close()
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S31 the desk is accessible and fits on a %s, in both themes',
    async (size) => {
      for (const theme of THEMES) {
        const { page, context, troubles } = await deskOf({ size, theme })
        await page.getByText('Last changes').waitFor()
        await expectAccessible(page, `desk, ${size}, ${theme}`)
        await expectFits(page, `desk, ${size}, ${theme}`)
        await page.getByRole('link', { name: 'People', exact: true }).click()
        await page.getByRole('heading', { name: 'Seats and invitations' }).waitFor()
        await expectAccessible(page, `people, ${size}, ${theme}`)
        await expectFits(page, `people, ${size}, ${theme}`)
        expect(troubles).toEqual([])
        await context.close()
      }
    },
  )
})
