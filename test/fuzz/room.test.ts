import { expect, test } from 'vitest'
import type { OpenText, StructureClause } from '#client/room/room.ts'
import type { LeafId, SeatId } from '#shared/ids.ts'
import { type Entered, enterStage } from '../support/held-link.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import { COUNCIL, COUNCIL_PARTY, FORUM_PARTY, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const SEEDS = seedsOf(60)
const STEPS = 150
/** Unique characters, so that one that is lost or stands twice is named. */
const FIRST_CODE = 0x4e00

interface Writer extends Entered {
  seat: SeatId
  text: OpenText
}

/** People with the room's own client write, strike and undo in one text on lines that stop, stutter and break, while it begins anew. */
class Gale {
  readonly stage: Stage
  readonly #chance: Chance
  readonly writers: Writer[] = []
  readonly typed = new Set<string>()
  /** Who deleted a character. */
  readonly erased = new Map<string, Set<OpenText>>()
  readonly given = new Set<string>()
  readonly tally = { typed: 0, erased: 0, cuts: 0, renewals: 0, undone: 0, refused: 0, locks: 0 }
  #code = FIRST_CODE
  #forumSees = false
  #councilEdits = true

  constructor(stage: Stage, chance: Chance) {
    this.stage = stage
    this.#chance = chance
  }

  async begin(): Promise<void> {
    for (const seat of [COUNCIL, COUNCIL, MEDIATOR, TAVIRA, TAVIRA]) {
      const entered = await enterStage(this.stage, seat)
      const text = await entered.open(PLENARY)
      for (const event of ['refused', 'set-aside'] as const) text.on(event, (detail) => this.#gaveBack(detail))
      this.writers.push({ ...entered, seat, text })
    }
  }
  #gaveBack(detail: unknown): void {
    this.tally.refused++
    for (const { words } of (detail as { words: { words: string }[] }).words) for (const c of words) this.given.add(c)
  }

  async act(): Promise<void> {
    const writer = this.#chance.one(this.writers)
    const { link, room } = writer
    const roll = this.#chance.below(44)
    if (roll < 18) await this.#type(writer)
    else if (roll < 23) await this.#erase(writer)
    else if (roll < 25) link.holdsUp = !link.holdsUp
    else if (roll < 27) link.holdsDown = !link.holdsDown
    else if (roll < 31) link.deliver(1 + this.#chance.below(3))
    else if (roll < 33) {
      this.tally.cuts++
      link.isDead = this.#chance.below(2) === 0
      link.cut()
    } else if (roll < 35) {
      link.isDead = false
      room.retry()
    } else if (roll === 35 && this.#chance.below(3) === 0) await this.#renew()
    else if (roll === 36 && this.#chance.below(3) === 0) await this.#level()
    else if (roll === 37) await this.#lock()
    else if (roll < 40) this.#undo(writer)
    else await this.stage.time.advance(this.#chance.below(400))
  }

  #leaf({ text }: Writer): LeafId {
    const clause = this.#chance.one(text.structure.articles.flatMap(({ clauses }) => clauses))
    const leaves = [clause.leaf, ...clause.brackets.flatMap(({ leaf }) => leaf ?? [])]
    return this.#chance.one(leaves)
  }
  async #type(writer: Writer): Promise<void> {
    const leaf = this.#leaf(writer)
    if (writer.text.structure.articles.some(({ clauses }) => clauses.some((one) => one.locked && holds(one, leaf))))
      return
    let words = ''
    for (let n = 1 + this.#chance.below(3); n > 0; n--) words += String.fromCharCode(this.#code++)
    for (const c of words) this.typed.add(c)
    this.tally.typed += words.length
    await writer.text.insert({ leaf, index: this.#chance.below(writer.text.text(leaf).length + 1) }, words)
  }
  /** Characters that a delete takes away for good: those typed in the leaf, when it is one's own to write. */
  async #erase(writer: Writer): Promise<void> {
    const { text } = writer
    const leaf = this.#leaf(writer)
    const index = this.#chance.below(text.text(leaf).length + 1)
    if (text.structure.articles.some(({ clauses }) => clauses.some((one) => one.locked && holds(one, leaf)))) return
    await this.#taking(text, () => text.remove({ leaf, index, length: 1 + this.#chance.below(4) }))
    this.tally.erased++
  }
  async #taking(text: OpenText, take: () => Promise<void> | void): Promise<void> {
    const before = written(text)
    await take()
    const after = written(text)
    for (const c of before) {
      if (after.includes(c) || !this.typed.has(c)) continue
      this.erased.set(c, (this.erased.get(c) ?? new Set()).add(text))
    }
  }
  #undo({ text }: Writer): void {
    if (text.canUndo) this.tally.undone++
    void this.#taking(text, () => (this.#chance.below(3) === 0 ? text.redo() : text.undo()))
  }
  /** The council may edit, and then only suggest. */
  async #level(): Promise<void> {
    this.#councilEdits = !this.#councilEdits
    const level = this.#councilEdits ? 'edit' : 'suggest'
    await this.stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: COUNCIL_PARTY, level }] })
  }
  async #lock(): Promise<void> {
    const { id: clause } = this.stage.clause(PLENARY, 1)
    const isLocked = this.stage.running.state.tracks.by[PLENARY]?.text?.clauses[clause]?.locked
    this.tally.locks++
    try {
      await this.stage.mediate({ type: isLocked ? 'UnlockClause' : 'LockClause', track: PLENARY, clause })
    } catch (cause) {
      // A bracket stands in it, or came while the lock was on its way.
      if (!(cause as Error).message.includes('clause-not-clean')) throw cause
      this.tally.locks--
    }
  }
  async #renew(): Promise<void> {
    this.tally.renewals++
    const level = this.#forumSees ? 'hidden' : 'read'
    this.#forumSees = !this.#forumSees
    await this.stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level }] })
  }

  async calm(): Promise<void> {
    for (let round = 0; round < 8; round++) {
      for (const { link, room } of this.writers) {
        link.isDead = false
        link.release()
        room.retry()
      }
      await this.stage.rest(4000)
    }
  }
}

const holds = ({ leaf, brackets }: StructureClause, held: LeafId): boolean =>
  leaf === held || brackets.some((bracket) => bracket.leaf === held)
const shown = (text: OpenText): string => {
  const leaves = text.structure.articles.flatMap(({ clauses }) =>
    clauses.flatMap(({ leaf, brackets }) => [leaf, ...brackets.flatMap((bracket) => bracket.leaf ?? [])]),
  )
  return leaves.map((leaf) => text.text(leaf).toString()).join('')
}
/** With the words of brackets that closed meanwhile: they may still be on their way to another place. */
const written = ({ doc }: OpenText): string =>
  [...doc.share.keys()].map((name) => doc.getText(name).toString()).join('')
const plainly = ({ text }: Writer): string[] =>
  text.structure.articles.flatMap(({ clauses }) => clauses.map(({ id, hash }) => `${text.plain(id)} ${hash}`))

test.each(SEEDS)(
  'R13 whatever the lines do, what people typed is there once or was given back, and all see the same (%i)',
  async (seed) => {
    const stage = await Stage.open({ seed, appendMs: seed % 3 === 0 ? 15 : 0 })
    const gale = new Gale(stage, seeded(seed))
    await gale.begin()
    for (let step = 0; step < STEPS; step++) await gale.act()
    await gale.calm()
    if (process.env['TALLY']) console.log(seed, JSON.stringify(gale.tally))
    const replay = replayOf('test/fuzz/room.test.ts', seed)
    expect(stage.bugs, replay).toEqual([])
    for (const writer of gale.writers) {
      expect(writer.room.connection, replay).toEqual({ at: 'live' })
      expect(writer.room.saving.at, replay).toBe('saved')
      expect(plainly(writer), replay).toEqual(plainly(gale.writers[0] as Writer))
    }
    const text = shown((gale.writers[0] as Writer).text)
    const lost = [...gale.typed].filter((c) => !text.includes(c) && !gale.erased.has(c) && !gale.given.has(c))
    // Two who deleted a word at once, and both take that back, both bring it back.
    const mayBeTwice = (c: string) => (gale.erased.get(c)?.size ?? 0) > 1
    const twice = [...gale.typed].filter((c) => text.split(c).length > 2 && !mayBeTwice(c))
    expect({ lost, twice }, replay).toEqual({ lost: [], twice: [] })
    expect(gale.tally.typed, replay).toBeGreaterThan(20)
    expect(gale.tally.cuts, replay).toBeGreaterThan(0)
  },
)
