import type { Hash } from '#shared/ids.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import type { ClauseState, Structure, StructureClause } from './room.ts'

/** What follows from a clause's words; asked only when somebody reads it. */
export interface Follows {
  hash(clause: ClauseView): Hash
  /** `hash` is null when the clause has no agreement to compare it with. */
  state(clause: ClauseView, hash: Hash | null): ClauseState
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
        // Without an agreement no words can be the agreed ones: nothing to compare.
        return follows.state(clause, clause.agreed.length > 0 ? read() : null)
      },
    }
  }
  return {
    ...view,
    articles: view.articles.map((article) => ({ ...article, clauses: article.clauses.map(clauseOf) })),
  }
}
