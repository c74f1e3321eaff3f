/**
 * Patches of canonical JSON. Arrays whose elements all have a string `id` are packed to `{order, by}` so that one changed
 * row is one path; everything else that differs is replaced whole. Order of paths is deterministic (keys sorted).
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** `[path, value]` sets, `[path]` removes. */
export type Patch = ([path: string[], value: Json] | [path: string[]])[]

type Row = { id: string } & { [key: string]: Json }
const isRecord = (value: unknown): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isRows = (value: Json): value is Row[] =>
  Array.isArray(value) && value.every((item) => isRecord(item) && typeof item.id === 'string')

/** Turns every array of things with `id` (empty arrays too) into `{order, by}`, drops `undefined` and sorts keys. */
export function pack(value: Json): Json {
  if (Array.isArray(value)) {
    if (!isRows(value)) return value.map(pack)
    return { by: record(value.map((row): [string, Json] => [row.id, pack(row)])), order: value.map((row) => row.id) }
  }
  return isRecord(value) ? record(Object.entries(value).map(([key, part]) => [key, pack(part)])) : value
}
function record(entries: [string, Json][]): { [key: string]: Json } {
  const kept = entries.filter(([, part]) => part !== undefined)
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** The inverse of `pack`. */
export function unpack(value: Json): Json {
  if (Array.isArray(value)) return value.map(unpack)
  if (!isRecord(value)) return value
  if (isTable(value)) return value.order.map((id) => unpack(value.by[id] as Json))
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unpack(part)]))
}
function isTable(value: { [key: string]: Json }): value is { order: string[]; by: { [key: string]: Json } } {
  return Object.keys(value).length === 2 && Array.isArray(value.order) && isRecord(value.by)
}

/** What turns `before` into `after`, both packed. Empty when equal. */
export function diff(before: Json, after: Json, path: string[] = [], into: Patch = []): Patch {
  if (before === after) return into
  if (!isRecord(before) || !isRecord(after)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) into.push([path, after])
    return into
  }
  for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    if (!Object.hasOwn(after, key)) into.push([[...path, key]])
    else if (!Object.hasOwn(before, key)) into.push([[...path, key], after[key] as Json])
    else diff(before[key] as Json, after[key] as Json, [...path, key], into)
  }
  return into
}

/** Applies a patch to packed JSON; untouched parts are shared with `value`. */
export function applyPatch(value: Json, patch: Patch): Json {
  return patch.reduce<Json>((root, [path, to]) => set(root, path, 0, to), value)
}
function set(value: Json, path: string[], at: number, to: Json | undefined): Json {
  if (at === path.length) return to as Json
  const key = path[at] as string
  const copy: { [key: string]: Json } = isRecord(value) ? { ...value } : {}
  if (at === path.length - 1 && to === undefined) delete copy[key]
  else {
    const inner = set(Object.hasOwn(copy, key) ? (copy[key] as Json) : null, path, at + 1, to)
    // An assignment to `__proto__` would set no key.
    Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true })
  }
  return copy
}
