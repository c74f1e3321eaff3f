import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import { Arrivals, type Arrived, DESK_PROCESS } from '../support/arrive.ts'
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
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'

const FERRY = 'The ferry runs every day.'

let server: StartedServer
let browser: Browser

const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })
const panelOf = (page: Page, name: string) => page.getByRole('region', { name: `Change for ${name}` })

/** Talks of their own, so that each test knows every seat's invitations. */
async function begin(): Promise<Arrivals> {
  return new Arrivals(server, await server.newProcess(DESK_PROCESS), browser)
}
/** Opens a link as a person does. */
async function join(link: string): Promise<Arrived> {
  const opened = await openPage(browser)
  await opened.page.goto(link)
  await opened.page.getByRole('checkbox', { name: /I have read the ground rules/ }).check()
  await opened.page.getByText('Connection good').waitFor()
  await opened.page.getByRole('button', { name: 'Enter the room' }).click()
  return opened
}
/** A mediator gives somebody a new link, on the desk. */
async function giveLink(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: `Change: ${name}` }).click()
  await panelOf(page, name)
    .getByRole('button', { name: `Give ${name} a new link` })
    .click()
  return panelOf(page, name)
    .getByRole('textbox', { name: `Link for ${name}` })
    .inputValue()
}

describe.skipIf(!CHROMIUM)('people', () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('S27 the desk lists every seat by party: what its invitation came to, its devices, where it is in shared tracks', async () => {
    const people = await begin()
    const north = await people.arrive('north-head')
    await north.page.getByText(FERRY).waitFor()
    const { page, context } = await people.arrive('mediator', { at: '#/desk/people' })
    await rowOf(page, 'Ada North').getByText('Opened', { exact: true }).waitFor()
    await rowOf(page, 'Ada North').getByText('Now, Plenary text').waitFor()
    await rowOf(page, 'Ben North').getByText('Not opened', { exact: true }).waitFor()
    await rowOf(page, 'Ben North').getByText('Not seen', { exact: true }).waitFor()
    expect(await rowOf(page, 'Hal Forum').count()).toBe(0)
    await page.getByRole('button', { name: 'Show the seats of Shores Forum' }).click()
    await rowOf(page, 'Hal Forum').getByText('Not opened', { exact: true }).waitFor()

    // In its caucus a delegate is nowhere the mediators look.
    await north.page.getByRole('navigation', { name: 'Tracks' }).getByRole('link', { name: /aucus/ }).click()
    await rowOf(page, 'Ada North')
      .getByText(/^\d\d:\d\d, Plenary text$/)
      .waitFor({ timeout: 15_000 })
    expect(await page.getByText(/Now, .*aucus/).count()).toBe(0)
    // The room remembers it for a page that is opened later.
    await page.reload()
    await rowOf(page, 'Ada North')
      .getByText(/^\d\d:\d\d, Plenary text$/)
      .waitFor()
    await Promise.all([north.context.close(), context.close()])
  })

  test('S27 a re-issued link is shown once, says that it opens no caucus, and replaces the one before', async () => {
    const people = await begin()
    const { page, context } = await people.arrive('mediator', { at: '#/desk/people' })
    await page.getByRole('button', { name: 'Change: Ben North' }).click()
    const panel = panelOf(page, 'Ben North')
    await panel.getByText('A re-issued link opens no caucus.').waitFor()
    await expectAccessible(page, 'the panel of a seat')
    const link = await giveLink(page, 'Ben North')
    await expectAccessible(page, 'a link shown once')
    await panel.getByRole('button', { name: 'I have handed it over' }).click()
    expect(await page.getByText(link).count()).toBe(0)
    await expect(people.token('north-alternate')).rejects.toThrow(/not redeemed/)

    await panel.getByRole('radio', { name: /Take the open link back/ }).check()
    await panel.getByRole('button', { name: 'Take the link of Ben North back' }).click()
    await panel.getByText('The link of Ben North opens nothing any more.').waitFor()
    const late = await openPage(browser)
    await late.page.goto(link)
    await late.page.getByRole('heading', { name: 'This link no longer opens the room' }).waitFor()
    await Promise.all([context.close(), late.context.close()])
  })

  test('S27 ending the sessions of a seat clears its page within a second; the seat stays', async () => {
    const people = await begin()
    const adviser = await people.arrive('south-adviser')
    await adviser.page.getByText(FERRY).waitFor()
    const { page, context } = await people.arrive('mediator', { at: '#/desk/people' })
    await page.getByRole('button', { name: 'Change: Eli South' }).click()
    const panel = panelOf(page, 'Eli South')
    await panel.getByRole('radio', { name: /End the sessions/ }).check()
    const from = Date.now()
    await panel.getByRole('button', { name: 'End 1 session of Eli South' }).click()
    await adviser.page.getByText(FERRY).waitFor({ state: 'detached' })
    expect(Date.now() - from).toBeLessThan(CLOSED_WITHIN_MS)
    await panel.getByText('The sessions of Eli South are ended.').waitFor()
    await rowOf(page, 'Eli South').getByText('Session ended', { exact: true }).waitFor()
    await Promise.all([adviser.context.close(), context.close()])
  })

  test('S28 a confined device opens the caucus once its own delegation has typed the figures it heard', async () => {
    const people = await begin()
    const desk = await people.arrive('mediator', { at: '#/desk/people' })
    const device = await join(await giveLink(desk.page, 'Ben North'))
    const figures = (await device.page.getByText(/Six-figure code/).innerText()).replace(/\D/g, '')
    await device.page.getByRole('button', { name: 'Go to the open texts' }).click()
    const tracks = device.page.getByRole('navigation', { name: 'Tracks' })
    await device.page.getByText(FERRY).waitFor()
    expect(await tracks.getByRole('link', { name: /aucus/ }).count()).toBe(0)

    const head = await people.arrive('north-head')
    await head.page.getByRole('link', { name: /Our people\s+1\s+device to be confirmed/ }).click()
    await head.page.getByRole('heading', { name: 'A new device joined as Ben North' }).waitFor()
    await head.page.getByText(/The mediators gave the link at/).waitFor()
    await expectAccessible(head.page, 'a new device')
    const first = head.page.getByRole('textbox', { name: 'Figure 1 of 6' })
    expect(await first.evaluate((it) => it === document.activeElement)).toBe(true)

    const wrong = [...figures].map((figure) => String((Number(figure) + 1) % 10)).join('')
    await head.page.keyboard.type(wrong)
    await head.page.keyboard.press('Enter')
    await head.page
      .getByRole('alert')
      .getByText(/not the figures of this device/)
      .waitFor()
    expect(await tracks.getByRole('link', { name: /aucus/ }).count()).toBe(0)
    await first.focus()
    await head.page.keyboard.type(figures)
    await head.page.getByRole('button', { name: 'Open our caucus to this device' }).click()
    await head.page.getByText('The caucus is open to Ben North’s new device.').waitFor()
    await tracks.getByRole('link', { name: /aucus/ }).waitFor()
    // The mediators gave the link, and cannot say whose device it is.
    expect(await desk.page.getByRole('textbox', { name: 'Figure 1 of 6' }).count()).toBe(0)
    await Promise.all([desk.context.close(), device.context.close(), head.context.close()])
  })

  test('S28 an adviser who answers for a device is told that it is open, and leaves the page when they wish', async () => {
    const people = await begin()
    const desk = await people.arrive('mediator', { at: '#/desk/people' })
    const adviser = await people.arrive('north-adviser')
    const device = await join(await giveLink(desk.page, 'Ben North'))
    const figures = (await device.page.getByText(/Six-figure code/).innerText()).replace(/\D/g, '')
    await adviser.page.getByRole('link', { name: /Our people/ }).click()
    await adviser.page.getByRole('textbox', { name: 'Figure 1 of 6' }).focus()
    await adviser.page.keyboard.type(figures)
    await adviser.page.getByRole('button', { name: 'Open our caucus to this device' }).click()
    await adviser.page.getByText('The caucus is open to Ben North’s new device.').waitFor()
    await adviser.page.getByRole('link', { name: 'Text', exact: true }).click()
    await adviser.page.getByText(FERRY).waitFor()
    expect(await adviser.page.getByRole('link', { name: /Our people/ }).count()).toBe(0)
    await Promise.all([desk.context.close(), device.context.close(), adviser.context.close()])
  })

  test('S28 Esc decides later; one step ends the session of a wrong person', async () => {
    const people = await begin()
    const desk = await people.arrive('mediator', { at: '#/desk/people' })
    const device = await join(await giveLink(desk.page, 'Cid North'))
    await device.page.getByRole('button', { name: 'Go to the open texts' }).click()
    await device.page.getByText(FERRY).waitFor()
    const head = await people.arrive('north-head', { at: '#/people' })
    await head.page.getByRole('heading', { name: 'A new device joined as Cid North' }).waitFor()
    await head.page.keyboard.press('Escape')
    await head.page.getByText('Cid North’s new device waits for your answer.').waitFor()
    await device.page.getByText(FERRY).waitFor()
    await head.page.getByRole('button', { name: 'Confirm the new device' }).click()
    await head.page.getByRole('button', { name: 'It is not Cid North. End this session' }).click()
    await device.page.getByText(FERRY).waitFor({ state: 'detached' })
    await rowOf(head.page, 'Cid North').getByText('Session ended', { exact: true }).waitFor()
    await Promise.all([desk.context.close(), device.context.close(), head.context.close()])
  })

  test('S28 a head gives own people a link that opens everything theirs; an alternate ends sessions, an adviser has no page', async () => {
    const people = await begin()
    const head = await people.arrive('north-head', { at: '#/people' })
    await head.page.getByText('The mediators see seats and invitations on their desk').waitFor()
    expect(await rowOf(head.page, 'Dora South').count()).toBe(0)
    await head.page.getByRole('button', { name: 'Devices: Cid North' }).click()
    await panelOf(head.page, 'Cid North').getByRole('button', { name: 'Give Cid North a new link' }).click()
    const field = panelOf(head.page, 'Cid North').getByRole('textbox', { name: 'Link for Cid North' })
    const adviser = await join(await field.inputValue())
    await adviser.page.getByRole('navigation', { name: 'Tracks' }).getByRole('link', { name: /aucus/ }).waitFor()
    expect(await adviser.page.getByRole('link', { name: 'Our people' }).count()).toBe(0)
    await adviser.page.evaluate(() => {
      location.hash = '#/people'
    })
    await adviser.page.getByText(FERRY).waitFor()
    expect(await adviser.page.getByRole('heading', { name: 'Our people' }).count()).toBe(0)

    const alternate = await people.arrive('north-alternate', { at: '#/people' })
    await alternate.page.getByRole('button', { name: 'Devices: Cid North' }).click()
    const panel = panelOf(alternate.page, 'Cid North')
    expect(await panel.getByRole('radio', { name: /Give a new link/ }).count()).toBe(0)
    await panel.getByRole('button', { name: 'End device 1 of Cid North' }).click()
    await adviser.page.getByText(FERRY).waitFor({ state: 'detached' })
    await Promise.all([head.context.close(), adviser.context.close(), alternate.context.close()])
  })

  test('S28 nobody else’s people are told of a device: the other delegation’s page does not change', async () => {
    const people = await begin()
    const mediator = await enterRoom({ url: server.url, token: await people.token('mediator') })
    const south = await people.arrive('south-head', { at: '#/people' })
    await south.page.getByRole('heading', { name: 'Our people' }).first().waitFor()
    const before = await south.page.getByRole('main').innerText()
    const seat = mediator.view.desk?.seats.find(({ name }) => name === 'Ben North')?.id
    if (!seat) throw new Error('no seat')
    const { made } = await mediator.act({ type: 'IssueInvitation', seat })
    const device = await join(`${server.url}/join#${made[0]}`)
    await device.page.getByRole('heading', { name: /read them this code/ }).waitFor()
    await expect.poll(() => mediator.view.access.sessions.some(({ state }) => state === 'to-be-confirmed')).toBe(true)
    expect(await south.page.getByRole('main').innerText()).toBe(before)
    expect(await south.page.getByRole('link', { name: /to be confirmed/ }).count()).toBe(0)
    await Promise.all([mediator.close(), south.context.close(), device.context.close()])
  })

  test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'S31 a party’s own people are accessible and fit on a %s, in both themes',
    async (size) => {
      const people = await begin()
      for (const theme of THEMES) {
        const { page, context, troubles } = await people.arrive('north-head', { size, theme, at: '#/people' })
        await page.getByRole('button', { name: 'Devices: Ben North' }).click()
        await panelOf(page, 'Ben North').waitFor()
        await expectAccessible(page, `our people, ${size}, ${theme}`)
        await expectFits(page, `our people, ${size}, ${theme}`)
        expect(troubles).toEqual([])
        await context.close()
      }
    },
  )
})
