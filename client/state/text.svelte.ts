import type { Quote } from '#shared/domain/process.ts'
import type { BracketId, ClauseId, LeafId } from '#shared/ids.ts'
import { includes, type Refusal } from '#shared/refusals.ts'
import { slice, struckRange } from '#shared/text/compose.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import type { BracketView } from '#shared/text/structure.ts'
import type { ClauseState, LostWords, OpenText, Structure, StructureClause } from '../room/room.ts'

export type Counts = Record<ClauseState, number>
const NONE: Counts = { open: 0, bracketed: 0, 'ad-referendum': 0, agreed: 0, locked: 0 }
/** Counting asks for every clause's hash: after a pause in the typing, not at every letter. */
const COUNT_AFTER_MS = 400
/** What stands beside the text follows its words this much later: not at every letter. The text itself is drawn at once. */
const WORDS_AFTER_MS = 100

/** One open text as screens read it: structure, where one is, how much is settled. */
export class TextState {
  readonly text: OpenText
  active = $state<ClauseId | null>(null)
  counts = $state.raw<Counts>(NONE)
  /** The words selected in the text, for a comment about them. */
  selected = $state.raw<(Quote & { clause: string }) | null>(null)
  level = $state<OpenText['level']>('read')
  /** Words of one's own that the room did not take in, to be copied from here. */
  setAside = $state.raw<{ words: string; refusal: Refusal | null }[]>([])
  /** Set when the level went down while the text was open. */
  lowered = $state.raw<{ level: OpenText['level']; at: number } | null>(null)
  /** Clauses whose words others changed while this page was away. */
  changedAway = $state.raw<ClauseId[]>([])
  #changes = $state(0)
  #timer: ReturnType<typeof setTimeout> | undefined
  #wordsTimer: ReturnType<typeof setTimeout> | undefined
  /** The clauses' hashes when the line came back, until what was missed is here. */
  #before: Map<ClauseId, string> | null = null
  #stops: (() => void)[]

  constructor(text: OpenText) {
    this.text = text
    this.level = text.level
    const changed = () => this.#changed()
    this.#stops = [
      text.on('structure', changed),
      text.on('words', () => {
        this.#wordsTimer ??= setTimeout(changed, WORDS_AFTER_MS)
      }),
      text.on('renewed', () => {
        changed()
        this.#caughtUp()
      }),
      text.on('caught-up', () => this.#caughtUp()),
      text.on('level', () => this.#levelled(text.level)),
      text.on('set-aside', (detail) => this.keep(detail)),
      text.on('refused', (detail) => this.keep(detail)),
    ]
    this.#count()
  }

  /** Read again after every change: of structure at once, of words within a tenth of a second. */
  get structure(): Structure {
    void this.#changes
    return this.text.structure
  }
  get isEmpty(): boolean {
    return this.structure.articles.length === 0
  }
  clause(id: ClauseId | null): StructureClause | null {
    return id === null ? null : (findClause(this.structure, (clause) => clause.id === id) ?? null)
  }
  clauseOfBracket(id: BracketId): StructureClause | null {
    return findClause(this.structure, (clause) => clause.brackets.some((bracket) => bracket.id === id)) ?? null
  }
  /** All clauses in the order in which they are read. */
  get clauses(): StructureClause[] {
    return [...allClauses(this.structure)]
  }
  /** The words put in by a bracket, and those it takes out, as they stand. */
  wordsOf(bracket: BracketView): { words: string; struck: string } {
    void this.#changes
    const words = bracket.leaf ? this.text.text(bracket.leaf).toString() : ''
    return { words, struck: bracket.struck ? this.#struck(bracket.host, bracket.struck) : '' }
  }
  /** Words that found no place, for their author: as the room tells of them. */
  keep(detail: unknown): void {
    const words = wordsIn(detail)
    if (words === '') return
    const refusal = (detail as Partial<LostWords>).refusal ?? null
    this.setAside = [...this.setAside, { words, refusal }]
  }
  dismiss(index: number): void {
    this.setAside = this.setAside.filter((_, at) => at !== index)
  }
  /** The line is back: what changes until all that was missed is here, others wrote meanwhile. */
  back(): void {
    this.#before ??= new Map(this.clauses.map(({ id, hash }) => [id, hash]))
  }
  #caughtUp(): void {
    const before = this.#before
    this.#before = null
    if (!before) return
    const changed = this.clauses.filter(({ id, hash }) => before.get(id) !== hash)
    this.changedAway = [...new Set([...this.changedAway, ...changed.map(({ id }) => id)])]
  }
  close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#wordsTimer)
    for (const stop of this.#stops) stop()
    this.text.close()
  }

  #struck(host: LeafId, struck: NonNullable<BracketView['struck']>): string {
    const words = wordsOf(this.text.doc)
    const range = struckRange(words, host, struck)
    if (!range) return ''
    return slice(words.runs(host), range.from, range.to)
      .map((run) => ('words' in run ? run.words : ''))
      .join('')
  }
  #levelled(level: OpenText['level']): void {
    const was = this.level
    this.level = level
    if (!includes(level, was)) this.lowered = { level, at: Date.now() }
    else if (level !== was) this.lowered = null
  }
  #changed(): void {
    clearTimeout(this.#wordsTimer)
    this.#wordsTimer = undefined
    this.#changes += 1
    this.#countSoon()
  }
  #countSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#count(), COUNT_AFTER_MS)
  }
  #count(): void {
    this.counts = countsOf(this.text.structure)
  }
}

/** How many clauses and items stand where. */
export function countsOf(structure: Structure): Counts {
  const counts = { ...NONE }
  for (const { state } of allClauses(structure)) counts[state] += 1
  return counts
}

/** The words in what the room tells of words set aside or left unsent. */
export function wordsIn(detail: unknown): string {
  if (typeof detail === 'string') return detail
  if (typeof detail !== 'object' || detail === null) return ''
  if (Array.isArray(detail)) return detail.map(wordsIn).filter(Boolean).join('\n')
  for (const key of ['words', 'unsent', 'setAside']) if (key in detail) return wordsIn(Reflect.get(detail, key))
  return ''
}

export function* allClauses(structure: Structure): Generator<StructureClause> {
  for (const article of structure.articles) for (const clause of article.clauses) yield* withItems(clause)
}
function* withItems(clause: StructureClause): Generator<StructureClause> {
  yield clause
  for (const item of clause.items) yield* withItems(item)
}
function findClause(structure: Structure, is: (clause: StructureClause) => boolean): StructureClause | undefined {
  for (const clause of allClauses(structure)) if (is(clause)) return clause
  return undefined
}
