import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import type { TrackId } from '#shared/ids.ts'
import { docx, largePdf, pages, pdf, png } from '../support/files.ts'
import { refusedEarly, slowDownload } from '../support/plain-lines.ts'
import { seeded } from '../support/seeded.ts'
import { cleanUp, type StartedServer, startServer } from '../support/server.ts'

/** Real servers: files in, files out, and nobody who sees one that is not theirs. */

const PLENARY = 'plenary' as TrackId
const CAUCUS = 'caucus-north' as TrackId
const FIXTURES = join(import.meta.dirname, '../support/documents')

let server: StartedServer
let tokens: Record<string, string>
let rooms: Room[] = []

beforeAll(async () => {
  server = await startServer()
})
afterAll(cleanUp)
beforeEach(open)
afterEach(async () => {
  await Promise.all(rooms.map((room) => room.close()))
  rooms = []
})

let id: string
async function open(): Promise<void> {
  const { process, codes } = await server.newProcess()
  id = process
  tokens = {}
  for (const [seat, code] of Object.entries(codes)) tokens[seat] = (await server.redeem(code)).token
}

async function enter(seat: string): Promise<Room> {
  const room = await enterRoom({ url: server.url, token: tokens[seat] ?? '' })
  rooms.push(room)
  return room
}
const at = (seat: string) => ({ url: server.url, token: tokens[seat] ?? '' })
const bearer = (seat: string) => ({ authorization: `Bearer ${tokens[seat]}` })

type Body = Record<string, unknown>
async function ask(path: string, seat: string, body: BodyInit, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body,
    headers: { ...bearer(seat), ...headers },
  })
  const said = (await response.json().catch(() => ({}))) as Body
  return { status: response.status, said }
}
const bytesOf = (file: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(file)
const read = (seat: string, file: Buffer) => ask('/api/texts/read?name=Pact.docx', seat, bytesOf(file))
const act = (seat: string, command: unknown) =>
  ask('/api/acts', seat, JSON.stringify({ ask: randomBytes(17).toString('base64url').slice(0, 22), command }))
const attach = (seat: string, file: Buffer, track: string = PLENARY, name = 'Map.pdf') =>
  ask(`/api/annexes?${new URLSearchParams({ track, name })}`, seat, bytesOf(file))
const download = (seat: string, body: unknown, headers: Record<string, string> = {}, base = server.url) =>
  fetch(`${base}/api/annexes/read`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...bearer(seat), ...headers },
  })
const annexesSeen = (room: Room, track: string = PLENARY) =>
  room.view.tracks.find(({ id }) => id === track)?.annexes ?? []
async function until(is: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    if (tries > 1_000) throw new Error(`not so: ${what}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}
const folder = () => join(server.folder, 'annexes', id)
/** What the store holds of this process, by name. */
const stored = (): string[] => (existsSync(folder()) ? readdirSync(folder()) : [])

describe('a document at the desk', () => {
  test('T14 is shown as it would stand, with what has no place, and makes nothing until a text is made of it', async () => {
    const room = await enter('mediator')
    const before = room.view.tracks.length
    const { status, said } = await read('mediator', readFileSync(join(FIXTURES, 'pact.docx')))
    expect(status).toBe(200)
    expect(said).toMatchObject({
      text: { title: 'Framework Agreement on the Lower Tamar' },
      left: [
        { kind: 'table', count: 1, near: ['Allocation'] },
        { kind: 'link', count: 1 },
      ],
    })
    expect(room.view.tracks.length).toBe(before)
    const made = await act('mediator', {
      type: 'OpenTrack',
      title: 'Lower Tamar',
      kind: 'group',
      access: { team: 'edit', north: 'suggest' },
      text: said['text'],
    })
    expect(made.status).toBe(200)
    const track = (made.said['made'] as TrackId[])[0] as TrackId
    await until(() => room.view.tracks.some(({ id }) => id === track), 'the track is there')
    const text = await room.open(track)
    expect(text.structure.articles.map(({ title }) => title)).toContain('Allocation')
    expect(text.structure.articles.flatMap(({ clauses }) => clauses).length).toBeGreaterThan(3)
  })

  test('T14.1 words go into a text that has none, for all who have it open; one that has any is never replaced', async () => {
    const mediator = await enter('mediator')
    const head = await enter('north-head')
    const { made } = await mediator.act({
      type: 'OpenTrack',
      title: 'Annex on tolls',
      kind: 'group',
      access: { team: 'edit', north: 'suggest' },
    })
    const track = made[0] as TrackId
    await until(() => head.view.tracks.some(({ id }) => id === track), 'the track is there')
    const reading = await head.open(track)
    const text = (await read('mediator', docx([{ title: 'Tolls', clauses: ['No toll is levied.'] }]))).said['text']
    expect((await act('north-head', { type: 'FillText', track, text })).said).toMatchObject({ code: 'level-too-low' })
    expect((await act('south-head', { type: 'FillText', track, text })).said).toEqual({ code: 'no-such-thing' })
    expect((await act('mediator', { type: 'FillText', track, text })).status).toBe(200)
    await until(() => reading.structure.articles.some(({ title }) => title === 'Tolls'), 'the reader has it')
    const clause = reading.structure.articles[0]?.clauses[0]
    expect(clause && reading.plain(clause.id)).toBe('No toll is levied.')
    await reading.insert({ leaf: clause?.leaf ?? '', index: 0 }, 'As a rule, ')
    await reading.saved()
    expect((await act('mediator', { type: 'FillText', track, text })).said).toEqual({ code: 'already-exists' })
    expect((await act('mediator', { type: 'FillText', track: PLENARY, text })).said).toEqual({ code: 'already-exists' })
    expect((await act('mediator', { type: 'CloseTrack', track })).status).toBe(400)
  })

  test('T14.2 who may bring none, what is too large and what is no document is refused, and leaves nothing', async () => {
    const file = docx([{ title: 'A', clauses: ['b'] }])
    expect((await read('south-adviser', file)).status).toBe(200)
    const nobody = await fetch(`${server.url}/api/texts/read`, { method: 'POST', body: bytesOf(file) })
    expect(nobody.status).toBe(401)
    const foreign = await ask('/api/texts/read', 'mediator', bytesOf(file), { origin: 'https://elsewhere.example' })
    expect(foreign).toMatchObject({ status: 403, said: { code: 'foreign-origin' } })
    expect(await refusedEarly(at('mediator'), '/api/texts/read', 20 * 1024 * 1024 + 1)).toContain('413')
    const bomb = await read('mediator', Buffer.from('PK\x03\x04nothing'))
    expect(bomb).toMatchObject({ status: 422, said: { code: 'file-refused', why: 'damaged' } })
    expect((await read('mediator', Buffer.alloc(0))).said).toMatchObject({ why: 'kind' })
  })

  test('T14.3 two hundred pages are read while everybody else is served', async () => {
    const room = await enter('north-head')
    const text = await room.open(PLENARY)
    const reading = read('mediator', pages(200))
    let done = false
    void reading.then(() => (done = true))
    const leaf = text.structure.articles[0]?.clauses[0]?.leaf ?? ''
    let saved = 0
    while (!done) {
      await text.insert({ leaf, index: 0 }, 'x')
      await text.saved()
      saved++
    }
    const { status, said } = await reading
    expect([status, (said['text'] as { articles: unknown[] }).articles.length]).toEqual([200, 200])
    expect(saved).toBeGreaterThan(1)
  })

  test('T14.2 any damage to a document leaves the server well and makes no track', async () => {
    const chance = seeded(20261126)
    const room = await enter('mediator')
    const before = room.view.tracks.length
    let taken = 0
    for (const name of ['pact', 'arabic', 'tracked']) {
      const whole = readFileSync(join(FIXTURES, `${name}.docx`))
      for (let run = 0; run < 8; run++) {
        const bytes = Buffer.from(whole.subarray(0, run % 4 === 0 ? chance.below(whole.length) : whole.length))
        for (let flips = 1 + chance.below(3); flips > 0 && bytes.length > 0; flips--)
          bytes[chance.below(bytes.length)] = chance.below(256)
        const { status, said } = await read(run % 2 ? 'mediator' : 'second-mediator', bytes)
        expect([200, 422, 429]).toContain(status)
        if (status === 200) taken++
        else expect(said['code']).toMatch(/file-refused|too-fast/)
      }
    }
    expect(taken).toBeGreaterThan(0)
    expect(room.view.tracks.length).toBe(before)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })
})

describe('an annex', () => {
  test('T16 is stored before anybody sees it, listed for who reads the track, and comes back byte by byte', async () => {
    const file = largePdf(700_000)
    const reader = await enter('south-adviser')
    const { status, said } = await attach('north-head', file, PLENARY, '../Карта\u202Efdp.exe')
    expect(status).toBe(201)
    const [annex] = said['made'] as string[]
    await until(() => annexesSeen(reader).length === 1, 'the reader sees it')
    const hash = createHash('sha256').update(file).digest('hex')
    expect(annexesSeen(reader)).toMatchObject([
      { id: annex, kind: 'pdf', bytes: file.length, hash, party: 'north', name: '-Карта fdp.exe.pdf' },
    ])
    expect(stored()).toEqual([`${annex}.${hash}`])
    const whole = await download('south-adviser', { track: PLENARY, annex })
    expect(Buffer.from(await whole.arrayBuffer()).equals(file)).toBe(true)
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': expect.stringMatching(/^attachment; /),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const part = await download('mediator', { track: PLENARY, annex }, { range: 'bytes=262100-262199' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 262100-262199/${file.length}`])
    expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(262_100, 262_200))).toBe(true)
  })

  test('T16.1 that is hidden, was removed or never was gets the same answer; an unknown track takes none', async () => {
    const { said } = await attach('north-head', png(), CAUCUS, 'Red lines.png')
    const [annex] = said['made'] as string[]
    const answers = await Promise.all([
      download('south-head', { track: CAUCUS, annex }),
      download('mediator', { track: CAUCUS, annex }),
      download('south-head', { track: 'caucus-nobody', annex }),
      download('south-head', { track: PLENARY, annex }),
      download('north-head', { track: CAUCUS, annex: 'never' }),
    ])
    const bodies = await Promise.all(answers.map(async (one) => [one.status, await one.text(), headersOf(one)]))
    for (const body of bodies) expect(body).toEqual(bodies[0])
    expect(bodies[0]?.[0]).toBe(404)
    expect(await attach('south-head', pdf(), CAUCUS)).toEqual(await attach('south-head', pdf(), 'caucus-nobody'))
    for (const seat of ['south-head', 'mediator']) {
      const seen = JSON.stringify((await enter(seat)).view)
      for (const canary of [annex ?? '', 'Red lines', 'annexes":[{']) expect(seen).not.toContain(canary)
    }
    expect((await download('north-adviser', { track: CAUCUS, annex })).status).toBe(200)
  })

  test('T16.2 of a room of its members’ own is sealed where it is stored', async () => {
    const file = pdf('% a very secret line')
    const { said } = await attach('north-head', file, CAUCUS)
    const [annex] = said['made'] as string[]
    const [name = ''] = stored()
    const kept = readFileSync(join(folder(), name))
    expect(kept.includes('secret') || kept.includes('%PDF')).toBe(false)
    expect(name).toBe(`${annex}.${createHash('sha256').update(kept).digest('hex')}`)
    const back = await download('north-head', { track: CAUCUS, annex }, { range: 'bytes=3-20' })
    expect(await back.text()).toBe(file.subarray(3, 21).toString('latin1'))
  })

  test('T16.3 goes no further once its track is withdrawn: the line is reset before the withdrawal is in force', async () => {
    const file = largePdf(15_000_000)
    const { said } = await attach('mediator', file)
    const [annex] = said['made'] as string[]
    const mediator = await enter('mediator')
    const slow = slowDownload(at('south-head'), { track: PLENARY, annex })
    await until(() => slow.bytes() > 0, 'it is on its way')
    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: 'south' as never, level: 'hidden' }] })
    slow.resume()
    await slow.ended
    expect(slow.bytes()).toBeLessThan(file.length / 2)
    expect(slow.wasReset()).toBe(true)
    expect((await download('south-head', { track: PLENARY, annex })).status).toBe(404)
    expect((await download('north-head', { track: PLENARY, annex })).status).toBe(200)
  })

  test('T16.3 that was written whole, and not read yet, is taken back too', async () => {
    const { said } = await attach('mediator', largePdf(200_000))
    const [annex] = said['made'] as string[]
    const mediator = await enter('mediator')
    const slow = slowDownload(at('south-head'), { track: PLENARY, annex })
    await until(() => slow.bytes() > 0, 'it is on its way')
    await new Promise((done) => setTimeout(done, 300))
    await mediator.act({ type: 'SetAccess', changes: [{ track: PLENARY, party: 'south' as never, level: 'hidden' }] })
    slow.resume()
    // On a line that still stood, this would be answered.
    slow.askAgain()
    await slow.ended
    expect([slow.wasReset(), slow.heads()]).toEqual([true, 1])
  })

  test('T16.4 needs a level to bring, its own party or the pen to remove, and leaves nothing when it is refused', async () => {
    await (await enter('mediator')).act({
      type: 'SetAccess',
      changes: [{ track: PLENARY, party: 'south' as never, level: 'comment' }],
    })
    expect(await attach('south-head', pdf())).toMatchObject({ status: 403, said: { code: 'level-too-low' } })
    expect(await attach('north-head', Buffer.from('<svg/>'))).toMatchObject({ status: 422, said: { why: 'kind' } })
    const active = pdf('3 0 obj <</S/JavaScript>> endobj')
    expect(await attach('north-head', active)).toMatchObject({ status: 422, said: { why: 'active' } })
    expect(await refusedEarly(at('north-head'), `/api/annexes?track=${PLENARY}`, 21 * 1024 * 1024)).toContain('413')
    expect(stored()).toEqual([])
    const once = `/api/annexes?${new URLSearchParams({ track: PLENARY, name: 'x', ask: 'a'.repeat(22) })}`
    const first = await ask(once, 'north-head', bytesOf(pdf()))
    expect(await ask(once, 'north-head', bytesOf(pdf()))).toEqual(first)
    expect(stored()).toHaveLength(1)
    const [annex] = first.said['made'] as string[]
    const remove = { type: 'RemoveAnnex', track: PLENARY, annex } as never
    const south = await enter('south-head')
    await expect(south.act(remove)).rejects.toMatchObject({ code: 'level-too-low' })
    await (await enter('north-adviser')).act(remove)
    await until(() => annexesSeen(south).length === 0, 'it is gone')
    expect((await download('north-head', { track: PLENARY, annex })).status).toBe(404)
  })

  test('T16.5 is there after a kill', async () => {
    const { said } = await attach('north-head', pdf())
    const [annex] = said['made'] as string[]
    await server.end('SIGKILL')
    server = await startServer({ folder: server.folder })
    expect((await download('south-head', { track: PLENARY, annex })).status).toBe(200)
  })
})

describe('a text that leaves the room', () => {
  const take = (seat: string, form: string, track: string = PLENARY) =>
    fetch(`${server.url}/api/texts/export`, {
      method: 'POST',
      body: JSON.stringify({ track, form }),
      headers: bearer(seat),
    })

  test('T17 goes where its grant allows it, with its code, and the desk sees that it did', async () => {
    const mediator = await enter('mediator')
    expect((await take('north-head', 'markdown')).status).toBe(403)
    expect((await take('north-head', 'markdown', 'caucus-south')).status).toBe(404)
    const grant = { export: true }
    await mediator.act({
      type: 'SetAccess',
      changes: [{ track: PLENARY, party: 'north' as never, level: 'suggest', grant }],
    })
    const head = await enter('north-head')
    const text = await head.open(PLENARY)
    const clause = text.structure.articles[0]?.clauses[0]
    await text.insert({ leaf: clause?.leaf ?? '', index: 3 }, ' new')
    await text.saved()
    const markdown = await (await take('north-head', 'markdown')).text()
    expect(markdown).toContain('# Agreement on the Two Shores\n\n## Article 1: The ferry\n\n**1.1** The[ new - NOR]')
    expect(markdown).toMatch(/^---\n.*\ncode: [0-9a-f]{4}( [0-9a-f]{4}){3}\n/ms)
    const print = (await (await take('north-head', 'print')).json()) as Body
    expect(print).toMatchObject({ title: 'Agreement on the Two Shores', code: /sha-256: (\w{64})/.exec(markdown)?.[1] })
    await until(() => (mediator.view.desk?.exports.length ?? 0) === 2, 'the desk sees both')
    expect(mediator.view.desk?.exports).toMatchObject([
      { track: PLENARY, by: 'north-head', form: 'markdown' },
      { track: PLENARY, by: 'north-head', form: 'print' },
    ])
    expect(JSON.stringify((await enter('south-head')).view)).not.toContain('"form"')
  })

  test('T17 goes by no ask that was answered before: neither a text without the grant, nor a hidden one told from none', async () => {
    const made = '1'.repeat(22)
    const command = { type: 'OpenTrack', title: 'Own', kind: 'group', access: { team: 'edit' }, text: null }
    const text = { title: 'Own', articles: [{ title: 'A', clauses: ['b'] }] }
    const once = await ask('/api/acts', 'mediator', JSON.stringify({ ask: made, command: { ...command, text } }))
    expect(once.status).toBe(200)
    const answers = ['caucus-south', 'caucus-nobody'].map((track) =>
      ask('/api/texts/export', 'mediator', JSON.stringify({ track, form: 'markdown', ask: made })),
    )
    for (const answer of answers) expect(await answer).toEqual({ status: 404, said: { code: 'no-such-thing' } })
    const mediator = await enter('mediator')
    const body = JSON.stringify({ track: PLENARY, form: 'print', ask: made })
    expect((await ask('/api/texts/export', 'mediator', body)).status).toBe(200)
    await until(() => mediator.view.desk?.exports.length === 1, 'the desk sees it')
  })
})

const headersOf = (response: Response) => [...response.headers.keys()].filter((name) => name !== 'date').sort()
