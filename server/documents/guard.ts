import * as Y from 'yjs'
import type { LeafId } from '#shared/ids.ts'
import { ok, refuse } from '#shared/outcome.ts'
import type { GuardReason, Refusal } from '#shared/refusals.ts'
import { includes } from '#shared/refusals.ts'
import { leafRights, mayWrite } from '#shared/text/rights.ts'
import type { Text } from '#shared/text/structure.ts'
import type { Guard, LiveText, Sender } from './documents.ts'
import { leafNameOf } from './leaf-name.ts'
import { LeafOrder } from './leaf-order.ts'
import { Moved } from './moved.ts'
import { DELETED, MAX_STRUCTS, NONE, STRING, UpdateReader } from './update-reader.ts'

/** Items between a struct's two anchors: what every reader's conflict scan may have to walk for it. */
const MAX_BETWEEN = 5_000
/** Items walked for one update, by the guard and by every reader. */
const MAX_WALKED = 50_000
/** Tombstones looked at to see whether words stand right of a moved one; past it they count as late, and `settle` looks closer. */
const MAX_TOMBSTONES = 1_000

const bad = (why: GuardReason): Refusal => ({ code: 'bad-update', why })

/** One for all texts: the guard never waits, so no two readings meet. */
const reader = new UpdateReader()
const leafOfRow = new Array<LeafId | null>(MAX_STRUCTS).fill(null)
const costOfRow = new Float64Array(MAX_STRUCTS)
const lateRow = new Uint8Array(MAX_STRUCTS)

export const guard: Guard = (update, sender, live, text) => {
  if (live.document !== text.document || live.incarnation !== text.incarnation) return refuse({ code: 'renewed' })
  if (sender.level === 'hidden') return refuse({ code: 'no-such-thing' })
  if (!includes(sender.level, 'suggest')) return refuse({ code: 'level-too-low', needed: 'suggest', has: sender.level })
  if (sender.client === text.client) return refuse(bad('foreign-client'))
  const why = reader.read(update, sender.client, sender.clock)
  if (why !== null) return refuse(bad(why))
  const check = new Check(sender, live, text)
  const refusal = check.run()
  return refusal ? refuse(refusal) : ok({ next: reader.next, leaves: [...check.leaves], late: check.late })
}

/** Whether a cut before unit `at` of `words` would part the two halves of one character. */
function partsPair(words: string, at: number): boolean {
  if (at <= 0 || at >= words.length) return false
  return (words.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (words.charCodeAt(at) & 0xfc00) === 0xdc00
}
const wordsOf = (item: Y.Item): string => (item.content instanceof Y.ContentString ? item.content.str : '')

/** One end of a struct's place: an item of the live text, an earlier row of the same update, or neither (an end of the leaf). */
interface Anchor {
  client: number
  clock: number
  item: Y.Item | null
  row: number
}
const anchor = (): Anchor => ({ client: NONE, clock: 0, item: null, row: NONE })

/** Stage 2: what the reader read, against the live text. Reads only. */
class Check {
  readonly leaves = new Set<LeafId>()
  late = false
  readonly #sender: Sender
  readonly #doc: Y.Doc
  readonly #text: Text
  readonly #moved: Moved
  readonly #left = anchor()
  readonly #right = anchor()
  #walked = 0
  #lastParent: Y.Item['parent'] = null
  readonly #orders = new Map<LeafId, { order: LeafOrder; rows: number }>()

  constructor(sender: Sender, live: LiveText, text: Text) {
    this.#sender = sender
    this.#doc = live.doc
    this.#text = text
    this.#moved = Moved.of(text.moves)
  }

  run(): Refusal | null {
    const stands = this.#stateOf(this.#sender.client)
    if (stands < this.#sender.clock) return { code: 'unknown-dependency' }
    if (stands > this.#sender.clock) return bad('clock')
    for (let row = 0; row < reader.structs; row++) {
      const refusal = this.#struct(row)
      if (refusal) return refusal
    }
    for (let row = 0; row < reader.ranges; row++) {
      const refusal = this.#range(row)
      if (refusal) return refusal
    }
    return null
  }

  #struct(row: number): Refusal | null {
    const unknown =
      this.#resolve(this.#left, reader.leftClient[row] as number, reader.leftClock[row] as number, row) ??
      this.#resolve(this.#right, reader.rightClient[row] as number, reader.rightClock[row] as number, row)
    if (unknown) return unknown
    const leftLeaf = this.#leafOf(this.#left)
    const rightLeaf = this.#leafOf(this.#right)
    const leaf = leftLeaf ?? rightLeaf ?? reader.root[row] ?? null
    if (leaf === null || (leftLeaf !== null && rightLeaf !== null && leftLeaf !== rightLeaf)) return bad('anchors')
    const refusal = this.#admit(leaf)
    if (refusal) return refusal
    leafOfRow[row] = leaf
    if (this.#cuts(this.#left, 1) || this.#cuts(this.#right, 0)) return bad('surrogates')
    const between = this.#between(row, leaf)
    if (between === null || between > MAX_BETWEEN) return bad('anchors')
    costOfRow[row] = between
    this.#walked += between
    if (this.#walked > MAX_WALKED) return bad('anchors')
    lateRow[row] = this.#rightOfMoved(leaf) ? 1 : 0
    if (lateRow[row]) this.late = true
    return null
  }

  /** Finds the item or the earlier row at an id. */
  #resolve(into: Anchor, client: number, clock: number, before: number): Refusal | null {
    into.client = client
    into.clock = clock
    into.item = null
    into.row = NONE
    if (client === NONE) return null
    if (client === this.#sender.client && clock >= this.#sender.clock) {
      into.row = rowAt(clock)
      return into.row >= before ? bad('anchors') : null
    }
    if (clock >= this.#stateOf(client)) return { code: 'unknown-dependency' }
    const structs = this.#doc.store.clients.get(client) ?? []
    const item = structs[Y.findIndexSS(structs, clock)]
    if (!(item instanceof Y.Item)) return bad('anchors')
    into.item = item
    return null
  }

  #stateOf(client: number): number {
    return Y.getState(this.#doc.store, client)
  }

  #leafOf({ item, row }: Anchor): LeafId | null {
    if (row !== NONE) return leafOfRow[row] ?? null
    return item && leafNameOf(this.#doc, item.parent as object)
  }

  /** Whether the sender may write in the leaf; remembers that the update does. */
  #admit(leaf: LeafId): Refusal | null {
    if (this.leaves.has(leaf)) return null
    const rights = leafRights(this.#text, leaf)
    if (!rights) return bad('root')
    if (rights.locked) return { code: 'clause-locked' }
    if (!mayWrite(rights, this.#sender)) return bad('leaf')
    if (rights.late) this.late = true
    this.leaves.add(leaf)
    return null
  }

  /** Whether the place `after` units right of the anchor's own parts a character. */
  #cuts({ item, row, clock }: Anchor, after: number): boolean {
    if (row !== NONE)
      return (
        reader.kind[row] === STRING &&
        partsPair(reader.words[row] as string, clock + after - (reader.clock[row] as number))
      )
    return item !== null && partsPair(wordsOf(item), clock + after - item.id.clock)
  }

  /** How many items stand between the anchors, or more; null when the left one does not stand left of the right one. */
  #between(row: number, leaf: LeafId): number | null {
    const left = this.#left
    const right = this.#right
    if (left.row === NONE && right.row === NONE) return this.#betweenItems(leaf)
    if (left.row === right.row) return left.clock < right.clock ? 1 : null
    // The order follows from the earlier struct's own anchors: it stands between them, as was checked.
    if (left.row !== NONE && isAt(reader.rightClient, reader.rightClock, left.row, right))
      return costOfRow[left.row] as number
    if (right.row !== NONE && isAt(reader.leftClient, reader.leftClock, right.row, left))
      return costOfRow[right.row] as number
    return this.#betweenPlaced(row, leaf)
  }

  #betweenItems(leaf: LeafId): number | null {
    const left = this.#left
    const right = this.#right
    if (left.item !== null && left.item === right.item) return left.clock < right.clock ? 1 : null
    let count = 0
    let item = left.item ? left.item.right : this.#startOf(leaf)
    while (item !== right.item) {
      if (item === null) return null
      if (++count > MAX_BETWEEN) return count
      item = item.right
    }
    return count
  }

  /** As Yjs will place them: for structs that name structs of the same update. */
  #betweenPlaced(row: number, leaf: LeafId): number | null {
    let placed = this.#orders.get(leaf)
    if (!placed) {
      placed = { order: new LeafOrder(this.#startOf(leaf), MAX_WALKED), rows: 0 }
      this.#walked += placed.order.size
      if (this.#walked > MAX_WALKED) return null
      this.#orders.set(leaf, placed)
    }
    for (; placed.rows < row; placed.rows++) if (leafOfRow[placed.rows] === leaf) this.#place(placed.order, placed.rows)
    placed.rows = row + 1
    return this.#place(placed.order, row)
  }

  #place(order: LeafOrder, row: number): number | null {
    const at = (clients: Float64Array, clocks: Float64Array) =>
      clients[row] === NONE ? null : { client: clients[row] as number, clock: clocks[row] as number }
    const id = { client: this.#sender.client, clock: reader.clock[row] as number }
    const origin = at(reader.leftClient, reader.leftClock)
    return order.place(id, reader.length[row] as number, origin, at(reader.rightClient, reader.rightClock))
  }

  #startOf(leaf: LeafId): Y.Item | null {
    return this.#doc.share.get(leaf)?._start ?? null
  }

  /** Whether no visible word stands between the left anchor and a word that was moved away. */
  #rightOfMoved(leaf: LeafId): boolean {
    if (!this.#moved.leaves.has(leaf)) return false
    if (this.#left.row !== NONE) return lateRow[this.#left.row] === 1
    let end = this.#left.clock + 1
    let looked = 0
    for (let item = this.#left.item; item !== null; item = item.left) {
      if (looked++ > 0) end = item.id.clock + item.length
      if (looked > MAX_TOMBSTONES || this.#moved.touches(item.id.client, item.id.clock, end)) return true
      if (!item.deleted && item.countable) return false
    }
    return false
  }

  #range(row: number): Refusal | null {
    const client = reader.deleteClient[row] as number
    const clock = reader.deleteClock[row] as number
    const end = clock + (reader.deleteLength[row] as number)
    const own = client === this.#sender.client
    if (own && end > reader.next) return bad('deletes')
    if (!own && end > this.#stateOf(client)) return { code: 'unknown-dependency' }
    const stands = own ? Math.min(end, this.#sender.clock) : end
    if (clock < stands) {
      const refusal = this.#deletedItems(client, clock, stands)
      if (refusal) return refusal
    }
    if (own && end > this.#sender.clock && (cutsRow(clock) || cutsRow(end))) return bad('surrogates')
    if (this.#moved.touches(client, clock, end)) this.late = true
    return null
  }

  #deletedItems(client: number, clock: number, end: number): Refusal | null {
    const structs = this.#doc.store.clients.get(client) ?? []
    for (let i = Y.findIndexSS(structs, clock); i < structs.length; i++) {
      const item = structs[i]
      if (!(item instanceof Y.Item)) return bad('deletes')
      if (item.id.clock >= end) break
      if (++this.#walked > MAX_WALKED) return bad('deletes')
      const refusal = this.#deletedItem(item, clock, end)
      if (refusal) return refusal
    }
    return null
  }

  #deletedItem(item: Y.Item, clock: number, end: number): Refusal | null {
    if (item.parent !== this.#lastParent) {
      const leaf = leafNameOf(this.#doc, item.parent as object)
      const refusal = leaf ? this.#admit(leaf) : bad('leaf')
      if (refusal) return refusal
      this.#lastParent = item.parent
    }
    if (item.deleted) return null
    const { content } = item
    if (!(content instanceof Y.ContentString)) return content instanceof Y.ContentFormat ? null : bad('deletes')
    const cut = partsPair(content.str, clock - item.id.clock) || partsPair(content.str, end - item.id.clock)
    return cut ? bad('surrogates') : null
  }
}

/** The row that holds the sender's `clock`; `structs` when none does. */
function rowAt(clock: number): number {
  if (clock >= reader.next) return reader.structs
  let low = 0
  let high = reader.structs
  while (low < high) {
    const middle = (low + high) >> 1
    if ((reader.clock[middle] as number) <= clock) low = middle + 1
    else high = middle
  }
  return low - 1
}

function isAt(clients: Float64Array, clocks: Float64Array, row: number, { client, clock }: Anchor): boolean {
  return clients[row] === client && (client === NONE || clocks[row] === clock)
}

/** Whether a cut before the sender's own new `clock` parts a character. */
function cutsRow(clock: number): boolean {
  const row = rowAt(clock)
  const start = reader.clock[row]
  if (row < 0 || row >= reader.structs || start === undefined || reader.kind[row] === DELETED) return false
  return reader.kind[row] === STRING && partsPair(reader.words[row] as string, clock - start)
}
