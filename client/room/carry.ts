import * as Y from 'yjs'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { findItem, insertAt } from '#shared/text/leaf.ts'
import { FORMATS, type Format } from '#shared/text/structure.ts'
import { align, EMBED, placeOf, type Unit } from './align.ts'
import { hasItem, type Ranges } from './ranges.ts'

/**
 * What was written here and never reached the server, leaf by leaf, and putting it into another document that shows the same
 * words: a new incarnation, or the server's state after a refusal. What the server showed is kept, what was deleted here is
 * deleted, what the server does not know is inserted.
 */

/** What the server has: all items but those of the clients in `clocks` from their clock on; of the deletions all but `deletes`. */
export interface Known {
  clocks: ReadonlyMap<number, number>
  deletes: Ranges
}

type Formats = Partial<Record<Format, true>>
export interface LeafChange {
  leaf: LeafId
  /** What the server showed, unit by unit. */
  shown: Unit[]
  /** Units of `shown` that were deleted here. */
  gone: number[]
  /** Words typed here, before unit `at` of `shown`. */
  put: { at: number; words: string; formats: Formats }[]
  /** Units of `shown` whose formats were changed here. */
  marked: { at: number; formats: Partial<Record<Format, true | null>> }[]
}

/** The changes of one leaf; null when there are none. */
export function unsentIn(text: Y.Text, leaf: LeafId, known: Known): LeafChange | null {
  const change: LeafChange = { leaf, shown: [], gone: [], put: [], marked: [] }
  let server: Formats = {}
  let here: Formats = {}
  for (let item = text._start; item !== null; item = item.right) {
    const { content } = item
    if (content instanceof Y.ContentFormat) {
      if (standsOnServer(item, 0, known)) server = withMark(server, content)
      if (!item.deleted) here = withMark(here, content)
    } else if (item.countable || item.deleted) read(item, change, known, server, here)
  }
  const { gone, put, marked } = change
  return gone.length + put.length + marked.length > 0 ? change : null
}

/** What the server showed of the leaf, unit by unit. */
export const shownIn = (text: Y.Text, known: Known): Unit[] => [...shownUnits(text, known)].map(({ unit }) => unit)

/** How many of the shown units stand up to `last`, itself included; one that the server does not show counts as where it stood. */
export function shownUpTo(text: Y.Text, known: Known, last: ItemId | null): number {
  if (last === null) return 0
  const found = findItem(text, last)
  if (!found) return 0
  let count = 0
  for (const { item, offset } of shownUnits(text, known, found)) {
    if (item === found && item.id.clock + offset > last.clock) break
    count++
  }
  return count
}

/** `until`: the last item to look at. */
function* shownUnits(
  text: Y.Text,
  known: Known,
  until: Y.Item | null = null,
): Generator<{ unit: Unit; item: Y.Item; offset: number }> {
  for (let item = text._start; item !== null; item = item.right) {
    if (item.countable || (item.deleted && !(item.content instanceof Y.ContentFormat))) {
      const units = unitsOf(item)
      for (let offset = 0; offset < units.length; offset++)
        if (standsOnServer(item, offset, known)) yield { unit: units[offset] ?? '', item, offset }
    }
    if (item === until) return
  }
}

/** What the leaf shows, unit by unit. */
export function unitsOfLeaf(text: Y.Text): Unit[] {
  const units: Unit[] = []
  for (let item = text._start; item !== null; item = item.right)
    if (!item.deleted && item.countable) units.push(...unitsOf(item))
  return units
}

const isUnknown = ({ id }: Y.Item, offset: number, { clocks }: Known): boolean =>
  id.clock + offset >= (clocks.get(id.client) ?? Number.POSITIVE_INFINITY)

function standsOnServer(item: Y.Item, offset: number, known: Known): boolean {
  if (isUnknown(item, offset, known)) return false
  return !item.deleted || hasItem(known.deletes, { client: item.id.client, clock: item.id.clock + offset })
}

function read(item: Y.Item, change: LeafChange, known: Known, server: Formats, here: Formats): void {
  const units = unitsOf(item)
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] ?? ''
    const at = change.shown.length
    if (isUnknown(item, i, known)) {
      if (!item.deleted && !unit.startsWith(EMBED)) type(change, at, unit, here)
    } else if (standsOnServer(item, i, known)) {
      change.shown.push(unit)
      if (item.deleted) change.gone.push(at)
      else if (!same(server, here)) change.marked.push({ at, formats: between(server, here) })
    }
  }
}

function unitsOf(item: Y.Item): Unit[] {
  const { content } = item
  if (content instanceof Y.ContentString) return content.str.split('')
  if (content instanceof Y.ContentEmbed) return [EMBED + JSON.stringify(content.embed)]
  return Array.from({ length: item.length }, (_, i) => `${EMBED}${item.id.client}:${item.id.clock + i}`)
}

function type(change: LeafChange, at: number, unit: string, formats: Formats): void {
  const last = change.put.at(-1)
  if (last && last.at === at && same(last.formats, formats)) last.words += unit
  else change.put.push({ at, words: unit, formats })
}

function withMark(formats: Formats, { key, value }: Y.ContentFormat): Formats {
  const { [key as Format]: _, ...rest } = formats
  return value === true ? { ...rest, [key]: true } : rest
}
const same = (a: Formats, b: Formats): boolean => FORMATS.every((key) => a[key] === b[key])
function between(from: Formats, to: Formats): Partial<Record<Format, true | null>> {
  return Object.fromEntries(FORMATS.filter((key) => from[key] !== to[key]).map((key) => [key, to[key] ?? null]))
}

/** Does the change in `text`, as local edits of its document, in one transaction of the caller's. */
export function carryInto(text: Y.Text, change: LeafChange, origin: unknown): void {
  const to = unitsOfLeaf(text)
  const now = align(change.shown, to)
  const edits: { index: number; rank: number; run: () => void }[] = []
  change.put.forEach(({ at, words, formats }, nth) => {
    const index = placeOf(now, at, to.length)
    edits.push({ index, rank: change.put.length - nth, run: () => put(text, index, words, formats, origin) })
  })
  for (const at of change.gone) {
    const index = now[at] ?? -1
    if (index >= 0) edits.push({ index, rank: 0, run: () => text.delete(index, 1) })
  }
  for (const { at, formats } of change.marked) {
    const index = now[at] ?? -1
    if (index >= 0) edits.push({ index, rank: 0, run: () => text.format(index, 1, formats) })
  }
  // From right to left, so that indexes still to come stay; at one place words come after what is right of them is done.
  for (const { run } of edits.sort((a, b) => b.index - a.index || a.rank - b.rank)) run()
}

function put(text: Y.Text, index: number, words: string, formats: Formats, origin: unknown): void {
  insertAt(text, index, words, origin)
  text.format(index, words.length, Object.fromEntries(FORMATS.map((key) => [key, formats[key] ?? null])))
}
