import type { Place } from '#shared/protocol/frames.ts'
import type { Text } from '#shared/text/structure.ts'

/** The place as others may be told of it; null when this text has no such place. A leaf that is gone leaves its clause. */
export function placeIn(text: Text, place: Place): Place | null {
  const clause = Object.values(text.clauses).find(({ id }) => id === place.clause)
  if (!clause) return null
  const isThere = (leaf: string): boolean =>
    leaf === clause.leaf || Object.values(text.brackets).some((bracket) => bracket.leaf === leaf)
  const named: Place = { clause: clause.id }
  if (place.leaf !== undefined && isThere(place.leaf)) {
    named.leaf = place.leaf
    if (place.after !== undefined) named.after = place.after
    if (place.head && isThere(place.head.leaf)) named.head = place.head
  }
  return named
}
