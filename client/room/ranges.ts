import type { ItemId } from '#shared/ids.ts'

/** Sets of Yjs items as clock ranges per client, in the order they were added until `tidy`. */
export type Ranges = Map<number, [clock: number, length: number][]>

export function addRange(ranges: Ranges, client: number, clock: number, length: number): void {
  const of = ranges.get(client)
  if (of) of.push([clock, length])
  else ranges.set(client, [[clock, length]])
}

export function addAll(into: Ranges, from: Ranges): void {
  for (const [client, list] of from) for (const [clock, length] of list) addRange(into, client, clock, length)
}

/** Sorted, without overlap, neighbours joined; clients from high to low: the one order Yjs itself writes. */
export function tidy(ranges: Ranges): Ranges {
  const clients = [...ranges].sort(([a], [b]) => b - a)
  return new Map(clients.map(([client, list]) => [client, joined(list)]))
}

function joined(list: [number, number][]): [number, number][] {
  const out: [number, number][] = []
  for (const [clock, length] of [...list].sort(([a], [b]) => a - b)) {
    const last = out.at(-1)
    if (last && clock <= last[0] + last[1]) last[1] = Math.max(last[1], clock + length - last[0])
    else out.push([clock, length])
  }
  return out
}

/** What is in `from` and not in `without`. */
export function subtract(from: Ranges, without: Ranges): Ranges {
  const out: Ranges = new Map()
  for (const [client, list] of tidy(from)) {
    const holes = joined(without.get(client) ?? [])
    for (const [clock, length] of list) for (const [at, n] of pieces(clock, length, holes)) addRange(out, client, at, n)
  }
  return out
}

function pieces(clock: number, length: number, holes: [number, number][]): [number, number][] {
  const out: [number, number][] = []
  const end = clock + length
  let at = clock
  for (const [hole, n] of holes) {
    if (hole + n <= at || hole >= end) continue
    if (hole > at) out.push([at, hole - at])
    at = Math.max(at, hole + n)
  }
  if (at < end) out.push([at, end - at])
  return out
}

export const hasItem = (ranges: Ranges, { client, clock }: ItemId): boolean =>
  (ranges.get(client) ?? []).some(([at, length]) => clock >= at && clock < at + length)

export function countRanges(ranges: Ranges): number {
  let count = 0
  for (const list of ranges.values()) count += list.length
  return count
}
