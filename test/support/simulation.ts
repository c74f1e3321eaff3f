import type { Delivery } from '#server/delivery/receiver.ts'
import type { ForgetfulLog } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import { Hub, type HubFaults } from '#server/nodes/hub.ts'
import type { Processes, Running } from '#server/processes/port.ts'
import type { Command } from '#shared/domain/commands.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { ClauseId, LeafId, PartyId, ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import type { Random } from '#shared/world.ts'
import { FakeTime, fakeRandom, settled } from './fake-world.ts'
import { Person } from './scripted-person.ts'
import { openStageNode, type StageNode } from './stage-node.ts'

/** Four parties; a text in plenary, one that only Tavira and the mediators share, and one of Tavira's own. */
const FILE = {
  title: 'Lake Maren Basin Talks',
  languages: ['en'],
  charter: { text: 'We talk until we agree.', decisionRule: 'consensus', acceptance: 'waived' },
  secretariat: { name: 'The secretariat', phone: '1', email: 'a@example.org' },
  parties: [
    { id: 'tavira', name: 'Republic of Tavira', short: 'TAV', kind: 'delegation' },
    { id: 'council', name: 'Northern Maren Council', short: 'NMC', kind: 'delegation' },
    { id: 'union', name: 'Regional Union', short: 'MED', kind: 'mediation' },
    { id: 'forum', name: 'Maren Civic Forum', short: 'MCF', kind: 'civil' },
  ],
  seats: [
    { id: 'tavira-head', party: 'tavira', role: 'head', name: 'Ilse Corvane' },
    { id: 'tavira-adviser', party: 'tavira', role: 'adviser', name: 'Oren Vale' },
    { id: 'tavira-alternate', party: 'tavira', role: 'alternate', name: 'Ned Arvo' },
    { id: 'council-head', party: 'council', role: 'head', name: 'Bram Aldous' },
    { id: 'mediator', party: 'union', role: 'mediator', name: 'Maud Ferreira' },
    { id: 'forum-moderator', party: 'forum', role: 'moderator', name: 'Noa Lind' },
  ],
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: {
        title: 'Agreement on the basin',
        articles: [
          { title: 'Water', clauses: ['The parties share the water.', 'The parties measure the flow.'] },
          { title: 'Peace', clauses: ['No party crosses the line.'] },
        ],
      },
      access: { tavira: 'suggest', council: 'edit', union: 'edit' },
    },
    {
      id: 'bridge',
      title: 'Bridge',
      kind: 'proximity',
      text: { title: 'A bridge', articles: [{ title: 'Bridge', clauses: ['Tavira opens the bridge.'] }] },
      access: { tavira: 'edit', union: 'edit' },
    },
    {
      id: 'caucus-tavira',
      title: 'Caucus of Tavira',
      kind: 'caucus',
      text: { title: 'Our lines', articles: [{ title: 'Lines', clauses: ['We keep the bridge.'] }] },
      access: { tavira: 'edit' },
    },
  ],
}

export const PLENARY = 'plenary' as TrackId
export const BRIDGE = 'bridge' as TrackId
export const CAUCUS = 'caucus-tavira' as TrackId
export const TAVIRA_PARTY = 'tavira' as PartyId
export const COUNCIL_PARTY = 'council' as PartyId
export const FORUM_PARTY = 'forum' as PartyId
export const TAVIRA = 'tavira-head' as SeatId
export const ADVISER = 'tavira-adviser' as SeatId
export const ALTERNATE = 'tavira-alternate' as SeatId
export const COUNCIL = 'council-head' as SeatId
export const MEDIATOR = 'mediator' as SeatId
export const FORUM = 'forum-moderator' as SeatId

export interface StageOptions {
  seed: number
  file?: unknown
  /** How long every append takes. */
  appendMs?: number
  /** How many serve the one log. */
  nodes?: number
  /** The node of each seat that comes in without saying where; the first one else. */
  homes?: Partial<Record<SeatId, number>>
  /** What is wrong with the line between them. */
  faults?: HubFaults
}

/** The nodes of a room in a world of the test's own: its clock, its chance, its log, and people on lines that can be held. */
export class Stage {
  readonly time = new FakeTime()
  readonly random: Random
  readonly log: ForgetfulLog
  readonly people: Person[] = []
  /** What the node logged as a bug. */
  readonly bugs: string[] = []
  /** The first one is the node of all that does not say where. */
  nodes: StageNode[] = []
  process = '' as ProcessId
  readonly #options: StageOptions
  readonly hub: Hub
  #running: (Running | null)[] = []

  constructor(options: StageOptions) {
    this.#options = options
    this.random = fakeRandom(options.seed)
    this.log = slow(openMemoryLog({ time: this.time }), this.time, options.appendMs ?? 0)
    this.hub = new Hub({
      now: () => this.time.now(),
      after: (ms, task) => this.time.after(ms, task),
      ...(options.faults ? { faults: options.faults } : {}),
    })
  }

  async begin(): Promise<void> {
    const count = this.#options.nodes ?? 1
    for (let nth = 0; nth < count; nth++) this.nodes.push(await this.#node(nth))
  }

  #node(nth: number): Promise<StageNode> {
    const telemetry = {
      count: () => undefined,
      time: () => undefined,
      log: { debug() {}, info() {}, warn() {}, error: (told: unknown) => void this.bugs.push(bugOf(told)) },
    }
    const { time, log } = this
    const isAlone = (this.#options.nodes ?? 1) === 1
    // One node draws what it always drew, so that seeds that once failed still do what they did.
    const random = isAlone ? this.random : this.random.stream(`node:${nth}`)
    return openStageNode({ log, time, random, telemetry, ...(isAlone ? {} : { hub: this.hub }) })
  }

  get processes(): Processes {
    return this.node(0).processes
  }
  get delivery(): Delivery {
    return this.node(0).delivery
  }
  node(nth: number): StageNode {
    const node = this.nodes[nth]
    if (!node) throw new Error(`no node ${nth}`)
    return node
  }

  /** Starts the process of the file. */
  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options)
    await stage.begin()
    const file = parseProcessFile(options.file ?? FILE)
    if (!file.ok) throw new Error(JSON.stringify(file.refusal))
    const starting = stage.processes.start(file.value)
    await stage.time.advance(options.appendMs ?? 0)
    const started = await starting
    if (!started.ok) throw new Error(started.refusal.code)
    stage.process = started.value
    await stage.#open()
    return stage
  }

  async #open(): Promise<void> {
    this.#running = []
    for (const { processes } of this.nodes) this.#running.push(await processes.open(this.process))
  }

  get running(): Running {
    return this.runningAt(0)
  }
  runningAt(nth: number): Running {
    const running = this.#running[nth]
    if (!running) throw new Error('the process has not been started')
    return running
  }

  /** The node dies as it stands and another one takes the log. */
  async restart(): Promise<void> {
    for (const person of this.people) person.drop()
    for (const { processes, nodes } of this.nodes) {
      await nodes.leave()
      await processes.close()
    }
    this.nodes = []
    await this.begin()
    await this.#open()
  }

  /** Somebody comes in. */
  async seat(seat: SeatId, viewer: Partial<Viewer> = {}, node = this.#options.homes?.[seat] ?? 0): Promise<Person> {
    const nth = this.people.filter((other) => other.seat === seat).length
    const id = `${seat}-${nth}`
    const person = new Person({
      id,
      viewer: { seat, confined: false, session: null, ...viewer },
      time: this.time,
      random: this.random.stream(`person:${seat}`),
    })
    const entered = await this.meanwhile(this.node(node).delivery.enter(this.process, person))
    if (!entered.ok) throw new Error(entered.refusal.code)
    person.sit(entered.value)
    this.people.push(person)
    return person
  }

  /** Several come in and open one text. */
  async seats<S extends SeatId[]>(track: TrackId, ...seats: S): Promise<{ [K in keyof S]: Person }> {
    const people: Person[] = []
    for (const seat of seats) {
      const person = await this.seat(seat)
      const opened = await this.meanwhile(person.open(track))
      if (!opened.ok) throw new Error(opened.refusal.code)
      people.push(person)
    }
    return people as { [K in keyof S]: Person }
  }

  /** The server's own act in the mediator's name, beside all connections. */
  async mediate(command: Command): Promise<void> {
    const by: Viewer = { seat: MEDIATOR, confined: false, session: null }
    const answer = this.running.act(by, null, command)
    await this.time.advance(300)
    const done = await answer
    if (!done.ok) throw new Error(`${command.type}: ${JSON.stringify(done.refusal)}`)
  }

  leaf(track: TrackId, nth: number): LeafId {
    return this.clause(track, nth).leaf
  }

  clause(track: TrackId, nth: number): { id: ClauseId; leaf: LeafId } {
    const text = this.running.state.tracks.by[track]?.text
    const id = text?.order.flatMap((article) => text.articles[article]?.clauses ?? [])[nth]
    const clause = id && text?.clauses[id]
    if (!clause) throw new Error(`no clause ${nth} in ${track}`)
    return clause
  }

  /** The server's words of a leaf. */
  words(track: TrackId, leaf: LeafId): string {
    const runs = this.running.live(track)?.words(leaf) ?? []
    return runs.map((run) => ('words' in run ? run.words : '')).join('')
  }

  /** Lets time go on until this is done: a node that hears the log late has to catch up first. */
  async meanwhile<T>(task: Promise<T>): Promise<T> {
    if (this.nodes.length === 1) return task
    let isDone = false
    const done = () => {
      isDone = true
    }
    task.then(done, done)
    for (let turn = 0; !isDone && turn < 10_000; turn++) await this.time.advance(turn < 4 ? 0 : 5)
    return task
  }

  /** Lets all that is under way come to rest. */
  async rest(ms = 200): Promise<void> {
    await settled()
    await this.time.advance(ms)
  }
}

const bugOf = (told: unknown): string => {
  const cause = (told as { err?: unknown }).err
  return cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(told)
}

/** The log, each append of which takes `ms`, whatever else is going on. */
function slow(log: ForgetfulLog, time: FakeTime, ms: number): ForgetfulLog {
  if (ms === 0) return log
  const later = () => new Promise<void>((resolve) => time.after(ms, resolve))
  return new Proxy(log, {
    get(target, name) {
      const own = Reflect.get(target, name, target)
      if (typeof own !== 'function') return own
      const call = own.bind(target)
      if (name !== 'append' && name !== 'appendNarrowing') return call
      return async (...given: Parameters<ForgetfulLog['append']>) => {
        await later()
        return call(...given)
      }
    },
  })
}
