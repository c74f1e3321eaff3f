import { codeOf, type ExportedClause, type ExportedText } from './exported.ts'

/**
 * A text as Markdown that people read as it is: headings, numbered clauses, items on lines of their own, brackets as
 * `[words - TAV]`. `taken`: when it left the room, in words. A text without brackets comes back the same through `parseTextFile`.
 */
export function markdownOf(text: ExportedText, taken: string): string {
  const blocks = [front(text, taken), `# ${inline(text.title)}`]
  for (const { kind, number, title, clauses } of text.articles) {
    blocks.push(`## ${[HEADS[kind](number), inline(title)].filter((part) => part !== '').join(' ')}`)
    for (const clause of clauses) addClause(blocks, clause, (own) => `**${own}**`)
  }
  return `${blocks.join('\n\n')}\n`
}

const HEADS: Record<ExportedText['articles'][number]['kind'], (number: string) => string> = {
  preamble: () => '',
  article: (number) => `Article ${number}:`,
  annex: (number) => `Annex ${number}:`,
}

function addClause(blocks: string[], { number, words, items }: ExportedClause, label: (own: string) => string): void {
  blocks.push(`${label(number)} ${inline(words)}`.trimEnd())
  for (const item of items) addClause(blocks, item, (own) => own.slice(own.lastIndexOf('(')))
}

function front({ process, code, parties }: ExportedText, taken: string): string {
  const lines = [
    `talks: ${line(process)}`,
    `taken out: ${taken}`,
    `code: ${codeOf(code)}`,
    `sha-256: ${code}`,
    ...(parties.length > 0 ? ['brackets: "[words - A]" is proposed by A, "[-words - A]" struck by A'] : []),
    ...parties.map(({ short, name }) => `${line(short)}: ${line(name)}`),
  ]
  return ['---', ...lines, '---'].join('\n')
}
const line = (words: string): string => JSON.stringify(words)

/** Signs that Markdown would take for its own. Brackets stay as they are: a link needs a round one right behind. */
const inline = (words: string): string => words.replace(/[\\*_`<]/g, '\\$&').replaceAll('](', ']\\(')
