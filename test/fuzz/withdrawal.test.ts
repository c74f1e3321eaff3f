import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { HubFaults } from '#server/nodes/hub.ts'
import { LEASE_MS, MARGIN_MS } from '#server/nodes/nodes.ts'
import type { Command } from '#shared/domain/commands.ts'
import type { LeafId, PartyId, SeatId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import type { Person, PersonsText, Received } from '../support/scripted-person.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import { COUNCIL, COUNCIL_PARTY, FORUM, FORUM_PARTY, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const SEEDS = seedsOf(150)
const STEPS = 60
/** Several nodes, whose line delays and loses what they say to each other. */
const SHARED_SEEDS = seedsOf(20)
const SHARED_NODES = 3

interface Guest {
  seat: SeatId
  party: PartyId
  level: Level
  /** Lines of this seat, newest last. */
  lines: Person[]
  /** Set from the answer "in force" until the next grant is asked for: how much each line had been sent by then. */
  closedAt: Map<Person, number> | null
  /** The text as it was last had, kept over the line's end. */
  kept: PersonsText | null
}

/** A mediator who lets two parties in and out while people write, on lines that stop, come back and lie. */
class Drill {
  readonly stage: Stage
  readonly #chance: Chance
  readonly guests: Guest[]
  readonly problems: string[] = []
  readonly tally = { withdrawals: 0, resets: 0, receipts: 0, regrants: 0, lateWords: 0, stale: 0 }
  #mediator!: Person
  #tavira!: Person
  #token = 0
  /** Words sent by a seat whose sight had ended: they must never stand anywhere. */
  readonly #forbidden: string[] = []

  constructor(stage: Stage, chance: Chance) {
    this.stage = stage
    this.#chance = chance
    const guest = (seat: SeatId, party: PartyId, level: Level): Guest => ({
      seat,
      party,
      level,
      lines: [],
      closedAt: level === 'hidden' ? new Map() : null,
      kept: null,
    })
    this.guests = [guest(COUNCIL, COUNCIL_PARTY, 'edit'), guest(FORUM, FORUM_PARTY, 'hidden')]
  }

  async begin(): Promise<void> {
    ;[this.#mediator, this.#tavira] = await this.stage.seats(PLENARY, MEDIATOR, TAVIRA)
    for (const guest of this.guests) await this.#line(guest)
  }

  async #line(guest: Guest): Promise<void> {
    const serving = this.stage.nodes.flatMap(({ nodes }, nth) => (nodes.mayServe() ? [nth] : []))
    const person = await this.stage.seat(guest.seat, {}, serving.length > 1 ? this.#chance.one(serving) : 0)
    guest.lines.push(person)
    guest.closedAt?.set(person, 0)
    await this.#open(guest, person)
  }

  async #open(guest: Guest, person: Person): Promise<void> {
    const had = person.texts.get(PLENARY) ?? guest.kept
    const kept = this.#chance.below(2) === 0 && had?.isReadOnly === false ? had : null
    if (kept) person.texts.set(PLENARY, kept)
    const asked = kept?.resume
    const opened = person.open(PLENARY, asked)
    if (person.isHeld) return
    await this.stage.time.advance(0)
    await this.stage.meanwhile(opened).catch((problem: unknown) => this.problems.push(String(problem)))
    const text = person.texts.get(PLENARY)
    const reopened = person.received.map(({ frame }) => frame).findLast((frame) => frame.frame === 'opened')
    if (asked && reopened?.opened.resumed && reopened.opened.incarnation !== asked.incarnation)
      this.problems.push('an old incarnation was resumed')
    if (text) guest.kept = text
  }

  async act(): Promise<void> {
    const guest = this.#chance.one(this.guests)
    switch (this.#chance.below(9)) {
      case 0:
      case 1:
        return this.#setLevel(guest)
      case 2:
        return this.#host()
      case 3:
      case 4:
        return this.#guestWrites(guest)
      case 5:
        for (const line of guest.lines) line.isHeld = !line.isHeld && line.end === null
        return
      case 6: {
        const line = guest.lines.at(-1)
        if (line && !line.end) line.drop()
        return this.#line(guest)
      }
      case 7: {
        const line = guest.lines.at(-1)
        if (line && !line.end) await this.#open(guest, line)
        return
      }
      default:
        for (const line of guest.lines) if (!line.end && this.#chance.below(2) === 0) line.deliver(3)
    }
  }

  async #setLevel(guest: Guest): Promise<void> {
    guest.level = guest.level === 'hidden' ? this.#chance.one(['read', 'edit'] as const) : 'hidden'
    const command: Command = {
      type: 'SetAccess',
      changes: [{ track: PLENARY, party: guest.party, level: guest.level }],
    }
    if (guest.level !== 'hidden') {
      if (guest.closedAt) this.#check(guest)
      guest.closedAt = null
      this.tally.regrants++
      void this.#mediator.act(command)
      await this.stage.time.advance(this.#chance.below(40))
      return
    }
    const inForce = this.#mediator.act(command).then((answer) => {
      if (!answer.ok) this.problems.push(`a withdrawal was refused: ${answer.refusal.code}`)
      this.tally.withdrawals++
      guest.closedAt = new Map(guest.lines.map((line) => [line, line.received.length]))
      for (const line of guest.lines) {
        if (line.end === 'reset') this.tally.resets++
        else if (line.waiting === 0) this.tally.receipts++
        else if (line.end === null) this.problems.push('in force, with bytes on their way')
      }
    })
    this.#host()
    this.#guestWrites(guest)
    await this.stage.time.advance(300)
    let isInForce = false
    void inForce.then(() => {
      isInForce = true
    })
    for (let waited = 0; !isInForce && waited < LEASE_MS + MARGIN_MS; waited += 50) await this.stage.time.advance(50)
    if (!isInForce) this.problems.push('a withdrawal is not in force')
  }

  /** Those who stay write on. */
  #host(): void {
    const text = this.#mediator.texts.get(PLENARY)
    if (text && !text.isReadOnly && !text.isClosed) this.#mediator.type(PLENARY, this.#leaf(), 0, `m${this.#token++} `)
  }

  /** Through the open text, if any, and through a copy that was kept. */
  #guestWrites(guest: Guest): void {
    const line = guest.lines.at(-1)
    const text = line?.texts.get(PLENARY)
    if (!line || line.end) return
    const token = `<${guest.seat}-${this.#token++}>`
    if (text && !text.isReadOnly && !text.isClosed) {
      line.type(PLENARY, this.#leaf(), 0, token)
    } else if (guest.closedAt) {
      const doc = new Y.Doc()
      doc.clientID = guest.kept?.doc.clientID ?? 3_000_000
      doc.getText(this.#leaf()).insert(0, token)
      const channel = [...this.#channelsOf(line)].at(-1) ?? 1
      line.say({ frame: 'words', channel, number: 0, update: Y.encodeStateAsUpdate(doc) })
    }
    if (!guest.closedAt) return
    this.tally.lateWords++
    this.#forbidden.push(token)
  }

  #leaf(): LeafId {
    return this.stage.leaf(PLENARY, this.#chance.below(3))
  }

  #channelsOf(line: Person): Set<number> {
    return new Set(line.received.flatMap(({ frame }) => (frame.frame === 'opened' ? [frame.opened.channel] : [])))
  }

  /** Nothing of the track was written to any line of the guest since the withdrawal was in force. */
  #check(guest: Guest): void {
    for (const [line, from] of guest.closedAt ?? []) {
      const channels = this.#channelsOf(line)
      for (const { frame } of line.received.slice(from))
        if (tellsOf(frame, channels)) this.problems.push(`after the line: ${JSON.stringify(frame)}`)
    }
  }

  finish(): void {
    for (const guest of this.guests) if (guest.closedAt) this.#check(guest)
    const words = [0, 1, 2].map((nth) => this.stage.words(PLENARY, this.stage.leaf(PLENARY, nth))).join('\n')
    for (const token of this.#forbidden) if (words.includes(token)) this.problems.push(`${token} stands in the text`)
    const leaf = this.stage.leaf(PLENARY, 0)
    for (const person of [this.#mediator, this.#tavira])
      if (person.text(PLENARY).words(leaf) !== this.stage.words(PLENARY, leaf))
        this.problems.push('those who stay differ')
    this.problems.push(...this.stage.bugs)
  }
}

function tellsOf(frame: Received['frame'], channels: Set<number>): boolean {
  switch (frame.frame) {
    case 'text':
    case 'acked':
      return channels.has(frame.channel)
    case 'opened':
      return frame.opened.track === PLENARY
    case 'presence':
      return frame.track === PLENARY
    case 'welcome':
    case 'view':
      return JSON.stringify(frame).includes('Plenary text')
    default:
      return false
  }
}

test(
  'P2 after "in force" no byte of the track is written, none is on its way, and nothing sent to it stands',
  {
    timeout: 300_000,
  },
  () => holds(SEEDS, 1),
)

test('P2 N4 nor is one written on another node', { timeout: 300_000 }, () => holds(SHARED_SEEDS, SHARED_NODES))

async function holds(seeds: number[], nodes: number): Promise<void> {
  const total: Record<string, number> = {}
  for (const seed of seeds) {
    const chance = seeded(seed)
    const weather = seeded(seed + 5)
    const faults: HubFaults = { delay: () => (weather.below(8) === 0 ? null : weather.below(40)) }
    const drill = new Drill(await Stage.open({ seed, nodes, faults, appendMs: chance.below(12) }), chance)
    if (nodes > 1) for (const node of drill.stage.nodes) node.lagMs = weather.below(40)
    await drill.begin()
    for (let step = 0; step < STEPS; step++) {
      await drill.act()
      await drill.stage.time.advance(chance.below(30))
    }
    await drill.stage.rest(400)
    drill.finish()
    expect(drill.problems, replayOf('test/fuzz/withdrawal.test.ts', seed)).toEqual([])
    for (const [name, count] of Object.entries(drill.tally)) total[name] = (total[name] ?? 0) + count
  }
  if (seeds.length > 1)
    for (const name of ['withdrawals', 'resets', 'receipts', 'regrants', 'lateWords'])
      expect(total[name], name).toBeGreaterThan(seeds.length)
}
