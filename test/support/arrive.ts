import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openPage } from './browser.ts'
import { SMALL_PROCESS, type StartedProcess, type StartedServer } from './server.ts'

/** Two delegations, a civil forum with two people, a guarantor; a plenary, a working group and a proximity channel. */
export const DESK_PROCESS = {
  ...SMALL_PROCESS,
  parties: [
    ...SMALL_PROCESS.parties,
    { id: 'forum', name: 'Shores Forum', short: 'FOR', kind: 'civil' },
    { id: 'witness', name: 'Witness State', short: 'WIT', kind: 'guarantor' },
  ],
  seats: [
    ...SMALL_PROCESS.seats,
    { id: 'forum-moderator', party: 'forum', role: 'moderator', name: 'Hal Forum' },
    { id: 'forum-adviser', party: 'forum', role: 'adviser', name: 'Ida Forum' },
    { id: 'witness-observer', party: 'witness', role: 'observer', name: 'Jon Witness' },
  ],
  tracks: [
    ...SMALL_PROCESS.tracks,
    {
      id: 'water',
      title: 'Water group',
      kind: 'group',
      text: { title: 'On water', articles: [{ title: 'Wells', clauses: ['Every well is counted.'] }] },
      access: { north: 'edit', south: 'edit', team: 'edit', forum: 'comment' },
    },
    {
      id: 'channel',
      title: 'Channel with the North',
      kind: 'proximity',
      text: { title: 'Notes', articles: [{ title: 'Points', clauses: ['What the North says in confidence.'] }] },
      access: { north: 'edit', team: 'edit' },
    },
  ],
}

/** A person's page, in a browser context of its own. */
export interface Arrived {
  page: Page
  context: BrowserContext
  troubles: string[]
}

/** People of one process who open the room in a browser, each in a context of their own, signed in as their seat. */
export class Arrivals {
  readonly #server: StartedServer
  readonly #talks: StartedProcess
  readonly #browser: Browser
  readonly #tokens = new Map<string, string>()

  constructor(server: StartedServer, talks: StartedProcess, browser: Browser) {
    this.#server = server
    this.#talks = talks
    this.#browser = browser
  }

  async token(seat: string): Promise<string> {
    const known = this.#tokens.get(seat) ?? (await this.#server.redeem(this.#talks.codes[seat] ?? '')).token
    this.#tokens.set(seat, known)
    return known
  }

  async arrive(seat: string, options: Parameters<typeof openPage>[1] & { at?: string } = {}): Promise<Arrived> {
    const opened = await openPage(this.#browser, options)
    await opened.context.addCookies([
      {
        name: `parley-${this.#talks.process}-${seat}`,
        value: await this.token(seat),
        url: this.#server.url,
        httpOnly: true,
        sameSite: 'Strict',
      },
    ])
    await opened.page.goto(`${this.#server.url}/r/${this.#talks.process}/${seat}/${options.at ?? ''}`)
    await opened.page.getByRole('main').waitFor()
    return opened
  }
}
