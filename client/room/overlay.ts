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
import { clausesOf } from '#shared/text/structure-view.ts'
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
    for (const clause of clausesOf(structure)) for (const { id } of clause.brackets) shown.add(id)
    for (const [ask, { command, answered }] of this.#pending) {
      const there = shown.has(command.bracket)
      // That a bracket is there does not say that its strike has grown already: only the answer does.
      const settled = command.type === 'OpenBracket' ? there : !there
      if (answered || settled) this.#pending.delete(ask)
    }
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

/**
 * Words as drawn, for the planner: the places of brackets that the server has not planted yet are among the runs, and take
 * nothing of the index, which stays that of the `Y.Text`.
 */
export function drawnWords(structure: StructureView, words: Words): Words {
  const places = pendingPlaces(structure)
  if (places.size === 0) return words
  return { ...words, runs: (leaf) => runsWith(placedIn(places, words, leaf), words.runs(leaf)) }
}

/** The same for composing: a place that is not planted yet counts 1 like all others, as it will. */
export function composedWords(structure: StructureView, words: Words): Words {
  const places = pendingPlaces(structure)
  if (places.size === 0) return words
  return {
    runs: (leaf) => runsWith(placedIn(places, words, leaf), words.runs(leaf)),
    indexAfter(leaf, item) {
      const index = words.indexAfter(leaf, item)
      return index === null ? null : index + placedIn(places, words, leaf).filter((place) => place.index < index).length
    },
    itemAt(leaf, index) {
      const before = placedIn(places, words, leaf).filter((place, nth) => place.index + nth < index).length
      return words.itemAt(leaf, index - before)
    },
  }
}

type Places = Map<LeafId, { bracket: BracketId; after: ItemId | null }[]>
function pendingPlaces(structure: StructureView): Places {
  const places: Places = new Map()
  for (const clause of clausesOf(structure))
    for (const { id, host, pending } of clause.brackets)
      if (pending) places.set(host, [...(places.get(host) ?? []), { bracket: id, after: pending.after }])
  return places
}
/** From left to right; of two at one place the later one stands left, as the server will plant them. */
const placedIn = (places: Places, words: Words, leaf: LeafId): { bracket: BracketId; index: number }[] =>
  (places.get(leaf) ?? [])
    .map(({ bracket, after }) => ({ bracket, index: words.indexAfter(leaf, after) ?? 0 }))
    .reverse()
    .sort((a, b) => a.index - b.index)
const runsWith = (placed: { bracket: BracketId; index: number }[], runs: Run[]): Run[] =>
  placed.reduceRight((done, { bracket, index }) => withBracket(done, bracket, index), runs)

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
