import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { type BracketId, type LeafId, mintId, type SeatId } from '#shared/ids.ts'
import { insertAt, itemAt } from '#shared/text/leaf.ts'
import type { Person, PersonsText } from '../support/scripted-person.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import { COUNCIL, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const SEEDS = seedsOf(200)
const STEPS = 120
/** Several nodes take three times as long. */
const SHARED_SEEDS = seedsOf(15)
/** Unique characters, so that one that is lost or stands twice is named. */
const FIRST_CODE = 0x4e00

interface Writer {
  seat: SeatId
  line: Person
  /** Kept over the line's end. */
  text: PersonsText
}

/** Several people write in one text, on lines that stop, stutter, lose and repeat; the node dies now and then. */
class Storm {
  readonly stage: Stage
  readonly #chance: Chance
  readonly #writers: Writer[] = []
  readonly #typed = new Set<string>()
  readonly #erased = new Set<string>()
  readonly tally = { typed: 0, drops: 0, repeats: 0, restarts: 0, brackets: 0, moves: 0, late: 0 }
  #code = FIRST_CODE

  constructor(stage: Stage, chance: Chance) {
    this.stage = stage
    stage.running.onApplied(({ facts }) => {
      if (facts.some(({ event }) => event.type === 'WordsRelocated')) this.tally.late++
    })
    this.#chance = chance
  }

  async begin(): Promise<void> {
    for (const seat of [COUNCIL, COUNCIL, MEDIATOR, TAVIRA]) {
      const [line] = await this.stage.seats(PLENARY, seat)
      this.#writers.push({ seat, line, text: line.text(PLENARY) })
    }
  }

  async act(): Promise<void> {
    const writer = this.#chance.one(this.#writers)
    const roll = this.#chance.below(46)
    if (roll < 18) this.#type(writer)
    else if (roll < 22) this.#erase(writer)
    else if (roll < 24) this.#repeat(writer)
    else if (roll < 28) writer.line.isHeld = !writer.line.isHeld
    else if (roll < 31) writer.line.isMuted = !writer.line.isMuted
    else if (roll < 36) {
      writer.line.deliver(this.#chance.below(4))
      writer.line.speak(this.#chance.below(4))
    } else if (roll < 38) await this.#comeBack(writer)
    else if (roll === 39 && this.stage.nodes.length > 1)
      this.#chance.one(this.stage.nodes).lagMs = this.#chance.below(60)
    else if (roll === 38 && this.#chance.below(4) === 0) await this.#restart()
    else if (writer.seat === TAVIRA) this.#bracket(writer)
    else if (writer.seat === MEDIATOR) this.#move(writer)
  }

  #type(writer: Writer): void {
    const leaf = this.#leafFor(writer)
    if (!leaf) return
    const length = this.#chance.below(3) + 1
    let words = ''
    for (let i = 0; i < length; i++) words += String.fromCharCode(this.#code++)
    for (const character of words) this.#typed.add(character)
    const place = this.#chance.below(writer.text.doc.getText(leaf).length + 1)
    insertAt(writer.text.doc.getText(leaf), place, words, 'typed')
    if (writer.line.texts.get(PLENARY) === writer.text) writer.line.flush(writer.text)
    this.tally.typed += length
  }

  #erase(writer: Writer): void {
    const leaf = this.#leafFor(writer)
    const text = leaf && writer.text.doc.getText(leaf)
    if (!text || text.length === 0) return
    const at = this.#chance.below(text.length)
    const gone = text.toDelta() as { insert: unknown }[]
    const units = gone.flatMap(({ insert }) => (typeof insert === 'string' ? insert.split('') : [null]))
    const unit = units[at]
    if (!unit) return
    writer.text.doc.transact(() => text.delete(at, 1), 'typed')
    this.#erased.add(unit)
    if (writer.line.texts.get(PLENARY) === writer.text) writer.line.flush(writer.text)
  }

  /** The base words of a clause; for the one who may only suggest, a bracket of its own. */
  #leafFor(writer: Writer): LeafId | null {
    const clause = this.#chance.one(writer.text.clauses)
    if (writer.seat !== TAVIRA) return clause?.leaf ?? null
    const own = writer.text.clauses.flatMap(({ brackets }) => brackets.flatMap(({ leaf }) => leaf ?? []))
    return own.length > 0 ? this.#chance.one(own) : null
  }

  #bracket(writer: Writer): void {
    const clause = this.#chance.one(writer.text.clauses)
    if (writer.line.end || writer.line.texts.get(PLENARY) !== writer.text) return
    const bracket = mintId<BracketId>(Uint8Array.from({ length: 22 }, () => this.#chance.below(256)))
    const { id, leaf: host } = clause
    void writer.line.act({
      type: 'OpenBracket',
      track: PLENARY,
      clause: id,
      host,
      bracket,
      kind: 'insert',
      after: null,
    })
    this.tally.brackets++
  }

  /** The server's own move: a clause in two, or two in one. Words under way to it come late. */
  #move({ line, text }: Writer): void {
    if (line.end || line.texts.get(PLENARY) !== text) return
    const clause = this.#chance.one(text.clauses)
    const isMerge = text.clauses.length > 3 && this.#chance.below(2) === 0
    const length = text.doc.getText(clause.leaf).length
    const after = itemAt(text.doc.getText(clause.leaf), this.#chance.below(length + 1))
    const asked = line.act(
      isMerge
        ? { type: 'MergeClause', track: PLENARY, clause: clause.id }
        : { type: 'SplitClause', track: PLENARY, clause: clause.id, after },
    )
    void asked.then((answer) => {
      if (answer.ok) this.tally.moves++
    })
  }

  /** The same frame once more, as after an acknowledgement that was lost. */
  #repeat({ line, text }: Writer): void {
    if (!text.flight || line.texts.get(PLENARY) !== text) return
    line.say({ frame: 'words', channel: text.channel, ...text.flight })
    this.tally.repeats++
  }

  async #comeBack(writer: Writer): Promise<void> {
    writer.line.drop()
    await this.#return(writer)
    this.tally.drops++
  }

  async #return(writer: Writer): Promise<void> {
    writer.line = await this.stage.seat(writer.seat, {}, this.#chance.below(this.stage.nodes.length))
    writer.line.texts.set(PLENARY, writer.text)
    // Until the server says where the lane stands, nothing is sent.
    writer.text.isReadOnly = true
    const opened = writer.line.open(PLENARY, writer.text.resume)
    await this.stage.time.advance(0)
    await this.stage.meanwhile(opened)
  }

  async #restart(): Promise<void> {
    await this.stage.restart()
    for (const writer of this.#writers) await this.#return(writer)
    this.tally.restarts++
  }

  /** The weather clears: everything is delivered, and all must read the same. */
  async finish(): Promise<string[]> {
    for (const { line } of this.#writers) {
      line.isHeld = false
      line.isMuted = false
    }
    for (let i = 0; i < 20; i++) {
      for (const { line } of this.#writers) {
        line.deliver()
        line.speak()
      }
      await this.stage.time.advance(50)
    }
    const problems = [...this.stage.bugs]
    for (const { line, seat } of this.#writers)
      if (line.refusedWords.length > 0) problems.push(`${seat} was refused ${JSON.stringify(line.refusedWords)}`)
    return [...problems, ...this.#differences(), ...this.#lost()]
  }

  #differences(): string[] {
    const text = this.stage.running.state.tracks.by[PLENARY]?.text
    const leaves = [
      ...Object.values(text?.clauses ?? {}).map(({ leaf }) => leaf),
      ...Object.values(text?.brackets ?? {}).flatMap(({ leaf }) => leaf ?? []),
    ]
    return leaves.flatMap((leaf) => {
      const server = this.stage.words(PLENARY, leaf)
      return this.#writers
        .filter((writer) => writer.text.words(leaf) !== server)
        .map(({ seat, text }) => `${seat} reads ${text.words(leaf)}, the server ${server}`)
    })
  }

  #lost(): string[] {
    const live = this.stage.running.live(PLENARY)
    const text = this.stage.running.state.tracks.by[PLENARY]?.text
    if (!live || !text) return ['the text is gone']
    const leaves = [
      ...Object.values(text.clauses).map(({ leaf }) => leaf),
      ...Object.values(text.brackets).flatMap(({ leaf }) => leaf ?? []),
    ]
    const all = leaves.map((leaf) => this.stage.words(PLENARY, leaf)).join('')
    return [...this.#typed].flatMap((unit) => {
      const count = all.split(unit).length - 1
      // A deletion that comes late for a move is given up: better a word too many than one too few.
      const isRight = this.#erased.has(unit) ? count === 0 || (count === 1 && this.tally.moves > 0) : count === 1
      return isRight ? [] : [`${unit} stands ${count} times`]
    })
  }
}

test(
  'P11 whatever the network did, all read the same, and no character is lost or stands twice',
  {
    timeout: 300_000,
  },
  () => converges(SEEDS, 1),
)

test(
  'P11 whatever the network did between several nodes and to their people, all read the same',
  {
    timeout: 300_000,
  },
  () => converges(SHARED_SEEDS, 3),
)

async function converges(seeds: number[], nodes: number): Promise<void> {
  const total: Record<string, number> = {}
  for (const seed of seeds) {
    const chance = seeded(seed)
    const storm = new Storm(await Stage.open({ seed, nodes, appendMs: chance.below(15) }), chance)
    await storm.begin()
    for (let step = 0; step < STEPS; step++) {
      await storm.act()
      await storm.stage.time.advance(chance.below(20))
    }
    expect(await storm.finish(), replayOf('test/fuzz/convergence.test.ts', seed)).toEqual([])
    for (const [name, count] of Object.entries(storm.tally)) total[name] = (total[name] ?? 0) + count
  }
  if (seeds.length === 1) return
  for (const name of ['typed', 'drops', 'repeats', 'brackets', 'moves'])
    expect(total[name], name).toBeGreaterThan(seeds.length)
  for (const name of ['restarts', 'late']) expect(total[name], name).toBeGreaterThan(seeds.length / 4)
}

test('P11.2 five updates of two authors, out of their order, leave nothing stuck', async () => {
  const stage = await Stage.open({ seed: 1 })
  const [one, two] = await stage.seats(PLENARY, COUNCIL, MEDIATOR)
  const leaf = stage.leaf(PLENARY, 0)
  const mine = one.text(PLENARY)
  const parts: Uint8Array[] = []
  mine.doc.on('update', (update: Uint8Array, origin: unknown) => origin === 'mine' && parts.push(update))
  const end = () => mine.doc.getText(leaf).length
  insertAt(mine.doc.getText(leaf), end(), 'a', 'mine')
  insertAt(mine.doc.getText(leaf), end(), 'b', 'mine')
  const other = two.text(PLENARY).doc
  Y.applyUpdate(other, Y.encodeStateAsUpdate(mine.doc))
  const known = Y.encodeStateVector(other)
  insertAt(other.getText(leaf), other.getText(leaf).length, 'x')
  const x = Y.encodeStateAsUpdate(other, known)
  Y.applyUpdate(mine.doc, x)
  insertAt(mine.doc.getText(leaf), end() - 1, 'c', 'mine')
  insertAt(mine.doc.getText(leaf), end() - 1, 'd', 'mine')
  const [a, b, c, d] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const say = (person: Person, number: number, update: Uint8Array) =>
    person.say({ frame: 'words', channel: person.text(PLENARY).channel, number, update })
  say(one, 3, d)
  say(two, 0, x)
  say(one, 0, a)
  say(one, 1, b)
  say(one, 2, c)
  await stage.rest()
  expect(one.refusedWords.length + two.refusedWords.length).toBeGreaterThan(0)
  for (const person of [one, two]) await person.open(PLENARY, person.text(PLENARY).resume)
  for (const [number, update] of [a, b].entries()) say(one, number, update)
  await stage.rest()
  say(two, 0, x)
  await stage.rest()
  for (const [number, update] of [c, d].entries()) say(one, number + 2, update)
  await stage.rest()
  expect(stage.running.live(PLENARY)?.stuck).toBe(false)
  expect(stage.words(PLENARY, leaf)).toBe('The parties share the water.abcdx')
  for (const person of [one, two]) expect(person.text(PLENARY).words(leaf)).toBe('The parties share the water.abcdx')
})
