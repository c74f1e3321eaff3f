import { Fragment, type Node, Slice } from 'prosemirror-model'
import { ReplaceStep, type Transform } from 'prosemirror-transform'
import type { LeafId } from '#shared/ids.ts'
import type { ArticleView, ClauseView, StructureView } from '#shared/text/structure.ts'
import { keptPairs, stepsBetween } from './diff.ts'
import { drawClause, nodesOf, type Part, type ReadLeaf } from './drawn.ts'
import { schema } from './schema.ts'

/** One row of the text on screen: an article's heading, or a clause with all that is drawn in it. */
export type Row = HeadingRow | ClauseRow
export interface HeadingRow {
  is: 'heading'
  id: string
  article: ArticleView
}
export interface ClauseRow {
  is: 'clause'
  id: string
  clause: ClauseView
  /** 0 for a clause, 1 and 2 for its items. */
  depth: number
  /** What the document shows now. */
  drawn: Part
}

/** Every row in reading order; clauses are not drawn yet. */
export function rowsOf(structure: StructureView): Row[] {
  const rows: Row[] = []
  const add = (clause: ClauseView, depth: number): void => {
    rows.push({ is: 'clause', id: clause.id, clause, depth, drawn: nothing(clause.leaf) })
    for (const item of clause.items) add(item, depth + 1)
  }
  for (const article of structure.articles) {
    rows.push({ is: 'heading', id: article.id, article })
    for (const clause of article.clauses) add(clause, 0)
  }
  return rows
}
const nothing = (leaf: LeafId): Part => ({ leaf, bracket: null, spans: [], size: 0, length: 0 })

function nodeOf(row: Row): Node {
  if (row.is === 'heading') return schema.node('heading', headingAttrs(row))
  return schema.node('clause', clauseAttrs(row), nodesOf(row.drawn.spans))
}
const headingAttrs = ({ id, article: { kind, number, title } }: HeadingRow) => ({ id, kind, number, title })
const clauseAttrs = ({ id, clause: { leaf }, depth }: ClauseRow) => ({ id, leaf, depth })

/** Draws every clause and gives the whole document. */
export function drawAll(rows: Row[], read: ReadLeaf): Node {
  for (const row of rows) if (row.is === 'clause') row.drawn = drawClause(row.clause, read)
  return schema.node('doc', null, rows.map(nodeOf))
}

/** Whether two views of a clause are drawn alike, as long as its words are the same. */
function sameShape(a: ClauseView, b: ClauseView): boolean {
  if (a.leaf !== b.leaf || a.brackets.length !== b.brackets.length) return false
  return a.brackets === b.brackets || shapeOf(a) === shapeOf(b)
}
function shapeOf({ brackets }: ClauseView): string {
  return brackets
    .map(({ id, kind, host, leaf, struck, holders, pending }) =>
      [id, kind, host, leaf, holders.join(' '), JSON.stringify(struck), JSON.stringify(pending)].join('|'),
    )
    .join('\n')
}

export interface Redraw {
  /** The text before, and the document that shows it. */
  rows: Row[]
  doc: Node
  /** The text now; its clauses get drawn. */
  next: Row[]
  /** Clauses whose words changed. */
  changed: (row: ClauseRow) => boolean
  /** A clause that must stay as it is: somebody composes in it. */
  held: string | null
  /** A clause in which the document shows something else than was drawn: an input method wrote there. */
  written: string | null
  read: ReadLeaf
}

/** Adds the steps from the text before to the text now. Gives the rows whose drawing is new. */
export function stepsFor(tr: Transform, redraw: Redraw): Set<Row> {
  const { rows, doc, next, read } = redraw
  const starts = startsOf(doc)
  const fresh = new Set<Row>()
  const pairs = sameRows(rows, next)
    ? rows.map((_, i): [number, number] => [i, i])
    : keptPairs(rows.map(keyOf), next.map(keyOf))
  let oldEnd = rows.length
  let nextEnd = next.length
  for (const [i, j] of [[-1, -1] as [number, number], ...pairs].reverse()) {
    const added = next.slice(j + 1, nextEnd)
    for (const row of added) {
      if (row.is === 'clause') row.drawn = drawClause(row.clause, read)
      fresh.add(row)
    }
    const [from, to] = [starts[i + 1] ?? 0, starts[oldEnd] ?? 0]
    if (from < to || added.length > 0)
      tr.step(new ReplaceStep(from, to, new Slice(Fragment.fromArray(added.map(nodeOf)), 0, 0)))
    const [was, is] = [rows[i], next[j]]
    if (was && is && keep(tr, starts[i] ?? 0, was, is, redraw)) fresh.add(is)
    oldEnd = i
    nextEnd = j
  }
  return fresh
}

const sameRows = (a: Row[], b: Row[]): boolean =>
  a.length === b.length && a.every(({ id, is }, i) => b[i]?.id === id && b[i]?.is === is)
const keyOf = (row: Row): string => `${row.is}:${row.id}`

function keep(tr: Transform, start: number, was: Row, is: Row, redraw: Redraw): boolean {
  const { changed, held, written, read } = redraw
  if (was.is === 'heading' && is.is === 'heading') {
    const [old, attrs] = [headingAttrs(was), headingAttrs(is)]
    for (const key of ['kind', 'number', 'title'] as const)
      if (old[key] !== attrs[key]) tr.setNodeAttribute(start, key, attrs[key])
    return false
  }
  if (was.is !== 'clause' || is.is !== 'clause') return false
  is.drawn = was.drawn
  if (held === is.id) {
    // Drawn when the composition ends, against the view it was drawn from.
    is.clause = { ...is.clause, brackets: was.clause.brackets, leaf: was.clause.leaf }
    return false
  }
  const same = sameShape(was.clause, is.clause)
  if (was.clause.leaf !== is.clause.leaf) tr.setNodeAttribute(start, 'leaf', is.clause.leaf)
  if (was.depth !== is.depth) tr.setNodeAttribute(start, 'depth', is.depth)
  if (written === is.id) {
    is.drawn = drawClause(is.clause, read)
    overwrite(tr, start + 1, redraw.doc.nodeAt(start), nodesOf(is.drawn.spans))
    return true
  }
  if (same && !changed(is)) return false
  is.drawn = drawClause(is.clause, read)
  stepsBetween(tr, start + 1, was.drawn, is.drawn)
  return true
}

/** Puts `nodes` where `old` has its children, as far as they differ. */
function overwrite(tr: Transform, start: number, old: Node | null, nodes: Node[]): void {
  const was = old?.children ?? []
  let first = 0
  while (first < Math.min(was.length, nodes.length) && was[first]?.eq(nodes[first] as Node)) first++
  let last = 0
  while (
    last < Math.min(was.length, nodes.length) - first &&
    was.at(-1 - last)?.eq(nodes[nodes.length - 1 - last] as Node)
  )
    last++
  const sizeOfAll = (list: readonly Node[]): number => list.reduce((sum, node) => sum + node.nodeSize, 0)
  const from = start + sizeOfAll(was.slice(0, first))
  const to = from + sizeOfAll(was.slice(first, was.length - last))
  const added = Fragment.fromArray(nodes.slice(first, nodes.length - last))
  if (from < to || added.size > 0) tr.step(new ReplaceStep(from, to, new Slice(added, 0, 0)))
}

const known = new WeakMap<Node, number[]>()
/** Where each row of the document begins, and one more for its end. */
export function startsOf(doc: Node): number[] {
  const starts = known.get(doc) ?? [0]
  if (known.has(doc)) return starts
  doc.forEach((node, offset) => {
    starts.push(offset + node.nodeSize)
  })
  known.set(doc, starts)
  return starts
}
