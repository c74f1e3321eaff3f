import type { ClauseId, Hash, Instant, PartyId } from '../ids.ts'
import { plain } from './compose.ts'
import { hashJson } from './hash.ts'
import type { Words } from './leaf.ts'
import type { Article, ClauseView, StructureView } from './structure.ts'
import { clausesOf } from './structure-view.ts'

/** A text as it leaves the room: words as shown, and the code that names them. */
export interface ExportedText {
  /** The title of the talks. */
  process: string
  title: string
  language: string
  at: Instant
  /** `wholeHash` of what is here. */
  code: Hash
  /** Those whose brackets stand in it. */
  parties: { short: string; name: string }[]
  articles: { kind: Article['kind']; number: string; title: string; clauses: ExportedClause[] }[]
}
export interface ExportedClause {
  number: string
  /** `[inserted - TAV]`, `[-struck - TAV]`. */
  words: string
  items: ExportedClause[]
}

export interface Leaving {
  process: string
  structure: StructureView
  words: Words
  at: Instant
  hashOf: (clause: ClauseId) => Hash | null
  partyOf: (party: PartyId) => { short: string; name: string }
}

export function exportText({ process, structure, words, at, hashOf, partyOf }: Leaving): ExportedText {
  const clause = (one: ClauseView): ExportedClause => ({
    number: one.number,
    words: plain(one, words, (party) => partyOf(party).short),
    items: one.items.map(clause),
  })
  const holders = new Set([...clausesOf(structure)].flatMap(({ brackets }) => brackets.flatMap((one) => one.holders)))
  return {
    process,
    title: structure.title,
    language: structure.language,
    at,
    code: wholeHash(structure, hashOf),
    parties: [...holders].map(partyOf).sort((a, b) => (a.short < b.short ? -1 : 1)),
    articles: structure.articles.map(({ kind, number, title, clauses }) => {
      return { kind, number, title, clauses: clauses.map(clause) }
    }),
  }
}

/** Names all of a text: its title, its articles in order, and each clause by its `textHash`. Equal for every reader. */
function wholeHash(structure: StructureView, hashOf: (clause: ClauseId) => Hash | null): Hash {
  const named = (clause: ClauseView): unknown => [hashOf(clause.id), clause.items.map(named)]
  const articles = structure.articles.map(({ kind, title, clauses }) => [kind, title, clauses.map(named)])
  return hashJson({ v: 1, title: structure.title, language: structure.language, articles })
}

/** The first 16 digits in groups of four: what two people read to each other over the phone. */
export const codeOf = (hash: Hash): string => (hash.slice(0, 16).match(/.{4}/g) ?? []).join(' ')
