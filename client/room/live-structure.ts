import type { Hash } from '#shared/ids.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import type { ClauseState, Structure, StructureClause } from './room.ts'

/** What follows from a clause's words; asked only when somebody reads it. */
export interface Follows {
  hash(clause: ClauseView): Hash
  state(clause: ClauseView, hash: Hash): ClauseState
}

/** The structure with `hash` and `state` on every clause, computed when read and then kept with this object. */
export function liveStructure(view: StructureView, follows: Follows): Structure {
  const clauseOf = (clause: ClauseView): StructureClause => {
    let hash: Hash | null = null
    const read = (): Hash => {
      hash ??= follows.hash(clause)
      return hash
    }
    return {
      ...clause,
      items: clause.items.map(clauseOf),
      get hash() {
        return read()
      },
      get state() {
        return follows.state(clause, read())
      },
    }
  }
  return {
    ...view,
    articles: view.articles.map((article) => ({ ...article, clauses: article.clauses.map(clauseOf) })),
  }
}
