import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import { type BracketId, leafOf, mintId, type TrackId } from '#shared/ids.ts'
import type { Person, Received } from '../support/scripted-person.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import {
  ADVISER,
  ALTERNATE,
  BRIDGE,
  CAUCUS,
  COUNCIL,
  COUNCIL_PARTY,
  FORUM,
  FORUM_PARTY,
  MEDIATOR,
  PLENARY,
  Stage,
  TAVIRA,
  TAVIRA_PARTY,
} from '../support/simulation.ts'

const SEEDS = seedsOf(200)
const STEPS = 30

/** What two watchers received in one run, and how much was hidden from them meanwhile. */
interface Run {
  council: Received[]
  forum: Received[]
  hidden: Map<string, number>
  bugs: unknown[]
}

const mintBracket = (chance: Chance): BracketId =>
  mintId<BracketId>(Uint8Array.from({ length: 22 }, () => chance.below(256)))

/** One run of a day's visible acts; `isBusy`: with all that goes on behind closed doors, at the same instants and between. */
async function play(seed: number, isBusy: boolean, nodes: number): Promise<Run> {
  const stage = await Stage.open({ seed, nodes, homes: { [COUNCIL]: nodes - 1, [FORUM]: nodes - 1 } })
  const day = new Day(stage, seeded(seed))
  await day.begin()
  const doors = new ClosedDoors(stage, seeded(seed + 1_000_003))
  if (isBusy) await doors.begin()
  const chance = seeded(seed + 7)
  for (let step = 0; step < STEPS; step++) {
    const gap = chance.below(60)
    const split = isBusy ? doors.chance.below(gap + 1) : gap
    await stage.time.advance(split)
    if (isBusy) doors.act()
    if (isBusy) await stage.time.advance(gap - split)
    if (isBusy && doors.chance.below(2) === 0) doors.act()
    await day.act()
    if (isBusy && doors.chance.below(2) === 0) doors.act()
  }
  await stage.rest(12_000)
  return { council: day.watched, forum: day.forum.received, hidden: doors.tally, bugs: stage.bugs }
}

/** What everybody in plenary may know of. */
class Day {
  readonly watched: Received[] = []
  readonly #stage: Stage
  readonly #chance: Chance
  #council!: Person
  #tavira!: Person
  #mediator!: Person
  forum!: Person
  #level: 'edit' | 'read' = 'edit'
  #isForumIn = false

  constructor(stage: Stage, chance: Chance) {
    this.#stage = stage
    this.#chance = chance
  }

  async begin(): Promise<void> {
    ;[this.#council, this.#tavira, this.#mediator] = await this.#stage.seats(PLENARY, COUNCIL, TAVIRA, MEDIATOR)
    this.watched.push(...this.#council.received)
    this.#council.received.push = (...more) => this.watched.push(...more)
    this.forum = await this.#stage.seat(FORUM)
  }

  async act(): Promise<void> {
    const chance = this.#chance
    const roll = chance.below(12)
    if (roll < 4) this.#type(this.#council)
    else if (roll < 6) this.#type(this.#mediator)
    else if (roll === 6) this.#bracket()
    else if (roll === 7) this.#comment(chance.one([this.#council, this.#tavira, this.#mediator]))
    else if (roll === 8) this.#desk()
    else if (roll === 9) this.#here()
    else if (roll === 10) await this.#setAccess()
    else await this.#comeBack()
  }

  /** What the mediators do to the plenary and tell there, in sight of both watchers or of one. */
  #desk(): void {
    const status = this.#stage.running.state.tracks.by[PLENARY]?.status
    const title = `Plenary ${this.#chance.below(1_000)}`
    const acts: Command[] = [
      { type: 'PublishNotice', words: 'We meet at noon.' },
      { type: 'PublishNotice', words: 'We go on at three.', track: PLENARY },
      { type: 'RenameTrack', track: PLENARY, title },
      status === 'paused' ? { type: 'ResumeTrack', track: PLENARY } : { type: 'PauseTrack', track: PLENARY },
    ]
    const act = status === 'paused' ? acts[3] : this.#chance.one(acts)
    if (act) void this.#mediator.act(act)
  }

  #type(person: Person): void {
    const text = person.texts.get(PLENARY)
    const leaf = this.#stage.leaf(PLENARY, this.#chance.below(3))
    if (!text || text.isClosed || text.isReadOnly) return
    const length = text.doc.getText(leaf).length
    if (this.#chance.below(4) === 0 && length > 10) person.erase(PLENARY, leaf, this.#chance.below(length - 5), 3)
    else person.type(PLENARY, leaf, this.#chance.below(length + 1), 'abc ')
  }

  #bracket(): void {
    const { id: clause, leaf: host } = this.#stage.clause(PLENARY, this.#chance.below(3))
    const bracket = mintBracket(this.#chance)
    const text = this.#tavira.texts.get(PLENARY)
    if (!text || text.isClosed || text.isReadOnly) return
    void this.#tavira.act({ type: 'OpenBracket', track: PLENARY, clause, host, bracket, kind: 'insert', after: null })
    this.#tavira.type(PLENARY, leafOf(bracket), 0, 'but ')
  }

  #comment(person: Person): void {
    const { id: clause } = this.#stage.clause(PLENARY, this.#chance.below(3))
    void person.act({ type: 'Comment', track: PLENARY, clause, words: 'Seen.', audience: 'track' })
  }

  #here(): void {
    const text = this.#council.texts.get(PLENARY)
    const { id: clause } = this.#stage.clause(PLENARY, this.#chance.below(3))
    if (text) this.#council.say({ frame: 'here', channel: text.channel, place: { clause } })
  }

  async #setAccess(): Promise<void> {
    if (this.#chance.below(2) === 0) {
      this.#level = this.#level === 'edit' ? 'read' : 'edit'
      void this.#mediator.act(setAccess({ track: PLENARY, party: COUNCIL_PARTY, level: this.#level }))
    } else {
      this.#isForumIn = !this.#isForumIn
      void this.#mediator.act(
        setAccess({ track: PLENARY, party: FORUM_PARTY, level: this.#isForumIn ? 'read' : 'hidden' }),
      )
    }
  }

  /** The watcher's line drops, and it resumes. */
  async #comeBack(): Promise<void> {
    const text = this.#council.texts.get(PLENARY)
    this.#council.drop()
    this.#council = await this.#stage.seat(COUNCIL)
    this.watched.push(...this.#council.received)
    this.#council.received.push = (...more) => this.watched.push(...more)
    const resumed = text && !text.isClosed && !text.isReadOnly ? text : null
    if (resumed) this.#council.texts.set(PLENARY, resumed)
    void this.#council.open(PLENARY, resumed?.resume)
  }
}

const setAccess = (change: Extract<Command, { type: 'SetAccess' }>['changes'][number]): Command => ({
  type: 'SetAccess',
  changes: [change],
})

/** What must leave no trace in the watchers' streams: all that happens where they have no sight. */
class ClosedDoors {
  readonly chance: Chance
  readonly tally = new Map<string, number>()
  readonly #stage: Stage
  #tavira!: Person
  #adviser!: Person
  #mediator!: Person
  #isAdviserAtBridge = true

  constructor(stage: Stage, chance: Chance) {
    this.#stage = stage
    this.chance = chance
  }

  async begin(): Promise<void> {
    this.#tavira = await this.#stage.seat(TAVIRA)
    this.#adviser = await this.#stage.seat(ADVISER)
    this.#mediator = await this.#stage.seat(MEDIATOR)
    await this.#tavira.open(CAUCUS)
    await this.#tavira.open(BRIDGE)
    await this.#adviser.open(CAUCUS)
    await this.#mediator.open(BRIDGE)
  }

  act(): void {
    const kind = this.chance.below(KINDS.length)
    this[KINDS[kind] as Kind]()
  }

  /** Counts what was recorded, or (for carets) said. */
  #count(kind: Kind): void {
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1)
  }

  #type(kind: Kind, person: Person, track: TrackId): void {
    const text = person.texts.get(track)
    const leaf = this.#stage.leaf(track, 0)
    if (!text || text.isClosed || text.isReadOnly || text.flight) return
    const stop = this.#stage.running.onApplied(({ texts }) => {
      if (texts.some(({ lane }) => lane?.client === text.doc.clientID)) {
        this.#count(kind)
        stop()
      }
    })
    person.type(track, leaf, this.chance.below(text.doc.getText(leaf).length + 1), 'hush ')
  }

  #ask(kind: Kind, person: Person, command: Command): void {
    void person.act(command).then((answer) => {
      if (answer.ok) this.#count(kind)
    })
  }

  caucusWords(): void {
    this.#type('caucusWords', this.chance.one([this.#tavira, this.#adviser]), CAUCUS)
  }
  bridgeWords(): void {
    this.#type('bridgeWords', this.chance.one([this.#tavira, this.#mediator]), BRIDGE)
  }
  bridgeClause(): void {
    const text = this.#stage.running.state.tracks.by[BRIDGE]?.text
    const article = text?.order[0]
    if (article)
      this.#ask('bridgeClause', this.#mediator, {
        type: 'AddClause',
        track: BRIDGE,
        article,
        parent: null,
        after: null,
        words: 'More.',
      })
  }
  partyComment(): void {
    const { id: clause } = this.#stage.clause(PLENARY, 0)
    const audience = this.chance.one(['party', 'party+mediators'] as const)
    this.#ask('partyComment', this.#tavira, { type: 'Comment', track: PLENARY, clause, words: 'Between us.', audience })
  }
  position(): void {
    const { id: clause } = this.#stage.clause(PLENARY, 0)
    const text = this.#stage.running.state.tracks.by[PLENARY]?.text
    const hash = text && this.#stage.running.live(PLENARY)?.hashOf(text, text.language, clause)
    const position = this.chance.one(['accept', 'object', 'reserve'] as const)
    if (hash) this.#ask('position', this.#tavira, { type: 'TakePosition', track: PLENARY, clause, hash, position })
  }
  accessOfOthers(): void {
    this.#isAdviserAtBridge = !this.#isAdviserAtBridge
    const level = this.#isAdviserAtBridge ? 'comment' : 'hidden'
    this.#ask('accessOfOthers', this.#mediator, setAccess({ track: BRIDGE, seat: ADVISER, level }))
  }
  hiddenTrack(): void {
    const access = this.chance.one([{ tavira: 'edit' }, { union: 'edit' }, { tavira: 'read', union: 'edit' }] as const)
    const text = { title: 'Apart', articles: [{ title: 'Apart', clauses: ['Apart.'] }] }
    this.#ask('hiddenTrack', this.#mediator, { type: 'OpenTrack', title: 'Apart', kind: 'group', access, text })
  }
  presence(): void {
    const text = this.#tavira.texts.get(BRIDGE)
    if (!text) return
    this.#tavira.say({ frame: 'here', channel: text.channel, place: { clause: this.#stage.clause(BRIDGE, 0).id } })
    this.#count('presence')
  }
  notice(): void {
    this.#ask('notice', this.#mediator, { type: 'PublishNotice', words: 'For Tavira.', to: [TAVIRA_PARTY] })
  }
  nomination(): void {
    const waiting = this.#stage.running.state.nominations.order
    const [first] = waiting
    if (first && waiting.length > 2)
      this.#ask('nomination', this.chance.one([this.#tavira, this.#mediator]), { type: 'DeclineSeat', seat: first })
    else
      this.#ask('nomination', this.#tavira, {
        type: 'NominateSeat',
        party: TAVIRA_PARTY,
        role: 'adviser',
        name: 'Rana Sol',
      })
  }
  /** Somebody of Tavira's who is not in the room: on every other screen nothing changes. */
  suspension(): void {
    const isOut = this.#stage.running.state.seats.by[ALTERNATE]?.standing !== undefined
    this.#ask('suspension', this.#mediator, { type: isOut ? 'RestoreSeat' : 'SuspendSeat', seat: ALTERNATE })
  }
  trackNotice(): void {
    this.#ask('trackNotice', this.#mediator, { type: 'PublishNotice', words: 'At the bridge.', track: BRIDGE })
  }
  trackTurn(): void {
    const track = this.#stage.running.state.tracks.by[BRIDGE]
    const isOpen = track?.status === 'open'
    const title = `Bridge ${this.chance.below(1_000)}`
    // Mostly open, so that words go on there.
    if (!isOpen) this.#ask('trackTurn', this.#mediator, { type: 'ResumeTrack', track: BRIDGE })
    else if (this.chance.below(3) === 0) this.#ask('trackTurn', this.#mediator, { type: 'PauseTrack', track: BRIDGE })
    else this.#ask('trackTurn', this.#mediator, { type: 'RenameTrack', track: BRIDGE, title })
  }
  invitation(): void {
    this.#ask('invitation', this.#tavira, { type: 'IssueInvitation', seat: ADVISER })
  }
}

const KINDS = [
  'caucusWords',
  'bridgeWords',
  'bridgeClause',
  'partyComment',
  'position',
  'accessOfOthers',
  'hiddenTrack',
  'presence',
  'notice',
  'nomination',
  'suspension',
  'trackNotice',
  'trackTurn',
  'invitation',
] as const
type Kind = (typeof KINDS)[number]

/** The bytes with every minted id named by its first appearance: a decision that another node overtook mints anew. */
function renamed(): (bytes: Uint8Array) => string {
  const names = new Map<string, string>()
  const nameOf = (id: string): string => {
    const name = names.get(id) ?? `#${names.size}`.padEnd(22)
    names.set(id, name)
    return name
  }
  return (bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[\w-]{22}/g, nameOf)
}

/** The first frame that differs in a byte or in its instant; null when none does. */
function firstDifference(quiet: Received[], busy: Received[], nodes: number): string | null {
  const exact = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
  const [one, other] = nodes > 1 ? [renamed(), renamed()] : [exact, exact]
  for (let i = 0; i < Math.max(quiet.length, busy.length); i++) {
    const [a, b] = [quiet[i], busy[i]]
    if (a && b && a.at === b.at && one(a.bytes) === other(b.bytes)) continue
    return `frame ${i}: ${show(a)}\nagainst ${show(b)}`
  }
  return null
}
const show = (one: Received | undefined): string => (one ? `at ${one.at} ${JSON.stringify(one.frame)}` : 'nothing')

test(
  'P3 what is hidden leaves no mark in what a party receives: not a byte, not an instant',
  {
    timeout: 300_000,
  },
  () => leavesNoMark(SEEDS, 1),
)

test('P3 nor does it on another node', { timeout: 300_000 }, () => leavesNoMark(seedsOf(8), 2))

async function leavesNoMark(seeds: number[], nodes: number): Promise<void> {
  const total = new Map<string, number>()
  for (const seed of seeds) {
    const quiet = await play(seed, false, nodes)
    const busy = await play(seed, true, nodes)
    const replay = replayOf('test/fuzz/secrecy.test.ts', seed)
    expect([...quiet.bugs, ...busy.bugs], replay).toEqual([])
    expect(firstDifference(quiet.council, busy.council, nodes), replay).toBeNull()
    expect(firstDifference(quiet.forum, busy.forum, nodes), replay).toBeNull()
    expect(quiet.hidden.size, replay).toBe(0)
    for (const [kind, count] of busy.hidden) total.set(kind, (total.get(kind) ?? 0) + count)
  }
  for (const kind of KINDS) expect(total.get(kind) ?? 0, kind).toBeGreaterThan(seeds.length / 2)
}
