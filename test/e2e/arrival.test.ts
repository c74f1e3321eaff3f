import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { SeatId } from '#shared/ids.ts'
import { CHROMIUM, expectAccessible, openBrowser, openPage } from '../support/browser.ts'
import { cleanUp, SMALL_PROCESS, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'

let server: StartedServer
let browser: Browser

/** Opens an invitation as a person does. */
async function join(code: string) {
  const opened = await openPage(browser)
  await opened.page.goto(`${server.url}/join#${code}`)
  await opened.page.getByRole('checkbox', { name: /I have read the ground rules/ }).check()
  await opened.page.getByText('Connection good').waitFor()
  await opened.page.getByRole('button', { name: 'Enter the room' }).click()
  return opened
}
const codeOf = (talks: StartedProcess, seat: string) => talks.codes[seat] ?? ''
const tokenOf = async (talks: StartedProcess, seat: string) => (await server.redeem(codeOf(talks, seat))).token

describe.skipIf(!CHROMIUM)('the first minutes', () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('S10 a device that its delegation has not confirmed shows six figures, and opens the caucus once they were read', async () => {
    const talks = await server.newProcess()
    const mediator = await enterRoom({ url: server.url, token: await tokenOf(talks, 'mediator') })
    const alternate = await enterRoom({ url: server.url, token: await tokenOf(talks, 'north-alternate') })
    const { made } = await mediator.act({ type: 'IssueInvitation', seat: 'north-head' as SeatId })
    const { page, context } = await join(made[0] ?? '')

    await page.getByRole('heading', { name: 'When your delegation calls you, read them this code' }).waitFor()
    const figures = (await page.getByText(/Six-figure code/).innerText()).replace(/\D/g, '')
    expect(figures).toMatch(/^\d{6}$/)
    await expectAccessible(page, 'six figures')
    await page.getByRole('button', { name: 'Go to the open texts' }).click()
    await page.getByText('The ferry runs every day.').waitFor()
    const tracks = page.getByRole('navigation', { name: 'Tracks' })
    expect(await tracks.getByRole('link').count()).toBe(1)
    await page.getByText('Your delegation has not confirmed this device yet.').waitFor()

    const waiting = alternate.view.access.sessions.find(({ state }) => state === 'to-be-confirmed')
    if (!waiting) throw new Error('the alternate is not told of the device')
    await alternate.act({ type: 'ConfirmDevice', session: waiting.id, figures })
    await tracks.getByRole('link', { name: /aucus/ }).waitFor()
    await page.getByText('Your delegation has not confirmed this device yet.').waitFor({ state: 'detached' })
    await context.close()
    await Promise.all([mediator.close(), alternate.close()])
  })

  test('S10 talks that have not opened show the charter; the heads’ acceptance opens the texts before their eyes', async () => {
    const charter = { ...SMALL_PROCESS.charter, acceptance: 'required' }
    const talks = await server.newProcess({ ...SMALL_PROCESS, charter })
    const north = await join(codeOf(talks, 'north-head'))
    const south = await join(codeOf(talks, 'south-head'))
    const adviser = await join(codeOf(talks, 'south-adviser'))
    for (const { page } of [north, south, adviser])
      await page.getByRole('heading', { name: 'The charter waits for acceptance' }).waitFor()
    await expectAccessible(north.page, 'the charter')
    expect(await adviser.page.getByRole('button', { name: /Accept the charter/ }).count()).toBe(0)
    expect(await north.page.getByText('The ferry runs every day.').count()).toBe(0)

    await north.page.getByRole('button', { name: 'Accept the charter for North Shore' }).click()
    await north.page.getByText('Accepted', { exact: true }).waitFor()
    await south.page.getByRole('button', { name: 'Accept the charter for South Shore' }).click()
    for (const { page, context } of [north, south, adviser]) {
      await page.getByText('The ferry runs every day.').waitFor()
      await context.close()
    }
  })

  test('S10 a session that was ended elsewhere clears the page', async () => {
    const talks = await server.newProcess()
    const { page, context } = await join(codeOf(talks, 'south-adviser'))
    await page.getByText('The ferry runs every day.').waitFor()
    const mediator = await enterRoom({ url: server.url, token: await tokenOf(talks, 'mediator') })
    const session = mediator.view.access.sessions.find(({ seat }) => seat === 'south-adviser')
    if (!session) throw new Error('the mediator does not see the session')
    await mediator.act({ type: 'EndSession', session: session.id })
    await page.getByRole('heading', { name: 'Your session was ended' }).waitFor()
    expect(await page.getByText('The ferry runs every day.').count()).toBe(0)
    await expectAccessible(page, 'a session that ended')
    await mediator.close()
    await context.close()
  })
})
