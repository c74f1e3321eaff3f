import * as Y from 'yjs'
import type { BracketId, ItemId, LeafId } from '../ids.ts'
import { parseBracketId } from '../ids.ts'
import { FORMATS, type Format, type Run } from './structure.ts'

/** Reading a leaf: a root `Y.Text` of words, format marks and the places of brackets (`{b: id}`). Nothing here changes one but `insertAt` and what types by it. */

type Formats = Partial<Record<Format, true>>
/** One stretch of a leaf in list order. `gone`: deleted, its content forgotten. `mark`: a format mark, of no width. */
export type Piece = ItemId & { length: number } & (
    | { is: 'words'; words: string; formats: Formats }
    | { is: 'bracket'; bracket: BracketId | null }
    | { is: 'gone' }
    | { is: 'mark' }
  )

/** Words of one text, wherever they are kept. */
export interface Words {
  runs(leaf: LeafId): Run[]
  /** The visible index just right of `item`; a deleted item counts as where it stood. Null item: 0. Null: not in this leaf. */
  indexAfter(leaf: LeafId, item: ItemId | null): number | null
  /** The item left of the visible index; null at the start. */
  itemAt(leaf: LeafId, index: number): ItemId | null
}

const FORMAT_NAMES: readonly string[] = FORMATS
const isFormat = (key: string): key is Format => FORMAT_NAMES.includes(key)

/** Everything in the leaf in list order, deleted stretches included, each with the formats in force there. */
export function piecesOf(leaf: Y.Text): Piece[] {
  const pieces: Piece[] = []
  let formats: Formats = {}
  for (let item = leaf._start; item !== null; item = item.right) {
    const at = { client: item.id.client, clock: item.id.clock, length: item.length }
    const { content } = item
    if (item.deleted) pieces.push({ ...at, is: 'gone' })
    else if (content instanceof Y.ContentString) pieces.push({ ...at, is: 'words', words: content.str, formats })
    else if (content instanceof Y.ContentEmbed) pieces.push({ ...at, is: 'bracket', bracket: bracketIn(content.embed) })
    else if (content instanceof Y.ContentFormat) {
      pieces.push({ ...at, is: 'mark' })
      if (isFormat(content.key)) formats = withFormat(formats, content.key, content.value === true)
    }
  }
  return pieces
}

function withFormat(formats: Formats, key: Format, on: boolean): Formats {
  const { [key]: _, ...rest } = formats
  return on ? { ...rest, [key]: true } : rest
}

function bracketIn(embed: unknown): BracketId | null {
  const b: unknown = typeof embed === 'object' && embed !== null && 'b' in embed ? embed.b : null
  return typeof b === 'string' ? parseBracketId(b) : null
}

export const formatKey = (formats: Formats | undefined): string => FORMATS.filter((key) => formats?.[key]).join(' ')

/** What shows in the leaf: runs of equal formats, and the places of brackets. */
export function runsOf(leaf: Y.Text): Run[] {
  const runs: Run[] = []
  for (const piece of piecesOf(leaf)) addPiece(runs, piece)
  return runs
}

/** Adds what shows of `piece` behind `runs`, joining words of equal formats. */
export function addPiece(runs: Run[], piece: Piece): void {
  if (piece.is === 'bracket' && piece.bracket) runs.push({ bracket: piece.bracket })
  if (piece.is !== 'words') return
  const last = runs.at(-1)
  if (last && 'words' in last && formatKey(last.formats) === formatKey(piece.formats)) last.words += piece.words
  else if (formatKey(piece.formats) === '') runs.push({ words: piece.words })
  else runs.push({ words: piece.words, formats: piece.formats })
}

/** The item left of the visible index, null at the start of the leaf. */
export function itemAt(leaf: Y.Text, index: number): ItemId | null {
  let before = 0
  let last: ItemId | null = null
  for (let item = leaf._start; item !== null && before < index; item = item.right) {
    if (item.deleted || !item.countable) continue
    const taken = Math.min(item.length, index - before)
    last = { client: item.id.client, clock: item.id.clock + taken - 1 }
    before += taken
  }
  return last
}

/** The visible index just right of `item`; a deleted item counts as where it stood. Null item: 0. Null: not in this leaf. */
export function indexAfter(leaf: Y.Text, item: ItemId | null): number | null {
  if (item === null) return 0
  const found = findItem(leaf, item)
  if (!found) return null
  let index = shows(found) ? item.clock - found.id.clock + 1 : 0
  for (let left = found.left; left !== null; left = left.left) if (shows(left)) index += left.length
  return index
}

const shows = (item: Y.Item): boolean => !item.deleted && item.countable

/** Where `item` is kept, null when this leaf does not hold it. */
export function findItem(leaf: Y.Text, item: ItemId): Y.Item | null {
  const { doc } = leaf
  const structs = doc?.store.clients.get(item.client)
  if (!doc || !structs || item.clock < 0 || item.clock >= Y.getState(doc.store, item.client)) return null
  const struct = structs[Y.findIndexSS(structs, item.clock)]
  return struct instanceof Y.Item && struct.parent === leaf ? struct : null
}

/** Whether the item's words or bracket still show in this leaf. */
export function isVisible(leaf: Y.Text, item: ItemId): boolean {
  const found = findItem(leaf, item)
  return found !== null && shows(found)
}

/** The leaf as a `Y.Text`, null when nothing was ever written there. */
export function leafIn(doc: Y.Doc, leaf: LeafId): Y.Text | null {
  return doc.share.has(leaf) ? doc.getText(leaf) : null
}

/** The words of a document, read as they are at each call. */
export function wordsOf(doc: Y.Doc): Words {
  return {
    runs: (leaf) => {
      const text = leafIn(doc, leaf)
      return text ? runsOf(text) : []
    },
    indexAfter: (leaf, item) => {
      const text = leafIn(doc, leaf)
      return text ? indexAfter(text, item) : item === null ? 0 : null
    },
    itemAt: (leaf, index) => {
      const text = leafIn(doc, leaf)
      return text ? itemAt(text, index) : null
    },
  }
}

/**
 * Types `words` right of `after` (null: at the start), in the formats in force there. Unlike `Y.Text.insert` it never
 * steps over deleted items: words typed at the end of a clause that was split must not seem to follow the moved ones.
 * Null when `after` is not in this leaf; else the last item typed. One transaction.
 */
function insertAfter(leaf: Y.Text, after: ItemId | null, words: string, origin: unknown = null): ItemId | null {
  const { doc } = leaf
  if (!doc || words === '' || (after && !findItem(leaf, after))) return null
  let last: ItemId | null = null
  doc.transact((transaction) => {
    const left = after ? Y.getItemCleanEnd(transaction, doc.store, Y.createID(after.client, after.clock)) : null
    const right = left ? left.right : leaf._start
    const id = Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID))
    const content = new Y.ContentString(words)
    const item = new Y.Item(id, left, left?.lastId ?? null, right, right?.id ?? null, leaf, null, content)
    item.integrate(transaction, 0)
    // Yjs keeps remembered positions beside the list and moves them itself only in its own insert.
    if (leaf._searchMarker) leaf._searchMarker.length = 0
    last = { client: id.client, clock: id.clock + words.length - 1 }
  }, origin)
  return last
}

/** `insertAfter` at a visible index. */
export const insertAt = (leaf: Y.Text, index: number, words: string, origin: unknown = null): ItemId | null =>
  insertAfter(leaf, itemAt(leaf, index), words, origin)

/**
 * The leaf for whoever writes on the `Y.Text` itself: its `insert` types as `insertAt` does. Every `Y.Text` of a client that
 * others may hold comes from here.
 */
export function openLeaf(doc: Y.Doc, id: LeafId): Y.Text {
  const leaf = doc.getText(id)
  if (Object.hasOwn(leaf, 'insert')) return leaf
  const insert = leaf.insert.bind(leaf)
  leaf.insert = (index, words, formats) => {
    if (index > leaf.length || words === '') insert(index, words, formats)
    else if (!formats) insertAt(leaf, index, words)
    else
      doc.transact(() => {
        insertAt(leaf, index, words)
        leaf.format(index, words.length, { ...Object.fromEntries(FORMATS.map((format) => [format, null])), ...formats })
      })
  }
  return leaf
}
