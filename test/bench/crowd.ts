import * as Y from 'yjs'
import { clock, pause } from './clock.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { Grower } from './growing.ts'
import { Histogram } from './histogram.ts'
import type { Line, Place } from './lines/line.ts'
import { listen } from './parts.ts'
import { replay } from './replaying.ts'
import { digestOf } from './replica.ts'
import { traceOf } from './traces.ts'
import { type Anchor, broughtBy, typedRun, Vector } from './updates.ts'

/** Many people by raw frames, who type into texts and count what they hear. */

export interface Pace {
  ms: number
  warmUpMs: number
  /** Characters a second of all writers of this process together. */
  rate: number
  /** When each word was typed is told too: for readers elsewhere. */
  tellsSent?: boolean
}
export interface Typed {
  typed: number
  /** Times from the key until each other reader of this process has the word, and until its writer has the acknowledgement. */
  seen: number[]
  acked: number[]
  /** How many words readers should have had in the end, and had. */
  expected: number
  delivered: number
  /** Share of a core this process took while it was measured. */
  core: number
  /** Client id, clock, time of each word. */
  sent: Float64Array
}
/** What one text's replicas say in the end: equal strings are equal replicas. */
export interface Ended {
  text: string
  vectors: string[]
  /** Of the words of the first. */
  digest: string
}

const AT_ONCE = 25
const SETTLE_MS = 8_000

export async function crowd(): Promise<void> {
  const { contender, url } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as { contender: Contender; url: string }
  const run = new Run()
  const people: Person[] = []
  let growers: Grower[] = []
  listen({
    /** A place without a `url` is at the server that all share. */
    enter: async (places: (Omit<Place, 'url'> & { url?: string })[]) => {
      for (let from = 0; from < places.length; from += AT_ONCE) {
        const few = places.slice(from, from + AT_ONCE)
        people.push(...(await Promise.all(few.map((place) => Person.enter(run, contender, { url, ...place })))))
      }
      const texts = new Set<string>()
      for (const person of people) {
        if (texts.has(person.text)) person.forget()
        texts.add(person.text)
      }
      return people.length
    },
    type: (pace: Pace) => type(run, people, pace),
    ended: async (): Promise<Ended[]> => ended(people),
    replay: async (asked: { name: string; folder: string | undefined; most: number; settleMs: number }) => {
      const trace = traceOf(asked.name, asked.folder, asked.most)
      return replay(
        people.map(({ line }) => line),
        trace,
        asked.settleMs,
      )
    },
    /** Everybody from `from` on writes an equal part of these letters. */
    grow: async ({ from, letters }: { from: number; letters: number }) => {
      if (growers.length === 0) growers = people.slice(from).map(({ line }) => new Grower(line))
      const part = Math.ceil(letters / growers.length)
      await Promise.all(growers.map((grower, index) => grower.grow(Math.min(part, letters - index * part))))
      return null
    },
    bytes: async () => people.map(({ line }) => ({ ...line.bytes })),
    /** How many are still connected. */
    count: async () => people.filter(({ line }) => line.isOpen).length,
  })
}

async function type(run: Run, people: Person[], { ms, warmUpMs, rate, tellsSent }: Pace): Promise<Typed> {
  const writers = people.filter(({ place }) => place.writes)
  const stop = pacing(writers, rate)
  await pause(warmUpMs)
  const before = process.cpuUsage()
  const from = clock()
  run.begin(tellsSent === true)
  await pause(ms)
  run.cut()
  const { user, system } = process.cpuUsage(before)
  const core = (user + system) / 1000 / (clock() - from)
  stop()
  await settled(people)
  return { ...run.result(), ...heard(people), core }
}

/** Each writer in turn, so that all of them together type at this rate. */
function pacing(writers: Person[], rate: number): () => void {
  const from = clock()
  let done = 0
  let timer: NodeJS.Timeout
  const turn = () => {
    const due = Math.floor(((clock() - from) * rate) / 1000)
    for (; done < due; done += 1) writers[done % writers.length]?.type()
    timer = setTimeout(turn, Math.max(1, ((done + 1) * 1000) / rate - (clock() - from)))
  }
  timer = setTimeout(turn, 0)
  return () => clearTimeout(timer)
}

/** Until everybody has everything, or nothing more can be expected. */
async function settled(people: Person[]): Promise<void> {
  const until = clock() + SETTLE_MS
  while (clock() < until) {
    const { expected, delivered } = heard(people)
    if (expected === delivered && people.every(({ isSaved }) => isSaved)) return
    await pause(20)
  }
}

function heard(people: Person[]): { expected: number; delivered: number } {
  let expected = 0
  let delivered = 0
  for (const readers of Map.groupBy(people, ({ text }) => text).values()) {
    const writers = readers.filter(({ place }) => place.writes)
    for (const writer of writers) {
      expected += (readers.length - 1) * writer.typed
      for (const reader of readers) if (reader !== writer) delivered += Math.max(0, reader.has(writer))
    }
  }
  return { expected, delivered }
}

function ended(people: Person[]): Ended[] {
  return [...Map.groupBy(people, ({ text }) => text)].map(([text, readers]) => ({
    text,
    vectors: [...new Set(readers.map((reader) => reader.vectorNow()))],
    digest: readers[0]?.digest() ?? '',
  }))
}

/** What is measured of all writers together. */
class Run {
  readonly #acked = new Histogram()
  readonly #seen = new Histogram()
  readonly #sentAt = new Map<number, number[]>()
  #sent: number[] = []
  #typed = 0
  #tellsSent = false
  #from = Number.POSITIVE_INFINITY
  #to = Number.POSITIVE_INFINITY

  begin(tellsSent: boolean): void {
    this.#acked.clear()
    this.#seen.clear()
    this.#sent = []
    this.#typed = 0
    this.#tellsSent = tellsSent
    this.#to = Number.POSITIVE_INFINITY
    this.#from = clock()
  }
  /** Words typed from now on are not measured; those under way are. */
  cut(): void {
    this.#to = clock()
  }
  result() {
    return {
      typed: this.#typed,
      acked: this.#acked.packed(),
      seen: this.#seen.packed(),
      sent: Float64Array.from(this.#sent),
    }
  }
  #counts = (at: number): boolean => at >= this.#from && at < this.#to

  sent(client: number, number: number, at: number): void {
    let times = this.#sentAt.get(client)
    if (!times) {
      times = []
      this.#sentAt.set(client, times)
    }
    times[number] = at
    if (!this.#counts(at)) return
    this.#typed += 1
    if (this.#tellsSent) this.#sent.push(client, number, at)
  }
  acked(client: number, from: number, to: number, at: number): void {
    this.#count(this.#acked, client, from, to, at)
  }
  seen(client: number, from: number, to: number, at: number): void {
    this.#count(this.#seen, client, from, to, at)
  }
  #count(times: Histogram, client: number, from: number, to: number, at: number): void {
    const sentAt = this.#sentAt.get(client)
    if (!sentAt) return
    for (let number = from; number < to; number += 1) {
      const typedAt = sentAt[number]
      if (typedAt !== undefined && this.#counts(typedAt)) times.add(at - typedAt)
    }
  }
}

class Person {
  readonly place: Place
  readonly line: Line
  readonly #run: Run
  readonly #vector = new Vector()
  readonly #first: number
  readonly #anchor: Anchor
  /** All it hears, to say in the end what the text says; null for those who only count. */
  #kept: Uint8Array[] | null = []
  #written = ''
  #pending = ''
  #clock: number
  /** Where the updates that are not acknowledged end. */
  #underWay: number[] = []
  #acked: number

  static async enter(run: Run, contender: Contender, place: Place): Promise<Person> {
    return new Person(run, place, await CONTENDERS[contender].connect(place))
  }
  constructor(run: Run, place: Place, line: Line) {
    this.place = place
    this.line = line
    this.#run = run
    this.#first = line.clock
    this.#clock = line.clock
    this.#acked = line.clock
    this.#anchor = line.anchor
    if (line.opened) for (const brought of broughtBy(line.opened)) this.#vector.take(brought)
    line.onUpdate((update) => this.#hear(update))
    line.onSaved(() => this.#hearSaved())
  }
  forget(): void {
    this.#kept = null
  }
  get text(): string {
    return this.place.text
  }
  get typed(): number {
    return this.#clock + this.#pending.length - this.#first
  }
  get isSaved(): boolean {
    return this.#pending === '' && (!this.line.acknowledges || this.#underWay.length === 0)
  }
  /** How many of the writer's words this reader has. */
  has(writer: Person): number {
    return this.#vector.of(writer.line.client) - writer.#first
  }
  vectorNow(): string {
    const { client } = this.line
    if (this.place.writes && this.#clock > this.#first)
      this.#vector.take({ client, from: this.#first, length: this.#clock - this.#first })
    return String(this.#vector)
  }
  digest(): string {
    const doc = new Y.Doc()
    if (this.line.opened && this.line.opened.length > 0) Y.applyUpdate(doc, this.line.opened)
    if (this.#written !== '') Y.applyUpdate(doc, typedRun(this.line.client, this.#first, this.#anchor, this.#written))
    for (const update of this.#kept ?? []) Y.applyUpdate(doc, update)
    return digestOf(doc)
  }

  type(): void {
    const at = clock()
    const number = this.#clock + this.#pending.length
    this.#run.sent(this.line.client, number, at)
    this.#pending += String.fromCharCode(97 + (number % 26))
    this.#send()
  }
  #send(): void {
    if (this.#pending === '' || (this.line.oneAtATime && this.#underWay.length > 0)) return
    const { client } = this.line
    const anchor = this.#clock === this.#first ? this.#anchor : { client, clock: this.#clock - 1 }
    const update = typedRun(client, this.#clock, anchor, this.#pending)
    this.#clock += this.#pending.length
    if (this.#kept) this.#written += this.#pending
    this.#pending = ''
    if (this.line.acknowledges) this.#underWay.push(this.#clock)
    this.line.send(update)
  }
  #hear(update: Uint8Array): void {
    const at = clock()
    this.#kept?.push(update)
    for (const brought of broughtBy(update)) {
      const { client, from, length } = brought
      // Whether one's own words come back, or only the acknowledgement, is the server's affair.
      if (client === this.line.client) continue
      this.#vector.take(brought)
      this.#run.seen(client, from, from + length, at)
    }
  }
  #hearSaved(): void {
    const to = this.#underWay.shift()
    if (to === undefined) return
    this.#run.acked(this.line.client, this.#acked, to, clock())
    this.#acked = to
    this.#send()
  }
}
