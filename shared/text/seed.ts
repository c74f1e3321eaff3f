import type { ArticleId, ClauseId, DocumentId, IncarnationId, LeafId } from '../ids.ts'
import type { Article, Clause, Run, SeedClause, SeedText, Text } from './structure.ts'

/** A text of more bytes than this is not read. */
export const MAX_TEXT_BYTES = 2 * 1024 * 1024
/** Clauses and items of one text together. Twenty times the longest agreement we know of. */
export const MAX_CLAUSES = 5_000
/** A clause, its items, and theirs. */
export const MAX_LEVELS = 3

/** What shows as one paragraph: white space is one space, nothing that cannot be stored. */
export const oneParagraph = (words: string): string => words.toWellFormed().replaceAll(/\s+/gu, ' ').trim()

/** A new text and the words of its leaves. Ids come from `mint`, the server's Yjs client id from `mintClient`. */
export function seedText(
  seed: SeedText,
  fallbackLanguage: string,
  mint: <T extends string>() => T,
  mintClient: () => number,
): { text: Text; words: Record<LeafId, Run[]> } {
  const words: Record<LeafId, Run[]> = {}
  const clauses: Record<ClauseId, Clause> = {}
  const plant = (article: ArticleId, parent: ClauseId | null, seedClause: SeedClause): ClauseId => {
    const { words: own, items = [] } = typeof seedClause === 'string' ? { words: seedClause } : seedClause
    const id = mint<ClauseId>()
    const leaf = mint<LeafId>()
    const shown = oneParagraph(own)
    words[leaf] = shown === '' ? [] : [{ words: shown }]
    const clause: Clause = { id, article, parent, items: [], leaf, locked: false, agreed: {} }
    clauses[id] = clause
    clause.items = items.map((item) => plant(article, id, item))
    return id
  }
  const planted = seed.articles.map(({ kind = 'article', title, clauses: own }): Article => {
    const id = mint<ArticleId>()
    return { id, kind, title: oneParagraph(title), clauses: own.map((clause) => plant(id, null, clause)) }
  })
  const text: Text = {
    title: oneParagraph(seed.title),
    language: seed.language ?? fallbackLanguage,
    document: mint<DocumentId>(),
    incarnation: mint<IncarnationId>(),
    client: mintClient(),
    order: planted.map(({ id }) => id),
    articles: Object.fromEntries(planted.map((article) => [article.id, article])),
    clauses,
    brackets: {},
    closed: {},
    moves: [],
  }
  return { text, words }
}
