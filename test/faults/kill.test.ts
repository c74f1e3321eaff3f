import { afterEach, expect, test } from 'vitest'
import { cleanUp, SMALL_PROCESS, type StartedServer, startServer } from '../support/server.ts'
import { Typist } from '../support/typist.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/** How often the server is killed. `PARLEY_KILLS=200 npx vitest run test/faults/kill.test.ts` for a long night. */
const KILLS = Number(process.env['PARLEY_KILLS'] ?? 20)
const SEATS = ['north-head', 'north-adviser', 'south-head', 'south-adviser', 'mediator']
const TYPE_EVERY_MS = 2
/** From the first word to the kill: another moment each time, so that it falls into every step of an append. */
const momentOf = (round: number): number => 60 + ((round * 37) % 240)

const EVERYBODY_EDITS = {
  ...SMALL_PROCESS,
  tracks: SMALL_PROCESS.tracks.map((track) => ({ ...track, access: { north: 'edit', south: 'edit', team: 'edit' } })),
}

afterEach(cleanUp)

async function sitDown(
  server: StartedServer,
  token: string,
  name: string,
): Promise<{ wire: WireClient; typist: Typist }> {
  const wire = await openWire(server.url, { token })
  const text = await wire.open('plenary')
  if ('refusal' in text) throw new Error(text.refusal.code)
  return { wire, typist: new Typist(wire, text, name) }
}

test(`P1 kill -9 while five people type, ${KILLS} times: every word that was shown as saved, and every word that anybody saw of another, is there`, async () => {
  let server = await startServer()
  const { codes } = await server.newProcess(EVERYBODY_EDITS)
  const tokens = await Promise.all(SEATS.map(async (seat) => (await server.redeem(codes[seat] ?? '')).token))
  const promised = new Set<string>()
  const tally = { saved: 0, shown: 0, unsaved: 0 }

  for (let round = 0; round < KILLS; round += 1) {
    const people = await Promise.all(tokens.map((token, seat) => sitDown(server, token, `${round}.${seat}`)))
    const typing = setInterval(() => {
      for (const { typist } of people) typist.type()
    }, TYPE_EVERY_MS)
    await new Promise((done) => setTimeout(done, momentOf(round)))
    await server.end('SIGKILL')
    clearInterval(typing)
    await Promise.all(people.map(({ wire }) => wire.gone))
    for (const { typist } of people) {
      for (const words of [...typist.saved, ...typist.shown]) promised.add(words)
      tally.saved += typist.saved.size
      tally.shown += typist.shown.size
      tally.unsaved += new Set(typist.words()).size - typist.saved.size - typist.shown.size
    }

    server = await startServer({ folder: server.folder })
    const reader = await sitDown(server, tokens[round % tokens.length] ?? '', 'reader')
    const there = reader.typist.words()
    expect(new Set(there).size, 'every word stands once').toBe(there.length)
    const lost = [...promised].filter((words) => !there.includes(words))
    expect(lost, `after kill ${round}`).toEqual([])
    reader.wire.close()
  }
  expect(tally.saved).toBeGreaterThan(KILLS * 20)
  expect(tally.shown).toBeGreaterThan(KILLS * 20)
  // Else every kill came in a pause and the run proved nothing.
  expect(tally.unsaved).toBeGreaterThan(0)
}, 300_000)
