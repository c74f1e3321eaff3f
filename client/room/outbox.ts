import * as Y from 'yjs'
import { type AskId, type LeafId, leafOf } from '#shared/ids.ts'
import type { Known } from './carry.ts'
import type { KeptRanges, KeptUnsent } from './keep.ts'
import { encodePart } from './own-update.ts'
import type { TypedCommand } from './plan.ts'
import { addAll, type Ranges, subtract, tidy } from './ranges.ts'

/** Where a lane stands on the server: the leased client id, the next frame number, the next clock. */
export interface Lane {
  client: number
  number: number
  clock: number
}

export interface OutboxPorts {
  mint(): AskId
  words(number: number, update: Uint8Array): void
  ask(ask: AskId, command: TypedCommand): void
  /** Something was collected, sent or settled. */
  changed(): void
}

interface Batch {
  kind: 'words'
  /** The clock after its last word; null while it is the newest and still grows. */
  until: number | null
  deletes: Ranges
  leaves: Set<LeafId>
  flight: { number: number; update: Uint8Array; next: number; sent: boolean } | null
}
interface Asked {
  kind: 'ask'
  ask: AskId
  command: TypedCommand
  sent: boolean
}

/**
 * What this seat wrote in one document and the server has not acknowledged, in the order it was done. One frame of words is in
 * flight at a time; what comes meanwhile becomes one next frame. Commands that typing gives keep their place between the words:
 * an `OpenBracket` goes before the words of its leaf, a `CloseEmptyBracket` behind the deletion that emptied it.
 */
export class Outbox {
  readonly client: number
  #doc: Y.Doc
  #ports: OutboxPorts
  #queue: (Batch | Asked)[] = []
  /** The next frame's number and first clock, as far as the server has acknowledged. */
  #number: number
  #clock: number
  #up = true
  #holds = false
  /** What an earlier page left: it goes out with the copy that takes this one's place, never from here. */
  #past: Pick<KeptUnsent, 'lanes' | 'flight'> | null = null

  constructor(doc: Y.Doc, lane: Lane, ports: OutboxPorts) {
    this.#doc = doc
    this.#ports = ports
    this.client = lane.client
    this.#number = lane.number
    this.#clock = lane.clock
  }

  /** How many changes are not durable yet, as a person counts: a leaf's words and the bracket they stand in are one. */
  get unsaved(): number {
    return this.places.size
  }
  /** The leaves they are in. */
  get places(): Set<LeafId> {
    return new Set(
      this.#queue.flatMap((item) => (item.kind === 'ask' ? [leafOf(item.command.bracket)] : [...item.leaves])),
    )
  }

  /** What the server has, as far as this page knows. */
  get known(): Known {
    const deletes: Ranges = new Map()
    for (const item of this.#queue) if (item.kind === 'words') addAll(deletes, item.deletes)
    return { clocks: new Map([...(this.#past?.lanes ?? []), [this.client, this.#clock]]), deletes }
  }
  /** The commands that are not answered yet, in order. */
  commands(): { ask: AskId; command: TypedCommand; sent: boolean }[] {
    return this.#queue.filter((item) => item.kind === 'ask')
  }

  // ---- what is kept on the device

  /** What of `KeptUnsent` is known here; null when nothing is unsent. */
  get kept(): Pick<KeptUnsent, 'lanes' | 'deletes' | 'flight' | 'asks' | 'leaves'> | null {
    if (this.#queue.length === 0) return null
    const { clocks, deletes } = this.known
    const flying = this.#queue.find((item) => item.kind === 'words' && item.flight)
    const flight =
      flying?.kind === 'words' && flying.flight
        ? { number: flying.flight.number, deletes: [...tidy(flying.deletes)] }
        : (this.#past?.flight ?? null)
    const asks = this.commands().map(({ ask, command }) => ({ ask, command }))
    return { lanes: [...clocks], deletes: [...tidy(deletes)], flight, asks, leaves: [...this.places] }
  }
  /** Takes in what an earlier page left unsent. Nothing goes out from here any more. */
  restore({ lanes, deletes, flight, asks, leaves }: KeptUnsent): void {
    this.#past = { lanes, flight }
    this.#up = false
    for (const { ask, command } of asks) this.#queue.push({ kind: 'ask', ask, command, sent: false })
    this.#queue.push({ kind: 'words', until: null, deletes: new Map(deletes), leaves: new Set(leaves), flight: null })
  }
  /** The lane under which an earlier page may have sent words; null when none did. */
  get pastLane(): number | null {
    return this.#past?.lanes[0]?.[0] ?? null
  }
  /** The server says how far it has the past lane, and of which deletions it knows. */
  learn(stand: { number: number; clock: number }, deleted: Ranges): void {
    if (!this.#past) return
    const [first, ...others] = this.#past.lanes
    if (first) this.#past = { ...this.#past, lanes: [[first[0], Math.max(first[1], stand.clock)], ...others] }
    const { flight } = this.#past
    const recorded: KeptRanges = flight && stand.number > flight.number ? flight.deletes : []
    for (const item of this.#queue) {
      if (item.kind !== 'words') continue
      item.deletes = subtract(subtract(item.deletes, deleted), new Map(recorded))
    }
  }

  /** A local change of `leaves` was made: its words are in the document, its deletions are `deletes`. */
  collect(deletes: Ranges, leaves: LeafId[]): void {
    const last = this.#queue.at(-1)
    if (last?.kind === 'words' && last.until === null && !last.flight) {
      addAll(last.deletes, deletes)
      for (const leaf of leaves) last.leaves.add(leaf)
    } else this.#queue.push({ kind: 'words', until: null, deletes, leaves: new Set(leaves), flight: null })
    this.#pump()
  }

  /** Asks behind the words collected so far. */
  ask(command: TypedCommand): void {
    const last = this.#queue.at(-1)
    if (last?.kind === 'ask' && !last.sent && grow(last, command)) return
    if (last?.kind === 'words') last.until ??= Y.getState(this.#doc.store, this.client)
    this.#queue.push({ kind: 'ask', ask: this.#ports.mint(), command, sent: false })
    this.#pump()
  }

  /** The server answered a command. True when it was one of these. */
  answered(ask: AskId): boolean {
    const at = this.#queue.findIndex((item) => item.kind === 'ask' && item.ask === ask)
    if (at < 0) return false
    this.#queue.splice(at, 1)
    this.#ports.changed()
    return true
  }

  /** The server has frame `number`. */
  acked(number: number): void {
    const at = this.#queue.findIndex((item) => item.kind === 'words' && item.flight?.number === number)
    const batch = this.#queue[at]
    if (batch?.kind !== 'words' || !batch.flight) return
    this.#number = number + 1
    this.#clock = batch.flight.next
    this.#queue.splice(at, 1)
    this.#ports.changed()
    this.#pump()
  }

  /** The number of the frame in flight; null when none is. */
  get flying(): number | null {
    return this.#flight()?.number ?? null
  }

  /** The connection is gone, or the text is being opened anew: nothing is sent until `resume`. */
  pause(): void {
    this.#up = false
  }

  /** Puts no further words on their way, until a document takes this one's place; what is in flight comes to its end. */
  hold(): void {
    this.#holds = true
  }

  /**
   * Goes on where the server says the lane stands. False when that is not where this client can go on: then the words must be
   * carried into a fresh document.
   */
  resume(lane: Lane): boolean {
    if (this.#past || lane.client !== this.client) return false
    const flight = this.#flight()
    if (flight && lane.number === flight.number + 1 && lane.clock === flight.next) this.acked(flight.number)
    else if (lane.number !== this.#number || lane.clock !== this.#clock) return false
    this.#up = true
    this.again()
    return true
  }

  /** Nothing holds it back any more. */
  go(): void {
    this.#up = this.#past === null
    this.#pump()
  }

  /** What was sent and not taken this time is sent again: the lane stands. */
  again(): void {
    if (this.#past) return
    for (const item of this.#queue) {
      if (item.kind === 'ask') item.sent = false
      else if (item.flight) item.flight.sent = false
    }
    this.#pump()
  }

  #flight(): NonNullable<Batch['flight']> | null {
    for (const item of this.#queue) if (item.kind === 'words' && item.flight) return item.flight
    return null
  }

  #pump(): void {
    if (this.#up) this.#send()
    this.#ports.changed()
  }

  #send(): void {
    let flying = false
    for (let i = 0; i < this.#queue.length; i++) {
      const item = this.#queue[i]
      if (item?.kind === 'ask') {
        if (item.sent) continue
        item.sent = true
        this.#ports.ask(item.ask, item.command)
      } else if (item) {
        if (flying || (this.#holds && !item.flight)) return
        if (!item.flight && !this.#load(i, item)) {
          this.#queue.splice(i--, 1)
          continue
        }
        flying = true
        if (item.flight && !item.flight.sent) {
          item.flight.sent = true
          this.#ports.words(item.flight.number, item.flight.update)
        }
      }
    }
  }

  /** Makes the batch's frame; what does not fit becomes the batch behind it. False when there is nothing in it. */
  #load(at: number, batch: Batch): boolean {
    const until = batch.until ?? Y.getState(this.#doc.store, this.client)
    if (until === this.#clock && batch.deletes.size === 0) return false
    const { update, next, rest } = encodePart(this.#doc, this.client, this.#clock, until, batch.deletes)
    if (next < until || rest.size > 0) {
      const { until: end, leaves } = batch
      this.#queue.splice(at + 1, 0, { kind: 'words', until: end, deletes: rest, leaves: new Set(leaves), flight: null })
    }
    batch.until = until
    batch.flight = { number: this.#number, update, next, sent: false }
    return true
  }
}

/** A strike that grows before it was asked for is asked for once, as it stands. */
function grow(last: Asked, command: TypedCommand): boolean {
  if (command.type !== 'ExtendStrike' || last.command.type === 'CloseEmptyBracket') return false
  if (last.command.type === 'WithdrawBracket' || last.command.bracket !== command.bracket) return false
  if (last.command.type === 'OpenBracket' && last.command.kind !== 'delete') return false
  last.command = { ...last.command, struck: command.struck }
  return true
}
