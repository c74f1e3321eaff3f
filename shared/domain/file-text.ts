import { MAX_CLAUSES, MAX_LEVELS } from '../text/seed.ts'
import type { Article, SeedClause, SeedText } from '../text/structure.ts'
import type { Reading } from './reading.ts'

const MAX_WORDS = 50_000
const KINDS = ['preamble', 'article', 'annex'] as const

/** A text written in the process file itself. A name of a file beside it was put in place by the command line. */
export function readSeedText(reading: Reading, value: unknown, where: string): SeedText | null {
  if (typeof value === 'string') {
    const problem = /\.(?:md|markdown|txt)$/i.test(value.trim())
      ? 'A text file is read by the command line, from beside the process file; here its words themselves belong.'
      : 'A text is the name of a .md file, or has a title and articles.'
    return reading.mistake(where, problem)
  }
  const text = reading.record(value, where, ['title', 'language', 'articles'])
  if (!text) return null
  const title = reading.line(text['title'], `${where}.title`, 300)
  const language = text['language'] === undefined ? '' : reading.line(text['language'], `${where}.language`, 35)
  const count = { clauses: 0 }
  const articles = reading.list(text['articles'], `${where}.articles`, MAX_CLAUSES).flatMap((one, index) => {
    const article = readArticle(reading, one, `${where}.articles[${index}]`, count)
    return article ? [article] : []
  })
  if (count.clauses > MAX_CLAUSES)
    reading.mistake(where, `${MAX_CLAUSES} clauses are the most; there are ${count.clauses}.`)
  if (articles.filter(({ kind }) => kind === 'preamble').length > 1) {
    reading.mistake(`${where}.articles`, 'A text has one preamble at most.')
  }
  return { title, ...(language === '' ? {} : { language }), articles }
}

function readArticle(
  reading: Reading,
  value: unknown,
  where: string,
  count: { clauses: number },
): SeedText['articles'][number] | null {
  const article = reading.record(value, where, ['kind', 'title', 'clauses'])
  if (!article) return null
  const kind = reading.oneOf<Article['kind']>(article['kind'], `${where}.kind`, KINDS, 'article')
  const title = reading.line(article['title'] ?? (kind === 'preamble' ? '' : undefined), `${where}.title`, 300, true)
  return {
    kind: kind ?? 'article',
    title,
    clauses: readClauses(reading, article['clauses'], `${where}.clauses`, 1, count),
  }
}

function readClauses(
  reading: Reading,
  value: unknown,
  where: string,
  level: number,
  count: { clauses: number },
): SeedClause[] {
  return reading.list(value, where, MAX_CLAUSES).flatMap((one, index): SeedClause[] => {
    const place = `${where}[${index}]`
    count.clauses += 1
    if (typeof one === 'string') return [reading.words(one, place, MAX_WORDS, true)]
    const clause = reading.record(one, place, ['words', 'items'])
    if (!clause) return []
    const words = reading.words(clause['words'], `${place}.words`, MAX_WORDS, true)
    if (clause['items'] === undefined) return [{ words }]
    if (level >= MAX_LEVELS) {
      reading.mistake(`${place}.items`, `Items go ${MAX_LEVELS} levels deep below an article.`)
      return []
    }
    return [{ words, items: readClauses(reading, clause['items'], `${place}.items`, level + 1, count) }]
  })
}
