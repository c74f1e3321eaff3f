import type { Selection } from 'prosemirror-state'
import type { Move } from '#shared/text/structure.ts'
import { oneParagraph } from '../room/plan.ts'
import type { Binding } from './binding.ts'
import { Composed } from './composed.ts'
import type { Typing } from './typing.ts'

/** Several paragraphs that were pasted and stand in one clause. */
export interface Pasted {
  clause: string
  paragraphs: string[]
  /** Takes all but the first out of the clause again; false when that cannot be done any more. */
  keepFirst(): boolean
}

/**
 * Puts several paragraphs into a clause's own words as one, and offers to make clauses of them. Null: there are not several, or
 * the place is in a bracket. Else the result ends it.
 */
export function pasteParagraphs(
  { from, to }: Selection,
  words: string,
  binding: Binding,
  typing: Typing,
  offer: (pasted: Pasted) => void,
): (() => void) | null {
  const { text } = binding
  const place = binding.placeAt(from)
  const spot = binding.spotAt(from)
  const paragraphs = words.split(/[\r\n\u2028\u2029]+/u).flatMap((part) => oneParagraph(part).trim() || [])
  const [first] = paragraphs
  if (first === undefined || paragraphs.length < 2 || !spot || place?.part.bracket !== null) return null
  const composed = new Composed(text, (plan) => typing.perform(plan))
  const all = paragraphs.join(' ')
  if (composed.begin(spot, from < to ? binding.ranges(from, to) : [], all)) {
    const caret = composed.spotAt(all.length)
    binding.draw(caret ? { caret } : {})
    offer({ clause: place.row.id, paragraphs, keepFirst: () => composed.change(first) })
  }
  return text.on('moves', (moves) => composed.move(moves as Move[]))
}
