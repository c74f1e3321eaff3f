import type { LeafId } from '#shared/ids.ts'
import { struckRange } from '#shared/text/compose.ts'
import type { Words } from '#shared/text/leaf.ts'
import type { BracketView, ClauseView, Run, StructureView } from '#shared/text/structure.ts'
import { clausesOf } from '#shared/text/structure-view.ts'

/** Looking things up in a text as drawn: the planner's eyes. Indexes count UTF-16 units, the place of a bracket as 1. */

interface Drawn {
  structure: StructureView
  words: Words
}

/** Where a leaf belongs: its clause, and its bracket when it holds a bracket's words. */
export interface Home {
  clause: ClauseView
  bracket: BracketView | null
}

/** Every leaf of the structure: base words, brackets' words, alternatives. */
export function* leavesOf(structure: StructureView): Generator<LeafId> {
  for (const clause of clausesOf(structure)) {
    yield clause.leaf
    for (const { leaf } of clause.brackets) if (leaf) yield leaf
    for (const { leaf } of clause.alternatives) yield leaf
  }
}

export function homeOf({ structure }: Pick<Drawn, 'structure'>, leaf: LeafId): Home | null {
  for (const clause of clausesOf(structure)) {
    if (clause.leaf === leaf || clause.alternatives.some((other) => other.leaf === leaf))
      return { clause, bracket: null }
    const bracket = clause.brackets.find((other) => other.leaf === leaf)
    if (bracket) return { clause, bracket }
  }
  return null
}
export const bracketOfLeaf = (drawn: Drawn, leaf: LeafId): BracketView | null => homeOf(drawn, leaf)?.bracket ?? null

const unitsOf = (run: Run): number => ('bracket' in run ? 1 : run.words.length)

export const lengthOf = ({ words }: Drawn, leaf: LeafId): number =>
  words.runs(leaf).reduce((sum, run) => sum + unitsOf(run), 0)

/** The bracket whose embed is the unit at `index` of `host`. */
export function embedAt(drawn: Drawn, host: LeafId, index: number): BracketView | null {
  let at = 0
  for (const run of drawn.words.runs(host)) {
    if (at === index && 'bracket' in run) return bracketIn(drawn, host, run.bracket)
    at += unitsOf(run)
    if (at > index) return null
  }
  return null
}
function bracketIn(drawn: Drawn, host: LeafId, id: string): BracketView | null {
  return homeOf(drawn, host)?.clause.brackets.find((bracket) => bracket.id === id) ?? null
}

/** Brackets drawn at `index` of `host` that the server has not planted yet. */
export function pendingAt(drawn: Drawn, host: LeafId, index: number): BracketView[] {
  const all = homeOf(drawn, host)?.clause.brackets ?? []
  return all.filter(
    ({ pending, ...bracket }) =>
      pending && bracket.host === host && drawn.words.indexAfter(host, pending.after) === index,
  )
}

/** A stretch of words of a leaf, or the place of one bracket (`bracket` set, length 1; unknown brackets are left out). */
export interface Segment {
  index: number
  length: number
  bracket: BracketView | null
}

/** The range in pieces, words between the places of brackets, in order. */
export function segmentsIn(drawn: Drawn, range: { leaf: LeafId; index: number; length: number }): Segment[] {
  const out: Segment[] = []
  const end = range.index + range.length
  let at = 0
  for (const run of drawn.words.runs(range.leaf)) {
    const from = Math.max(at, range.index)
    const to = Math.min(at + unitsOf(run), end)
    at += unitsOf(run)
    if (from >= to) continue
    if ('bracket' in run) {
      const bracket = bracketIn(drawn, range.leaf, run.bracket)
      if (bracket) out.push({ index: from, length: 1, bracket })
      continue
    }
    const last = out.at(-1)
    if (last && !last.bracket && last.index + last.length === from) last.length += to - from
    else out.push({ index: from, length: to - from, bracket: null })
  }
  return out
}

/** A strike with the indexes it covers now: from `from` up to, not including, `to`. */
export interface Strike {
  bracket: BracketView
  from: number
  to: number
}

/** The strikes of a leaf that still cover something, from left to right. */
export function strikesOf(drawn: Drawn, leaf: LeafId, which: (bracket: BracketView) => boolean): Strike[] {
  const out: Strike[] = []
  for (const bracket of homeOf(drawn, leaf)?.clause.brackets ?? []) {
    if (bracket.host !== leaf || !bracket.struck || !which(bracket)) continue
    const range = struckRange(drawn.words, leaf, bracket.struck)
    if (range) out.push({ bracket, ...range })
  }
  return out.sort((a, b) => a.from - b.from)
}
