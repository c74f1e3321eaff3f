import { type Outcome, ok } from '#shared/outcome.ts'
import { ANNEX, annexTitle, ITEM_LABEL, isNumeral, PREAMBLE } from '#shared/text/labels.ts'
import type { LeftOut, ReadText } from '#shared/text/reading.ts'
import { MAX_CLAUSES, MAX_LEVELS, MAX_TEXT_BYTES, oneParagraph } from '#shared/text/seed.ts'
import type { Article, SeedClause } from '#shared/text/structure.ts'
import { type DocxParts, openDocx } from './docx-archive.ts'
import { type Body, type Paragraph, readBody } from './docx-paragraphs.ts'
import { type Counting, type ListPlace, readLists, readStyles, type Style } from './docx-styles.ts'
import { type FileRefusal, FileRefused, refusedFile, whyOf } from './file-refused.ts'

const MAX_PARAGRAPHS = 20_000
const MAX_TITLE = 300
const MAX_NEAR = 5
/** What one clause holds on the wire, too (`shared/protocol/shape.ts`). */
const MAX_CLAUSE_BYTES = 32 * 1024

/**
 * Reads a Word document as a negotiating text: headings are articles, numbered paragraphs clauses, lists below them items to
 * three levels; what stands before the first article is the preamble. Tracked changes count as accepted. Whatever has no
 * place is named in `left`. Refuses what is no document, carries macros, or is past every limit; `fallbackTitle` names a text
 * without a title. Work of up to seconds: run it in a worker.
 */
export async function readDocx(bytes: Uint8Array, fallbackTitle: string): Promise<Outcome<ReadText, FileRefusal>> {
  const parts = await openDocx(bytes)
  if (!parts.ok) return parts
  try {
    return textOf(parts.value, fallbackTitle)
  } catch (cause) {
    return refusedFile(whyOf(cause, 'damaged'), cause instanceof FileRefused ? cause.count : undefined)
  }
}

function textOf(parts: DocxParts, fallbackTitle: string): Outcome<ReadText, FileRefusal> {
  const styleOf = readStyles(parts.styles)
  const countingOf = readLists(parts.numbering)
  const body = readBody(parts.document, MAX_PARAGRAPHS)
  const composer = new Composer(countingOf)
  const headings: string[] = []
  for (const paragraph of body.paragraphs) {
    composer.take(paragraph, styleOf(paragraph.style))
    headings.push(composer.heading)
  }
  const { clauses, deep } = composer
  if (clauses === 0) return refusedFile('no-words')
  if (clauses > MAX_CLAUSES) return refusedFile('clauses', clauses)
  if (composer.bytes > MAX_TEXT_BYTES) return refusedFile('too-many-words')
  const language = languageOf(body)
  const { title, articles } = headed(
    composer,
    fallbackTitle,
    language === 'ar' ? '\u0627\u0644\u062f\u064a\u0628\u0627\u062c\u0629' : 'Preamble',
  )
  return ok({
    text: { title, ...(language ? { language } : {}), articles: articles.map(tidy) },
    left: leftOut(body, headings, parts, deep),
  })
}

/**
 * The text's title and articles. Without a title of its own style, a first heading above all others is the title, and what
 * stands below it is the preamble. Words under no heading at all are one article of the text's own name.
 */
function headed(read: Composer, fallbackTitle: string, preamble: string): { title: string; articles: ReadArticle[] } {
  const [first, ...rest] = read.articles
  const isTitle =
    read.title === '' &&
    first?.level != null &&
    rest.length > 0 &&
    rest.every(({ level }) => (level ?? 0) > (first.level ?? 0))
  const title = titleOf(read.title || (isTitle ? first.title : fallbackTitle))
  if (!first) return { title, articles: [] }
  if (isTitle && first.clauses.length === 0) return { title, articles: rest.map((article, at) => opened(article, at)) }
  if (isTitle || (first.level === null && rest.length > 0)) {
    return { title, articles: [{ ...first, kind: 'preamble', title: preamble }, ...rest] }
  }
  if (first.level === null) return { title, articles: [{ ...first, kind: 'article', title }] }
  return { title, articles: read.articles }
}

/** A heading of that name opens with the preamble once the title above it is taken away. */
const opened = (article: ReadArticle, at: number): ReadArticle =>
  at === 0 && PREAMBLE.test(article.title) ? { ...article, kind: 'preamble' } : article

/** Never half a sign at its end. */
const titleOf = (words: string): string =>
  oneParagraph(
    oneParagraph(words)
      .slice(0, MAX_TITLE)
      .replace(/[\uD800-\uDBFF]$/, ''),
  )

const tidy = ({ kind, title, clauses }: ReadArticle) => ({ kind, title, clauses: clauses.map(tidyClause) })
function tidyClause({ words, items }: Made): SeedClause {
  return items.length > 0 ? { words, items: items.map(tidyClause) } : { words }
}

interface ReadArticle {
  kind: Article['kind']
  title: string
  /** Of its heading; the preamble that nothing heads has none. */
  level: number | null
  clauses: Made[]
}
interface Made {
  words: string
  items: Made[]
}

/** An article typed without a heading style: a short line of its own that says so, in the languages of the room. */
const SPOKEN_HEADING =
  /^(?:article|art\.|preamble|pr\u00e9ambule|annexe?|\u0627\u0644\u0645\u0627\u062f\u0629|\u0645\u0627\u062f\u0629|\u0627\u0644\u062f\u064a\u0628\u0627\u062c\u0629|\u062f\u064a\u0628\u0627\u062c\u0629|(?:\u0627\u0644)?\u0645\u0644\u062d\u0642)(?=[\s:.\d]|$)/i
const LONGEST_SPOKEN = 120
/** Below every heading that has a style. */
const SPOKEN_LEVEL = 9
/** The room counts articles: `Article 5: Water` is called `Water`. */
const COUNTED =
  /^(?:article|art\.|(?:\u0627\u0644)?\u0645\u0627\u062f\u0629)\s*(?:[\d\u0660-\u0669]+|[IVXLC]+)\s*[:.)\u2013\u2014-]*\s+(?=\S)/iu
/** `1.` or `5.2` before a clause, when a tab or a full stop shows that it counts. */
const CLAUSE_LABEL = /^\s*\d{1,3}(?:\.\d{1,3})*(?:[.)]\s+|[.)]?\t)/

/** Puts one paragraph after another where it belongs. */
class Composer {
  title = ''
  readonly articles: ReadArticle[] = []
  clauses = 0
  /** About what its words come to. */
  bytes = 0
  /** Items below the third level: they stand on the third. */
  readonly deep: string[] = []
  readonly #countingOf: (place: ListPlace) => Counting
  /** In this article, the level at which each list began. */
  #bases = new Map<string, number>()

  constructor(countingOf: (place: ListPlace) => Counting) {
    this.#countingOf = countingOf
  }

  /** The heading that the last paragraph stands under. */
  get heading(): string {
    return this.articles.at(-1)?.title || this.title
  }

  take(paragraph: Paragraph, style: Style): void {
    const words = oneParagraph(paragraph.words)
    if (words === '' || style.heading === 'contents') return
    const spoken = isSpokenHeading(words, paragraph) ? SPOKEN_LEVEL : null
    const level = typeof style.heading === 'number' ? style.heading : (paragraph.outline ?? spoken)
    const isFirst = this.title === '' && this.articles.length === 0
    if (style.heading === 'title' && isFirst) this.title = words
    else if (level !== null) this.#article(words, level)
    else this.#clause(paragraph, style)
  }

  #article(words: string, level: number): void {
    const kind =
      PREAMBLE.test(words) && this.articles.length === 0 ? 'preamble' : ANNEX.test(words) ? 'annex' : 'article'
    const title = kind === 'annex' ? annexTitle(words) : words.replace(COUNTED, '')
    this.articles.push({ kind, title: titleOf(title), level, clauses: [] })
    this.#bases = new Map()
  }

  #clause(paragraph: Paragraph, style: Style): void {
    if (this.articles.length === 0) this.articles.push({ kind: 'preamble', title: '', level: null, clauses: [] })
    const clauses = this.articles.at(-1)?.clauses ?? []
    const place = paragraph.list ? namedList(paragraph.list, style) : style.list
    const item = place === null ? ITEM_LABEL.exec(paragraph.words) : null
    const words = item?.[2] ?? (place === null ? paragraph.words.replace(CLAUSE_LABEL, '') : paragraph.words)
    const depth = item ? depthOf(item[1] ?? '', clauses) : place ? this.#depth(place, clauses) : 0
    if (depth >= MAX_LEVELS) this.deep.push(this.heading)
    const own = oneParagraph(words)
    const bytes = Buffer.byteLength(own)
    if (bytes > MAX_CLAUSE_BYTES) throw new FileRefused('too-many-words')
    this.bytes += bytes
    this.#put(clauses, { words: own, items: [] }, Math.min(depth, MAX_LEVELS - 1))
  }

  #depth(place: ListPlace, clauses: Made[]): number {
    const counting = this.#countingOf(place)
    if (counting === 'none') return 0
    const base = Math.min(this.#bases.get(place.list) ?? place.level, place.level)
    this.#bases.set(place.list, base)
    const first = this.#countingOf({ list: place.list, level: base })
    const below = place.level - base
    return first === 'decimal' || clauses.length === 0 ? below : below + 1
  }

  #put(clauses: Made[], made: Made, depth: number): void {
    let among = clauses
    for (let level = 0; level < depth; level += 1) {
      const above = among.at(-1)
      if (!above) break
      among = above.items
    }
    among.push(made)
    this.clauses += 1
  }
}

/** A paragraph may say its level and leave the list to its style; list 0 takes it out of every list. */
const namedList = ({ list, level }: ListPlace, style: Style): ListPlace | null =>
  list === '0' ? null : list === '' ? style.list && { ...style.list, level } : { list, level }

const isSpokenHeading = (words: string, { list }: Paragraph): boolean =>
  list === null && words.length <= LONGEST_SPOKEN && SPOKEN_HEADING.test(words) && !/[.;,]$/.test(words)

function depthOf(label: string, clauses: Made[]): number {
  const clause = clauses.at(-1)
  if (!clause) return 0
  const above = clause.items.at(-1)
  return above && isNumeral(label, clause.items.length, above.items.length) ? 2 : 1
}

/** The language of the letters, when they are written from right to left; else the talks' own is meant. */
function languageOf({ paragraphs }: Body): string | null {
  const said = paragraphs.filter(({ words }) => words.trim() !== '')
  if (said.filter(({ isRightToLeft }) => isRightToLeft).length * 2 <= said.length) return null
  return said.some(({ words }) => /\p{Script=Hebrew}/u.test(words)) ? 'he' : 'ar'
}

function leftOut({ left }: Body, headings: string[], { links, fetched }: DocxParts, deep: string[]): LeftOut[] {
  const found: { kind: LeftOut['kind']; near: string }[] = [
    ...left.map(({ kind, after }) => ({ kind, near: headings[after] ?? headings.at(-1) ?? '' })),
    ...deep.map((near) => ({ kind: 'deep-item' as const, near })),
  ]
  const named = [...Map.groupBy(found, ({ kind }) => kind)].map(([kind, all]): LeftOut => {
    const near = [...new Set(all.map((one) => one.near))].filter((one) => one !== '')
    return { kind, count: all.length, near: near.slice(0, MAX_NEAR) }
  })
  if (links > 0) named.push({ kind: 'link', count: links, near: [] })
  if (fetched > 0) named.push({ kind: 'fetched', count: fetched, near: [] })
  return named
}
