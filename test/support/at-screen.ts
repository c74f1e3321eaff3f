import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room, StructureClause } from '#client/room/room.ts'

/** People who type marked words with the room's own client, each word once, and remember what they were told is saved. */

export const TOKEN = /<[\w.]+>/g

/** One person at a screen. */
export class Person {
  readonly typed: string[] = []
  readonly saved = new Set<string>()
  readonly name: string
  readonly room: Room
  readonly text: OpenText

  constructor(name: string, room: Room, text: OpenText) {
    this.name = name
    this.room = room
    this.text = text
  }
  async type(): Promise<void> {
    const clauses = clausesOf(this.text)
    const clause = clauses[this.typed.length % clauses.length]
    if (!clause) throw new Error('the text has no clause')
    const words = `<${this.name}.${this.typed.length}>`
    this.typed.push(words)
    await this.text.insert({ leaf: clause.leaf, index: this.text.text(clause.leaf).length }, words)
    const upToHere = [...this.typed]
    this.text.saved().then(
      () => {
        for (const each of upToHere) this.saved.add(each)
      },
      // Sight ended first: nothing was promised, and the words were given back.
      () => undefined,
    )
  }
  shown(): string[] {
    return clausesOf(this.text).flatMap(({ id }) => this.text.plain(id).match(TOKEN) ?? [])
  }
  others(): string[] {
    return this.shown().filter((words) => !words.startsWith(`<${this.name}.`))
  }
}
const clausesOf = (text: OpenText): StructureClause[] => text.structure.articles.flatMap(({ clauses }) => clauses)

/** Enters by a real line and opens the plenary text. */
export async function sit(url: string, token: string, name: string): Promise<Person> {
  const room = await enterRoom({ url, token })
  return new Person(name, room, await room.open('plenary'))
}
