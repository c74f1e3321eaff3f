import * as Y from 'yjs'
import { Refused } from '#client/room/room.ts'
import type { Command } from '#shared/domain/commands.ts'
import type { ArticleId, ClauseId, LeafId, PartyId, TrackId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { itemAt } from '#shared/text/leaf.ts'
import { clausesOf, type Person, sit, textShown } from './at-screen.ts'
import type { Cluster } from './cluster.ts'
import type { Line } from './line.ts'
import { Oracle } from './oracle.ts'
import type { Chance } from './seeded.ts'
import { SMALL_PROCESS } from './server.ts'

/** A negotiation at full speed, whatever happens to its servers: people type, the mediators order the text, let a party in and out. */

export const TEXT = 'text-of-shores'
const CAUCUS = 'caucus-of-north'
export const GUEST = 'forum'

const DRILL_PROCESS = {
  ...SMALL_PROCESS,
  parties: [...SMALL_PROCESS.parties, { id: GUEST, name: 'Civic Forum', short: 'CIV', kind: 'civil' }],
  seats: [
    ...SMALL_PROCESS.seats,
    { id: 'forum-moderator', party: GUEST, role: 'moderator', name: 'Hal Forum' },
    { id: 'forum-adviser', party: GUEST, role: 'adviser', name: 'Ida Forum' },
    { id: 'forum-observer', party: GUEST, role: 'observer', name: 'Jon Forum' },
  ],
  tracks: [
    ...SMALL_PROCESS.tracks.map((track) => ({
      ...track,
      id: TEXT,
      access: { north: 'suggest', south: 'edit', team: 'edit', [GUEST]: 'edit' },
    })),
    {
      id: CAUCUS,
      title: 'What North keeps to itself',
      kind: 'caucus',
      text: { title: 'Our lines', articles: [{ title: 'Lines', clauses: ['We keep the ferry.'] }] },
      access: { north: 'edit' },
    },
  ],
}
/** Who sits where, and what is open there. The second mediator lets the guests in and out. */
const SEATS: { seat: string; party: string; tracks: string[] }[] = [
  { seat: 'north-head', party: 'north', tracks: [TEXT, CAUCUS] },
  { seat: 'north-adviser', party: 'north', tracks: [TEXT, CAUCUS] },
  { seat: 'south-head', party: 'south', tracks: [TEXT] },
  { seat: 'mediator', party: 'team', tracks: [TEXT] },
  { seat: 'second-mediator', party: 'team', tracks: [TEXT] },
  { seat: 'forum-moderator', party: GUEST, tracks: [TEXT] },
  { seat: 'forum-adviser', party: GUEST, tracks: [TEXT] },
]
const MOST_CLAUSES = 14
const BACK_MS = 60_000

export interface DrillOptions {
  cluster: Cluster
  chance: Chance
  /** Between two words of one person. */
  typeEveryMs?: number
  /** Between two acts of the mediator on the structure; 0: none. */
  orderEveryMs?: number
  /** Between two withdrawals; null: none. */
  withdrawEveryMs?: number | null
}

export class Drill {
  readonly cluster: Cluster
  readonly oracle = new Oracle()
  readonly people: Person[] = []
  readonly lines: Line[] = []
  readonly #options: Required<DrillOptions>
  readonly #chance: Chance
  #codes: Record<string, string> = {}
  readonly #tokens: Record<string, string> = {}
  #readers = 0

  private constructor(options: DrillOptions) {
    this.cluster = options.cluster
    this.#chance = options.chance
    this.#options = { typeEveryMs: 40, orderEveryMs: 25, withdrawEveryMs: 50, ...options }
    this.oracle.readers(TEXT, 'Plenary text', ['north', 'south', 'team', GUEST])
    this.oracle.readers(CAUCUS, 'What North keeps to itself', ['north'])
  }

  static async open(options: DrillOptions): Promise<Drill> {
    const drill = new Drill(options)
    drill.#codes = (await drill.cluster.newProcess(DRILL_PROCESS)).codes
    for (const [nth, { seat }] of SEATS.entries()) {
      drill.#tokens[seat] = await drill.tokenOf(seat)
      drill.lines.push(await drill.cluster.line(nth % drill.cluster.size))
    }
    drill.people.push(...(await Promise.all(SEATS.map((_, nth) => drill.#sit(nth)))))
    for (const person of drill.#guests) person.room.onView(() => void drill.#comeIn(person))
    return drill
  }
  /** For a seat that is not in the drill. Once each. */
  async tokenOf(seat: string): Promise<string> {
    return (await this.cluster.redeem(this.#codes[seat] ?? '')).token
  }
  #sit(nth: number, name = `s${nth}`): Promise<Person> {
    const { seat, party, tracks } = SEATS[nth] ?? SEATS[0] ?? never()
    const url = this.lines[nth]?.url ?? ''
    return sit({ url, token: this.#tokens[seat] ?? '', name, party, oracle: this.oracle }, ...tracks)
  }
  get #guests(): Person[] {
    return this.people.filter(({ party }) => party === GUEST)
  }
  #person(seat: string): Person {
    return this.people[SEATS.findIndex((one) => one.seat === seat)] ?? never()
  }
  async #comeIn(person: Person): Promise<void> {
    if (person.party !== GUEST || person.texts.has(TEXT) || !person.room.view.tracks.some(({ id }) => id === TEXT))
      return
    // Sight may end before the answer; the next grant opens it again.
    await person.open(TEXT).catch(unlessRefused)
  }

  // ---- what people do

  #isTalking = false
  #talk: Promise<unknown>[] = []

  begin(): void {
    this.#isTalking = true
    const { typeEveryMs, orderEveryMs, withdrawEveryMs } = this.#options
    const types = this.people.flatMap((person, nth) =>
      (SEATS[nth]?.tracks ?? []).map((track) =>
        this.#every(typeEveryMs, () => person.type(track).catch(unlessRefused)),
      ),
    )
    this.#talk = types
    if (orderEveryMs > 0) this.#talk.push(this.#every(orderEveryMs, () => this.#order()))
    if (withdrawEveryMs !== null) this.#talk.push(this.#every(withdrawEveryMs, () => this.letOutAndIn()))
  }
  /** Ends what is begun, after all acts under way were answered. */
  async end(): Promise<void> {
    this.#isTalking = false
    await Promise.all(this.#talk)
  }
  async #every(ms: number, act: () => Promise<unknown>): Promise<void> {
    while (this.#isTalking) {
      await act()
      await elapsed(ms)
    }
  }

  /** One act on the structure, answered or refused. */
  async #order(): Promise<void> {
    const mediator = this.#person('mediator')
    const text = mediator.texts.get(TEXT)
    const command = text && this.#someOrder(mediator)
    if (!command) return
    await mediator.room.act(command).catch((cause) => {
      unlessRefused(cause)
      this.oracle.givenBack(JSON.stringify(command))
    })
  }
  #someOrder(mediator: Person): Command | null {
    const text = mediator.text(TEXT)
    const track = TEXT as TrackId
    const clauses = clausesOf(text)
    const { articles } = text.structure
    const article = this.#chance.one(articles)?.id as ArticleId
    const clause = this.#chance.one(clauses)
    if (!clause || !article) return null
    const id = clause.id as ClauseId
    const words = mediator.mark(TEXT)
    switch (this.#chance.below(clauses.length < MOST_CLAUSES ? 6 : 4)) {
      case 0:
        return { type: 'MoveClause', track, clause: id, article, parent: null, after: null }
      case 1:
        this.oracle.typed(words)
        return { type: 'Comment', track, clause: id, words, audience: 'track' }
      case 2:
        return clauses.length > 4 ? { type: 'MergeClause', track, clause: id } : null
      case 3:
        if (articles.length > 3) return null
        this.oracle.typed(words)
        return { type: 'AddArticle', track, kind: 'article', title: words, after: article }
      case 4: {
        const leaf = text.text(clause.leaf)
        // Behind a whole mark, so that none is parted.
        const index = plainOf(leaf).indexOf('>') + 1
        return index > 0 ? { type: 'SplitClause', track, clause: id, after: itemAt(leaf, index) } : null
      }
      default:
        this.oracle.typed(words)
        return { type: 'AddClause', track, article, parent: null, after: null, words }
    }
  }

  /** The guests lose sight of the text, say something after all, and are let in again. */
  async letOutAndIn(): Promise<void> {
    if (!this.#isOut) {
      this.#isOut = await this.setLevel('hidden')
      if (!this.#isOut) return
      for (const guest of this.#guests) this.#sayUnseen(guest)
      await elapsed(this.#chance.below(40))
    }
    this.oracle.granting(GUEST, TEXT)
    this.#isOut = !(await this.setLevel(this.#chance.one(['read', 'edit', 'suggest'] as const)))
  }
  #isOut = false
  /** Whether it was done; a withdrawal that was is in force. */
  async setLevel(level: Level): Promise<boolean> {
    const mediator = this.#person('second-mediator')
    const changes = [{ track: TEXT as TrackId, party: GUEST as PartyId, level }]
    try {
      await mediator.room.act({ type: 'SetAccess', changes })
      if (level === 'hidden') this.oracle.inForce(GUEST, TEXT)
      return true
    } catch (cause) {
      unlessRefused(cause)
      return false
    }
  }
  /** As a client does that keeps its channel and its copy of the text. */
  #sayUnseen(guest: Person): void {
    const tap = guest.link.now
    const channel = tap?.channelOf(TEXT)
    const [clause] = clausesOf(this.#person('mediator').text(TEXT))
    if (!tap || channel === null || channel === undefined || !clause) return
    const words = guest.mark(TEXT)
    const doc = new Y.Doc()
    doc.clientID = 3_000_000
    doc.getText(clause.leaf as LeafId).insert(0, words)
    this.oracle.forbidden(words)
    tap.say({ frame: 'words', channel, number: 0, update: Y.encodeStateAsUpdate(doc) })
  }

  // ---- what is checked

  /** Everybody is on a line again. */
  async back(): Promise<void> {
    const until = performance.now() + BACK_MS
    for (;;) {
      for (const { room } of this.people) room.retry()
      if (this.people.every(({ room }) => room.connection.at === 'live')) return
      if (performance.now() > until) throw new Error('not everybody came back')
      await elapsed(20)
    }
  }
  /** P1, by somebody who comes now. Others may go on meanwhile. */
  async checkKept(when: string): Promise<void> {
    const due = this.oracle.due()
    const reader = await this.#reader()
    await this.oracle.checkKept(due, reader.shown(TEXT, CAUCUS), when)
    await reader.room.close()
  }
  #reader(): Promise<Person> {
    return this.#sit(0, `reader${this.#readers++}`)
  }
  /** All comes to rest, and everything is checked. The drill is over. */
  async finish(when: string, { others = [] }: { others?: Shown[] } = {}): Promise<void> {
    await this.end()
    await this.back()
    await Promise.all(
      this.people.flatMap(({ texts }) => [...texts.values()].map((text) => text.saved().catch(unlessRefused))),
    )
    const reader = await this.#reader()
    await this.#equal([...this.people, reader], others, when)
    await this.oracle.checkWhole(reader.shown(TEXT, CAUCUS), when)
    this.oracle.problems.push(...this.cluster.bugs())
    await Promise.all([...this.people, reader].map(({ room }) => room.close()))
    await this.cluster.close()
  }
  /** Saved is not yet received: what is under way arrives first. */
  async #equal(people: Person[], others: Shown[], when: string): Promise<void> {
    await Promise.all(people.map((person) => this.#comeIn(person)))
    for (const track of [TEXT, CAUCUS]) {
      const shown = () =>
        people.flatMap(({ name, texts }) => {
          const text = texts.get(track)
          return text ? [{ name, text: textShown(text) }] : []
        })
      const until = performance.now() + 10_000
      while (new Set(shown().map(({ text }) => text)).size > 1 && performance.now() < until) await elapsed(50)
      this.oracle.checkEqual([...shown(), ...(track === TEXT ? others : [])], `${when}, ${track}`)
    }
  }
}

/** The text as somebody else sees it. */
interface Shown {
  name: string
  text: string
}

export const elapsed = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
/** A refusal is an answer; all else is a bug. */
function unlessRefused(cause: unknown): void {
  if (!(cause instanceof Refused)) throw cause
}
function never(): never {
  throw new Error('no such seat')
}
const plainOf = (leaf: Y.Text): string =>
  (leaf.toDelta() as { insert: unknown }[])
    .map(({ insert }) => (typeof insert === 'string' ? insert : '\uFFFC'))
    .join('')
