import type { Node, ResolvedPos } from 'prosemirror-model'

/**
 * One step of the caret through words and brackets. Each bracket has four places: left of it, its start, its end, right of
 * it; the caret stops at each, so that a person sees whose words the next letter joins.
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** Longer than any cluster people write. */
const REACH = 64

const isBracket = (node: Node | null): node is Node => node?.type.name === 'bracket'

/** How long the last character of `words` is, in UTF-16 units. */
function lastLength(words: string): number {
  const tail = words.slice(-REACH)
  let length = 0
  for (const { segment } of graphemes.segment(tail)) length = segment.length
  return length
}
function firstLength(words: string): number {
  for (const { segment } of graphemes.segment(words.slice(0, REACH))) return segment.length
  return 0
}

/** The next place in reading order (`by` 1) or the one before; null at the ends of a clause. */
export function nextPlace(doc: Node, pos: number, by: 1 | -1): number | null {
  const $pos = doc.resolve(pos)
  const node = by === 1 ? $pos.nodeAfter : $pos.nodeBefore
  if (node?.isText) return pos + by * (by === 1 ? firstLength(node.text ?? '') : lastLength(node.text ?? ''))
  if (isBracket(node) || isBracket($pos.parent)) return pos + by
  return null
}

/** Whether a border of a bracket, or the clause's end, is one step away or nearer. */
export function nearBorder(doc: Node, pos: number, by: 1 | -1): boolean {
  const next = nextPlace(doc, pos, by)
  return next === null || atBorder(doc.resolve(pos), by) || atBorder(doc.resolve(next), by)
}
/** Whether no letter is beside the place: a bracket is, or the end of its words. */
export const atBorder = ($pos: ResolvedPos, by: 1 | -1): boolean =>
  !(by === 1 ? $pos.nodeAfter : $pos.nodeBefore)?.isText

/**
 * The character that deleting takes: the one beside the caret, inside a bracket the person may write in, past brackets of
 * others. Null: there is none in this clause.
 */
export function characterBeside(
  doc: Node,
  pos: number,
  by: 1 | -1,
  enters: (bracket: Node) => boolean,
): { from: number; to: number } | null {
  let at = pos
  for (;;) {
    const $at = doc.resolve(at)
    const node = by === 1 ? $at.nodeAfter : $at.nodeBefore
    if (node?.isText) {
      const length = by === 1 ? firstLength(node.text ?? '') : lastLength(node.text ?? '')
      return by === 1 ? { from: at, to: at + length } : { from: at - length, to: at }
    }
    if (isBracket(node)) at += by * (enters(node) ? 1 : node.nodeSize)
    else if (isBracket($at.parent)) at += by
    else return null
  }
}

/** The bracket whose words the place is in, or that it touches. */
export function bracketAt(doc: Node, pos: number): { id: string; inside: boolean } | null {
  const $pos = doc.resolve(pos)
  if (isBracket($pos.parent)) return { id: String($pos.parent.attrs['id']), inside: true }
  const beside = [$pos.nodeBefore, $pos.nodeAfter].find((node) => isBracket(node))
  return beside ? { id: String(beside.attrs['id']), inside: false } : null
}
