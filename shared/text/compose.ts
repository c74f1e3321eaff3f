import type { Hash, ItemId, LeafId, PartyId } from '../ids.ts'
import { hashJson } from './hash.ts'
import { formatKey, type Words } from './leaf.ts'
import { type BracketView, type ClauseView, FORMATS, type Run } from './structure.ts'

/** Structure and leaves into runs of words: what is hashed and what is read. Never needs an id of the reader's own. */

/** Words and their formats, in NFC, formats in a fixed order. */
type HashedRun = [words: string, formats: string[]]
interface HashedBracket {
  at: number
  kind: BracketView['kind']
  holders: PartyId[]
  words: HashedRun[]
  struck?: HashedRun[]
  nested: HashedBracket[]
}

/**
 * Names the clause's exact words: base, brackets with kind and holders, nested ones included; no ids, numbers, times or
 * drafts. Equal for every viewer of the text and across incarnations. Items have hashes of their own.
 */
export function textHash(clause: ClauseView, language: string, words: Words): Hash {
  const { base, brackets } = hashedLeaf(clause, clause.leaf, words, new Set())
  const alternatives = clause.alternatives.map(({ holders, leaf }) => ({
    holders: holders.toSorted(),
    words: hashedLeaf(clause, leaf, words, new Set()).base,
  }))
  return hashJson({ v: 1, language, base, brackets, alternatives })
}

/** What `textHash` names a clause without a word and without a bracket. */
export const emptyHash = (language: string): Hash =>
  hashJson({ v: 1, language, base: [], brackets: [], alternatives: [] })

function hashedLeaf(clause: ClauseView, leaf: LeafId, words: Words, above: Set<LeafId>) {
  const runs = words.runs(leaf)
  const inside = new Set(above).add(leaf)
  const plainBefore = prefixes(runs)
  const placed = runs.flatMap((run, index): HashedBracket[] => {
    const bracket = 'bracket' in run ? clause.brackets.find(({ id }) => id === run.bracket) : undefined
    if (!bracket?.leaf || inside.has(bracket.leaf)) return []
    const own = hashedLeaf(clause, bracket.leaf, words, inside)
    const struck = bracket.struck ? { struck: hashedRuns(struckRuns(runs, bracket, words)) } : {}
    const at = (plainBefore[index] ?? '').normalize('NFC').length
    return [
      { at, kind: bracket.kind, holders: bracket.holders.toSorted(), words: own.base, ...struck, nested: own.brackets },
    ]
  })
  const strikes = clause.brackets.flatMap((bracket): HashedBracket[] => {
    if (bracket.host !== leaf || bracket.leaf || !bracket.struck) return []
    const range = struckRange(words, leaf, bracket.struck)
    if (!range) return []
    const at = plainOf(slice(runs, 0, range.from)).normalize('NFC').length
    const struck = hashedRuns(slice(runs, range.from, range.to))
    return [{ at, kind: bracket.kind, holders: bracket.holders.toSorted(), words: struck, nested: [] }]
  })
  strikes.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  // A stable sort: at one place inserts stand first, as they do in the leaf.
  const brackets = [...placed, ...strikes].sort((a, b) => a.at - b.at)
  return { base: hashedRuns(runs), brackets }
}

const struckRuns = (runs: Run[], bracket: BracketView, words: Words): Run[] => {
  const range = bracket.struck && struckRange(words, bracket.host, bracket.struck)
  return range ? slice(runs, range.from, range.to) : []
}

function prefixes(runs: Run[]): string[] {
  let before = ''
  return runs.map((run) => {
    const here = before
    if ('words' in run) before += run.words
    return here
  })
}

const plainOf = (runs: Run[]): string => runs.map((run) => ('words' in run ? run.words : '')).join('')

/** NFC over the whole, so that a bracket planted between a letter and its accent changes nothing. */
function hashedRuns(runs: Run[]): HashedRun[] {
  const merged: HashedRun[] = []
  let lastKey: string | null = null
  for (const run of runs) {
    if (!('words' in run)) continue
    const key = formatKey(run.formats)
    const last = merged.at(-1)
    if (last && key === lastKey) last[0] += run.words
    else merged.push([run.words, FORMATS.filter((format) => run.formats?.[format])])
    lastKey = key
  }
  return merged.map(([text, formats]) => [text.normalize('NFC'), formats])
}

const lengthOf = (run: Run): number => ('words' in run ? run.words.length : 1)

/** The part of the runs between two visible indexes (brackets count 1, as in the Y.Text). */
export function slice(runs: Run[], from: number, to: number): Run[] {
  const out: Run[] = []
  let at = 0
  for (const run of runs) {
    const start = Math.max(from - at, 0)
    const end = Math.min(to - at, lengthOf(run))
    if (start < end) out.push('words' in run ? { ...run, words: run.words.slice(start, end) } : run)
    at += lengthOf(run)
  }
  return out
}

/** The visible indexes a strike covers, from its first to behind its last struck item that still shows. Null when none does. */
export function struckRange(
  words: Words,
  leaf: LeafId,
  struck: { from: ItemId; to: ItemId },
): { from: number; to: number } | null {
  const behind = words.indexAfter(leaf, struck.from)
  const to = words.indexAfter(leaf, struck.to)
  if (behind === null || to === null) return null
  const first = behind > 0 ? words.itemAt(leaf, behind) : null
  const visible = first?.client === struck.from.client && first.clock === struck.from.clock
  const from = visible ? behind - 1 : behind
  return from < to ? { from, to } : null
}

/** The clause's own words as shown: `[inserted - TAV]`, `[-struck - TAV]`, several holders joined by `, `. A bracket without words is left out. */
export function plain(clause: ClauseView, words: Words, shortOf: (party: PartyId) => string): string {
  return plainLeaf(clause, clause.leaf, words, shortOf, new Set())
}

function plainLeaf(
  clause: ClauseView,
  leaf: LeafId,
  words: Words,
  shortOf: (party: PartyId) => string,
  above: Set<LeafId>,
): string {
  const inside = new Set(above).add(leaf)
  const runs = words.runs(leaf)
  const marks = clause.brackets.flatMap((bracket) => {
    const range = bracket.host === leaf && bracket.struck ? struckRange(words, leaf, bracket.struck) : null
    return range ? [{ ...range, bracket }] : []
  })
  const tag = (holders: PartyId[]): string => [...new Set(holders)].map(shortOf).join(', ')
  const cuts = [
    ...new Set([0, runs.reduce((sum, run) => sum + lengthOf(run), 0), ...marks.flatMap((m) => [m.from, m.to])]),
  ]
  cuts.sort((a, b) => a - b)
  let text = ''
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i] ?? 0, cuts[i + 1] ?? 0]
    const over = marks.filter((mark) => mark.from <= from && to <= mark.to).map((mark) => mark.bracket)
    const part = slice(runs, from, to)
    const shown = part.map((run) => {
      if ('words' in run) return run.words
      const bracket = clause.brackets.find(({ id }) => id === run.bracket)
      if (!bracket?.leaf || inside.has(bracket.leaf)) return ''
      const own = plainLeaf(clause, bracket.leaf, words, shortOf, inside)
      return own === '' ? '' : `[${own} - ${tag(bracket.holders)}]`
    })
    const whole = shown.join('')
    if (over.length === 0 || plainOf(part) === '') text += whole
    else
      text += `[${over.every(({ kind }) => kind === 'dispute') ? '' : '-'}${whole} - ${tag(over.flatMap((b) => b.holders))}]`
  }
  return text
}
