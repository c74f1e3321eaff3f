import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type App, buildApp } from '#server/app.ts'
import { readConfig } from '#server/config.ts'
import { openFolderStore } from '#server/files/folder-store.ts'
import type { DrillLog } from '#server/log/log.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { machineRandom, machineTime } from '#server/machine.ts'
import { openTelemetry } from '#server/telemetry.ts'
import type { PartyId, TrackId } from '#shared/ids.ts'
import { entryOf, fillUp, P } from '../contract/log-build.ts'
import { type Person, sit } from '../support/at-screen.ts'
import { Oracle } from '../support/oracle.ts'
import { cleanUp, newFolder, post, SMALL_PROCESS, startServer } from '../support/server.ts'

const SEATS = ['north-head', 'north-adviser', 'south-head', 'south-adviser', 'mediator']
const PARTIES = ['north', 'north', 'south', 'south', 'team']
const PLENARY = 'plenary' as TrackId
const WAIT = { timeout: 20_000 }
let app: App | null = null

afterEach(async () => {
  await app?.drain()
  app = null
  await cleanUp()
})

/** The server as it runs, on a log whose disk fails when the test says so. */
async function serverOnDrillLog(): Promise<{ log: DrillLog; tokens: string[] }> {
  const folder = newFolder()
  const log = await openSqliteLog({ file: join(folder, 'log.db'), probeMs: 50 })
  const config = readConfig({ PORT: '0', PARLEY_DATA: folder, PARLEY_SAMPLE: 'off', LOG_LEVEL: 'error' })
  if (!config.ok) throw new Error(config.refusal.join(' '))
  const telemetry = openTelemetry({ level: 'error' })
  app = await buildApp({
    config: config.value,
    log,
    telemetry,
    time: machineTime,
    random: machineRandom,
    files: openFolderStore(join(folder, 'annexes')),
    operatorToken: 'of-this-test-only',
    clientFolder: folder,
  })
  await app.listen()
  const { invitations } = await app.startProcess(SMALL_PROCESS)
  const tokens: string[] = []
  for (const seat of SEATS) {
    const code = invitations.find((one) => one.seat.id === seat)?.code
    const response = await post(`${app.address}/api/invitations/redeem`, { code })
    tokens.push(((await response.json()) as { token: string }).token)
  }
  return { log, tokens }
}

/** Seats people who are heard by one oracle; the first seat has a second tab: both write at once. */
class Table {
  readonly oracle = new Oracle()
  readonly #url: string
  readonly #tokens: string[]

  constructor(url: string, tokens: string[]) {
    this.#url = url
    this.#tokens = tokens
    this.oracle.readers(PLENARY, 'Plenary text', ['north', 'south', 'team'])
  }
  sit(nth: number, name: string): Promise<Person> {
    const who = { name, party: PARTIES[nth] ?? '', oracle: this.oracle }
    return sit({ url: this.#url, token: this.#tokens[nth] ?? '', ...who }, PLENARY)
  }
  async everybody(): Promise<Person[]> {
    const people = await Promise.all(SEATS.map((_, nth) => this.sit(nth, `p${nth}`)))
    return [...people, await this.sit(0, 'tab')]
  }
  async typeAll(people: Person[], rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      for (const person of people) await person.type(PLENARY)
      await new Promise((done) => setTimeout(done, 10))
    }
  }
  /** All that stay have saved; whoever comes now finds every word once. */
  async hold(people: Person[]): Promise<void> {
    await areSaved(people)
    const reader = await this.sit(0, 'reader')
    await this.oracle.checkWhole(reader.shown(PLENARY), 'in the end')
    expect(this.oracle.problems).toEqual([])
    await Promise.all([reader, ...people].map(({ room }) => room.close()))
  }
}
const areSaved = (people: Person[]) => Promise.all(people.map((person) => person.text(PLENARY).saved()))

test.each(['disk-full', 'read-only'] as const)(
  'P1 P1.7 P2 P2.6 while the disk is %s nothing is said to be saved, a withdrawal takes effect, and no word is lost when that ends',
  async (state) => {
    const { log, tokens } = await serverOnDrillLog()
    const table = new Table((app as App).address, tokens)
    const people = await table.everybody()
    const south = people.slice(2, 4)
    const others = people.filter((person) => !south.includes(person))
    const [mediator] = people.slice(4, 5)
    await table.typeAll(people, 5)
    await areSaved(people)
    await log.restrict(state)
    if (state === 'disk-full') {
      await fillUp(log)
      // Not even the smallest entry finds room.
      while ((await log.append(P, [entryOf('x')], {})).ok);
    }
    const { shown, acknowledged } = table.oracle.tally
    await table.typeAll(people, 10)
    for (const { room } of people)
      await vi.waitFor(() => expect(room.saving).toMatchObject({ at: 'not-saving', reason: state }), WAIT)
    expect(table.oracle.tally).toMatchObject({ shown, acknowledged })
    const late = await table.sit(0, 'late')
    expect(late.room.saving).toMatchObject({ at: 'not-saving' })
    expect(late.shown(PLENARY).length).toBe(people.length * 5)
    await late.room.close()

    const hide = { track: PLENARY, party: 'south' as PartyId, level: 'hidden' } as const
    const hidden = mediator?.room.act({ type: 'SetAccess', changes: [hide] })
    // No reserve helps where nothing may be written: it is in force, and the desk says that it is not recorded.
    if (state === 'disk-full') await hidden
    else await expect(hidden).rejects.toMatchObject({ refusal: { code: 'not-saved', reason: 'read-only' } })
    table.oracle.inForce('south', PLENARY)
    for (const { room } of south) expect(room.view.tracks.map(({ id }) => id)).not.toContain(PLENARY)
    expect(log.health()).toMatchObject({ state: 'not-writable' })

    await log.restrict(null)
    await areSaved(others)
    for (const { room } of others) await vi.waitFor(() => expect(room.saving.at).toBe('saved'), WAIT)
    expect(table.oracle.tally.givenBack).toBe(south.length * 10)
    await table.hold(others)
    await Promise.all(south.map(({ room }) => room.close()))
  },
  120_000,
)

test('R1 P1 what is typed while the server is killed and away goes out once when it is back', async () => {
  let server = await startServer()
  const port = new URL(server.url).port
  const { codes } = await server.newProcess()
  const tokens = await Promise.all(SEATS.map(async (seat) => (await server.redeem(codes[seat] ?? '')).token))
  const table = new Table(server.url, tokens)
  const people = await table.everybody()
  await table.typeAll(people, 5)
  const killed = server.end('SIGKILL')
  await table.typeAll(people, 5)
  await killed
  await table.typeAll(people, 5)
  for (const { room } of people) await vi.waitFor(() => expect(room.saving.at).toBe('not-sent'), WAIT)
  server = await startServer({ folder: server.folder, environment: { PORT: port } })
  for (const { room } of people) room.retry()
  await table.hold(people)
}, 120_000)
