import type { ClauseId, Instant, LeafId, PartyId } from '../ids.ts'
import type {
  Agreement,
  AgreementView,
  Article,
  ArticleView,
  Bracket,
  BracketView,
  ClauseView,
  StructureView,
  Text,
} from './structure.ts'

/** The text as its readers see it, numbered. Agreements whose last instant passed before `at` have lapsed and are left out. */
export function structureView(text: Text, at: Instant): StructureView {
  const brackets = bracketsByClause(text)
  let articles = 0
  let annexes = 0
  const number = (kind: Article['kind']): string => {
    if (kind === 'preamble') return ''
    return kind === 'annex' ? letters(++annexes).toUpperCase() : String(++articles)
  }
  return {
    title: text.title,
    language: text.language,
    articles: text.order.flatMap((id): ArticleView[] => {
      const article = text.articles[id]
      if (!article) return []
      const own = number(article.kind)
      const prefix = article.kind === 'preamble' ? 'P' : own
      const clauses = clauseViews(text, article.clauses, brackets, at, (index) => `${prefix}.${index}`, 1)
      return [{ id, kind: article.kind, number: own, title: article.title, clauses }]
    }),
  }
}

function clauseViews(
  text: Text,
  ids: ClauseId[],
  brackets: Map<ClauseId, Bracket[]>,
  at: Instant,
  number: (index: number) => string,
  level: number,
): ClauseView[] {
  return ids.flatMap((id, index): ClauseView[] => {
    const clause = text.clauses[id]
    if (!clause) return []
    const own = number(index + 1)
    const below = (item: number): string => `${own}(${level === 1 ? letters(item) : roman(item)})`
    return [
      {
        id,
        number: own,
        leaf: clause.leaf,
        locked: clause.locked,
        agreed: agreementViews(clause.agreed, at),
        brackets: (brackets.get(id) ?? []).map((bracket) => bracketView(bracket, at)),
        alternatives: [],
        items: clauseViews(text, clause.items, brackets, at, below, level + 1),
      },
    ]
  })
}

/** In the order of opening, so that a new bracket is one new row. */
function bracketsByClause(text: Text): Map<ClauseId, Bracket[]> {
  const by = new Map<ClauseId, Bracket[]>()
  for (const bracket of Object.values(text.brackets)) {
    const list = by.get(bracket.clause)
    if (list) list.push(bracket)
    else by.set(bracket.clause, [bracket])
  }
  for (const list of by.values()) list.sort((a, b) => a.placedAt - b.placedAt || (a.id < b.id ? -1 : 1))
  return by
}

function bracketView(bracket: Bracket, at: Instant): BracketView {
  const { id, kind, host, leaf, struck, holders, placedBy, placedAt, proposer, agreed } = bracket
  const seen = { id, kind, host, leaf, struck, holders, placedBy, placedAt, agreed: agreementViews(agreed, at) }
  return proposer === undefined ? seen : { ...seen, proposer }
}

function agreementViews(agreed: Record<PartyId, Agreement>, now: Instant): AgreementView[] {
  const rows = Object.entries(agreed) as [PartyId, Agreement][]
  return rows
    .filter(([, { until }]) => until === undefined || now <= until)
    .map(([id, { hash, at, until }]) => (until === undefined ? { id, hash, at } : { id, hash, at, until }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** 1 is a, 26 is z, 27 is aa. */
export function letters(n: number): string {
  let text = ''
  for (let left = n; left > 0; left = Math.floor((left - 1) / 26))
    text = String.fromCharCode(97 + ((left - 1) % 26)) + text
  return text
}

const ROMAN: [number, string][] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
]
export function roman(n: number): string {
  let left = n
  let text = ''
  for (const [value, sign] of ROMAN) {
    text += sign.repeat(Math.floor(left / value))
    left %= value
  }
  return text
}

/** Every clause of the structure, items included, in reading order. */
export function* clausesOf(structure: StructureView): Generator<ClauseView> {
  for (const article of structure.articles) yield* within(article.clauses)
}
function* within(clauses: ClauseView[]): Generator<ClauseView> {
  for (const clause of clauses) {
    yield clause
    yield* within(clause.items)
  }
}

export function findClause(structure: StructureView, id: ClauseId): ClauseView | null {
  for (const clause of clausesOf(structure)) if (clause.id === id) return clause
  return null
}

/** The clause in which the leaf stands: as its base words, or as a bracket's. */
export function clauseOfLeaf(structure: StructureView, leaf: LeafId): ClauseView | null {
  for (const clause of clausesOf(structure)) {
    if (clause.leaf === leaf || clause.brackets.some((bracket) => bracket.leaf === leaf)) return clause
  }
  return null
}
