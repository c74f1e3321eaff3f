import { describe, expect, test } from 'vitest'
import { accessActs, DEVICE_MS, FIRST_INVITATION_MS, INVITATION_MS } from '#server/access/acts.ts'
import { mayConfirm, mayInvite, mayNameAccessOf, opensConfined } from '#server/access/authority.ts'
import { openDoor } from '#server/access/door.ts'
import { openRegistry } from '#server/access/registry.ts'
import { FIGURES_MS, figuresAt, hashOf, isCode, isToken, mintCode, mintToken } from '#server/access/secrets.ts'
import { startProcess } from '#server/access/starting.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import { machineRandom } from '#server/machine.ts'
import { openProcesses } from '#server/processes/processes.ts'
import { openTelemetry } from '#server/telemetry.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Process, Role } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import { type Hash, instant, type PartyId, type SeatId, type SessionId } from '#shared/ids.ts'
import { FakeTime, fakeRandom } from '../support/fake-world.ts'
import { SMALL_PROCESS } from '../support/server.ts'

describe('secrets', () => {
  test('A1 a code has 128 bits and a token 256, and neither looks like the other', () => {
    const code = mintCode(machineRandom)
    const token = mintToken(machineRandom)
    expect([isCode(code), isToken(code), isCode(token), isToken(token)]).toEqual([true, false, false, true])
    expect(Buffer.from(code, 'base64url')).toHaveLength(16)
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(hashOf(code)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('A2 six figures are new every two minutes, and another device’s are others', () => {
    const device = { id: 'a'.repeat(22) as SessionId, token: hashOf('token') }
    const windows = Array.from({ length: 100 }, (_, index) => instant(index * FIGURES_MS))
    const drawn = windows.map((at) => figuresAt(device, at))
    for (const figures of drawn) expect(figures).toMatch(/^\d{6}$/)
    expect(new Set(drawn).size).toBeGreaterThan(95)
    expect(figuresAt(device, instant(FIGURES_MS - 1))).toBe(drawn[0])
    const others = [
      { ...device, id: 'b'.repeat(22) as SessionId },
      { ...device, token: hashOf('other') },
    ]
    for (const other of others) expect(figuresAt(other, instant(0))).not.toBe(drawn[0])
  })
})

/** A process of seats only: `party-role`. */
function peopled(...names: string[]): Process {
  const seats = names.map((name) => {
    const [party, role] = name.split('-') as [PartyId, Role]
    return { id: name as SeatId, party, role, name }
  })
  const table = { order: seats.map(({ id }) => id), by: Object.fromEntries(seats.map((seat) => [seat.id, seat])) }
  const parties = { order: ['team'], by: { team: { id: 'team', kind: 'mediation' } } }
  return { seats: table, parties, access: { sessions: { order: [], by: {} } } } as unknown as Process
}
const by = (seat: string, confined = false): Viewer => ({ seat: seat as SeatId, confined, session: null })
const seat = (text: string) => text as SeatId

describe('who decides about whom', () => {
  const process = peopled(
    'a-head',
    'a-alternate',
    'a-adviser',
    'b-head',
    'team-mediator',
    'forum-moderator',
    'forum-adviser',
    'lone-expert',
    'lone-verifier',
  )

  test('A1 a head, a moderator and a mediator invite for their own party, the mediator and the operator for all', () => {
    const may = (who: Viewer | 'operator') => process.seats.order.filter((id) => mayInvite(process, who, id))
    expect(may(by('a-head'))).toEqual(['a-head', 'a-alternate', 'a-adviser'])
    expect(may(by('forum-moderator'))).toEqual(['forum-moderator', 'forum-adviser'])
    expect(may(by('team-mediator'))).toEqual(process.seats.order)
    expect(may('operator')).toEqual(process.seats.order)
    for (const nobody of ['a-alternate', 'a-adviser', 'lone-expert', 'stranger', 'constructor'])
      expect(may(by(nobody))).toEqual([])
    expect(may(by('team-mediator', true))).toEqual([])
  })

  test('A2 an invitation from outside the party opens confined, one from inside does not', () => {
    expect(opensConfined(process, by('a-head'), seat('a-adviser'))).toBe(false)
    expect(opensConfined(process, by('team-mediator'), seat('team-mediator'))).toBe(false)
    expect(opensConfined(process, by('team-mediator'), seat('a-adviser'))).toBe(true)
  })

  test('A2 a link for the mediators opens whole while none of them is in who could confirm it', () => {
    const opens = (session?: object) => {
      const known = session ? { order: ['s'], by: { s: { seat: 'team-mediator', confined: null, ...session } } } : null
      const access = known ? { sessions: known } : process.access
      const of = (who: string) => opensConfined({ ...process, access } as unknown as Process, 'operator', seat(who))
      return [of('team-mediator'), of('a-head')]
    }
    expect(opens()).toEqual([false, true])
    expect(opens({ ended: null })).toEqual([true, true])
    expect(opens({ ended: { at: 1, by: 'operator' } })).toEqual([false, true])
    expect(opens({ ended: null, confined: { figures: 'f' } })).toEqual([false, true])
    expect(opens({ ended: null, seat: 'a-head' })).toEqual([false, true])
  })

  test('A2 a device is confirmed by any member of its party that is sure itself, and by nobody else', () => {
    const confirms = (device: string) => process.seats.order.filter((id) => mayConfirm(process, by(id), seat(device)))
    expect(confirms('a-adviser')).toEqual(['a-head', 'a-alternate', 'a-adviser'])
    expect(confirms('a-head')).toEqual(['a-head', 'a-alternate', 'a-adviser'])
    expect(confirms('lone-expert')).toEqual(['lone-expert', 'lone-verifier'])
    expect(mayConfirm(process, by('a-head', true), seat('a-adviser'))).toBe(false)
    expect(mayConfirm(process, 'operator', seat('a-adviser'))).toBe(false)
  })

  test('A3 sessions are named by their owner, those who look after the party, mediators and the operator', () => {
    const names = (who: Viewer | 'operator') => process.seats.order.filter((id) => mayNameAccessOf(process, who, id))
    expect(names(by('a-adviser'))).toEqual(['a-adviser'])
    expect(names(by('a-alternate'))).toEqual(['a-head', 'a-alternate', 'a-adviser'])
    expect(names(by('a-head', true))).toEqual(['a-head'])
    expect(names(by('team-mediator'))).toEqual(process.seats.order)
    expect(names(by('stranger'))).toEqual([])
  })
})

/** A door on a process of its own, with a clock that the test moves. */
async function door() {
  const time = new FakeTime()
  const random = fakeRandom(1)
  const log = openMemoryLog({ time })
  const telemetry = openTelemetry({ level: 'silent' })
  const access = accessActs({ random, now: () => log.now() })
  const processes = openProcesses({ log, time, random, telemetry, access, withdraw: async () => {} })
  const registry = openRegistry(processes, time, { isAlone: false })
  const opened = openDoor({ registry, random, now: () => log.now() })
  const file = parseProcessFile(SMALL_PROCESS)
  if (!file.ok) throw new Error(JSON.stringify(file.refusal))
  const started = await startProcess({ processes, registry, door: opened }, file.value)
  if (!started.ok) throw new Error(started.refusal.code)
  const { running, invitations } = started.value
  const code = invitations.find((row) => row.seat.id === 'north-head')?.code ?? ''
  return { time, log, processes, registry, door: opened, running, code, random }
}

describe('the door', () => {
  test('A1 an invitation opens until its last instant, and not after', async () => {
    const last = await door()
    await last.time.advance(FIRST_INVITATION_MS)
    expect((await last.door.redeem(last.code)).ok).toBe(true)
    const late = await door()
    await late.time.advance(FIRST_INVITATION_MS + 1)
    expect(await late.door.redeem(late.code)).toEqual({ ok: false, refusal: { code: 'invitation-expired' } })
    expect(await late.door.look(late.code)).toMatchObject({ state: 'expired' })
  })

  test('A1 an invitation that a mediator or a head gives is good for a day, a device’s code for a quarter of an hour', async () => {
    const { running, door: opened, time } = await door()
    const given = await running.act(by('mediator'), null, { type: 'IssueInvitation', seat: seat('north-head') })
    const device = await running.act(by('north-adviser'), null, { type: 'AddDevice' })
    if (!given.ok || !device.ok) throw new Error('refused')
    await time.advance(DEVICE_MS + 1)
    expect(await opened.look(device.value.made[0] ?? '')).toMatchObject({ state: 'expired' })
    await time.advance(INVITATION_MS - DEVICE_MS - 1)
    expect(await opened.look(given.value.made[0] ?? '')).toMatchObject({ state: 'open', confined: true })
    await time.advance(1)
    expect(await opened.look(given.value.made[0] ?? '')).toMatchObject({ state: 'expired' })
  })

  test('A3 P9.1 a session not confirmed names no other of its own seat: as one that never was', async () => {
    const { running, door: opened, code } = await door()
    const first = await opened.redeem(code)
    const own = await running.act(by('north-head'), null, { type: 'AddDevice' })
    const given = await running.act(by('mediator'), null, { type: 'IssueInvitation', seat: seat('north-head') })
    const second = await opened.redeem(given.ok ? (given.value.made[0] ?? '') : '')
    if (!first.ok || !own.ok || !second.ok) throw new Error('refused')
    const device = { seat: seat('north-head'), confined: true, session: second.value.session }
    const never = 'n'.repeat(22) as SessionId
    const refusal = { ok: false, refusal: { code: 'no-such-thing' } }
    for (const session of [first.value.session, never]) {
      expect(await running.act(device, null, { type: 'EndSession', session })).toEqual(refusal)
      expect(await running.act(device, null, { type: 'ConfirmDevice', session, figures: '000000' })).toEqual(refusal)
    }
    const invitations = Object.entries(running.state.access.invitations).filter(([, row]) => row.seat === device.seat)
    for (const [invitation] of invitations) {
      const revoke = { type: 'RevokeInvitation', invitation: invitation as Hash } as const
      expect(await running.act(device, null, revoke)).toEqual(refusal)
    }
    expect(await running.act(device, null, { type: 'EndSession', session: device.session })).toMatchObject({ ok: true })
  })

  test('A2 the figures on the device now, or just before, confirm it, and older ones do not', async () => {
    const { running, door: opened, time } = await door()
    const given = await running.act(by('mediator'), null, { type: 'IssueInvitation', seat: seat('north-head') })
    const device = await opened.redeem(given.ok ? (given.value.made[0] ?? '') : '')
    if (!device.ok) throw new Error('refused')
    const { session, token, figures: first = '' } = device.value
    const confirm = (figures: string) =>
      running.act(by('north-alternate'), null, { type: 'ConfirmDevice', session, figures })
    const now = async () => {
      const shown = await opened.figures(token)
      return shown.ok ? shown.value : null
    }
    expect((await now())?.figures).toBe(first)
    await time.advance((await now())?.forMs ?? 0)
    const second = (await now())?.figures
    expect(second).not.toBe(first)
    await time.advance(2 * FIGURES_MS)
    expect(await confirm(second ?? '')).toEqual({ ok: false, refusal: { code: 'not-confirmed' } })
    const shown = (await now())?.figures ?? ''
    await time.advance(FIGURES_MS)
    expect(await confirm(shown)).toMatchObject({ ok: true })
    expect(await opened.figures(token)).toEqual({ ok: false, refusal: { code: 'nothing-to-change' } })
    expect(await opened.figures('x'.repeat(43))).toEqual({ ok: false, refusal: { code: 'session-ended' } })
  })

  test('S41 the language chosen at the door goes with the seat to its other devices, and with nobody else’s', async () => {
    const { running, door: opened, code, time } = await door()
    expect(await opened.look(code)).toMatchObject({ language: null })
    const first = await opened.redeem(code, 'ar')
    const own = await running.act(by('north-head'), null, { type: 'AddDevice' })
    if (!first.ok || !own.ok) throw new Error('refused')
    expect(await opened.look(own.value.made[0] ?? '')).toMatchObject({ language: 'ar' })
    const languageOf = (id: string, session: SessionId) =>
      viewFor({ seat: seat(id), confined: false, session }, running.state, time.now()).me.language
    expect(languageOf('north-head', first.value.session)).toBe('ar')
    expect(languageOf('north-alternate', first.value.session)).toBeNull()
  })

  test('S41 the language is changed in the room, by the person itself, on a device that is confirmed; who has another’s link reads nothing from it', async () => {
    const { running, door: opened, time } = await door()
    const choose = { type: 'ChooseLanguage', language: 'fr' } as const
    expect(await running.act(by('north-head'), null, choose)).toMatchObject({ ok: true })
    expect(running.state.access.languages).toEqual({ 'north-head': 'fr' })
    const again = await running.act(by('north-head'), null, choose)
    expect(again).toEqual({ ok: false, refusal: { code: 'nothing-to-change' } })
    const given = await running.act(by('mediator'), null, { type: 'IssueInvitation', seat: seat('north-head') })
    const link = given.ok ? (given.value.made[0] ?? '') : ''
    expect(await opened.look(link)).toMatchObject({ confined: true, language: null })
    const device = await opened.redeem(link, 'ar')
    if (!device.ok) throw new Error('refused')
    const waiting = { seat: seat('north-head'), confined: true, session: device.value.session }
    expect(viewFor(waiting, running.state, time.now()).me.language).toBeNull()
    const refused = await running.act(waiting, null, { ...choose, language: 'ar' })
    expect(refused).toEqual({ ok: false, refusal: { code: 'not-confirmed' } })
    expect(running.state.access.languages).toEqual({ 'north-head': 'fr' })
  })

  test('A6 the operator confirms a device only for a party none of whose people is in, and only of a link that a mediator gave', async () => {
    const { running, door: opened, code } = await door()
    const join = async (who: Viewer | 'operator') => {
      const given = await running.act(who, null, { type: 'IssueInvitation', seat: seat('north-head') })
      const device = await opened.redeem(given.ok ? (given.value.made[0] ?? '') : '')
      if (!device.ok) throw new Error('refused')
      return device.value
    }
    const confirm = ({ session, figures = '' }: { session: SessionId; figures?: string }) =>
      running.act('operator', null, { type: 'ConfirmDevice', session, figures })
    const refused = (refusal: string) => ({ ok: false, refusal: { code: refusal } })
    // Alone neither opens what is the delegation's: the operator not with a link of its own, the mediator not at all.
    expect(await confirm(await join('operator'))).toEqual(refused('not-your-role'))
    const lost = await join(by('mediator'))
    const byMediator = { type: 'ConfirmDevice', session: lost.session, figures: lost.figures ?? '' } as const
    expect((await running.act(by('mediator'), null, byMediator)).ok).toBe(false)
    // While one of the delegation is in, it is theirs to say.
    const first = await opened.redeem(code)
    if (!first.ok) expect(first.refusal.code).toBe('invitation-expired')
    const head = await running.act(by('north-adviser'), null, { type: 'AddDevice' })
    const adviser = await opened.redeem(head.ok ? (head.value.made[0] ?? '') : '')
    if (!adviser.ok) throw new Error('refused')
    expect(await confirm(lost)).toEqual(refused('not-your-role'))
    await running.act(by('mediator'), null, { type: 'EndSession', session: adviser.value.session })
    expect(await confirm({ session: lost.session, figures: '000000' })).toEqual(refused('not-confirmed'))
    expect(await confirm(lost)).toMatchObject({ ok: true })
    expect(running.state.access.sessions.by[lost.session]).toMatchObject({ confined: null, confirmedBy: 'operator' })
  })

  test('A6 a link for a seat that is suspended is not given, and a session on the way in is over', async () => {
    const { running, door: opened, code } = await door()
    const first = await opened.redeem(code)
    if (!first.ok) throw new Error('refused')
    expect((await running.act(by('mediator'), null, { type: 'SuspendSeat', seat: seat('north-head') })).ok).toBe(true)
    expect(await opened.who(first.value.token)).toEqual({ ok: false, refusal: { code: 'session-ended' } })
    for (const who of [by('mediator'), 'operator'] as const) {
      const given = await running.act(who, null, { type: 'IssueInvitation', seat: seat('north-head') })
      expect(given).toEqual({ ok: false, refusal: { code: 'seat-not-standing' } })
    }
    expect(await opened.openSeat(running, seat('north-head'))).toEqual({
      ok: false,
      refusal: { code: 'no-such-thing' },
    })
  })

  test('A4 the log holds hashes only: no code, no token, no figures', async () => {
    const { running, door: opened, log } = await door()
    const given = await running.act(by('mediator'), null, { type: 'IssueInvitation', seat: seat('north-head') })
    const code = given.ok ? (given.value.made[0] ?? '') : ''
    const redeemed = await opened.redeem(code)
    if (!redeemed.ok) throw new Error(redeemed.refusal.code)
    const entries = await log.read(running.id, 0, 10_000)
    const bytes = Buffer.concat(entries.map(({ body }) => Buffer.from(body))).toString('latin1')
    expect(bytes).toContain('InvitationRedeemed')
    expect(bytes).toContain(hashOf(code))
    for (const secret of [code, redeemed.value.token, redeemed.value.figures ?? 'none'])
      expect(bytes).not.toContain(secret)
    expect(JSON.stringify(running.state)).not.toContain(code)
  })

  test('A4 another node finds sessions and invitations in the log, those of later processes too', async () => {
    const { log, time, random, code, door: first } = await door()
    const telemetry = openTelemetry({ level: 'silent' })
    const access = accessActs({ random, now: () => log.now() })
    const others = openProcesses({ log, time, random, telemetry, access, withdraw: async () => {} })
    const registry = openRegistry(others, time, { isAlone: false })
    const second = openDoor({ registry, random, now: () => log.now() })
    const redeemed = await second.redeem(code)
    if (!redeemed.ok) throw new Error(redeemed.refusal.code)
    expect((await first.who(redeemed.value.token)).ok).toBe(true)
    expect(await first.redeem(code)).toEqual({ ok: false, refusal: { code: 'invitation-used' } })
  })

  test('A1 two nodes that open one invitation at the same moment: one session, one token that opens', async () => {
    const { log, time, random, code, door: first } = await door()
    const telemetry = openTelemetry({ level: 'silent' })
    const access = accessActs({ random, now: () => log.now() })
    const others = openProcesses({ log, time, random, telemetry, access, withdraw: async () => {} })
    const registry = openRegistry(others, time, { isAlone: false })
    await registry.fill()
    const second = openDoor({ registry, random: fakeRandom(2), now: () => log.now() })
    const answers = await Promise.all([first.redeem(code), second.redeem(code)])
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    for (const answer of answers) if (!answer.ok) expect(answer.refusal.code).toBe('invitation-used')
  })
})
