import type { ItemId, LeafId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import type { Move } from '#shared/text/structure.ts'
import { type LeafRange, type Plan, planInsert, planRemove, planReplace, type Spot } from '../room/plan.ts'
import type { OpenText } from '../room/room.ts'
import { homeOf } from '../room/sheet.ts'
import { moved } from './caret.ts'

/** A UTF-16 unit of what is being composed, as it stands in the text. */
interface Unit {
  leaf: LeafId
  item: ItemId
}

/**
 * The words of one composition in the text, while they change letter by letter: known by their items, so that they stay the
 * same words whatever others write around or in them.
 */
export class Composed {
  readonly #text: OpenText
  readonly #perform: (plan: Outcome<Plan, Refusal>) => boolean
  #words = ''
  #units: Unit[] = []

  /** `perform` carries a plan out, or says false when that is refused. */
  constructor(text: OpenText, perform: (plan: Outcome<Plan, Refusal>) => boolean) {
    this.#text = text
    this.#perform = perform
  }

  get words(): string {
    return this.#words
  }

  /** The first words: at `spot`, over `ranges`. False: refused. */
  begin(spot: Spot, ranges: LeafRange[], words: string): boolean {
    const sheet = this.#text.sheet()
    const plan = ranges.length > 0 ? planReplace(sheet, ranges, words) : planInsert(sheet, spot, words)
    if (!this.#perform(plan)) return false
    this.#units = plan.ok ? this.#endingAt(plan.value.caret, words.length) : []
    this.#words = words
    return true
  }
  /** Words of the text that the composition swallowed as well. */
  swallow(ranges: LeafRange[]): boolean {
    return ranges.length === 0 || this.#perform(planRemove(this.#text.sheet(), ranges))
  }
  /** The words are others now: only what differs is taken out and put in. */
  change(words: string): boolean {
    const [from, to, put] = difference(this.#words, words)
    const gone = this.#ranges(this.#units.slice(from, to))
    // From right to left, so that the places further left stay; words go where the first of them was.
    for (const range of gone.slice(1).reverse()) if (!this.swallow([range])) return false
    const first = gone[0]
    const spot = first ?? this.spotAt(from)
    if (!spot) return false
    const sheet = this.#text.sheet()
    const plan = first ? planReplace(sheet, [first], put) : planInsert(sheet, spot, put)
    if ((first || put !== '') && !this.#perform(plan)) return false
    const units = plan.ok ? this.#endingAt(plan.value.caret, put.length) : []
    this.#units = [...this.#units.slice(0, from), ...units, ...this.#units.slice(to)]
    this.#words = words
    return true
  }

  /** Right of so many units; null when the text does not know them any more. */
  spotAt(units: number): Spot | null {
    const unit = this.#units[Math.max(0, units - 1)]
    if (!unit) return null
    const index = this.#text.sheet().words.indexAfter(unit.leaf, unit.item)
    return index === null ? null : { leaf: unit.leaf, index: units > 0 ? index : Math.max(0, index - 1) }
  }
  /** Whether any of them still shows somewhere. */
  get stands(): boolean {
    const sheet = this.#text.sheet()
    return this.#ranges(this.#units).some(({ leaf }) => homeOf(sheet, leaf) !== null)
  }
  /** They were taken into another place. */
  move(moves: Move[]): void {
    this.#units = this.#units.map(({ leaf, item }) => {
      const { leaf: now, left } = moved({ leaf, left: item }, moves)
      return left && !('bracket' in left) ? { leaf: now, item: left } : { leaf, item }
    })
  }
  /** The text began anew: the same words by other items. `at`: where they ended before. */
  renew(at: Spot): void {
    const ending = this.#endingAt(at, this.#words.length)
    const stands = wordsAt(this.#text, at.leaf, at.index - this.#words.length, at.index) === this.#words
    this.#units = stands ? ending : []
  }

  #endingAt({ leaf, index }: Spot, length: number): Unit[] {
    const { words } = this.#text.sheet()
    return Array.from({ length }, (_, nth) => words.itemAt(leaf, index - length + nth + 1)).flatMap((item) =>
      item ? [{ leaf, item }] : [],
    )
  }
  /** Where units still show, in as few ranges as they need. */
  #ranges(units: Unit[]): LeafRange[] {
    const { words } = this.#text.sheet()
    const out: LeafRange[] = []
    for (const { leaf, item } of units) {
      const index = (words.indexAfter(leaf, item) ?? 0) - 1
      const at = index < 0 ? null : words.itemAt(leaf, index + 1)
      if (at?.client !== item.client || at.clock !== item.clock) continue
      const last = out.at(-1)
      if (last?.leaf === leaf && last.index + last.length === index) last.length += 1
      else out.push({ leaf, index, length: 1 })
    }
    return out
  }
}

function wordsAt(text: OpenText, leaf: LeafId, from: number, to: number): string {
  const runs = wordsOf(text.doc).runs(leaf)
  return runs
    .map((run) => ('words' in run ? run.words : '\ufffc'))
    .join('')
    .slice(Math.max(0, from), to)
}

/** What of `old` leaves, from where to where, and what comes in its place; characters stay whole. */
function difference(old: string, next: string): [from: number, to: number, put: string] {
  const shorter = Math.min(old.length, next.length)
  let from = 0
  while (from < shorter && old[from] === next[from]) from++
  if (isSplit(old, from) || isSplit(next, from)) from--
  let kept = 0
  while (kept < shorter - from && old[old.length - 1 - kept] === next[next.length - 1 - kept]) kept++
  if (isSplit(old, old.length - kept) || isSplit(next, next.length - kept)) kept--
  return [from, old.length - kept, next.slice(from, next.length - kept)]
}
const isSplit = (words: string, at: number): boolean => {
  const code = words.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}
