import { machineRandom, machineTime } from '#client/room/machine.ts'
import type { LostWords, OpenText, Room, StructureClause } from '#client/room/room.ts'
import { RoomClient } from '#client/room/room-client.ts'
import { socketLink } from '#client/room/socket-link.ts'
import { MARK, type Oracle, type TappedLink } from './oracle.ts'

/** People who type marked words with the room's own client, each word once, on lines that the oracle hears. */

export interface Sitting {
  url: string
  token: string
  name: string
  party: string
  oracle: Oracle
}

/** Whoever has so many words waiting stops typing: about half of what goes into one frame, so that no mark is sent in two. */
const MOST_WAITING = 250

/** One person at a screen. */
export class Person {
  readonly name: string
  readonly party: string
  readonly room: Room
  readonly link: TappedLink
  /** The words typed into each track, and those of all tracks that the screen said are saved. */
  readonly typed: string[] = []
  readonly saved = new Set<string>()
  readonly texts = new Map<string, OpenText>()
  readonly #oracle: Oracle
  #number = 0
  /** Words typed of which it was not said yet what became of them. */
  #waiting = 0

  constructor({ name, party, oracle }: Sitting, room: Room, link: TappedLink) {
    this.name = name
    this.party = party
    this.room = room
    this.link = link
    this.#oracle = oracle
  }

  async open(track: string): Promise<OpenText> {
    const text = await this.room.open(track)
    // Sight may have ended behind the answer: then this is refused.
    await text.saved()
    if (this.texts.get(track) === text) return text
    this.texts.set(track, text)
    for (const event of ['withdrawn', 'refused', 'set-aside'] as const)
      text.on(event, (detail) => {
        for (const { words } of (detail as LostWords).words) this.#oracle.givenBack(words)
        if (event === 'withdrawn') this.texts.delete(track)
      })
    return text
  }
  text(track: string): OpenText {
    const text = this.texts.get(track)
    if (!text) throw new Error(`${this.name} has ${track} not open`)
    return text
  }

  /** Makes a mark of one's own. */
  mark = (track: string): string => `<${track}.${this.name}.${this.#number++}>`

  /** Types one marked word at the end of a clause. Does nothing where this seat may not write now. */
  async type(track: string): Promise<void> {
    const text = this.texts.get(track)
    const clauses = text ? clausesOf(text).filter(({ leaf }) => text.mayWrite(leaf) || text.level === 'suggest') : []
    const clause = clauses[this.#number % clauses.length]
    if (!text || !clause || text.level === 'read') return
    if (this.#waiting > MOST_WAITING) return
    const words = this.mark(track)
    this.#oracle.typed(words)
    this.typed.push(words)
    const upTo = this.typed.length
    await text.insert({ leaf: clause.leaf, index: text.text(clause.leaf).length }, words)
    this.#waiting++
    // Where sight ended first nothing was promised, and the words were given back.
    const said = text.saved().then(
      () => this.#said(track, upTo),
      () => undefined,
    )
    void said.then(() => this.#waiting--)
  }
  /** How many of the typed words were looked at, by track. */
  readonly #upTo = new Map<string, number>()
  #said(track: string, upTo: number): void {
    const from = this.#upTo.get(track) ?? 0
    if (upTo <= from) return
    this.#upTo.set(track, upTo)
    const isSaved = (mark: string) => mark.startsWith(`<${track}.`) && !this.#oracle.wasGivenBack(mark)
    const words = this.typed.slice(from, upTo).filter(isSaved)
    for (const each of words) this.saved.add(each)
    this.#oracle.promised(words, 'acknowledged')
  }

  /** Every mark on the screen: words, headings, comments. */
  shown(...tracks: string[]): string[] {
    const texts = tracks.map((track) => textShown(this.text(track)))
    const comments = this.room.view.comments.map(({ words }) => words)
    return marksOf([...texts, ...comments].join('\n'))
  }
}

/** Also those that were sent in two frames and have others' words between their parts: what is taken out lets the parts meet. */
function marksOf(shown: string): string[] {
  const marks: string[] = []
  for (let rest = shown; ; rest = rest.replace(MARK, '')) {
    const found = rest.match(MARK)
    if (!found) return marks
    marks.push(...found)
  }
}

export const clausesOf = (text: OpenText): StructureClause[] => {
  const all = (clause: StructureClause): StructureClause[] => [clause, ...clause.items.flatMap(all)]
  return text.structure.articles.flatMap(({ clauses }) => clauses.flatMap(all))
}

/** All of a text as a screen shows it. */
export function textShown(text: OpenText): string {
  const clause = ({ id, number, state, hash, items }: StructureClause): string[] => [
    `${number} ${state} ${hash} ${text.plain(id)}`,
    ...items.flatMap(clause),
  ]
  return text.structure.articles
    .flatMap(({ number, title, clauses }) => [`${number} ${title}`, ...clauses.flatMap(clause)])
    .join('\n')
}

/** Enters by a real line and opens the texts. */
export async function sit(sitting: Sitting, ...tracks: string[]): Promise<Person> {
  const { url, token, name, party, oracle } = sitting
  const link = oracle.tap(socketLink({ url, token }), { name, party })
  const room = new RoomClient(link, { time: machineTime, random: machineRandom })
  await room.entered
  const person = new Person(sitting, room, link)
  for (const track of tracks) await person.open(track)
  return person
}
