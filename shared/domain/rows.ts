import type { SeatId } from '../ids.ts'
import { parseSeatId } from '../ids.ts'
import type { Fact } from './events.ts'
import type { Table } from './process.ts'

/** The row of an id that may come from outside: never what every object inherits (`constructor`, `__proto__`). */
export function row<K extends string, T>(rows: Record<K, T>, id: string): T | null {
  return Object.hasOwn(rows, id) ? ((rows as Record<string, T>)[id] ?? null) : null
}

/** The rows of a table as people see them. */
export function rowsOf<K extends string, T>(table: Table<K, T>): T[] {
  const rows: T[] = []
  for (const id of table.order) {
    const found = row(table.by, id)
    if (found !== null) rows.push(found)
  }
  return rows
}

/** The table with one more row at its end; an id that is there keeps its first row. */
export function added<K extends string, T>(table: Table<K, T>, id: K, one: T): Table<K, T> {
  if (Object.hasOwn(table.by, id)) return table
  return { order: [...table.order, id], by: { ...table.by, [id]: one } }
}

/** The table with one row replaced; an id that is not there changes nothing. */
export function replaced<K extends string, T>(table: Table<K, T>, id: K, one: T): Table<K, T> {
  return Object.hasOwn(table.by, id) ? { order: table.order, by: { ...table.by, [id]: one } } : table
}

export function tableOf<K extends string, T extends { id: K }>(rows: T[]): Table<K, T> {
  const kept = rows.filter((one, index) => rows.findIndex(({ id }) => id === one.id) === index)
  return { order: kept.map(({ id }) => id), by: Object.fromEntries(kept.map((one) => [one.id, one])) as Record<K, T> }
}

/** Who did it, where a seat is recorded: what the server or the operator did stands under their own name. */
export function doer(fact: Pick<Fact, 'by'>): SeatId {
  const by = parseSeatId(fact.by)
  if (!by) throw new Error('who did it has no name')
  return by
}

/** Computes once for one immutable object; the answer leaves memory with it. */
export function once<O extends object, T>(compute: (of: O) => T): (of: O) => T {
  const known = new WeakMap<O, { value: T }>()
  return (of) => {
    let found = known.get(of)
    if (!found) {
      found = { value: compute(of) }
      known.set(of, found)
    }
    return found.value
  }
}
