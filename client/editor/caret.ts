import type { BracketId, ItemId, LeafId } from '#shared/ids.ts'
import type { Move } from '#shared/text/structure.ts'
import { type Part, type Place, partsOf, type Span, sizeOf } from './drawn.ts'

/**
 * A caret as it survives changes: the leaf it stands in and what stands left of it there. Biased left: of two people typing
 * at one spot each keeps to the right of its own words, so their words do not interleave.
 */
export interface Anchor {
  leaf: LeafId
  left: ItemId | { bracket: BracketId } | null
}

export function anchorAt({ part, at }: Place): Anchor {
  let left: Anchor['left'] = null
  for (const span of part.spans) {
    if (span.at >= at || span.is === 'hidden') continue
    if (span.is === 'words')
      left = { client: span.client, clock: span.clock + Math.min(span.words.length, at - span.at) - 1 }
    else left = { bracket: span.bracket.id }
  }
  return { leaf: part.leaf, left }
}

/** Where an anchor stands in a drawing, from the start of the clause's content. Null: not in this clause. `indexAfter` tells where a deleted item stood. */
export function resolveIn(
  root: Part,
  anchor: Anchor,
  placeOf: (part: Part, item: ItemId) => number | null,
): number | null {
  const { left, leaf } = anchor
  for (const { part, start } of partsOf(root)) {
    if (left && 'bracket' in left) {
      const span = part.spans.find((one) => one.is === 'bracket' && one.bracket.id === left.bracket)
      if (span) return start + endOf(span)
    } else if (part.leaf === leaf) {
      const at = left === null ? 0 : (shown(part, left) ?? placeOf(part, left))
      if (at !== null) return start + at
    }
  }
  return null
}

const endOf = (span: Span): number => span.at + sizeOf(span)

/** Right of an item that shows. */
function shown(part: Part, { client, clock }: ItemId): number | null {
  for (const span of part.spans) {
    if (span.is === 'words' && span.client === client && clock >= span.clock && clock < span.clock + span.words.length)
      return span.at + clock - span.clock + 1
    if (span.is === 'bracket' && span.item?.client === client && span.item.clock === clock) return endOf(span)
    if (span.is === 'hidden' && span.item.client === client && span.item.clock === clock) return span.at
  }
  return null
}

/** The anchor where its words went. */
export function moved(anchor: Anchor, moves: Move[]): Anchor {
  let now = anchor
  for (const { leaf, client, clock, length, to } of moves) {
    const { left } = now
    if (now.leaf !== leaf || left === null || 'bracket' in left || left.client !== client) continue
    const offset = left.clock - clock
    if (offset >= 0 && offset < length) now = { leaf: to.leaf, left: { client: to.client, clock: to.clock + offset } }
  }
  return now
}
