import type { ClauseId } from '#shared/ids.ts'
import type { Structure, StructureClause } from '../room/room.ts'

/** Where a clause stands among those beside it. */
export interface ClausePlace {
  article: Structure['articles'][number]
  parent: ClauseId | null
  siblings: StructureClause[]
  index: number
}

export function placeIn(structure: Structure, id: ClauseId): ClausePlace | null {
  for (const article of structure.articles) {
    const found = among(article.clauses, null)
    if (found) return { article, ...found }
  }
  return null

  function among(siblings: StructureClause[], parent: ClauseId | null): Omit<ClausePlace, 'article'> | null {
    const index = siblings.findIndex((clause) => clause.id === id)
    if (index >= 0) return { parent, siblings, index }
    for (const clause of siblings) {
      const found = among(clause.items, clause.id)
      if (found) return found
    }
    return null
  }
}
