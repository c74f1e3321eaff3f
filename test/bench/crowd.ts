import { randomBytes } from 'node:crypto'
import * as Y from 'yjs'
import { Flow } from '#client/room/flow.ts'
import { machineTime } from '#server/machine.ts'
import { type BracketId, type LeafId, mintId, type TrackId } from '#shared/ids.ts'
import type { Down, Opened } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import { itemAt } from '#shared/text/leaf.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import { openWire, type WireClient } from '../support/wire-client.ts'
import { clock, pause } from './clock.ts'
import { listen } from './parts.ts'
import { broughtBy, digestOf } from './replica.ts'

/** Many people who type into one text by raw frames; what they receive is applied when the run is over. */

export interface CrowdSettings {
  url: string
  track: string
  tokens: string[]
  /** Characters a second of each. */
  rate: number
}
/** Milliseconds of each word, from the key on. */
export interface Typed {
  /** Until the writer has the durable acknowledgement. */
  acked: Float64Array
  /** Until each other reader of the same process has it. */
  seen: Float64Array
  /** Client id, clock, and when it was typed: for readers elsewhere. */
  sent: Float64Array
  typed: number
}

const SETTLE_MS = 20_000

export async function crowd(): Promise<void> {
  const { url, track, tokens, rate } = JSON.parse(process.env['BENCH_PART'] ?? '{}') as CrowdSettings
  const run = new Run()
  const people: Writer[] = []
  for (const [index, token] of tokens.entries()) people.push(await Writer.sit(run, { url, track, token }, index))
  listen({
    /** Types for `ms`, each person in its own rhythm; tells of the words typed after `warmUpMs`. */
    type: async ({ ms, warmUpMs }: { ms: number; warmUpMs: number }): Promise<Typed> => {
      const everyMs = 1000 / rate
      const timers: NodeJS.Timeout[] = []
      for (const [index, writer] of people.entries())
        setTimeout(() => timers.push(setInterval(() => writer.type(), everyMs)), (index * everyMs) / people.length)
      await pause(warmUpMs)
      run.begin()
      await pause(ms)
      const result = run.cut()
      for (const timer of timers) clearInterval(timer)
      await settled(people)
      return result()
    },
    /** One digest for all that ended equal. */
    digests: async () => [...new Set(people.map((writer) => writer.digest()))],
  })
}

async function settled(people: Writer[]): Promise<void> {
  const until = clock() + SETTLE_MS
  while (people.some(({ isSaved }) => !isSaved)) {
    if (clock() > until) throw new Error('words are not acknowledged')
    await pause(20)
  }
}

/** What is measured of all writers together. */
class Run {
  #acked: number[] = []
  #seen: number[] = []
  #sent: number[] = []
  #from = Number.POSITIVE_INFINITY
  #to = Number.POSITIVE_INFINITY
  readonly #sentAt = new Map<number, number[]>()

  begin(): void {
    this.#from = clock()
    this.#to = Number.POSITIVE_INFINITY
    this.#acked = []
    this.#seen = []
    this.#sent = []
  }
  /** Words typed from now on are not measured; those under way are. */
  cut(): () => Typed {
    this.#to = clock()
    return () => ({
      acked: Float64Array.from(this.#acked),
      seen: Float64Array.from(this.#seen),
      sent: Float64Array.from(this.#sent),
      typed: this.#sent.length / 3,
    })
  }
  #counts = (at: number): boolean => at >= this.#from && at < this.#to

  sent(client: number, number: number, at: number): void {
    const times = this.#sentAt.get(client) ?? []
    times[number] = at
    this.#sentAt.set(client, times)
    if (this.#counts(at)) this.#sent.push(client, number, at)
  }
  acked(typedAt: number, at: number): void {
    if (this.#counts(typedAt)) this.#acked.push(at - typedAt)
  }
  seen(update: Uint8Array, by: number, at: number): void {
    for (const { client, from, length } of broughtBy(update)) {
      const times = client === by ? undefined : this.#sentAt.get(client)
      if (!times) continue
      for (let number = from; number < from + length; number += 1) {
        const typedAt = times[number]
        if (typedAt !== undefined && this.#counts(typedAt)) this.#seen.push(at - typedAt)
      }
    }
  }
}

class Writer {
  readonly #run: Run
  readonly #wire: WireClient
  readonly #doc = new Y.Doc()
  readonly #opened: Opened
  readonly #flow: Flow
  readonly #heard: Uint8Array[] = []
  #leaf: Y.Text | null = null
  #number: number
  #clock: number
  #pending: { update: Uint8Array; typedAt: number }[] = []
  #underWay: { typedAt: number }[] | null = null

  static async sit(
    run: Run,
    { url, track, token }: Pick<CrowdSettings, 'url' | 'track'> & { token: string },
    index: number,
  ): Promise<Writer> {
    const wire = await openWire(url, { token })
    const answer = await wire.open(track)
    if ('refusal' in answer) throw new Error(answer.refusal.code)
    const writer = new Writer(run, wire, answer)
    await writer.#takePlace(index)
    return writer
  }

  constructor(run: Run, wire: WireClient, { opened, update }: { opened: Opened; update: Uint8Array }) {
    this.#run = run
    this.#wire = wire
    this.#opened = opened
    this.#doc.clientID = opened.lane.client
    this.#number = opened.lane.number
    this.#clock = opened.lane.clock
    Y.applyUpdate(this.#doc, update, 'room')
    this.#doc.on('update', (made: Uint8Array, origin: unknown) => {
      if (origin !== 'room') this.#typed(made)
    })
    const { channel } = opened
    this.#flow = new Flow(machineTime, (bytes) => wire.send({ frame: 'got', channel, bytes }))
    wire.onFrame((frame, size) => this.#hear(frame, size))
  }

  /** Who edits writes at the end of a clause, who suggests in a bracket of its own there. */
  async #takePlace(index: number): Promise<void> {
    const structure = unpack(this.#opened.structure) as unknown as StructureView
    const clauses = structure.articles.flatMap((article) => article.clauses)
    const clause = clauses[index % clauses.length] as ClauseView
    const host = this.#doc.getText(clause.leaf)
    if (this.#opened.level === 'edit') {
      this.#leaf = host
      return
    }
    const bracket = mintId<BracketId>(randomBytes(22))
    const answer = await this.#wire.act({
      type: 'OpenBracket',
      track: this.#opened.track as TrackId,
      clause: clause.id,
      bracket,
      host: clause.leaf as LeafId,
      kind: 'insert',
      after: itemAt(host, host.length),
    })
    if ('refusal' in answer) throw new Error(answer.refusal.code)
    this.#leaf = this.#doc.getText(bracket)
  }

  type(): void {
    this.#leaf?.insert(this.#leaf.length, 'abcdefghijklmnopqrstuvwxyz'[this.#clock % 26] ?? 'a')
  }
  get isSaved(): boolean {
    return !this.#underWay && this.#pending.length === 0
  }
  digest(): string {
    for (const update of this.#heard.splice(0)) Y.applyUpdate(this.#doc, update, 'room')
    return digestOf(this.#doc)
  }

  #typed(update: Uint8Array): void {
    const typedAt = clock()
    this.#run.sent(this.#opened.lane.client, this.#clock, typedAt)
    this.#clock += 1
    this.#pending.push({ update, typedAt })
    this.#send()
  }
  #send(): void {
    if (this.#underWay || this.#pending.length === 0) return
    const parts = this.#pending.splice(0)
    this.#underWay = parts
    const updates = parts.map((part) => part.update)
    const update = updates.length === 1 ? (updates[0] as Uint8Array) : Y.mergeUpdates(updates)
    this.#wire.send({ frame: 'words', channel: this.#opened.channel, number: this.#number, update })
  }
  #hear(frame: Down, size: number): void {
    const at = clock()
    if (frame.frame === 'text') {
      if (frame.update) this.#heard.push(frame.update)
      if (frame.update) this.#run.seen(frame.update, this.#opened.lane.client, at)
      this.#flow.applied(size)
    }
    if (frame.frame === 'acked' && frame.number === this.#number) {
      for (const { typedAt } of this.#underWay ?? []) this.#run.acked(typedAt, at)
      this.#underWay = null
      this.#number += 1
      this.#send()
    }
    if (frame.frame === 'words-refused') throw new Error(`words refused: ${JSON.stringify(frame.refusal)}`)
    if (frame.frame === 'bye') throw new Error(`sent away: ${JSON.stringify(frame.refusal)}`)
  }
}
