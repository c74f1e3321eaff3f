import { type Outcome, ok, refuse } from '../outcome.ts'
import { ANNEX, annexTitle, ITEM_LABEL, isNumeral, PREAMBLE } from './labels.ts'
import { MAX_CLAUSES, MAX_TEXT_BYTES, oneParagraph } from './seed.ts'
import type { Article, SeedClause, SeedText } from './structure.ts'

/** What is wrong in a text file, and in which line (counted from 1). */
export interface TextMistake {
  where: string
  line?: number
  problem: string
}

interface ReadClause {
  words: string
  items: ReadClause[]
}
interface ReadArticle {
  kind: Article['kind']
  title: string
  clauses: ReadClause[]
}

/** Clauses have numbers counted for each viewer; these marks of other formats mean something we would have to drop. */
const FOREIGN = /^\s*(?:[-*+]\s|\d+[.)]\s|>|```|\||<[a-z!/])/i
const MAX_TITLE = 300

/**
 * Reads a text file: `# title`, `## article` (`## Preamble`, `## Annex ...`, or so in the other languages of the room), each paragraph a clause, lines `(a)` its
 * items and `(i)` theirs. Names every mistake with its line.
 */
export function parseTextFile(markdown: string): Outcome<SeedText, TextMistake[]> {
  if (new TextEncoder().encode(markdown).length > MAX_TEXT_BYTES) {
    return refuse([{ where: 'text', problem: `The text is larger than ${MAX_TEXT_BYTES / 1024 / 1024} MB.` }])
  }
  const reader = new Reader()
  const lines = markdown.replace(/^\uFEFF/, '').split(/\r\n?|\n/)
  const front = frontOf(lines)
  for (const [index, line] of lines.entries()) if (index >= front) reader.read(line, index + 1)
  return reader.finish()
}

/** How many lines stand between `---` and `---` at the start: what an export says of itself, and no text. */
const MAX_FRONT = 100
function frontOf(lines: string[]): number {
  if (lines[0]?.trimEnd() !== '---') return 0
  const end = lines.slice(1, MAX_FRONT).findIndex((line) => line.trimEnd() === '---')
  return end < 0 ? 0 : end + 2
}

/** The numbers that an export writes before its articles and clauses: the room counts by itself. */
const COUNTED_ARTICLE = /^Article \d+:(?:\s+|$)/
const COUNTED_CLAUSE = /^\*\*[\dA-Z]+\.\d+\*\*(?:\s|$)/
/** A sign that Markdown would take for its own, written with a backslash before it. */
const unescaped = (words: string): string => words.replace(/\\([!-/:-@[-`{-~])/g, '$1')

class Reader {
  #title: string | null = null
  #articles: ReadArticle[] = []
  /** What a line without a mark of its own goes on with. */
  #open: ReadClause | null = null
  /** The clause that items belong to. */
  #clauseAbove: ReadClause | null = null
  #count = 0
  #mistakes: TextMistake[] = []

  read(line: string, number: number): void {
    if (line.trim() === '') this.#blank()
    else if (/^#{3,}/.test(line)) this.#mistake(number, 'Only # (the title) and ## (an article) are headings here.')
    else if (/^##(?:\s|$)/.test(line)) this.#article(line.slice(2), number)
    else if (/^#(?:\s|$)/.test(line)) this.#heading(line.slice(1), number)
    else if (/^#/.test(line)) this.#mistake(number, 'A heading has a space after its # signs.')
    else if (FOREIGN.test(line)) {
      this.#mistake(
        number,
        'Lists, quotes, tables, code and HTML have no place in a text. Items are lines that begin with (a) or (i).',
      )
    } else this.#words(line, number)
  }

  finish(): Outcome<SeedText, TextMistake[]> {
    if (this.#title === null) this.#mistake(1, 'The text has no title: its first line is # and the title.')
    if (this.#articles.length === 0) this.#mistake(1, 'The text has no article: a line of ## and its title begins one.')
    if (this.#count > MAX_CLAUSES) {
      this.#mistakes.push({
        where: 'text',
        problem: `The text has ${this.#count} clauses; ${MAX_CLAUSES} are the most.`,
      })
    }
    if (this.#mistakes.length > 0) return refuse(this.#mistakes)
    const articles = this.#articles.map(({ kind, title, clauses }) => ({ kind, title, clauses: clauses.map(tidy) }))
    return ok({ title: this.#title ?? '', articles })
  }

  /** A blank line ends a paragraph; its items may still follow. */
  #blank(): void {
    this.#open = null
  }

  #heading(rest: string, number: number): void {
    const title = this.#titleOf(rest, number)
    if (this.#title !== null) this.#mistake(number, 'A text has one title; this is a second line with a single #.')
    this.#title ??= title
    this.#close()
  }

  #article(rest: string, number: number): void {
    const title = this.#titleOf(rest, number)
    const kind = PREAMBLE.test(title) ? 'preamble' : ANNEX.test(title) ? 'annex' : 'article'
    if (kind === 'preamble' && this.#articles.length > 0)
      this.#mistake(number, 'A preamble stands before all articles.')
    this.#articles.push({ kind, title: kind === 'annex' ? annexTitle(title) : title, clauses: [] })
    this.#close()
  }

  #titleOf(rest: string, number: number): string {
    const title = oneParagraph(
      unescaped(
        rest
          .trimStart()
          .replace(/\s#+\s*$/, '')
          .replace(COUNTED_ARTICLE, ''),
      ),
    )
    if (title === '' && !COUNTED_ARTICLE.test(rest.trimStart())) this.#mistake(number, 'This heading has no words.')
    if (title.length > MAX_TITLE) this.#mistake(number, `A heading has at most ${MAX_TITLE} characters.`)
    return title
  }

  #close(): void {
    this.#open = null
    this.#clauseAbove = null
  }

  #words(line: string, number: number): void {
    const item = ITEM_LABEL.exec(line)
    if (item) this.#item(item[1] ?? '', unescaped(item[2] ?? ''), number)
    else if (this.#open) this.#open.words += ` ${unescaped(line)}`
    else this.#clause(unescaped(line.replace(COUNTED_CLAUSE, '')), number)
  }

  #clause(line: string, number: number): void {
    const article = this.#articles.at(-1)
    if (!article) {
      this.#mistake(number, 'Words before the first article: a line of ## and a title begins one.')
      return
    }
    const clause = { words: line, items: [] }
    article.clauses.push(clause)
    this.#count++
    this.#clauseAbove = clause
    this.#open = clause
  }

  #item(label: string, words: string, number: number): void {
    const clause = this.#clauseAbove
    if (!clause) {
      this.#mistake(number, `The item (${label}) belongs to no clause: a paragraph comes first.`)
      return
    }
    const made = { words, items: [] }
    const above = clause.items.at(-1)
    if (above && isNumeral(label, clause.items.length, above.items.length)) above.items.push(made)
    else clause.items.push(made)
    this.#open = made
    this.#count++
  }

  #mistake(line: number, problem: string): void {
    this.#mistakes.push({ where: `line ${line}`, line, problem })
  }
}

function tidy({ words, items }: ReadClause): { words: string; items?: SeedClause[] } {
  const shown = oneParagraph(words)
  return items.length > 0 ? { words: shown, items: items.map(tidy) } : { words: shown }
}
