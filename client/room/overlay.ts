import {
  type AskId,
  type BracketId,
  type Instant,
  type ItemId,
  type LeafId,
  leafOf,
  type PartyId,
  type SeatId,
} from '#shared/ids.ts'
import type { Words } from '#shared/text/leaf.ts'
import type { BracketView, ClauseView, Run, StructureView } from '#shared/text/structure.ts'
import type { TypedCommand } from './plan.ts'

interface Pending {
  command: TypedCommand
  at: Instant
  /** Recorded by the server; the structure that shows it is on its way. */
  answered: boolean
}

/** What typing asked for, drawn at once on top of the structure the server sent, until that shows it or it is refused. */
export class Overlay {
  #by: { seat: SeatId; party: PartyId }
  #pending = new Map<AskId, Pending>()

  constructor(by: { seat: SeatId; party: PartyId }) {
    this.#by = by
  }

  add(ask: AskId, command: TypedCommand, at: Instant): void {
    this.#pending.set(ask, { command, at, answered: false })
  }
  /** A strike may grow before it was asked for. False when nothing is drawn for this ask. */
  change(ask: AskId, command: TypedCommand): boolean {
    const known = this.#pending.get(ask)
    if (known) known.command = command
    return known !== undefined
  }
  answered(ask: AskId): void {
    const known = this.#pending.get(ask)
    if (known) known.answered = true
  }
  drop(ask: AskId): void {
    this.#pending.delete(ask)
  }

  /** A new structure came from the server: what it shows, or must show by now, needs no drawing. */
  settle(structure: StructureView): void {
    const shown = new Set<BracketId>()
    for (const article of structure.articles) for (const clause of article.clauses) collect(clause, shown)
    for (const [ask, { command, answered }] of this.#pending) {
      const opens = command.type === 'OpenBracket'
      const there = shown.has(command.bracket)
      if (answered || opens === there) this.#settleOne(ask, command, opens, answered)
    }
  }
  #settleOne(ask: AskId, command: TypedCommand, opens: boolean, answered: boolean): void {
    // A strike that grew is not shown by its bracket being there: only its answer, and the structure after it, say so.
    if (command.type !== 'ExtendStrike' || answered || !opens) this.#pending.delete(ask)
  }

  /** The structure as this seat should see it now. */
  draw(structure: StructureView): StructureView {
    if (this.#pending.size === 0) return structure
    return {
      ...structure,
      articles: structure.articles.map((article) => ({ ...article, clauses: this.#clauses(article.clauses) })),
    }
  }
  #clauses(clauses: ClauseView[]): ClauseView[] {
    return clauses.map((clause) => ({
      ...clause,
      brackets: this.#brackets(clause),
      items: this.#clauses(clause.items),
    }))
  }
  #brackets(clause: ClauseView): BracketView[] {
    let brackets = clause.brackets
    for (const { command, at } of this.#pending.values()) {
      switch (command.type) {
        case 'OpenBracket':
          if (command.clause === clause.id && !brackets.some(({ id }) => id === command.bracket))
            brackets = [...brackets, this.#opened(command, at)]
          break
        case 'ExtendStrike':
          brackets = brackets.map((one) => (one.id === command.bracket ? { ...one, struck: command.struck } : one))
          break
        default:
          brackets = brackets.filter(({ id }) => id !== command.bracket)
      }
    }
    return brackets
  }
  #opened(command: Extract<TypedCommand, { type: 'OpenBracket' }>, at: Instant): BracketView {
    const { bracket, host, kind } = command
    const holders = [this.#by.party]
    const shared = { id: bracket, kind, host, holders, placedBy: this.#by.seat, placedAt: at, agreed: [] }
    return command.kind === 'insert'
      ? { ...shared, leaf: leafOf(bracket), struck: null, pending: { after: command.after } }
      : { ...shared, leaf: null, struck: command.struck }
  }
}

function collect(clause: ClauseView, into: Set<BracketId>): void {
  for (const { id } of clause.brackets) into.add(id)
  for (const item of clause.items) collect(item, into)
}

/** Words as drawn: with the places of brackets that the server has not planted yet. Indexes stay those of the `Y.Text`. */
export function drawnWords(structure: StructureView, words: Words): Words {
  const places = new Map<LeafId, { bracket: BracketId; after: ItemId | null }[]>()
  const visit = (clause: ClauseView): void => {
    for (const { id, host, pending } of clause.brackets)
      if (pending) places.set(host, [...(places.get(host) ?? []), { bracket: id, after: pending.after }])
    clause.items.forEach(visit)
  }
  for (const article of structure.articles) article.clauses.forEach(visit)
  if (places.size === 0) return words
  return {
    ...words,
    runs(leaf) {
      const planted = (places.get(leaf) ?? []).map(({ bracket, after }) => ({
        bracket,
        index: words.indexAfter(leaf, after) ?? 0,
      }))
      // From right to left, the first opened last: of two brackets at one place the later one stands left.
      return planted
        .sort((a, b) => b.index - a.index)
        .reduce((runs, { bracket, index }) => withBracket(runs, bracket, index), words.runs(leaf))
    },
  }
}

function withBracket(runs: Run[], bracket: BracketId, index: number): Run[] {
  const out: Run[] = []
  let at = 0
  let placed = false
  for (const run of runs) {
    const length = 'bracket' in run ? 1 : run.words.length
    if (!placed && index === at) {
      out.push({ bracket })
      placed = true
    }
    if (!placed && index < at + length && 'words' in run) {
      const cut = index - at
      out.push({ ...run, words: run.words.slice(0, cut) }, { bracket }, { ...run, words: run.words.slice(cut) })
      placed = true
    } else out.push(run)
    at += length
  }
  if (!placed) out.push({ bracket })
  return out
}
