import type { BracketId, LeafId } from '#shared/ids.ts'
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
export function bracketNamed(structure: StructureView, id: BracketId): BracketView | null {
  for (const { brackets } of clausesOf(structure)) {
    const found = brackets.find((bracket) => bracket.id === id)
    if (found) return found
  }
  return null
}
export const bracketOfLeaf = (drawn: Drawn, leaf: LeafId): BracketView | null => homeOf(drawn, leaf)?.bracket ?? null

/** The runs of a leaf with what they take of the Y.Text: a bracket the server has not planted yet is drawn there and takes nothing. */
export function* placedRuns(drawn: Drawn, leaf: LeafId): Generator<{ run: Run; index: number; units: number }> {
  let index = 0
  for (const run of drawn.words.runs(leaf)) {
    const units = 'words' in run ? run.words.length : bracketIn(drawn, leaf, run.bracket)?.pending ? 0 : 1
    yield { run, index, units }
    index += units
  }
}

export function lengthOf(drawn: Drawn, leaf: LeafId): number {
  let length = 0
  for (const { units } of placedRuns(drawn, leaf)) length += units
  return length
}

/** `index`, or one less where it would part the two halves of one character. */
export function beforeCharacter(drawn: Drawn, leaf: LeafId, index: number): number {
  for (const { run, index: at, units } of placedRuns(drawn, leaf)) {
    if (at + units <= index || 'bracket' in run) continue
    const code = at < index ? run.words.charCodeAt(index - at - 1) : 0
    return code >= 0xd800 && code <= 0xdbff ? index - 1 : index
  }
  return index
}

/** The bracket whose embed is the unit at `index` of `host`. */
export function embedAt(drawn: Drawn, host: LeafId, index: number): BracketView | null {
  for (const { run, index: at, units } of placedRuns(drawn, host)) {
    if (at > index) return null
    if (at === index && units === 1 && 'bracket' in run) return bracketIn(drawn, host, run.bracket)
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

/** A stretch of words of a leaf, or the place of one bracket (`bracket` set; length 0 while it is not planted; unknown brackets are left out). */
export interface Segment {
  index: number
  length: number
  bracket: BracketView | null
}

/** The range in pieces, words between the places of brackets, in order. */
export function segmentsIn(drawn: Drawn, range: { leaf: LeafId; index: number; length: number }): Segment[] {
  const out: Segment[] = []
  const end = range.index + range.length
  for (const { run, index, units } of placedRuns(drawn, range.leaf)) {
    if ('bracket' in run) {
      const within = units === 0 ? range.index < index && index < end : range.index <= index && index < end
      const bracket = within ? bracketIn(drawn, range.leaf, run.bracket) : null
      if (bracket) out.push({ index, length: units, bracket })
      continue
    }
    const from = Math.max(index, range.index)
    const to = Math.min(index + units, end)
    if (from >= to) continue
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
