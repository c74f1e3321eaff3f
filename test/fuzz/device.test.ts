import { describe, expect, test } from 'vitest'
import type { LostWords, OpenText } from '#client/room/room.ts'
import type { LeafId } from '#shared/ids.ts'
import { settled } from '../support/fake-world.ts'
import { type Entered, enterStage } from '../support/held-link.ts'
import { KeptDevice, type KeptPage } from '../support/kept-device.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { replayOf, seedsOf } from '../support/seeds.ts'
import { COUNCIL, COUNCIL_PARTY, FORUM_PARTY, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const SEEDS = seedsOf(25)
const STEPS = 60
/** Unique characters, so that one that is lost or stands twice is named. */
const FIRST_CODE = 0x4e00

/** Council's device: pages come, write, go and die on it, with a line and without. */
class Journey {
  readonly stage: Stage
  readonly device: KeptDevice
  readonly tally = { typed: 0, deaths: 0, reopenedAway: 0, renewals: 0, returned: 0 }
  readonly #chance: Chance
  readonly #leaf: LeafId
  readonly #other: Entered
  readonly #theirs: OpenText
  #page: KeptPage
  #text: OpenText | null = null
  #code = FIRST_CODE
  #isAway = false
  #isRead = false
  /** Typed by this seat, and whether it was on the device or saved before its page died. */
  readonly safe = new Set<string>()
  #fresh: string[] = []
  readonly given = new Set<string>()
  readonly #removed = new Set<string>()

  constructor(stage: Stage, chance: Chance, other: Entered, theirs: OpenText) {
    this.stage = stage
    this.#chance = chance
    this.#other = other
    this.#theirs = theirs
    this.#leaf = stage.clause(PLENARY, 0).leaf
    this.device = new KeptDevice(stage, COUNCIL)
    this.#page = this.device.open(false)
  }

  #roll(): number {
    return this.#chance.below(1000) / 1000
  }
  async step(): Promise<void> {
    const roll = this.#roll()
    if (roll < 0.42) await this.#type()
    else if (roll < 0.52) await this.#theirsType()
    else if (roll < 0.64) await this.#lineChanges()
    else if (roll < 0.78) await this.#dies()
    else if (roll < 0.82) await this.#renews()
    else await this.stage.rest(this.#roll() * 900)
    await this.#note()
  }
  async #opened(): Promise<OpenText | null> {
    await settled()
    if (!this.#text) {
      const { room } = this.#page
      let isIn = false
      void room.entered.then(() => (isIn = true))
      await this.stage.rest(300)
      if (!isIn) return null
      const opening = room.open(PLENARY).then((text) => {
        this.#text = text
        for (const event of ['withdrawn', 'refused', 'set-aside'] as const)
          text.on(event, (detail) => {
            for (const { words } of (detail as LostWords).words) for (const one of words) this.given.add(one)
          })
      })
      void opening.catch(() => undefined)
      await this.stage.rest(300)
    }
    return this.#text
  }
  async #type(): Promise<void> {
    const text = await this.#opened()
    if (!text || this.#isRead) return
    const words = String.fromCharCode(this.#code++)
    const at = Math.floor(this.#roll() * (text.text(this.#leaf).length + 1))
    await text.insert({ leaf: this.#leaf, index: at }, words)
    this.#fresh.push(words)
    this.tally.typed++
    if (this.#roll() >= 0.3 || at === 0) return
    const before = text.text(this.#leaf).toString()
    await text.remove({ leaf: this.#leaf, index: at - 1, length: 1 })
    const after = text.text(this.#leaf).toString()
    for (const one of before) if (!after.includes(one)) this.#removed.add(one)
  }
  async #theirsType(): Promise<void> {
    const at = Math.floor(this.#roll() * this.#theirs.text(this.#leaf).length)
    await this.#theirs.insert({ leaf: this.#leaf, index: at }, 'x')
    await this.stage.rest(50)
  }
  async #lineChanges(): Promise<void> {
    this.#isAway = !this.#isAway
    this.#page.link.isDead = this.#isAway
    if (this.#isAway) this.#page.link.cut()
    else {
      this.#page.room.retry()
      if (this.tally.typed > 0) this.tally.returned++
    }
    await this.stage.rest(this.#roll() * 400)
  }
  async #dies(): Promise<void> {
    await this.#note()
    // What was neither saved nor on the device yet may be gone with the page; it may not stand twice.
    this.#fresh = []
    this.#page.die()
    this.tally.deaths++
    if (this.#isAway) this.tally.reopenedAway++
    this.#text = null
    this.#page = this.device.open(this.#isAway)
    await this.stage.rest(100)
  }
  async #renews(): Promise<void> {
    const level = this.tally.renewals++ % 2 === 0 ? 'read' : 'hidden'
    await this.stage.mediate({ type: 'SetAccess', changes: [{ track: PLENARY, party: FORUM_PARTY, level }] })
    await this.stage.rest(100)
  }
  /** What the page says is kept or saved is not lost from then on. */
  async #note(): Promise<void> {
    await settled()
    if (this.#text && !this.#page.room.isOnlyHere) for (const one of this.#fresh.splice(0)) this.safe.add(one)
  }

  async end(): Promise<void> {
    this.#isAway = false
    this.#page.link.isDead = false
    this.#page.room.retry()
    await this.stage.rest(15_000)
    const text = await this.#opened()
    await this.stage.rest(5_000)
    if (!text) throw new Error('the room was not entered on a line that stands')
    await text.saved()
    await this.stage.rest(3_000)
    const words = this.stage.words(PLENARY, this.#leaf)
    expect(text.text(this.#leaf).toString(), 'what this device shows').toBe(words)
    expect(this.#theirs.text(this.#leaf).toString(), 'what the other shows').toBe(words)
    for (let code = FIRST_CODE; code < this.#code; code++) {
      const one = String.fromCharCode(code)
      expect(words.split(one).length - 1, `${one} stands`).toBeLessThanOrEqual(1)
    }
    const gone = (one: string) => !words.includes(one) && !this.given.has(one) && !this.#removed.has(one)
    expect([...this.safe].filter(gone), 'lost, of what was said to be kept or saved').toEqual([])
    expect(this.device.unsent.size, 'words left on the device').toBe(0)
    await this.#other.room.close()
  }
}

describe('a device', () => {
  test('R14 whatever pages do and whenever they die, what a device kept goes out once, and all see the same words', async () => {
    const sum = { typed: 0, deaths: 0, reopenedAway: 0, renewals: 0, returned: 0 }
    for (const seed of SEEDS) {
      try {
        const stage = await Stage.open({ seed })
        await stage.mediate({
          type: 'SetAccess',
          changes: [{ track: PLENARY, party: COUNCIL_PARTY, level: 'edit', grant: { offline: true } }],
        })
        const other = await enterStage(stage, TAVIRA)
        const journey = new Journey(stage, seeded(seed), other, await other.open(PLENARY))
        await stage.rest(500)
        for (let step = 0; step < STEPS; step++) await journey.step()
        await journey.end()
        expect(stage.bugs).toEqual([])
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += journey.tally[key]
      } catch (cause) {
        throw new Error(replayOf('test/fuzz/device.test.ts', seed), { cause })
      }
    }
    expect(Math.min(sum.typed, sum.deaths, sum.reopenedAway, sum.renewals, sum.returned)).toBeGreaterThan(
      SEEDS.length / 2,
    )
  })
})
