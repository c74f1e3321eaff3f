import { type DocumentId, type Instant, instant, type ProcessId } from '#shared/ids.ts'
import { type Outcome, ok } from '#shared/outcome.ts'
import { type LaneState, laneAfter } from './conditions.ts'
import { decodeEntry } from './entry.ts'
import { type Adoption, LogDamaged, type NotAdopted, type Seq, type StoredEntry } from './log.ts'
import { chainAfter, chainStart, hexOf } from './segments.ts'

/** A piece goes to its engine at whichever comes first, as a segment is sealed. */
const PIECE_ENTRIES = 1_024
const PIECE_BYTES = 1024 * 1024

/** Old entries in a row, with the chain before and after them. */
export interface Piece {
  first: Seq
  last: Seq
  before: Uint8Array
  after: Uint8Array
  entries: StoredEntry[]
}

/** What an engine has to know of a process beside its entries: all of it follows from them. */
export class Gathered {
  seq: Seq = 0
  events: Seq = 0
  at: Instant = instant(0)
  chain: Uint8Array
  readonly documents = new Map<DocumentId, Seq>()
  readonly lanes = new Map<string, { document: DocumentId; client: number; state: LaneState }>()
  #rest = 0

  constructor(process: ProcessId) {
    this.chain = chainStart(process)
  }

  /** Whether the last append is there with all its entries. */
  get isWhole(): boolean {
    return this.#rest === 0
  }

  /** Takes the next entry. Throws LogDamaged when it is none, goes back in time, or does not belong to the append before it. */
  take({ bytes, rest }: StoredEntry): void {
    const seq = this.seq + 1
    const { kind, at, document, lane } = decodeEntry(bytes, seq)
    if (at < this.at) throw new LogDamaged(`Entry ${seq} is older than the one before it.`)
    if (!this.isWhole && rest !== this.#rest - 1) throw new LogDamaged(`Entry ${seq} is not the one that follows.`)
    this.seq = seq
    this.at = at
    this.#rest = rest
    this.chain = chainAfter(this.chain, bytes)
    if (kind === 'event') this.events = seq
    if (!document) return
    this.documents.set(document, seq)
    if (lane) this.lanes.set(`${document} ${lane.client}`, { document, client: lane.client, state: laneAfter(lane) })
  }
}

/** An engine's part: where pieces wait until all of them are there. */
export interface Nursery {
  add(piece: Piece): Promise<void>
  /** Everything at once, durable. */
  finish(gathered: Gathered, keys: ReadonlyMap<string, Uint8Array>): Promise<Outcome<null, NotAdopted>>
  abandon(): Promise<void>
}

/** The part of adopting a process that is the same in all engines. */
export class PiecewiseAdoption implements Adoption {
  readonly #gathered: Gathered
  readonly #nursery: Nursery
  #entries: StoredEntry[] = []
  #bytes = 0
  #first: Seq = 1
  #before: Uint8Array

  constructor(process: ProcessId, nursery: Nursery) {
    this.#gathered = new Gathered(process)
    this.#before = this.#gathered.chain
    this.#nursery = nursery
  }

  async add(entries: readonly StoredEntry[]): Promise<void> {
    for (const entry of entries) {
      this.#gathered.take(entry)
      this.#entries.push(entry)
      this.#bytes += entry.bytes.length
      if (this.#entries.length >= PIECE_ENTRIES || this.#bytes >= PIECE_BYTES) await this.#cut()
    }
  }

  async finish(keys: ReadonlyMap<string, Uint8Array>): Promise<Outcome<{ seq: Seq; hash: string }, NotAdopted>> {
    const { seq, chain, isWhole } = this.#gathered
    if (!isWhole || seq === 0) throw new LogDamaged(`The last append ends at entry ${seq}, before all of it is there.`)
    await this.#cut()
    const finished = await this.#nursery.finish(this.#gathered, keys)
    return finished.ok ? ok({ seq, hash: hexOf(chain) }) : finished
  }

  abandon(): Promise<void> {
    return this.#nursery.abandon()
  }

  async #cut(): Promise<void> {
    if (this.#entries.length === 0) return
    const { seq, chain } = this.#gathered
    const piece = { first: this.#first, last: seq, before: this.#before, after: chain, entries: this.#entries }
    this.#entries = []
    this.#bytes = 0
    this.#first = seq + 1
    this.#before = chain
    await this.#nursery.add(piece)
  }
}
