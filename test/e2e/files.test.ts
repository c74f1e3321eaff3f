import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import type { TrackId } from '#shared/ids.ts'
import { Arrivals, DESK_PROCESS } from '../support/arrive.ts'
import { CHROMIUM, expectAccessible, expectFits, openBrowser, SIZES, THEMES } from '../support/browser.ts'
import { docx, largePdf, pdf } from '../support/files.ts'
import { cleanUp, newFolder, startServer } from '../support/server.ts'

const PACT = join(import.meta.dirname, '../support/documents/pact.docx')
const PLENARY = 'plenary' as TrackId

let browser: Browser
let people: Arrivals
let mediator: Room

const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer })

async function openPlenary(page: Page): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}#/text/${PLENARY}`)
  await page.getByRole('heading', { level: 1, name: 'Agreement on the Two Shores' }).waitFor()
}
async function openFiles(page: Page) {
  await page.getByRole('button', { name: /^Files/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Files of “Plenary text”' })
  await dialog.waitFor()
  return dialog
}
async function contentOf(download: Promise<{ path(): Promise<string> }>): Promise<Buffer> {
  return readFileSync(await (await download).path())
}

describe.skipIf(!CHROMIUM)('files', () => {
  beforeAll(async () => {
    const server = await startServer()
    const talks = await server.newProcess(DESK_PROCESS)
    browser = await openBrowser()
    people = new Arrivals(server, talks, browser)
    mediator = await enterRoom({ url: server.url, token: await people.token('second-mediator') })
  })
  afterAll(async () => {
    await mediator.close()
    await browser.close()
    await cleanUp()
  })

  test('S60 a track begins with a Word document, whose outline and left-outs are read before it is made', async () => {
    const { page, context, troubles } = await people.arrive('mediator')
    await page.getByRole('button', { name: 'Open a track' }).click()
    const dialog = page.getByRole('dialog', { name: 'Open a track' })
    await dialog.getByLabel('Title').fill('Lower Tamar')
    await dialog.getByRole('button', { name: 'Bring a Word document' }).click()
    const picker = dialog.getByLabel('Choose a Word document (.docx)')
    const large = join(newFolder(), 'large.docx')
    writeFileSync(large, '')
    truncateSync(large, 21 * 1024 * 1024)
    await picker.setInputFiles(file('not.docx', pdf()))
    await dialog.getByText('The file is of another kind').waitFor()
    // By its path: the browser is handed no bytes, and sends none.
    await picker.setInputFiles(large)
    await dialog.getByText('The file is larger than 20 MB').waitFor()
    await picker.setInputFiles(PACT)
    await dialog.getByText('Framework Agreement on the Lower Tamar').waitFor()
    await dialog.getByRole('listitem').filter({ hasText: 'Allocation' }).first().waitFor()
    await dialog.getByText(/1 table/).waitFor()
    await expectAccessible(page, 'a document that is read')
    expect(mediator.view.tracks.some(({ title }) => title === 'Lower Tamar')).toBe(false)
    await dialog.getByRole('button', { name: 'Open it for the mediation team only' }).click()
    await dialog.waitFor({ state: 'detached' })
    await expect
      .poll(() => mediator.view.tracks.find(({ title }) => title === 'Lower Tamar')?.text?.clauses)
      .toBeGreaterThan(8)
    // What was refused is told by the browser's console, too.
    expect(troubles.filter((line) => !line.includes('422'))).toEqual([])
    await context.close()
  })

  test('S60 an empty text takes a document, and whoever has it open reads it at once', async () => {
    const access = { north: 'suggest', team: 'edit' } as const
    const text = { title: 'Tolls', articles: [] }
    const { made } = await mediator.act({ type: 'OpenTrack', title: 'Tolls', kind: 'group', access, text })
    const writer = await people.arrive('mediator')
    const reader = await people.arrive('north-head')
    for (const { page } of [writer, reader]) {
      await page.goto(`${page.url().split('#')[0]}#/text/${made[0]}`)
      await page.getByRole('heading', { level: 1, name: 'Tolls' }).waitFor()
    }
    await writer.page.getByRole('button', { name: 'Bring a Word document' }).click()
    const dialog = writer.page.getByRole('dialog', { name: 'A document into “Tolls”' })
    await dialog
      .getByLabel('Choose a Word document (.docx)')
      .setInputFiles(
        file('tolls.docx', docx([{ title: 'Free passage', clauses: ['No toll is levied on the river.'] }])),
      )
    await dialog.getByText('Everything in it has a place.').waitFor()
    await dialog.getByRole('button', { name: 'Make this the text' }).click()
    for (const { page } of [writer, reader]) await page.getByText('No toll is levied on the river.').waitFor()
    await writer.context.close()
    await reader.context.close()
  })

  test('S61 a file beside a text is brought, listed and downloaded whole, and gone with the track', async () => {
    const head = await people.arrive('north-head')
    await openPlenary(head.page)
    const dialog = await openFiles(head.page)
    const map = largePdf(900_000)
    await dialog.getByLabel('Add a file').setInputFiles(file('run.pdf', pdf('3 0 obj <</S/JavaScript>> endobj')))
    await dialog.getByText(/has scripts, embedded files or actions/).waitFor()
    await dialog.getByLabel('Add a file').setInputFiles(file('Map of the ferry.pdf', map))
    await dialog.getByText('Map of the ferry.pdf is there for all readers of this track.').waitFor()

    const south = await people.arrive('south-head')
    await openPlenary(south.page)
    await south.page.getByRole('button', { name: 'Files, 1' }).waitFor()
    const seen = await openFiles(south.page)
    await seen.getByText(/brought by North Shore/).waitFor()
    expect(await seen.getByRole('button', { name: /^Remove/ }).count()).toBe(0)
    const download = south.page.waitForEvent('download')
    await seen.getByRole('button', { name: 'Download Map of the ferry.pdf' }).click()
    expect((await contentOf(download)).equals(map)).toBe(true)
    await seen.getByText('Map of the ferry.pdf is downloaded.').waitFor()

    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: 'south' as never, level: 'hidden' }] })
    await seen.waitFor({ state: 'detached' })
    expect(await south.page.content()).not.toContain('Map of the ferry')
    await south.context.close()
    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: 'south' as never, level: 'suggest' }] })

    await dialog.getByRole('button', { name: 'Remove Map of the ferry.pdf' }).click()
    await dialog.getByRole('alert').getByRole('button', { name: 'Remove' }).click()
    await dialog.getByText('No files yet.').waitFor()
    await head.context.close()
  })

  test('S62 a text is taken out and printed where the grant allows it, with its code, and the desk is told', async () => {
    const head = await people.arrive('north-head')
    await openPlenary(head.page)
    const dialog = await openFiles(head.page)
    await dialog.getByText('Your access to this track does not allow taking the text out.').waitFor()
    const grant = { export: true }
    await mediator.act({
      type: 'SetAccess',
      changes: [{ track: PLENARY, party: 'north' as never, level: 'suggest', grant }],
    })
    const download = head.page.waitForEvent('download')
    await dialog.getByRole('button', { name: 'As Markdown' }).click()
    const markdown = (await contentOf(download)).toString('utf8')
    expect(markdown).toContain('## Article 1: The ferry\n\n**1.1** The ferry runs every day.')
    const code = /^code: (.*)$/m.exec(markdown)?.[1] ?? ''
    await head.page.evaluate(() => {
      window.print = () => {
        const sheet = document.querySelector('.print-sheet')
        document.documentElement.dataset['printed'] = sheet?.textContent ?? ''
      }
    })
    await dialog.getByRole('button', { name: 'Print' }).click()
    const printed = () => head.page.evaluate(() => document.documentElement.dataset['printed'] ?? '')
    await expect.poll(printed).toContain('The ferry runs every day.')
    expect(await printed()).toContain(`Code ${code}`)
    await expect.poll(() => mediator.view.desk?.exports.map(({ form }) => form)).toEqual(['markdown', 'print'])
    await head.context.close()
  })

  test.each(THEMES.flatMap((theme) => (Object.keys(SIZES) as (keyof typeof SIZES)[]).map((size) => ({ theme, size }))))(
    'S63 files are clean by axe and fit: $size, $theme',
    async ({ theme, size }) => {
      const { page, context } = await people.arrive('north-head', { size, theme })
      await openPlenary(page)
      const dialog = await openFiles(page)
      await dialog
        .getByLabel('Add a file')
        .setInputFiles(file('A very long name of a map that nobody would give.pdf', pdf()))
      await dialog.getByText(/is there for all readers/).waitFor()
      await expectAccessible(page, `files, ${size}, ${theme}`)
      await expectFits(page, `files, ${size}, ${theme}`)
      const shots = process.env['PARLEY_SHOTS']
      if (shots) await page.screenshot({ path: join(shots, `files-${size}-${theme}.png`) })
      await context.close()
    },
  )
})
