import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { LostWords } from '#client/room/room.ts'
import { type App, buildApp } from '#server/app.ts'
import type { DrillLog } from '#server/log/log.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { machineRandom, machineTime } from '#server/machine.ts'
import { openTelemetry } from '#server/telemetry.ts'
import type { PartyId, TrackId } from '#shared/ids.ts'
import { entryOf, fillUp, P } from '../contract/log-build.ts'
import { type Person, sit, TOKEN } from '../support/at-screen.ts'
import { cleanUp, newFolder, post, SMALL_PROCESS, startServer } from '../support/server.ts'

const SEATS = ['north-head', 'north-adviser', 'south-head', 'south-adviser', 'mediator']
const PLENARY = 'plenary' as TrackId
const WAIT = { timeout: 20_000 }
let app: App | null = null

afterEach(async () => {
  await app?.drain()
  app = null
  await cleanUp()
})

/** The server as it runs, on a log whose disk fills when the test says so. */
async function serverOnDrillLog(): Promise<{ log: DrillLog; tokens: string[] }> {
  const folder = newFolder()
  const log = await openSqliteLog({ file: join(folder, 'log.db'), probeMs: 50 })
  const config = {
    port: 0,
    host: '127.0.0.1',
    folder,
    publicUrl: null,
    redisUrl: null,
    sample: false,
    trust: { proxies: 'none' },
  } as const
  const telemetry = openTelemetry({ level: 'error' })
  app = await buildApp({
    config: { ...config, logLevel: 'error' },
    log,
    telemetry,
    time: machineTime,
    random: machineRandom,
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

async function typeAll(people: Person[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const person of people) await person.type()
    await new Promise((done) => setTimeout(done, 10))
  }
}
const isSaved = (people: Person[]) => Promise.all(people.map(({ text }) => text.saved()))
const inOrder = (words: string[]) => [...words].sort()

test('P1 P1.7 P2.6 while the disk is full nothing is said to be saved, a withdrawal takes effect, and no word is lost when room returns', async () => {
  const { log, tokens } = await serverOnDrillLog()
  const { address } = app as App
  const people = await Promise.all(tokens.map((token, index) => sit(address, token, `p${index}`)))
  // The first seat has a second tab: both write at once.
  people.push(await sit(address, tokens[0] ?? '', 'tab'))
  const south = people.slice(2, 4)
  const others = people.filter((person) => !south.includes(person))
  const [mediator] = people.slice(4, 5)
  const givenBack: string[] = []
  for (const { text } of south)
    text.on('withdrawn', (detail) => {
      for (const { words } of (detail as LostWords).words) givenBack.push(...(words.match(TOKEN) ?? []))
    })
  await typeAll(people, 5)
  await isSaved(people)
  await log.restrict('disk-full')
  await fillUp(log)
  // Not even the smallest entry finds room.
  while ((await log.append(P, [entryOf('x')], {})).ok);
  const savedBefore = people.map((person) => person.saved.size)
  await typeAll(people, 10)
  for (const { room } of people)
    await vi.waitFor(() => expect(room.saving).toMatchObject({ at: 'not-saving', reason: 'disk-full' }), WAIT)
  expect(people.map((person) => person.saved.size)).toEqual(savedBefore)
  const late = await sit(address, tokens[0] ?? '', 'late')
  expect(late.room.saving).toMatchObject({ at: 'not-saving' })
  expect(late.shown().length).toBe(people.length * 5)
  await late.room.close()

  const hide = { track: PLENARY, party: 'south' as PartyId, level: 'hidden' } as const
  await mediator?.room.act({ type: 'SetAccess', changes: [hide] })
  for (const { room } of south) expect(room.view.tracks.map(({ id }) => id)).not.toContain(PLENARY)
  expect(log.health()).toMatchObject({ state: 'not-writable' })

  await log.restrict(null)
  await isSaved(others)
  for (const { room } of others) await vi.waitFor(() => expect(room.saving.at).toBe('saved'), WAIT)
  const reader = await sit(address, tokens[0] ?? '', 'reader')
  const typed = people.flatMap((person) => person.typed)
  expect(inOrder([...reader.shown(), ...givenBack])).toEqual(inOrder(typed))
  expect(givenBack.length).toBe(south.length * 10)
  await Promise.all([reader, ...people].map(({ room }) => room.close()))
}, 120_000)

test('R1 P1 what is typed while the server is killed and away goes out once when it is back', async () => {
  let server = await startServer()
  const port = new URL(server.url).port
  const { codes } = await server.newProcess()
  const tokens = await Promise.all(SEATS.map(async (seat) => (await server.redeem(codes[seat] ?? '')).token))
  const people = await Promise.all(tokens.map((token, index) => sit(server.url, token, `p${index}`)))
  people.push(await sit(server.url, tokens[0] ?? '', 'tab'))
  await typeAll(people, 5)
  const killed = server.end('SIGKILL')
  await typeAll(people, 5)
  await killed
  await typeAll(people, 5)
  for (const { room } of people) await vi.waitFor(() => expect(room.saving.at).toBe('not-sent'), WAIT)
  server = await startServer({ folder: server.folder, environment: { PORT: port } })
  for (const { room } of people) room.retry()
  await isSaved(people)
  const reader = await sit(server.url, tokens[0] ?? '', 'reader')
  expect(inOrder(reader.shown())).toEqual(inOrder(people.flatMap((person) => person.typed)))
  await Promise.all([reader, ...people].map(({ room }) => room.close()))
}, 120_000)
