import { Fragment, Slice } from 'prosemirror-model'
import { ReplaceStep, type Transform } from 'prosemirror-transform'
import { formatKey } from '#shared/text/leaf.ts'
import { FORMATS } from '#shared/text/structure.ts'
import { bracketAttrs, nodesOf, type Part, type Span, sizeOf } from './drawn.ts'
import { schema } from './schema.ts'

/**
 * From one drawing to the next by Yjs item, never by comparing words: "aa" becoming "a" says not which one left, its items do.
 */

/** Pairs of places whose keys are the same and stand in the same order: the most that can be kept. Keys are unique in each list. */
export function keptPairs(old: string[], next: string[]): [from: number, to: number][] {
  const places = new Map(next.map((key, index) => [key, index]))
  const common: [number, number][] = []
  old.forEach((key, index) => {
    const to = places.get(key)
    if (to !== undefined) common.push([index, to])
  })
  const inOrder = common.every(([, to], i) => i === 0 || (common[i - 1]?.[1] ?? -1) < to)
  return inOrder ? common : longestRising(common)
}

/** The longest part of the pairs in which the second number only rises. */
function longestRising(pairs: [number, number][]): [number, number][] {
  /** By length: the index of the pair that ends the best run of that length. */
  const ends: number[] = []
  const before: (number | undefined)[] = []
  pairs.forEach(([, to], index) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < to) low = middle + 1
      else high = middle
    }
    before[index] = low > 0 ? ends[low - 1] : undefined
    ends[low] = index
  })
  const kept: [number, number][] = []
  for (let at = ends.at(-1); at !== undefined; at = before[at]) {
    const pair = pairs[at]
    if (pair) kept.push(pair)
  }
  return kept.reverse()
}

/**
 * Adds the steps that turn the content drawn as `old`, which starts at `start` of the transform's document, into `next`.
 * Brackets that stay where they are keep their nodes.
 */
export function stepsBetween(tr: Transform, start: number, old: Part, next: Part): void {
  const [from, to] = aligned(old.spans, next.spans)
  const pairs = keptPairs(from.map(keyOf), to.map(keyOf))
  let oldEnd = from.length
  let nextEnd = to.length
  // From right to left, so that places further left stay as they are.
  for (const [i, j] of [[-1, -1] as [number, number], ...pairs].reverse()) {
    replaceGap(tr, start, from.slice(i + 1, oldEnd), to.slice(j + 1, nextEnd), endOf(from[i]))
    const [was, is] = [from[i], to[j]]
    if (was && is) change(tr, start, was, is)
    oldEnd = i
    nextEnd = j
  }
}

const endOf = (span: Span | undefined): number => (span ? span.at + sizeOf(span) : 0)

function replaceGap(tr: Transform, start: number, old: Span[], next: Span[], at: number): void {
  const size = old.reduce((sum, span) => sum + sizeOf(span), 0)
  const nodes = nodesOf(next)
  if (size === 0 && nodes.length === 0) return
  tr.step(new ReplaceStep(start + at, start + at + size, new Slice(Fragment.fromArray(nodes), 0, 0)))
}

/** What stays may have other formats, or another look and other words inside. */
function change(tr: Transform, start: number, was: Span, is: Span): void {
  if (was.is === 'words' && is.is === 'words') {
    if (formatKey(was.formats) === formatKey(is.formats)) return
    const [from, to] = [start + was.at, start + was.at + was.words.length]
    for (const format of FORMATS) {
      if (was.formats[format] && !is.formats[format]) tr.removeMark(from, to, schema.mark(format))
      if (!was.formats[format] && is.formats[format]) tr.addMark(from, to, schema.mark(format))
    }
  } else if (was.is === 'bracket' && is.is === 'bracket') {
    stepsBetween(tr, start + was.at + 1, was.part, is.part)
    const [old, attrs] = [bracketAttrs(was.bracket), bracketAttrs(is.bracket)]
    for (const key of ['leaf', 'kind', 'holders'] as const)
      if (old[key] !== attrs[key]) tr.setNodeAttribute(start + was.at, key, attrs[key])
  }
}

/** Every stretch is one item range in both lists or in one of them alone; so equal keys mean equal words. */
function keyOf(span: Span): string {
  if (span.is === 'words') return `${span.client}:${span.clock}:${span.words.length}`
  return span.is === 'bracket' ? span.bracket.id : `hidden:${span.item.client}:${span.item.clock}`
}

/** Both lists, with words cut wherever one of them begins or ends a stretch inside a stretch of the other. */
function aligned(a: Span[], b: Span[]): [Span[], Span[]] {
  const cuts = new Map<number, Set<number>>()
  for (const span of [...a, ...b]) {
    if (span.is !== 'words') continue
    const of = cuts.get(span.client) ?? new Set()
    cuts.set(span.client, of.add(span.clock).add(span.clock + span.words.length))
  }
  const sorted = new Map([...cuts].map(([client, set]) => [client, [...set].sort((x, y) => x - y)]))
  const cutUp = (span: Span): Span[] => (span.is === 'words' ? pieces(span, sorted.get(span.client) ?? []) : [span])
  return [a.flatMap(cutUp), b.flatMap(cutUp)]
}

function pieces(span: Span & { is: 'words' }, cuts: number[]): Span[] {
  const end = span.clock + span.words.length
  const inside = cuts.filter((cut) => cut > span.clock && cut < end)
  if (inside.length === 0) return [span]
  return [span.clock, ...inside].map((clock, i) => {
    const [from, to] = [clock - span.clock, (inside[i] ?? end) - span.clock]
    return { ...span, clock, words: span.words.slice(from, to), at: span.at + from, index: span.index + from }
  })
}
