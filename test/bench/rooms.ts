import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room, StructureClause } from '#client/room/room.ts'
import { clock, pause } from './clock.ts'
import { listen } from './parts.ts'
import { digestOf } from './replica.ts'
import { broughtBy } from './updates.ts'

/** A few people at the room's own client, as the screens use it. */

export interface RoomsSettings {
  url: string
  track: string
  tokens: string[]
  rate: number
}
export interface RoomsTyped {
  /** Milliseconds from the key until `saved()`. */
  saved: Float64Array
  /** Client id, clock, and when the words were in the document: of others' words. */
  seen: Float64Array
}

export async function rooms(): Promise<void> {
  const { url, track, tokens, rate } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as RoomsSettings
  const people = await Promise.all(tokens.map((token, index) => Person.sit(url, token, track, index)))
  listen({
    type: async ({ ms, warmUpMs }: { ms: number; warmUpMs: number }): Promise<RoomsTyped> => {
      const timers = people.map((person) => setInterval(() => person.type(), 1000 / rate))
      await pause(warmUpMs + ms)
      for (const timer of timers) clearInterval(timer)
      await Promise.all(people.map(({ text }) => text.saved()))
      return {
        saved: Float64Array.from(people.flatMap(({ saved }) => saved)),
        seen: Float64Array.from(people.flatMap(({ seen }) => seen)),
      }
    },
    digests: async () => [...new Set(people.map(({ text }) => digestOf(text.doc)))],
    /** How long each opening takes once the first view is there, ms; another person each time, who then leaves. */
    open: async (times: number): Promise<number[]> => {
      const taken: number[] = []
      for (let round = 0; round < times; round += 1) taken.push(await timeOpening(url, tokens[0] ?? '', track))
      return taken
    },
  })
}

async function timeOpening(url: string, token: string, track: string): Promise<number> {
  const room = await enterRoom({ url, token })
  const from = clock()
  const text = await room.open(track)
  const clauses = clausesOf(text)
  const words = clauses.reduce((sum, { id }) => sum + text.plain(id).length, 0)
  const ms = clock() - from
  if (words === 0) throw new Error('an empty text was measured')
  await room.close()
  return ms
}

const clausesOf = (text: OpenText): StructureClause[] => text.structure.articles.flatMap(({ clauses }) => clauses)

class Person {
  readonly text: OpenText
  readonly saved: number[] = []
  readonly seen: number[] = []
  readonly #clause: StructureClause

  static async sit(url: string, token: string, track: string, index: number): Promise<Person> {
    const room: Room = await enterRoom({ url, token })
    return new Person(await room.open(track), index)
  }
  constructor(text: OpenText, index: number) {
    this.text = text
    const clauses = clausesOf(text)
    this.#clause = clauses[clauses.length - 1 - (index % clauses.length)] as StructureClause
    text.doc.on('update', (update: Uint8Array, _origin: unknown, _doc: unknown, { local }: { local: boolean }) => {
      if (!local) this.#sees(update, clock())
    })
  }
  /** In its bracket where it may only suggest: touching one's own extends it. */
  type(): void {
    const typedAt = clock()
    const own = this.text.structure.articles
      .flatMap(({ clauses }) => clauses)
      .find(({ id }) => id === this.#clause.id)
      ?.brackets.find(({ holders }) => this.text.level === 'suggest' && holders.length > 0)
    const leaf = own?.leaf ?? this.#clause.leaf
    void this.text.insert({ leaf, index: this.text.text(leaf).length }, 'x')
    this.text.saved().then(() => this.saved.push(clock() - typedAt))
  }
  #sees(update: Uint8Array, at: number): void {
    for (const { client, from, length } of broughtBy(update))
      for (let number = from; number < from + length; number += 1) this.seen.push(client, number, at)
  }
}
