import * as Y from 'yjs'
import { clock, pause } from './clock.ts'
import { drawClient, type Line } from './lines/line.ts'
import type { Trace } from './traces.ts'
import { type Brought, broughtBy, Vector } from './updates.ts'

/** Replays a trace by raw frames: each author sends as soon as it has seen what its words follow. */

export interface Replayed {
  ms: number
  /** The text in the end, at every author and at those who only read. */
  texts: string[]
  characters: number
  bytes: number
}
interface Step {
  update: Uint8Array
  /** How many structs and ranges it has, merged with others too. */
  pieces: number
  /** What of the others must have come before. */
  needs: Brought[]
}

/** Pieces of one frame that merges several: what a pair of hands sends while a frame is under way, within everybody's limits. */
const MERGED = 8
const PATIENCE_MS = 120_000

export async function replay(lines: Line[], trace: Trace, settleMs: number): Promise<Replayed> {
  const authors = lines.slice(0, trace.agents)
  const plans = await planned(authors, trace)
  const players = lines.map((line, index) => new Player(line, plans[index] ?? []))
  const bytesBefore = lines.reduce((sum, { bytes }) => sum + bytes.up + bytes.down, 0)
  const from = clock()
  for (const player of players) player.go()
  while (!players.every((player) => player.isOver(plans))) {
    if (clock() - from > PATIENCE_MS) throw new Error('a replay did not come to its end')
    await pause(5)
  }
  const ms = clock() - from
  await pause(settleMs)
  const texts: string[] = []
  for (const player of players) texts.push(await player.text())
  const bytes = lines.reduce((sum, line) => sum + line.bytes.up + line.bytes.down, 0) - bytesBefore
  return { ms, texts: [...new Set(texts)], characters: texts[0]?.length ?? 0, bytes }
}

/** Whoever says nothing for five seconds is sent away: lines are looked at in between. */
const AT_ONCE = 100

/** Each author's updates, made beforehand by documents that saw of each other exactly what the trace says. */
async function planned(authors: Line[], { transactions }: Trace): Promise<Step[][]> {
  const docs = authors.map((line) => docOf(line, line.client))
  const plans: Step[][] = authors.map(() => [])
  const made: { agent: number; update: Uint8Array }[] = []
  const seen = authors.map(() => authors.map(() => 0))
  for (const { agent, parents, patches } of transactions) {
    const doc = docs[agent]
    const line = authors[agent]
    if (!doc || !line) throw new Error('a trace of more authors than it says')
    const needs: Brought[] = []
    for (const parent of parents) {
      const other = made[parent]?.agent ?? agent
      if (other === agent) continue
      for (let index = seen[agent]?.[other] ?? 0; index <= parent; index += 1) {
        const step = made[index]
        if (step?.agent !== other) continue
        Y.applyUpdate(doc.doc, step.update, 'other')
        needs.push(...broughtBy(step.update))
      }
      if (seen[agent]) seen[agent][other] = parent + 1
    }
    if (made.length % AT_ONCE === 0) await pause(0)
    const update = doc.write(patches)
    made.push({ agent, update })
    plans[agent]?.push({ update, needs, pieces: piecesOf(update) })
  }
  return plans
}

function docOf(line: Line, client: number) {
  const doc = new Y.Doc()
  doc.clientID = client
  if (line.opened && line.opened.length > 0) Y.applyUpdate(doc, line.opened, 'other')
  const root = doc.getText(line.root)
  // Behind what stands there already.
  const start = root.length
  let update: Uint8Array = new Uint8Array()
  doc.on('update', (made: Uint8Array, origin: unknown) => {
    if (origin !== 'other') update = made
  })
  return {
    doc,
    write(patches: [number, number, string][]): Uint8Array {
      update = Uint8Array.of(0, 0)
      doc.transact(() => {
        for (const [at, deleted, inserted] of patches) {
          if (deleted > 0) root.delete(start + at, deleted)
          if (inserted !== '') root.insert(start + at, inserted)
        }
      })
      return update
    },
  }
}

function piecesOf(update: Uint8Array): number {
  const { structs, ds } = Y.decodeUpdate(update)
  return structs.length + [...ds.clients.values()].reduce((sum, ranges) => sum + ranges.length, 0)
}

class Player {
  readonly #line: Line
  readonly #plan: Step[]
  readonly #doc: Y.Doc
  readonly #vector = new Vector()
  #next = 0
  #isUnderWay = false

  constructor(line: Line, plan: Step[]) {
    this.#line = line
    this.#plan = plan.filter(({ update }) => update.length > 2)
    this.#doc = docOf(line, drawClient()).doc
    if (line.opened) for (const brought of broughtBy(line.opened)) this.#vector.take(brought)
    line.onUpdate((update) => {
      for (const brought of broughtBy(update)) if (brought.client !== line.client) this.#vector.take(brought)
      this.#heard.push(update)
      this.go()
    })
    line.onSaved(() => {
      this.#isUnderWay = false
      this.go()
    })
  }
  readonly #heard: Uint8Array[] = []

  go(): void {
    while (this.#next < this.#plan.length && !(this.#line.oneAtATime && this.#isUnderWay)) {
      const updates: Uint8Array[] = []
      const most = this.#line.oneAtATime ? MERGED : 0
      let pieces = 0
      for (; this.#next < this.#plan.length; this.#next += 1) {
        const step = this.#plan[this.#next]
        if (!step || (updates.length > 0 && pieces + step.pieces > most)) break
        if (step.needs.some(({ client, from, length }) => this.#vector.of(client) < from + length)) break
        updates.push(step.update)
        pieces += step.pieces
        // One's own words are there once they are sent, whether or not the server says them again.
        for (const brought of broughtBy(step.update)) this.#vector.take(brought)
      }
      const [first] = updates
      if (!first) return
      this.#isUnderWay = true
      this.#line.send(updates.length === 1 ? first : Y.mergeUpdates(updates))
    }
  }
  /** Everything sent and, where the server says so, saved; everything of the others heard. */
  isOver(plans: Step[][]): boolean {
    if (this.#next < this.#plan.length || (this.#line.oneAtATime && this.#isUnderWay)) return false
    return plans.every((plan) => {
      const ends = plan.findLast(({ update }) => broughtBy(update).length > 0)
      const last = ends && broughtBy(ends.update).at(-1)
      if (!last || last.client === this.#line.client) return true
      return this.#vector.of(last.client) >= last.from + last.length
    })
  }
  async text(): Promise<string> {
    const updates = [...this.#plan.map(({ update }) => update), ...this.#heard]
    for (const [index, update] of updates.entries()) {
      if (index % AT_ONCE === 0) await pause(0)
      Y.applyUpdate(this.#doc, update)
    }
    return this.#doc.getText(this.#line.root).toString()
  }
}
