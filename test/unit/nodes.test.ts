import { expect, test } from 'vitest'
import type { HubFaults } from '#server/nodes/hub.ts'
import { LEASE_MS, MARGIN_MS } from '#server/nodes/nodes.ts'
import type { Command } from '#shared/domain/commands.ts'
import type { Level } from '#shared/refusals.ts'
import type { Person } from '../support/scripted-person.ts'
import { COUNCIL, COUNCIL_PARTY, FORUM, FORUM_PARTY, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const setAccess = (party: typeof COUNCIL_PARTY, level: Level): Command => ({
  type: 'SetAccess',
  changes: [{ track: PLENARY, party, level }],
})

/** A mediator at one node, the Council reading at another. */
async function twoNodes(faults: HubFaults = {}) {
  const stage = await Stage.open({ seed: 1, nodes: 2, faults })
  const mediator = await stage.seat(MEDIATOR)
  const council = await stage.seat(COUNCIL, {}, 1)
  for (const person of [mediator, council]) await person.open(PLENARY)
  return { stage, mediator, council, leaf: stage.leaf(PLENARY, 0) }
}

/** When the withdrawal was answered, in ms from its asking; null while it was not. */
function withdraw(stage: Stage, mediator: Person) {
  const asked = stage.time.now()
  const answer: { after: number | null } = { after: null }
  void mediator.act(setAccess(COUNCIL_PARTY, 'hidden')).then(() => {
    answer.after = stage.time.now() - asked
  })
  return answer
}

const framesOf = (person: Person): string[] => person.received.map(({ frame }) => frame.frame)

test('P11 words typed at one node are seen at the other, and acknowledged', async () => {
  const { stage, mediator, council, leaf } = await twoNodes()
  mediator.type(PLENARY, leaf, 0, 'Today ')
  await stage.rest()
  expect(council.text(PLENARY).words(leaf)).toBe('Today The parties share the water.')
  expect(mediator.text(PLENARY).flight).toBeNull()
})

test('P2 N4 a withdrawal is in force when the reader at another node has closed the view', async () => {
  const { stage, mediator, council } = await twoNodes()
  const answer = withdraw(stage, mediator)
  await stage.rest(0)
  expect(council.withdrawn).toEqual([PLENARY])
  expect(answer.after).toBe(0)
})

test('P2 N4 a reader at another node that does not answer is cut off before the withdrawal is in force', async () => {
  const { stage, mediator, council } = await twoNodes()
  council.isHeld = true
  const answer = withdraw(stage, mediator)
  await stage.rest(240)
  expect([answer.after, council.end]).toEqual([null, null])
  await stage.rest(20)
  expect(council.end).toBe('reset')
  expect(answer.after).toBe(250)
})

test('P2 N4 a question that is lost is asked again', async () => {
  let isCut = true
  const { stage, mediator } = await twoNodes({ delay: () => (isCut ? null : 0) })
  const answer = withdraw(stage, mediator)
  await stage.rest(100)
  expect(answer.after).toBeNull()
  isCut = false
  await stage.rest(300)
  expect(answer.after).toBe(200)
})

test('P2 N5 nobody waits longer for a node that stands still than its lease and the margin, and it serves nobody when it wakes', async () => {
  const { stage, mediator, council, leaf } = await twoNodes()
  stage.node(1).freeze()
  const answer = withdraw(stage, mediator)
  await stage.rest(LEASE_MS + MARGIN_MS)
  expect(answer.after).toBeGreaterThan(LEASE_MS / 2)
  mediator.type(PLENARY, leaf, 0, 'secret ')
  await stage.rest()
  const had = council.received.length
  stage.node(1).thaw()
  await stage.rest(100)
  expect(council.received.slice(had)).toEqual([])
  expect(council.end).toBe('reset')
})

test('N5 a node that woke serves again when it has all that it missed', async () => {
  const { stage, mediator } = await twoNodes()
  stage.node(1).freeze()
  withdraw(stage, mediator)
  await stage.rest(LEASE_MS + MARGIN_MS)
  stage.node(1).thaw()
  await stage.rest(LEASE_MS)
  const back = await stage.seat(COUNCIL, {}, 1)
  const opened = await back.open(PLENARY)
  expect(opened).toMatchObject({ ok: false, refusal: { code: 'no-such-thing' } })
  expect(JSON.stringify(back.received.map(({ frame }) => frame))).not.toContain('Plenary text')
})

test('P2 N5 a node that does not hear the log is fenced: its readers are sent away before the withdrawal is in force', async () => {
  const { stage, mediator, council } = await twoNodes()
  stage.node(1).isDeaf = true
  const answer = withdraw(stage, mediator)
  await stage.rest(LEASE_MS + MARGIN_MS)
  expect(answer.after).not.toBeNull()
  expect(council.end).toMatchObject({ code: 'draining' })
})

test('N5 a node that gets no entries, though it renews its lease, sends its readers elsewhere by itself, and serves again when it hears', async () => {
  const { stage, mediator, council, leaf } = await twoNodes()
  stage.node(1).isDeaf = true
  await stage.rest(2 * LEASE_MS)
  expect(council.end).toBeNull()
  mediator.type(PLENARY, leaf, 0, 'Today ')
  await stage.rest(LEASE_MS)
  expect(council.end).toMatchObject({ code: 'draining' })
  expect(stage.node(1).nodes.mayServe()).toBe(false)
  expect(mediator.end).toBeNull()
  stage.node(1).isDeaf = false
  await stage.rest(LEASE_MS)
  expect(stage.node(1).nodes.mayServe()).toBe(true)
  const back = await stage.seat(COUNCIL, {}, 1)
  await back.open(PLENARY)
  expect(back.text(PLENARY).words(leaf)).toContain('Today ')
})

test('N5 a node that hears everything late by more than half of its lease does not serve', async () => {
  const { stage, mediator, leaf } = await twoNodes()
  stage.node(1).lagMs = LEASE_MS
  for (let typed = 0; typed < 40; typed++) {
    mediator.type(PLENARY, leaf, 0, 'x')
    await stage.rest(LEASE_MS / 8)
  }
  expect(stage.node(1).nodes.mayServe()).toBe(false)
  stage.node(1).lagMs = 0
  await stage.rest(3 * LEASE_MS)
  expect(stage.node(1).nodes.mayServe()).toBe(true)
})

test('N5 a node that does not reach the store of leases sends its readers elsewhere before its lease ends', async () => {
  let isReached = true
  const stage: { at?: Stage } = {}
  const two = await twoNodes({ reaches: (wire) => isReached || wire !== stage.at?.node(1).wire })
  stage.at = two.stage
  isReached = false
  await two.stage.rest(LEASE_MS)
  expect(two.council.end).toMatchObject({ code: 'draining' })
  expect(two.mediator.end).toBeNull()
  isReached = true
  await two.stage.rest(LEASE_MS)
  const back = await two.stage.seat(COUNCIL, {}, 1)
  expect(await back.open(PLENARY)).toMatchObject({ ok: true })
})

test('P2 N11 when another took the store of leases over without them, a withdrawal waits until whoever had one surely has none', async () => {
  const { stage, mediator, council } = await twoNodes()
  stage.node(1).freeze()
  stage.hub.takeOver()
  const asked = stage.time.now()
  let after = 0
  // The mediator's own line is sent away: what it asked goes on.
  void stage
    .runningAt(0)
    .act(mediator.viewer, null, setAccess(COUNCIL_PARTY, 'hidden'))
    .then(() => {
      after = stage.time.now() - asked
    })
  await stage.rest(2 * (LEASE_MS + MARGIN_MS))
  expect(after).toBeGreaterThan(LEASE_MS)
  stage.node(1).thaw()
  await stage.rest(100)
  expect(council.end).toBe('reset')
})

test('N6 P1.6 an invitation asked for again at another node, before or after that heard of it, is one and has one code', async () => {
  const { stage, mediator } = await twoNodes()
  stage.node(1).lagMs = 50
  const by = mediator.viewer
  const invite = (node: number, ask: string) =>
    stage.runningAt(node).act(by, ask.repeat(22) as never, { type: 'IssueInvitation', seat: TAVIRA })
  const answers = Promise.all([invite(0, 'a'), invite(1, 'a')])
  await stage.rest(500)
  const [one, other] = await answers
  expect(one).toMatchObject({ ok: true })
  expect(other).toEqual(one)
  const late = invite(1, 'a')
  await stage.rest(500)
  expect(await late).toEqual(one)
  const another = invite(1, 'b')
  await stage.rest(500)
  expect(await another).not.toEqual(one)
  const issued = (await stage.log.read(stage.process, 0, 1_000)).filter(({ body }) =>
    Buffer.from(body).includes('InvitationIssued'),
  )
  expect(issued.length).toBe(2)
  const open = Object.values(stage.runningAt(0).state.access.invitations).filter(({ revoked }) => !revoked)
  expect(open.length).toBe(1)
})

test('N6 a link for a device that is asked for again elsewhere is one', async () => {
  const { stage, council } = await twoNodes()
  const ask = (node: number) =>
    stage.runningAt(node).act(council.viewer, 'd'.repeat(22) as never, { type: 'AddDevice' })
  const first = ask(1)
  await stage.rest(100)
  const again = ask(0)
  await stage.rest(100)
  expect(await again).toEqual(await first)
  expect(Object.keys(stage.runningAt(0).state.access.invitations).length).toBe(1)
})

test('N6 an ask that is repeated at another node, which has not heard of it, is done once and answered the same', async () => {
  const { stage, mediator } = await twoNodes()
  stage.node(1).lagMs = 50
  const by = mediator.viewer
  const ask = 'a'.repeat(22) as never
  const comment: Command = {
    type: 'Comment',
    track: PLENARY,
    clause: stage.clause(PLENARY, 0).id,
    words: 'Why water?',
    audience: 'track',
  }
  const answers = Promise.all([stage.runningAt(0).act(by, ask, comment), stage.runningAt(1).act(by, ask, comment)])
  await stage.rest(500)
  const [one, other] = await answers
  expect(one).toEqual(other)
  expect(one?.ok).toBe(true)
  expect(stage.running.state.comments.order).toHaveLength(1)
})

test('N6 an instant that passed is recorded by one node, once', async () => {
  const { stage } = await twoNodes()
  const until = (stage.time.now() + 1000) as never
  await stage.mediate({
    type: 'SetAccess',
    changes: [{ track: PLENARY, party: FORUM_PARTY, level: 'read', grant: { until } }],
  })
  await stage.rest(3000)
  const entries = await stage.log.read(stage.process, 0, 1000)
  const expired = entries.filter(({ body }) => new TextDecoder().decode(body).includes('"Expired"'))
  expect(expired).toHaveLength(1)
  expect(stage.runningAt(1).level({ seat: FORUM, confined: false }, PLENARY)).toBe('hidden')
})

test('N7 a log that was reset is read anew: those who were there come back and see what it holds now', async () => {
  const { stage, mediator, council, leaf } = await twoNodes()
  mediator.type(PLENARY, leaf, 0, 'Lost ')
  await stage.rest()
  stage.log.lose(stage.process, 1)
  await stage.rest()
  for (const person of [mediator, council]) expect(person.end).toMatchObject({ code: 'not-saved' })
  const back = await stage.seat(TAVIRA, {}, 1)
  await back.open(PLENARY)
  expect(back.text(PLENARY).words(leaf)).toBe('The parties share the water.')
  expect(framesOf(back)).toContain('opened')
})

test('P12 N9 whoever is in a text on another node is shown here, and where; who is lost is absent 10 s later', async () => {
  const { stage, mediator, council } = await twoNodes()
  await stage.rest(300)
  expect([...(mediator.here.get(PLENARY) ?? [])].sort()).toEqual([COUNCIL, MEDIATOR])
  council.say({
    frame: 'here',
    channel: council.text(PLENARY).channel,
    place: { clause: stage.clause(PLENARY, 1).id },
  })
  await stage.rest(300)
  expect(mediator.places.get(COUNCIL)).toMatchObject({ clause: stage.clause(PLENARY, 1).id })
  council.drop()
  await stage.rest(9_500)
  expect(mediator.here.get(PLENARY)).toContain(COUNCIL)
  await stage.rest(1_000)
  expect(mediator.here.get(PLENARY)).toEqual([MEDIATOR])
})

test('P12 N9 a seat that goes over to another node is not absent meanwhile', async () => {
  const { stage, mediator, council } = await twoNodes()
  await stage.rest(300)
  council.drop()
  await stage.rest(2_000)
  await (await stage.seat(COUNCIL)).open(PLENARY)
  await stage.rest(20_000)
  const told = mediator.received.flatMap(({ frame }) => (frame.frame === 'presence' ? [frame.here] : []))
  const since = told.findIndex((here) => here.some(({ seat }) => seat === COUNCIL))
  expect(since).toBeGreaterThan(-1)
  for (const here of told.slice(since)) expect(here.map(({ seat }) => seat)).toContain(COUNCIL)
})

test('P12 N9 a node that dies takes those who were there with it', async () => {
  const { stage, mediator } = await twoNodes()
  await stage.rest(300)
  stage.node(1).die()
  await stage.rest(LEASE_MS + MARGIN_MS + 10_000)
  expect(mediator.here.get(PLENARY)).toEqual([MEDIATOR])
})

test('P2 N9 what a node that is behind says of a reader whose sight ended is not shown', async () => {
  const { stage, mediator } = await twoNodes({ delay: () => 30 })
  const tavira = await stage.seat(TAVIRA)
  await tavira.open(PLENARY)
  await stage.rest(300)
  stage.node(1).lagMs = 200
  void mediator.act(setAccess(COUNCIL_PARTY, 'hidden'))
  await stage.rest(10)
  const since = tavira.received.length
  await stage.rest(12_000)
  const told = tavira.received.slice(since).flatMap(({ frame }) => (frame.frame === 'presence' ? [frame.here] : []))
  expect(told.length).toBeGreaterThan(0)
  for (const here of told) expect(here.map(({ seat }) => seat)).not.toContain(COUNCIL)
})

test('P11 N10 a big move that words on another node overtake holds them back for a moment, and every word stands', async () => {
  const { stage, mediator, council, leaf } = await twoNodes()
  stage.node(0).lagMs = 40
  let isTyping = true
  let count = 0
  const type = (): void => {
    if (!isTyping) return
    council.type(PLENARY, leaf, 0, `w${count++} `)
    stage.time.after(7, type)
  }
  type()
  await stage.rest(100)
  let answer: unknown = null
  void mediator.act({ type: 'MergeClause', track: PLENARY, clause: stage.clause(PLENARY, 1).id }).then((given) => {
    answer = given
  })
  await stage.rest(700)
  isTyping = false
  await stage.rest(4_000)
  expect(answer).toMatchObject({ ok: true })
  const entries = await stage.log.read(stage.process, 0, 10_000)
  const told = entries.map(({ body }) => new TextDecoder().decode(body))
  expect(told.filter((body) => body.includes('"TextHeld"'))).toHaveLength(1)
  const words = stage.words(PLENARY, leaf)
  for (let nth = 0; nth < count; nth++) expect(words).toContain(`w${nth} `)
  expect(council.text(PLENARY).words(leaf)).toBe(words)
})
