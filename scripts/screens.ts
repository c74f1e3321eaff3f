import type { BrowserContext, Page } from 'playwright-core'
import { enterRoom } from '#client/room/index.ts'
import { parseSeatId } from '#shared/ids.ts'

/** Every screen of the room, as it is reached with the sample process: for pictures and for axe. Nothing here reads a sentence, so that every language is shown by the same steps. */
export interface Screen {
  name: string
  /** Brings a new page there. */
  show(page: Page, stage: Stage): Promise<void>
  /** What it opens beside the room, which is a screen of its own. */
  part?: string
}

/** The sample's server, with what some screens need beside it. */
export interface Stage {
  url: string
  /** By seat: its address in the sample. */
  seats: Record<string, string>
  cookies: { name: string; value: string; url: string; httpOnly: boolean; sameSite: 'Strict' }[]
  /** An invitation nobody opened, and one that somebody did. */
  invitation: string
  used: string
}

const SEATS = ['tavira-head', 'council-head', 'council-alternate', 'chief-mediator', 'guarantor', 'forum-moderator']
const PARTIES = [
  { id: 'north', name: 'North Shore', short: 'NOR', kind: 'delegation' },
  { id: 'south', name: 'South Shore', short: 'SOU', kind: 'delegation' },
  { id: 'team', name: 'Mediation Team', short: 'MED', kind: 'mediation' },
]
/** Talks of their own, for what the sample can not show without losing something. */
const TALKS = {
  title: 'Talks of the Two Shores',
  languages: ['en'],
  charter: { text: 'Nothing is agreed until everything is agreed.', decisionRule: 'consensus', acceptance: 'waived' },
  secretariat: { name: 'Secretariat', phone: '+00 555 0100', email: 'secretariat@shores.example' },
  parties: PARTIES,
  seats: [
    { id: 'north-head', party: 'north', role: 'head', name: 'Ada North' },
    { id: 'north-alternate', party: 'north', role: 'alternate', name: 'Ben North' },
    { id: 'north-adviser', party: 'north', role: 'adviser', name: 'Cid North' },
    { id: 'south-head', party: 'south', role: 'head', name: 'Dora South' },
    { id: 'mediator', party: 'team', role: 'mediator', name: 'Fay Team' },
  ],
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: { title: 'Agreement', articles: [{ title: 'The ferry', clauses: ['The ferry runs every day.'] }] },
      access: { north: 'suggest', south: 'suggest', team: 'edit' },
    },
    {
      id: 'empty',
      title: 'Working paper',
      kind: 'group',
      access: { north: 'edit', south: 'edit', team: 'edit' },
    },
  ],
}

interface Made {
  process: string
  seats: { seat: string; invitation: string }[]
}

/** Opens seats of the sample, and makes the talks that some screens need. */
export async function setStage(url: string, operatorToken: string): Promise<Stage> {
  const stage: Stage = { url, seats: {}, cookies: [], invitation: '', used: '' }
  const keep = (address: string, value: string): void => {
    const [, process = '', seat = ''] = /\/r\/([^/]+)\/([^/]+)\//.exec(address) ?? []
    stage.cookies.push({ name: `parley-${process}-${seat}`, value, url, httpOnly: true, sameSite: 'Strict' })
  }
  for (const seat of SEATS) {
    const answer = await post(`${url}/api/first-start/open`, { seat }, { origin: url })
    const { address } = (await answer.json()) as { address: string }
    const token = /^[^=]+=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''
    stage.seats[seat] = `${url}${new URL(address, url).pathname}`
    keep(stage.seats[seat] ?? '', token)
  }
  const make = async (more: object): Promise<Made> => {
    const headers = { authorization: `Bearer ${operatorToken}` }
    return (await (await post(`${url}/api/processes`, { ...TALKS, ...more }, headers)).json()) as Made
  }
  const sit = async ({ process, seats }: Made, seat: string, as: string, code = ''): Promise<string> => {
    const invitation = code || (seats.find((one) => one.seat === seat)?.invitation.split('#')[1] ?? '')
    const { token } = (await (await post(`${url}/api/invitations/redeem`, { code: invitation })).json()) as {
      token: string
    }
    stage.seats[as] = `${url}/r/${process}/${seat}/`
    keep(stage.seats[as] ?? '', token)
    return token
  }
  const waiting = await make({ charter: { ...TALKS.charter, acceptance: 'required' } })
  await sit(waiting, 'north-head', 'waiting')
  const talks = await make({})
  const mediator = await enterRoom({ url, token: await sit(talks, 'mediator', 'mediator') })
  await sit(talks, 'north-head', 'north')
  await sit(talks, 'south-head', 'south')
  // A link that a mediator gives anew opens a device that its delegation has not confirmed.
  const adviser = parseSeatId('north-adviser')
  if (adviser)
    await sit(
      talks,
      'north-adviser',
      'confined',
      (await mediator.act({ type: 'IssueInvitation', seat: adviser })).made[0],
    )
  await mediator.act({ type: 'PublishNotice', words: 'The ferry waits until the talks end.' })
  stage.invitation = linkOf(talks, 'north-alternate')
  stage.used = linkOf(talks, 'north-head')
  await mediator.close()
  return stage
}
const linkOf = ({ seats }: Made, seat: string): string => seats.find((one) => one.seat === seat)?.invitation ?? ''
const post = (address: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** A browser's context in which every seat of the stage is signed in. */
export async function signIn(context: BrowserContext, stage: Stage, language: string): Promise<void> {
  await context.addCookies(stage.cookies)
  await context.addInitScript((chosen) => {
    const kept = JSON.parse(localStorage.getItem('parley-settings') ?? '{}')
    localStorage.setItem('parley-settings', JSON.stringify({ ...kept, language: chosen }))
  }, language)
}

const TEXT = '#/text/plenary'
const WORDS = '[data-clause] p'

/** A clause with brackets of both parties is in front. */
async function toTheText(page: Page, stage: Stage, seat = 'tavira-head'): Promise<void> {
  await page.goto(`${stage.seats[seat]}${TEXT}`)
  const clause = page.locator(`${WORDS}:has(ins.br ~ ins.br)`).first()
  await clause.waitFor()
  await page.locator('.margin [role=tab]').first().waitFor({ state: 'attached' })
  await clause.evaluate((it) => it.scrollIntoView({ block: 'center' }))
  await clause.click({ position: { x: 1, y: 8 } })
}
const isShown = (page: Page, what: string): Promise<boolean> => page.locator(what).first().isVisible()
/** What stands beside the text where there is room, and in front of it where there is none. */
async function toTheMargin(page: Page): Promise<void> {
  if (await isShown(page, '.margin [role=tab]')) return
  await page.locator('.tabbar button:last-child, .open .btn').filter({ visible: true }).last().click()
}
async function toTheDesk(page: Page, stage: Stage, section = ''): Promise<void> {
  await page.goto(`${stage.seats['chief-mediator']}#/desk${section}`)
  await page.locator('.desk__m h1, .desk__m h2, .desk__m table').first().waitFor({ state: 'attached' })
}
async function inMyMenu(page: Page, stage: Stage, nth?: number): Promise<void> {
  await toTheText(page, stage)
  await page.locator('.who').click()
  await page.locator('.pop .acts').waitFor()
  if (nth === undefined) return
  await page.locator('.pop .acts .btn').nth(nth).click()
  await page.locator('dialog[open]').waitFor()
}

export const SCREENS: Screen[] = [
  {
    name: 'first-start',
    async show(page, { url }) {
      await page.goto(url)
      await page.locator('main section .btn').first().waitFor()
    },
  },
  {
    name: 'join',
    async show(page, { invitation }) {
      await page.goto(invitation)
      await page.locator('input[type=checkbox]').waitFor()
    },
  },
  {
    name: 'join-used',
    async show(page, { used }) {
      await page.goto(used)
      await page.locator('main h1').waitFor()
    },
  },
  {
    name: 'join-blocked',
    async show(page, { invitation }) {
      await page.routeWebSocket(/socket\.io/, (line) => line.close())
      await page.goto(invitation)
      await page.locator('main h1').waitFor()
    },
  },
  {
    name: 'nowhere',
    async show(page, { url }) {
      await page.goto(`${url}/r/x/y/`)
      await page.locator('main h1').waitFor()
    },
  },
  {
    name: 'charter',
    async show(page, { seats }) {
      await page.goto(seats['waiting'] ?? '')
      await page.locator('main .card').first().waitFor()
    },
  },
  {
    name: 'device-figures',
    async show(page, { seats }) {
      await page.goto(seats['confined'] ?? '')
      await page.locator('.figures-words').waitFor()
    },
  },
  { name: 'room', show: toTheText },
  {
    name: 'room-mediator',
    show: (page, stage) => toTheText(page, stage, 'chief-mediator'),
  },
  {
    name: 'room-reader',
    async show(page, stage) {
      await page.goto(`${stage.seats['guarantor']}${TEXT}`)
      await page.locator(WORDS).first().waitFor()
    },
  },
  {
    name: 'room-empty',
    async show(page, { seats }) {
      await page.goto(`${seats['north']}#/text/empty`)
      await page.locator('.mid h1').waitFor()
    },
  },
  {
    name: 'tracks',
    part: '.side',
    async show(page, stage) {
      await toTheText(page, stage)
      if (!(await isShown(page, '.side a'))) await page.locator('.burger button').click()
      await page.locator('.side a').first().waitFor()
    },
  },
  {
    name: 'clause',
    part: '.margin',
    async show(page, stage) {
      await toTheText(page, stage)
      await toTheMargin(page)
    },
  },
  {
    name: 'comments',
    part: '.margin',
    async show(page, stage) {
      await toTheText(page, stage)
      await toTheMargin(page)
      await page.locator('.margin [role=tab]').nth(1).click()
      await page.locator('.margin article').first().waitFor()
    },
  },
  {
    name: 'composer',
    part: '.margin',
    async show(page, stage) {
      await toTheText(page, stage)
      await toTheMargin(page)
      await page.locator('.margin .composer .strip button').click()
      await page.locator('.margin .composer input').first().waitFor()
    },
  },
  {
    name: 'bracket',
    part: '.pop',
    async show(page, stage) {
      await toTheText(page, stage)
      await page.locator(`${WORDS} ins.br .by`).first().click()
      await page.locator('.pop').waitFor()
    },
  },
  {
    name: 'files',
    async show(page, stage) {
      await toTheText(page, stage)
      await page.locator('.files .btn').click()
      await page.locator('dialog[open]').waitFor()
    },
  },
  { name: 'my-menu', part: '.pop', show: (page, stage) => inMyMenu(page, stage) },
  { name: 'help', show: (page, stage) => inMyMenu(page, stage, 0) },
  { name: 'secretariat', show: (page, stage) => inMyMenu(page, stage, 1) },
  { name: 'device', show: (page, stage) => inMyMenu(page, stage, 2) },
  { name: 'sessions', show: (page, stage) => inMyMenu(page, stage, 3) },
  { name: 'sign-out', show: (page, stage) => inMyMenu(page, stage, 4) },
  {
    name: 'offline',
    part: '.bar',
    async show(page, stage) {
      await toTheText(page, stage)
      await page.context().setOffline(true)
      await page.locator('.net--warn, .net--bad').first().waitFor()
      await page.context().setOffline(false)
    },
  },
  {
    name: 'people',
    async show(page, stage) {
      await page.goto(`${stage.seats['north']}#/people`)
      await page.locator('main table').waitFor()
    },
  },
  { name: 'desk', show: (page, stage) => toTheDesk(page, stage) },
  {
    name: 'desk-cell',
    async show(page, stage) {
      await toTheDesk(page, stage)
      const cells = page.locator('.mx button.cell, .lvs + button')
      await cells.first().waitFor()
      await cells.nth(1).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'desk-people', show: (page, stage) => toTheDesk(page, stage, '/people') },
  {
    name: 'preview',
    async show(page, stage) {
      await toTheDesk(page, stage)
      const parties = page.locator('[data-see-as]')
      await parties.first().waitFor({ state: 'attached' })
      if (await isShown(page, '[data-see-as]')) await parties.nth(1).click()
      else {
        await page.locator('.few > .btn, .few .btn').first().click()
        await page.getByRole('menuitem').nth(1).click()
      }
      await page.locator(`${WORDS}, [data-clause]`).first().waitFor()
    },
  },
]
