import { readFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import { CHROMIUM, openBrowser, openPage } from '../support/browser.ts'
import { cachedAddresses, shellKept, storedTracks } from '../support/device.ts'
import { openLine } from '../support/line.ts'
import { cleanUp, SMALL_PROCESS, type StartedServer, startServer } from '../support/server.ts'

const CLAUSE = 'The ferry runs every day.'
const SEAT = 'south-head'
const PROCESS = {
  ...SMALL_PROCESS,
  tracks: SMALL_PROCESS.tracks.map((track) => ({
    ...track,
    access: { north: 'edit', south: { level: 'edit', offline: true }, team: 'edit' },
  })),
}

let server: StartedServer
let browser: Browser

async function arrive(url: string): Promise<{ page: Page; context: BrowserContext; codes: Record<string, string> }> {
  const { process, codes } = await server.newProcess(PROCESS)
  const { token } = await server.redeem(codes[SEAT] ?? '')
  const { page, context } = await openPage(browser)
  await context.addCookies([
    { name: `parley-${process}-${SEAT}`, value: token, url, httpOnly: true, sameSite: 'Strict' },
  ])
  await page.goto(`${url}/r/${process}/${SEAT}/#/text/plenary`)
  await page.getByRole('textbox').getByText(CLAUSE).waitFor()
  return { page, context, codes }
}
const hasShown = (page: Page, words: RegExp) => page.getByText(words).first().waitFor()

describe.skipIf(!CHROMIUM)('lines that do not hold, servers that are renewed', () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  test('R14 on a line that drops again and again, with the page loaded anew between, every word stands once and is shown as saved', async () => {
    const line = await openLine(server.url)
    const { page, context, codes } = await arrive(line.url)
    const { token } = await server.redeem(codes['mediator'] ?? '')
    const team = await enterRoom({ url: server.url, token })
    const text = await team.open('plenary')
    const leaf = text.structure.articles[0]?.clauses[0]?.leaf ?? ''
    await shellKept(page)
    await expect.poll(() => storedTracks(page), { timeout: 60_000 }).toEqual({ texts: ['plenary'], unsent: [] })
    const words: string[] = []
    for (let drop = 0; drop < 4; drop++) {
      line.cut()
      await hasShown(page, /You are offline/)
      const mark = `word${drop} `
      words.push(mark.trim())
      await page.getByRole('textbox').getByText('ferry runs').click()
      await page.keyboard.press('Home')
      await page.keyboard.type(mark)
      await hasShown(page, /kept on this device/)
      await expect.poll(() => storedTracks(page), { timeout: 60_000 }).toMatchObject({ unsent: ['plenary'] })
      // Every other time the page itself goes too.
      if (drop % 2 === 1) {
        await page.reload()
        await page.getByRole('textbox').getByText(mark.trim()).waitFor()
      }
      await text.insert({ leaf, index: text.text(leaf).length - 1 }, `, theirs${drop}`)
      line.mend()
      await page.evaluate(() => dispatchEvent(new Event('online')))
      // The line may go before all is out.
      if (drop === 2)
        await page
          .getByText(/Connection good/)
          .first()
          .waitFor()
    }
    await hasShown(page, /Saved \d|Everything is saved/)
    const whole = () => text.text(leaf).toString()
    await expect
      .poll(() => words.map((word) => whole().split(word).length - 1), { timeout: 60_000 })
      .toEqual([1, 1, 1, 1])
    await page.getByRole('textbox').getByText(whole()).waitFor()
    expect(await page.getByText('This was not taken in').count()).toBe(0)
    await team.close()
    await context.close()
    await line.close()
  })

  test('R17 a new version of the page takes the place of the old one beside it, and asks nothing of whoever is in the room', async () => {
    const front = await openFront(server.url)
    const { page, context } = await arrive(front.url)
    await shellKept(page)
    const first = await page.evaluate(() => caches.keys())
    front.isRenewed = true
    let loads = 0
    page.on('load', () => loads++)
    await page.reload()
    await page.getByRole('textbox').getByText(CLAUSE).waitFor()
    const names = () => page.evaluate(() => caches.keys())
    await expect.poll(names, { timeout: 60_000 }).toEqual([...first, 'parley-shell-0123456789abcdef'])
    expect(loads).toBe(1)
    expect((await cachedAddresses(page)).filter((path) => !/^\/(?:assets\/|index\.html$)/.test(path))).toEqual([])
    await context.close()
    await front.close()
  })

  test('R17 an old page on a new server is loaded anew by itself, once, and then says so', async () => {
    const { process, codes } = await server.newProcess(PROCESS)
    const { token } = await server.redeem(codes[SEAT] ?? '')
    // The worker would answer for the files that this test changes.
    const context = await browser.newContext({ serviceWorkers: 'block', locale: 'en-GB' })
    const name = `parley-${process}-${SEAT}`
    await context.addCookies([{ name, value: token, url: server.url, httpOnly: true, sameSite: 'Strict' }])
    const page = await context.newPage()
    let [old, loads] = [1, 0]
    page.on('load', () => loads++)
    await context.route(/\/assets\/room-.*\.js$/, async (route) => {
      const response = await route.fetch()
      const script = await response.text()
      const hello = /protocol:\d+,schema:/
      if (!hello.test(script) || old-- <= 0) return route.fulfill({ response })
      return route.fulfill({ response, body: script.replace(hello, 'protocol:0,schema:') })
    })
    await page.goto(`${server.url}/r/${process}/${SEAT}/#/text/plenary`)
    await page.getByRole('textbox').getByText(CLAUSE).waitFor()
    expect(loads).toBe(2)
    old = Number.POSITIVE_INFINITY
    await page.reload()
    await page.getByRole('heading', { name: 'Reload once to go on writing' }).waitFor()
    await expect.poll(() => loads, { timeout: 60_000 }).toBe(4)
    await page.getByRole('heading', { name: 'Reload once to go on writing' }).waitFor()
    expect(loads).toBe(4)
    await context.close()
  })

  test('R4 a room in which nothing happens runs no timer', async () => {
    const { page, context } = await arrive(server.url)
    await shellKept(page)
    await page.getByRole('textbox').getByText(CLAUSE).click()
    await page.keyboard.type('Quiet ')
    await hasShown(page, /Saved \d/)
    // What follows a word is over within seconds: counting, keeping, the last place told.
    await page.waitForTimeout(6_000)
    await page.evaluate(() => {
      const asked: number[] = []
      Object.assign(globalThis, { asked })
      for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback'] as const) {
        const own = globalThis[name] as (...given: unknown[]) => number
        Object.assign(globalThis, {
          [name]: (...given: unknown[]) => {
            asked.push(Number(given[1] ?? 0))
            return own(...given)
          },
        })
      }
    })
    await page.waitForTimeout(5_000)
    // What is left is the line's own: an alarm for the case that the server's next beat stays out.
    const asked = await page.evaluate(() => Reflect.get(globalThis, 'asked') as number[])
    expect(asked.filter((ms) => ms < 5_000)).toEqual([])
    expect(asked.length).toBeLessThanOrEqual(3)
    await context.close()
  })
})

/** Stands before the server, and gives out another worker when the page is to be of another version. */
interface Front {
  url: string
  isRenewed: boolean
  close(): Promise<void>
}

async function openFront(target: string): Promise<Front> {
  const { hostname, port } = new URL(target)
  const front: Front = { url: '', isRenewed: false, close: async () => undefined }
  const http: Server = createServer(async ({ url = '/', headers, method = 'GET' }, answer) => {
    const far = request({ hostname, port, path: url, method, headers }, (got) => {
      if (url !== '/worker.js' || !front.isRenewed) {
        answer.writeHead(got.statusCode ?? 502, got.headers)
        got.pipe(answer)
        return
      }
      got.resume()
      answer.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-cache' })
      answer.end(renewedWorker())
    })
    far.on('error', () => answer.destroy())
    far.end()
  })
  http.on('upgrade', ({ url = '', headers }, near: Socket, head) => {
    const far = connect(Number(port), hostname, () => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
      far.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      far.write(head)
      near.pipe(far).pipe(near)
    })
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  front.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  front.close = () =>
    new Promise((closed) => {
      http.closeAllConnections()
      http.close(() => closed())
    })
  return front
}
/** As another build would have it: the same files under another name of the whole. */
function renewedWorker(): string {
  const worker = readFileSync(join(import.meta.dirname, '../../dist/worker.js'), 'utf8')
  const renewed = worker.replace(/(["`]?version["`]?:["`])[0-9a-f]{16}/, '$10123456789abcdef')
  if (renewed === worker) throw new Error('the worker does not name its version')
  return renewed
}
