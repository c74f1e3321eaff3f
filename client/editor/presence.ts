import type { View } from '#shared/domain/view.ts'
import type { Presence } from '../room/room.ts'
import type { Caret } from './decorations.ts'
import type { Gutter } from './node-views.ts'

/** Who else is in the text: carets by leaf, and names by clause. */
export function others(
  here: Presence[],
  me: string,
  people: View['people'],
  parties: View['parties'],
): { carets: Caret[]; here: Map<string, Gutter['here']> } {
  const carets: Caret[] = []
  const rows = new Map<string, Gutter['here']>()
  for (const { seat, place } of here) {
    const person = people.find(({ id }) => id === seat)
    const party = parties.find(({ id }) => id === person?.party)
    if (seat === me || !place || !person || !party) continue
    const { slot } = party
    const row = rows.get(place.clause) ?? []
    if (!row.some(({ name }) => name === person.name)) rows.set(place.clause, [...row, { name: person.name, slot }])
    if (!place.leaf) continue
    const selected = place.head ? { leaf: place.head.leaf, left: place.head.after } : null
    carets.push({ seat, slot, at: { leaf: place.leaf, left: place.after ?? null }, selected })
  }
  return { carets, here: rows }
}
