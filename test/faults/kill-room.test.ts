import { afterEach, expect, test, vi } from 'vitest'
import { sit } from '../support/at-screen.ts'
import { cleanUp, startServer } from '../support/server.ts'

/** As `kill.test.ts`, with the room's own client: delegations that suggest, a mediator that edits, nobody reloads. */

const KILLS = Math.ceil(Number(process.env['PARLEY_KILLS'] ?? 20) / 4)
const SEATS = ['north-head', 'north-adviser', 'south-head', 'south-adviser', 'mediator']
const TYPE_EVERY_MS = 8
const BACK_MS = 30_000

afterEach(cleanUp)

test(`P1 kill -9 while five screens stay open, ${KILLS} times: what any showed is there, and in the end every word that was typed, once`, async () => {
  let server = await startServer()
  const port = new URL(server.url).port
  const { codes } = await server.newProcess()
  const tokens = await Promise.all(SEATS.map(async (seat) => (await server.redeem(codes[seat] ?? '')).token))
  const people = await Promise.all(tokens.map((token, index) => sit(server.url, token, `p${index}`)))
  const promised = new Set<string>()
  for (let round = 0; round < KILLS; round += 1) {
    const typing = setInterval(() => {
      for (const person of people) void person.type()
    }, TYPE_EVERY_MS)
    await new Promise((done) => setTimeout(done, 150 + ((round * 53) % 200)))
    await server.end('SIGKILL')
    clearInterval(typing)
    for (const person of people) for (const words of [...person.saved, ...person.others()]) promised.add(words)
    server = await startServer({ folder: server.folder, environment: { PORT: port } })
    const reader = await sit(server.url, tokens[round % tokens.length] ?? '', 'reader')
    const there = new Set(reader.shown())
    expect(
      [...promised].filter((words) => !there.has(words)),
      `after kill ${round}`,
    ).toEqual([])
    await reader.room.close()
    for (const { room } of people) room.retry()
    await vi.waitFor(() => expect(people.every(({ room }) => room.connection.at === 'live')).toBe(true), {
      timeout: BACK_MS,
    })
  }
  await Promise.all(people.map(({ text }) => text.saved()))
  const reader = await sit(server.url, tokens[0] ?? '', 'reader')
  const typed = people.flatMap((person) => person.typed)
  await vi.waitFor(() => expect(reader.shown().sort()).toEqual(typed.sort()), { timeout: BACK_MS })
  expect(typed.length).toBeGreaterThan(KILLS * 20)
  expect(promised.size).toBeGreaterThan(KILLS * 10)
  await Promise.all([reader, ...people].map(({ room }) => room.close()))
}, 300_000)
