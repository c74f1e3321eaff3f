import type { LeafId } from '#shared/ids.ts'
import { slice, struckRange } from '#shared/text/compose.ts'
import type { Words } from '#shared/text/leaf.ts'
import type { BracketView, ClauseView, Format, Run } from '#shared/text/structure.ts'

/** What stands in a leaf, in reading order: words, or a bracket with a leaf of its own; `struck` by those who propose to take it out. */
export type Piece =
  | { kind: 'words'; words: string; formats: Partial<Record<Format, true>> | undefined; struck: BracketView[] }
  | { kind: 'bracket'; bracket: BracketView; leaf: LeafId; struck: BracketView[] }

const lengthOf = (run: Run): number => ('words' in run ? run.words.length : 1)

/** A leaf of the clause as it is read. Brackets that hold no words are left out, as everywhere. */
export function piecesOf(clause: ClauseView, leaf: LeafId, words: Words, above: readonly LeafId[] = []): Piece[] {
  const runs = words.runs(leaf)
  const strikes = clause.brackets.flatMap((bracket) => {
    const range = bracket.host === leaf && bracket.struck ? struckRange(words, leaf, bracket.struck) : null
    return range ? [{ ...range, bracket }] : []
  })
  const end = runs.reduce((sum, run) => sum + lengthOf(run), 0)
  const cuts = [...new Set([0, end, ...strikes.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b)
  return cuts.slice(1).flatMap((to, index) => {
    const from = cuts[index] ?? 0
    const struck = strikes.filter((one) => one.from <= from && to <= one.to).map(({ bracket }) => bracket)
    return slice(runs, from, to).flatMap((run): Piece[] => {
      if ('words' in run) return [{ kind: 'words', words: run.words, formats: run.formats, struck }]
      const bracket = clause.brackets.find(({ id }) => id === run.bracket)
      if (!bracket?.leaf || above.includes(bracket.leaf) || bracket.leaf === leaf) return []
      if (piecesOf(clause, bracket.leaf, words, [...above, leaf]).length === 0) return []
      return [{ kind: 'bracket', bracket, leaf: bracket.leaf, struck }]
    })
  })
}
