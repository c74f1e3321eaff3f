import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import type { InvitationView } from '#shared/domain/view.ts'
import { parseOpaque, parseSeatId, type SeatId, type SessionId } from '#shared/ids.ts'
import { cleanUp, post, type StartedProcess, type StartedServer, startServer } from '../support/server.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'

/** Invitations, devices and sessions, over real sockets. */

const RACE = Number(process.env['PARLEY_RACES'] ?? 20)

let server: StartedServer
let started: StartedProcess
const wires: WireClient[] = []

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.close()
  await cleanUp()
})

async function start(): Promise<void> {
  server = await startServer()
  started = await server.newProcess()
}
async function enter(seat: string): Promise<WireClient & { token: string }> {
  return enterBy(started.codes[seat] ?? '')
}
async function enterBy(code: string): Promise<WireClient & { token: string; figures: string | undefined }> {
  const { token, figures } = await server.redeem(code)
  const wire = await openWire(server.url, { token })
  wires.push(wire)
  return Object.assign(wire, { token, figures })
}
const seatId = (text: string): SeatId => parseSeatId(text) ?? fail(text)
const sessionId = (text: string | null): SessionId => parseOpaque<SessionId>(text ?? '') ?? fail(text)
const fail = (what: unknown): never => {
  throw new Error(`not there: ${what}`)
}
async function made(wire: WireClient, command: Command): Promise<string> {
  const answer = await wire.act(command)
  if ('refusal' in answer) throw new Error(`refused: ${JSON.stringify(answer.refusal)}`)
  return answer.made[0] ?? ''
}
const issue = (seat: string): Command => ({ type: 'IssueInvitation', seat: seatId(seat) })
const end = (session: string | null): Command => ({ type: 'EndSession', session: sessionId(session) })
const refused = (code: string) => ({ refusal: { code } })
const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 3000, interval: 5 })
const redeemStatus = (code: string) =>
  post(`${server.url}/api/invitations/redeem`, { code }).then(({ status }) => status)
const kinds = (wire: WireClient) => wire.view().tracks.map(({ kind }) => kind)

describe('an invitation', () => {
  test('A1 opens once, also when a hundred open it at the same moment', async () => {
    await start()
    const code = started.codes['north-head'] ?? ''
    const answers = await Promise.all(Array.from({ length: 100 }, () => redeemStatus(code)))
    expect(answers.filter((status) => status === 200)).toHaveLength(1)
    expect(answers.filter((status) => status === 410)).toHaveLength(99)
  })

  test('A1 each race has one winner, and only the token that was handed out opens', async () => {
    await start()
    const mediator = await enter('mediator')
    for (let round = 0; round < RACE; round += 1) {
      const code = await made(mediator, issue('second-mediator'))
      const answers = await Promise.all(Array.from({ length: 4 }, () => redeemStatus(code)))
      expect(answers.filter((status) => status === 200)).toHaveLength(1)
    }
    await until(() => mediator.view().access.sessions.filter(({ seat }) => seat === 'second-mediator').length === RACE)
  })

  test('A1 looking at it consumes nothing and tells whom it is for', async () => {
    await start()
    const code = started.codes['north-head'] ?? ''
    const look = async (what: string) => (await post(`${server.url}/api/invitations/look`, { code: what })).json()
    expect(await look(code)).toMatchObject({
      state: 'open',
      seat: { id: 'north-head', name: 'Ada North', role: 'head' },
      party: { id: 'north' },
      process: { title: 'Talks of the Two Shores' },
      charter: { text: 'Nothing is agreed until everything is agreed.' },
      confined: false,
    })
    expect(await look(`${server.url}/join#${code}`)).toMatchObject({ state: 'open' })
    await server.redeem(code)
    expect(await look(code)).toMatchObject({ state: 'used', secretariat: { name: 'Secretariat' } })
    expect(await look('A'.repeat(22))).toEqual({ state: 'unknown' })
    expect(JSON.stringify(await look(code))).not.toContain('Ada North')
  })

  test('A1 a page that is fetched, with or without a code in its address, consumes nothing', async () => {
    await start()
    const code = started.codes['north-head'] ?? ''
    for (const path of ['/join', `/join?${code}`, `/join/${code}`]) await fetch(`${server.url}${path}`)
    await server.redeem(code)
  })

  test('A1 a new link makes the old one stop; a head gives one to its own people only', async () => {
    await start()
    const head = await enter('north-head')
    const old = started.codes['north-adviser'] ?? ''
    const fresh = await made(head, issue('north-adviser'))
    expect(await redeemStatus(old)).toBe(410)
    const adviser = await enterBy(fresh)
    expect(adviser.figures).toBe(undefined)
    expect(kinds(adviser)).toContain('caucus')
    expect(await head.act(issue('south-adviser'))).toEqual(refused('no-such-thing'))
    expect(await head.act(issue('nobody'))).toEqual(refused('no-such-thing'))
    expect(await head.act(issue('constructor'))).toEqual(refused('no-such-thing'))
    expect(await adviser.act(issue('north-head'))).toEqual(refused('not-your-role'))
    expect(await adviser.act(issue('nobody'))).toEqual(refused('not-your-role'))
  })

  test('A1 a revoked link opens nothing; who cannot see it cannot name it', async () => {
    await start()
    const head = await enter('north-head')
    const other = await enter('south-head')
    const code = await made(head, issue('north-adviser'))
    await until(() =>
      head
        .view()
        .access.invitations.some(({ seat, redeemed, revoked }) => seat === 'north-adviser' && !redeemed && !revoked),
    )
    const row = head
      .view()
      .access.invitations.find(({ seat, redeemed, revoked }) => seat === 'north-adviser' && !redeemed && !revoked)
    const revoke: Command = { type: 'RevokeInvitation', invitation: row?.id ?? fail('row') }
    expect(await other.act(revoke)).toEqual(refused('no-such-thing'))
    expect(await head.act(revoke)).toEqual({ made: [] })
    expect(await head.act(revoke)).toEqual(refused('nothing-to-change'))
    expect(await redeemStatus(code)).toBe(410)
  })
})

describe('a link that was issued again by somebody outside the delegation', () => {
  test('A2 P3 a mediator opens it: the bytes hold nothing of the caucus, until the delegation confirms', async () => {
    await start()
    const head = await enter('north-head')
    const mediator = await enter('mediator')
    const caucus = head.view().tracks.find(({ kind }) => kind === 'caucus') ?? fail('caucus')
    const code = await made(mediator, issue('north-alternate'))
    await until(() =>
      head.view().access.invitations.some(({ seat, confined }) => seat === 'north-alternate' && confined),
    )
    const device = await enterBy(code)
    expect(device.view().me).toMatchObject({ seat: 'north-alternate', confined: true })
    expect(device.figures).toMatch(/^\d{6}$/)
    await device.open('plenary')
    expect(await device.open(caucus.id)).toEqual(await device.open('x'.repeat(caucus.id.length)))
    for (const word of [caucus.id, caucus.title, 'caucus']) expect(device.bytes().includes(word)).toBe(false)
    expect(kinds(device)).toEqual(['plenary'])
    const level = () => device.view().tracks.find(({ kind }) => kind === 'plenary')?.level
    expect(level()).toBe('comment')

    await until(() => head.view().access.sessions.some(({ state }) => state === 'to-be-confirmed'))
    const waiting = head.view().access.sessions.find(({ state }) => state === 'to-be-confirmed') ?? fail('session')
    expect(waiting.seat).toBe('north-alternate')
    const confirm = (figures: string): Command => ({ type: 'ConfirmDevice', session: waiting.id, figures })
    expect(await mediator.act(confirm(device.figures ?? ''))).toEqual(refused('not-your-role'))
    expect(await device.act(confirm(device.figures ?? ''))).toEqual(refused('not-confirmed'))
    const wrong = device.figures === '000000' ? '000001' : '000000'
    expect(await head.act(confirm(wrong))).toEqual(refused('not-confirmed'))
    expect(device.bytes().includes(caucus.id)).toBe(false)
    expect(await head.act(confirm(device.figures ?? ''))).toEqual({ made: [] })
    await until(() => device.view().me.confined === false)
    expect(kinds(device)).toContain('caucus')
    expect(level()).toBe('suggest')
    expect('opened' in (await device.open(caucus.id))).toBe(true)
  })

  test('A2 a device that waits can neither invite, add, confirm nor end others', async () => {
    await start()
    const adviser = await enter('north-adviser')
    const mediator = await enter('mediator')
    const device = await enterBy(await made(mediator, issue('north-head')))
    expect(await device.act(issue('north-adviser'))).toEqual(refused('not-confirmed'))
    expect(await device.act({ type: 'AddDevice' })).toEqual(refused('not-confirmed'))
    expect(await device.act(end(adviser.view().me.session))).toEqual(refused('no-such-thing'))
    await device.act(end(device.view().me.session))
    expect(await device.gone).toEqual({ code: 'session-ended' })
  })

  test('A2 when head and alternate have lost all devices, an adviser confirms; who looks on sees what waits and no more', async () => {
    await start()
    const adviser = await enter('north-adviser')
    const south = await enter('south-head')
    const first = await enter('north-head')
    const mediator = await enter('mediator')
    await first.act(end(first.view().me.session))
    const code = await made(mediator, issue('north-head'))
    const device = await enterBy(code)
    const seen = (wire: WireClient) => wire.view().access.sessions.filter(({ seat }) => seat === 'north-head')
    await until(() => seen(adviser).length === 1)
    const [waiting] = seen(adviser)
    expect(waiting).toMatchObject({ state: 'to-be-confirmed', mine: false })
    expect(adviser.view().access.invitations.some(({ seat }) => seat === 'north-head')).toBe(false)
    expect(seen(south)).toEqual([])
    const confirm: Command = {
      type: 'ConfirmDevice',
      session: sessionId(waiting?.id ?? null),
      figures: device.figures ?? '',
    }
    expect(await south.act(confirm)).toEqual(refused('no-such-thing'))
    expect(await adviser.act(confirm)).toEqual({ made: [] })
    await until(() => device.view().me.confined === false && device.view().me.binds)
    await until(() => seen(adviser).length === 0)
    expect(await adviser.act(end(waiting?.id ?? null))).toEqual(refused('no-such-thing'))
  })

  test('A2 a mediator’s seat that the operator issues again is shown to the other mediator at once, and is hers to confirm', async () => {
    await start()
    const mediator = await enter('mediator')
    const operatorIssues = async (seat: string) => {
      const response = await server.operator('/api/operator/invite', { process: started.process, seat })
      return String(((await response.json()) as { invitation: string }).invitation.split('#')[1])
    }
    const code = await operatorIssues('second-mediator')
    const isTold = ({ by, seat, confined }: InvitationView) =>
      by === 'operator' && seat === 'second-mediator' && confined
    await until(() => mediator.view().access.invitations.some(isTold))
    const device = await enterBy(code)
    await until(() => mediator.view().access.sessions.some(({ state }) => state === 'to-be-confirmed'))
    expect(device.view().desk).not.toBe(null)
    expect(await device.act(issue('north-head'))).toEqual(refused('not-confirmed'))
    const session = sessionId(device.view().me.session)
    expect(await mediator.act({ type: 'ConfirmDevice', session, figures: device.figures ?? '' })).toEqual({ made: [] })
    await mediator.act(end(session))
    await mediator.act(end(mediator.view().me.session))
    const alone = await enterBy(await operatorIssues('mediator'))
    expect(alone.figures).toBe(undefined)
    expect(alone.view().me.confined).toBe(false)
    expect(await made(alone, issue('north-head'))).toMatch(/^[\w-]{22}$/)
  })

  test('A2 wrong figures are counted, and then even the right ones wait', async () => {
    await start()
    const head = await enter('north-head')
    const device = await enterBy(await made(await enter('mediator'), issue('north-adviser')))
    const session = sessionId(device.view().me.session)
    const confirm = (figures: string) => head.act({ type: 'ConfirmDevice', session, figures })
    const wrong = device.figures === '000000' ? '000001' : '000000'
    for (let tries = 0; tries < 5; tries += 1) expect(await confirm(wrong)).toEqual(refused('not-confirmed'))
    expect(await confirm(device.figures ?? '')).toMatchObject(refused('too-fast'))
    expect(device.view().me.confined).toBe(true)
  })

  test('A2 the operator is outside every delegation too', async () => {
    await start()
    const head = await enter('north-head')
    const response = await server.operator('/api/operator/invite', { process: started.process, seat: 'north-head' })
    const { invitation } = (await response.json()) as { invitation: string }
    expect(invitation.startsWith(`${server.url}/join#`)).toBe(true)
    const device = await enterBy(invitation.split('#')[1] ?? '')
    expect(device.view().me.confined).toBe(true)
    await until(() => head.view().access.sessions.some(({ id }) => id === device.view().me.session))
    expect(
      await head.act({
        type: 'ConfirmDevice',
        session: sessionId(device.view().me.session),
        figures: device.figures ?? '',
      }),
    ).toEqual({ made: [] })
  })
})

describe('sessions', () => {
  test('A3 another device is added by a code; both are listed to their owner, the head and the mediator', async () => {
    await start()
    const [head, adviser, mediator, stranger] = [
      await enter('north-head'),
      await enter('north-adviser'),
      await enter('mediator'),
      await enter('south-head'),
    ]
    const second = await enterBy(await made(adviser, { type: 'AddDevice' }))
    expect(second.view().me).toMatchObject({ seat: 'north-adviser', confined: false })
    const listed = (wire: WireClient) =>
      wire.view().access.sessions.filter(({ seat }) => seat === 'north-adviser').length
    await until(() => [head, adviser, second, mediator].every((wire) => listed(wire) === 2))
    expect(listed(stranger)).toBe(0)
  })

  test.each(['north-adviser', 'north-head', 'mediator'])('A3 %s ends it at once, sockets included', async (by) => {
    await start()
    const adviser = await enter('north-adviser')
    const tab = await openWire(server.url, { token: adviser.token })
    const other = by === 'north-adviser' ? await enterBy(await made(adviser, { type: 'AddDevice' })) : await enter(by)
    expect(await other.act(end(adviser.view().me.session))).toEqual({ made: [] })
    expect(await adviser.gone).toEqual({ code: 'session-ended' })
    expect(await tab.gone).toEqual({ code: 'session-ended' })
    await expect(openWire(server.url, { token: adviser.token })).rejects.toMatchObject({
      cause: { code: 'session-ended' },
    })
    expect(await other.act(end(adviser.view().me.session))).toEqual(refused('nothing-to-change'))
  })

  test('A3 somebody of another party cannot name it, nor can an adviser of one’s own', async () => {
    await start()
    const head = await enter('north-head')
    const session = head.view().me.session
    const answers = [
      await (await enter('south-head')).act(end(session)),
      await (await enter('north-adviser')).act(end(session)),
      await head.act(end('x'.repeat(22))),
    ]
    expect(answers).toEqual([refused('no-such-thing'), refused('no-such-thing'), refused('no-such-thing')])
    expect(await head.act(end('constructor'))).toEqual(refused('no-such-thing'))
    expect(await head.act(end('__proto__'))).toEqual(refused('no-such-thing'))
  })

  test('A3 signing out ends the session, by token or by the cookie of the seat that the page names', async () => {
    await start()
    const head = await enter('north-head')
    const out = (query: string, headers: Record<string, string>) =>
      fetch(`${server.url}/api/session${query}`, { method: 'DELETE', headers })
    expect((await out('', { authorization: `Bearer ${head.token}` })).status).toBe(204)
    expect(await head.gone).toEqual({ code: 'session-ended' })
    const adviser = await enter('north-adviser')
    const cookie = `parley-${started.process}-north-adviser=${adviser.token}`
    const named = `?process=${started.process}&seat=north-adviser`
    expect((await out(named, { cookie })).status).toBe(401)
    expect((await out(named, { cookie, origin: 'http://evil.example' })).status).toBe(403)
    const answer = await out(named, { cookie, origin: server.url })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect(await adviser.gone).toEqual({ code: 'session-ended' })
  })

  test('A5 several seats in one browser never mix: the page names the seat, only its cookie is read', async () => {
    await start()
    const seats = ['north-head', 'south-head', 'mediator']
    const cookies: string[] = []
    for (const seat of seats) {
      const response = await post(`${server.url}/api/invitations/redeem`, { code: started.codes[seat] })
      cookies.push((response.headers.get('set-cookie') ?? '').split(';')[0] ?? '')
    }
    const headers = { Origin: server.url, Cookie: cookies.join('; ') }
    for (const seat of seats) {
      const wire = await openWire(server.url, { process: started.process, seat }, headers)
      wires.push(wire)
      expect(wire.view().me.seat).toBe(seat)
    }
    await expect(
      openWire(server.url, { process: started.process, seat: 'north-adviser' }, headers),
    ).rejects.toMatchObject({ cause: { code: 'session-ended' } })
  })

  test('A4 sessions and unopened invitations outlive a kill of the server', async () => {
    await start()
    const head = await enter('north-head')
    await server.end('SIGKILL')
    server = await startServer({ folder: server.folder })
    const again = await openWire(server.url, { token: head.token })
    wires.push(again)
    expect(again.view().me.seat).toBe('north-head')
    expect(await redeemStatus(started.codes['north-head'] ?? '')).toBe(410)
    await enter('south-head')
  })
})
