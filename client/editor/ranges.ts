import type { LeafId } from '#shared/ids.ts'
import type { LeafRange } from '../room/plan.ts'
import { type Part, sizeOf } from './drawn.ts'

/**
 * What a stretch of a drawing covers, leaf by leaf in reading order. A bracket that is covered whole belongs to the range of
 * its host, by its place there; one that is covered in part, or has no place yet, gives a range of its own leaf.
 */
export function rangesIn(part: Part, from: number, to: number): LeafRange[] {
  const out: LeafRange[] = []
  for (const span of part.spans) {
    const end = span.at + sizeOf(span)
    if (end <= from || span.at >= to || span.is === 'hidden') continue
    if (span.is === 'words') {
      const [start, stop] = [Math.max(from, span.at), Math.min(to, end)]
      addRange(out, part.leaf, span.index + start - span.at, stop - start)
    } else if (span.item && from <= span.at && end <= to) addRange(out, part.leaf, span.index, 1)
    else out.push(...rangesIn(span.part, from - span.at - 1, to - span.at - 1))
  }
  return out
}

function addRange(out: LeafRange[], leaf: LeafId, index: number, length: number): void {
  const last = out.at(-1)
  if (last?.leaf === leaf && last.index + last.length === index) last.length += length
  else out.push({ leaf, index, length })
}
