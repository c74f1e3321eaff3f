/**
 * Which units of a leaf as it was shown are those of the leaf as it is now, where no id says so. Words are matched whole, so
 * that what was written beside a word that is gone does not end up inside another one.
 */

/** A UTF-16 unit, or a mark and the id of a bracket, or (deleted and forgotten) nothing that equals another. */
export type Unit = string
/** Begins a unit that is not text. */
export const EMBED = '\u0000'

/** Past this many comparisons only what is equal from both ends is matched: a paragraph rewritten by others, not a keystroke. */
const MAX_COMPARED = 4_000_000
/** Letters and digits with what joins them (`non-paper`, `l'eau`, `3.1`), and what stands close before and behind. */
const WORD = /[\p{Ps}\p{Pi}<"']*[\p{L}\p{M}\p{N}]+(?:[-.'’_][\p{L}\p{M}\p{N}]+)*[\p{Pe}\p{Pf}>"'.,;:!?،؛؟]*/gu
const LIKE_OTHERS = /^[\s\p{P}\p{S}]$/u

/** A word, or one unit that is in none. */
interface Token {
  at: number
  units: Unit[]
  key: string
  isWord: boolean
  /** It is like few others. */
  tells: boolean
}
/** Parts of both, of which what stands before and behind is matched. */
interface Gap {
  from: [start: number, end: number]
  to: [start: number, end: number]
}

/** For each unit of `from` the index of the same unit in `to`, or -1: in order, each once. */
export function align(from: Unit[], to: Unit[]): number[] {
  const out = new Array<number>(from.length).fill(-1)
  const [was, now] = [tokensOf(from), tokensOf(to)]
  const hits = commonTelling(was, now)
  for (const [i, j] of changedWords(hits, was, now)) hits[i] = j
  growRuns(hits, was, now)
  hits.forEach((j, i) => {
    const [a, b] = [was[i], now[j]]
    if (a && b) matchUnits(a, b, out)
  })
  return out
}

/** Right of the nearest unit on the left that still stands; else left of the nearest on the right; else the end. */
export function placeOf(now: number[], at: number, length: number): number {
  for (let left = at - 1; left >= 0; left--) if ((now[left] ?? -1) >= 0) return (now[left] ?? 0) + 1
  for (let right = at; right < now.length; right++) if ((now[right] ?? -1) >= 0) return now[right] ?? 0
  return length
}

/** Words first: two texts have more spaces in common than anything else, and those tell nothing. */
function commonTelling(was: Token[], now: Token[]): number[] {
  const hits = new Array<number>(was.length).fill(-1)
  const [a, b] = [was, now].map((tokens) => tokens.flatMap(({ tells, key }, index) => (tells ? [{ key, index }] : [])))
  common(a?.map(({ key }) => key) ?? [], b?.map(({ key }) => key) ?? []).forEach((j, i) => {
    const [from, to] = [a?.[i], b?.[j]]
    if (from && to) hits[from.index] = to.index
  })
  return hits
}

function tokensOf(units: Unit[]): Token[] {
  // A unit that is no text keeps its place, as one character of none.
  const text = units.map((unit) => (unit.length === 1 ? unit : EMBED)).join('')
  const tokens: Token[] = []
  const single = (upTo: number): void => {
    for (let at = endOf(tokens.at(-1)); at < upTo; at++) {
      const key = units[at] ?? ''
      tokens.push({ at, units: [key], key, isWord: false, tells: !LIKE_OTHERS.test(key) })
    }
  }
  for (const { 0: word, index } of text.matchAll(WORD)) {
    single(index)
    tokens.push({ at: index, units: units.slice(index, index + word.length), key: word, isWord: true, tells: true })
  }
  single(units.length)
  return tokens
}
const endOf = (token?: Token): number => (token ? token.at + token.units.length : 0)

/** Of several equal ways to match, the one that keeps neighbours together. */
function growRuns(hits: number[], was: Token[], now: Token[]): void {
  const taken = new Set(hits)
  const grow = (i: number, j: number): void => {
    if (i < 0 || i >= was.length || (hits[i] ?? -1) >= 0 || taken.has(j) || was[i]?.key !== now[j]?.key) return
    hits[i] = j
    taken.add(j)
  }
  for (let i = 0; i < hits.length; i++) if ((hits[i] ?? -1) >= 0) grow(i + 1, (hits[i] ?? 0) + 1)
  for (let i = hits.length - 1; i >= 0; i--) if ((hits[i] ?? -1) >= 0) grow(i - 1, (hits[i] ?? 0) - 1)
}

/** One word in the place of one is the same, changed, when half of the longer is in both. */
function changedWords(hits: number[], was: Token[], now: Token[]): [number, number][] {
  return gapsOf(hits, now.length).flatMap(({ from, to }): [number, number][] => {
    const [i, j] = [onlyWord(was, from), onlyWord(now, to)]
    const [a, b] = [was[i]?.units ?? [], now[j]?.units ?? []]
    const same = common(a, b).filter((hit) => hit >= 0).length
    return same > 0 && 2 * same >= Math.max(a.length, b.length) ? [[i, j]] : []
  })
}
function gapsOf(hits: number[], length: number): Gap[] {
  const gaps: Gap[] = []
  let [i, j] = [0, 0]
  for (let at = 0; at <= hits.length; at++) {
    const hit = at < hits.length ? (hits[at] ?? -1) : length
    if (hit < 0) continue
    if (at > i && hit > j) gaps.push({ from: [i, at], to: [j, hit] })
    i = at + 1
    j = hit + 1
  }
  return gaps
}
/** The index of the one word there; -1 when there is another number of them. */
function onlyWord(tokens: Token[], [start, end]: [number, number]): number {
  const at = tokens.findIndex(({ isWord }, index) => index >= start && isWord)
  const isOnly = at >= 0 && at < end && !tokens.slice(at + 1, end).some(({ isWord }) => isWord)
  return isOnly ? at : -1
}
function matchUnits(a: Token, b: Token, out: number[]): void {
  common(a.units, b.units).forEach((hit, unit) => {
    if (hit >= 0) out[a.at + unit] = b.at + hit
  })
}

/** A longest common subsequence. */
function common(from: string[], to: string[]): number[] {
  const out = new Array<number>(from.length).fill(-1)
  let start = 0
  while (start < from.length && start < to.length && from[start] === to[start]) out[start] = start++
  let end = 0
  while (end < Math.min(from.length, to.length) - start && from[from.length - 1 - end] === to[to.length - 1 - end]) {
    end++
    out[from.length - end] = to.length - end
  }
  const rows = from.length - start - end
  const columns = to.length - start - end
  if (rows === 0 || columns === 0 || rows * columns > MAX_COMPARED) return out
  matchMiddle(from.slice(start, start + rows), to.slice(start, start + columns)).forEach((j, i) => {
    if (j >= 0) out[start + i] = start + j
  })
  return out
}

function matchMiddle(from: string[], to: string[]): number[] {
  const width = to.length + 1
  const length = new Uint16Array((from.length + 1) * width)
  const at = (i: number, j: number): number => length[i * width + j] ?? 0
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      length[i * width + j] = from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const out = new Array<number>(from.length).fill(-1)
  for (let i = 0, j = 0; i < from.length && j < to.length; ) {
    if (from[i] === to[j]) out[i++] = j++
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return out
}
