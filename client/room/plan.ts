import type { TextCommand } from '#shared/domain/commands.ts'
import { type BracketId, type ClauseId, type LeafId, leafOf, type PartyId, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { includes, type Level, type Refusal } from '#shared/refusals.ts'
import type { Words } from '#shared/text/leaf.ts'
import type { BracketView, Format, StructureView } from '#shared/text/structure.ts'
import {
  beforeCharacter,
  bracketOfLeaf,
  embedAt,
  type Home,
  homeOf,
  lengthOf,
  pendingAt,
  type Strike,
  segmentsIn,
  strikesOf,
} from './sheet.ts'

/**
 * What typing, deleting and replacing mean at a place, for this seat: words that go into a leaf at once, and commands for
 * brackets. Pure: reads the sheet, changes nothing. The text itself and the editor plan alike with it.
 */

/** What a plan is made from: the text as drawn, and what this seat may do in it. */
export interface Sheet {
  track: TrackId
  structure: StructureView
  words: Words
  party: PartyId
  level: Level
  mayWrite(leaf: LeafId): boolean
  mint(): BracketId
}

/** A caret: `index` counts UTF-16 units of the leaf's Y.Text, the place of a bracket as 1. Which leaf it is says on which side of a border it stands. */
export interface Spot {
  leaf: LeafId
  index: number
}
export interface LeafRange extends Spot {
  length: number
}

/** The commands that typing gives. They may wait for a connection; all others may not. */
export type TypedCommand = Extract<
  TextCommand,
  { type: 'OpenBracket' | 'ExtendStrike' | 'CloseEmptyBracket' | 'WithdrawBracket' }
>

export type Step =
  | { do: 'insert'; leaf: LeafId; index: number; words: string; formats?: Partial<Record<Format, true>> }
  | { do: 'delete'; leaf: LeafId; index: number; length: number }
  | { do: 'format'; leaf: LeafId; index: number; length: number; format: Format; on: boolean }
  | { do: 'ask'; command: TypedCommand }

/** Steps in the order they are to be done: each index is counted after the steps before it. */
export interface Plan {
  steps: Step[]
  /** Where the caret stands afterwards. */
  caret: Spot
}

/** Words as a leaf can hold them: one paragraph, no control characters, no half characters. */
export function oneParagraph(words: string): string {
  return words
    .toWellFormed()
    .replace(/[^\S\r\n]*[\r\n\u0085\u2028\u2029]+[^\S\r\n]*/g, ' ')
    .replace(/\t/g, ' ')
    .replace(/\p{Cc}/gu, '')
}

/**
 * Typing at a place. In words of one's own: there. In words that are not, with `suggest`: into one's own bracket when the
 * place touches it; at one's own strike, right of the strike; else into a new bracket, nested when the place is inside another's.
 */
export function planInsert(
  sheet: Sheet,
  spot: Spot,
  words: string,
  formats?: Partial<Record<Format, true>>,
): Outcome<Plan, Refusal> {
  const target = targetOf(sheet, spot)
  if (!target.ok) return target
  return ok(insertion(sheet, target.value, oneParagraph(words), formats))
}

/** Deleting ranges, in reading order: own words leave, words of others are struck once per leaf, others' brackets stay. */
export function planRemove(sheet: Sheet, ranges: LeafRange[]): Outcome<Plan, Refusal> {
  const removal = removalOf(sheet, ranges)
  if (!removal.ok) return removal
  const { steps, closing } = removal.value
  const first = ranges[0]
  if (!first) return refuse({ code: 'no-such-thing' })
  return ok({
    steps: [...steps, ...closing.map((bracket) => closeStep(sheet, bracket))],
    caret: { leaf: first.leaf, index: first.index },
  })
}

/** Typing or pasting over ranges: they are removed, and the words go once, right after the first run that was struck. */
export function planReplace(
  sheet: Sheet,
  ranges: LeafRange[],
  words: string,
  formats?: Partial<Record<Format, true>>,
): Outcome<Plan, Refusal> {
  const removal = removalOf(sheet, ranges)
  if (!removal.ok) return removal
  const { steps, closing, struck } = removal.value
  const place = struck ?? ranges[0]
  if (!place) return refuse({ code: 'no-such-thing' })
  const target = targetOf(sheet, { leaf: place.leaf, index: place.index })
  if (!target.ok) return target
  const emptied = target.value.at === 'leaf' ? bracketOfLeaf(sheet, target.value.leaf) : null
  const reused = emptied !== null && closing.includes(emptied.id)
  const at: Target = reused && target.value.at === 'leaf' ? { ...target.value, index: 0 } : target.value
  const put = insertion(sheet, at, oneParagraph(words), formats)
  const closes = words === '' ? closing : closing.filter((bracket) => bracket !== emptied?.id)
  return ok({
    steps: [...steps, ...put.steps, ...closes.map((bracket) => closeStep(sheet, bracket))],
    caret: put.caret,
  })
}

/* ---- where words go ---- */

type Target = { at: 'leaf'; leaf: LeafId; index: number } | { at: 'new'; clause: ClauseId; host: LeafId; index: number }

function targetOf(sheet: Sheet, spot: Spot): Outcome<Target, Refusal> {
  const home = homeOf(sheet, spot.leaf)
  if (!home) return refuse({ code: 'no-such-thing' })
  const index = beforeCharacter(sheet, spot.leaf, Math.max(0, Math.min(spot.index, lengthOf(sheet, spot.leaf))))
  if (sheet.mayWrite(spot.leaf)) return ok({ at: 'leaf', leaf: spot.leaf, index })
  const no = refusalOf(sheet, home)
  if (no) return refuse(no)
  const place = pastStrikes(strikesOf(sheet, spot.leaf, isMyStrike(sheet)), index)
  const touched = touching(sheet, spot.leaf, place)
  return ok(touched ?? { at: 'new', clause: home.clause.id, host: spot.leaf, index: place })
}

/** Why this seat may not even propose here; null when it may. */
function refusalOf(sheet: Sheet, home: Home): Refusal | null {
  if (!includes(sheet.level, 'suggest')) return { code: 'level-too-low', needed: 'suggest', has: sheet.level }
  return home.clause.locked ? { code: 'clause-locked' } : null
}

const isMine =
  (sheet: Sheet) =>
  (bracket: BracketView): boolean =>
    bracket.holders.includes(sheet.party)
/** Words that are only disputed are not struck. */
const isMyStrike =
  (sheet: Sheet) =>
  (bracket: BracketView): boolean =>
    bracket.kind !== 'dispute' && isMine(sheet)(bracket)

/** Right of every own strike that the place stands in or at; strikes may touch each other. */
function pastStrikes(strikes: Strike[], index: number): number {
  let at = index
  for (let moved = true; moved; ) {
    const strike = strikes.find(({ from, to }) => from <= at && at < to)
    moved = strike !== undefined
    if (strike) at = strike.to
  }
  return at
}

/** One's own bracket beside the place: the one on the left first, then one not planted yet, then the one on the right. */
function touching(sheet: Sheet, host: LeafId, index: number): Target | null {
  const writable = (bracket: BracketView | null): LeafId | null =>
    bracket?.leaf && sheet.mayWrite(bracket.leaf) ? bracket.leaf : null
  const left = writable(embedAt(sheet, host, index - 1))
  if (left) return { at: 'leaf', leaf: left, index: lengthOf(sheet, left) }
  for (const bracket of pendingAt(sheet, host, index)) {
    const leaf = writable(bracket)
    if (leaf) return { at: 'leaf', leaf, index: lengthOf(sheet, leaf) }
  }
  const right = writable(embedAt(sheet, host, index))
  return right ? { at: 'leaf', leaf: right, index: 0 } : null
}

function insertion(sheet: Sheet, target: Target, words: string, formats?: Partial<Record<Format, true>>): Plan {
  const marks = formats ? { formats } : {}
  if (target.at === 'leaf') {
    const { leaf, index } = target
    const steps: Step[] = words === '' ? [] : [{ do: 'insert', leaf, index, words, ...marks }]
    return { steps, caret: { leaf, index: index + words.length } }
  }
  const { clause, host, index } = target
  if (words === '') return { steps: [], caret: { leaf: host, index } }
  const bracket = sheet.mint()
  const leaf = leafOf(bracket)
  const after = sheet.words.itemAt(host, index)
  const command: TypedCommand = {
    type: 'OpenBracket',
    track: sheet.track,
    bracket,
    clause,
    host,
    kind: 'insert',
    after,
  }
  return {
    steps: [
      { do: 'ask', command },
      { do: 'insert', leaf, index: 0, words, ...marks },
    ],
    caret: { leaf, index: words.length },
  }
}

/* ---- what deleting does ---- */

/** The range with the whole of every character it touches. */
function wholeCharacters(sheet: Sheet, { leaf, index, length }: LeafRange): LeafRange {
  if (length <= 0) return { leaf, index, length }
  const from = beforeCharacter(sheet, leaf, index)
  const end = index + length
  const to = beforeCharacter(sheet, leaf, end) < end ? end + 1 : end
  return { leaf, index: from, length: to - from }
}

interface Removal {
  steps: Step[]
  /** Own brackets that show no words afterwards. */
  closing: BracketId[]
  /** Right of the first run of words of others in the ranges. */
  struck: Spot | null
}

function removalOf(sheet: Sheet, ranges: LeafRange[]): Outcome<Removal, Refusal> {
  const removal: Removal = { steps: [], closing: [], struck: null }
  const cleared = new Set<LeafId>()
  for (const range of ranges.map((one) => wholeCharacters(sheet, one))) {
    if (range.length <= 0 || cleared.has(range.leaf)) continue
    const home = homeOf(sheet, range.leaf)
    if (!home) return refuse({ code: 'no-such-thing' })
    if (sheet.mayWrite(range.leaf)) {
      removeOwn(sheet, range, removal, cleared)
      continue
    }
    // A selection that runs across another's bracket leaves its words; only one inside it proposes to strike them.
    if (home.bracket && ranges.length > 1) continue
    const no = refusalOf(sheet, home)
    if (no) return refuse(no)
    strike(sheet, range, home, removal, cleared)
  }
  return ok(removal)
}

/** Deletes own words from right to left, so that the indexes of the others stay. */
function removeOwn(sheet: Sheet, range: LeafRange, removal: Removal, cleared: Set<LeafId>): void {
  const segments = segmentsIn(sheet, range)
  for (const segment of segments.toReversed()) {
    if (segment.bracket) clear(sheet, segment.bracket, removal, cleared)
    else removal.steps.push({ do: 'delete', leaf: range.leaf, index: segment.index, length: segment.length })
  }
  const bracket = bracketOfLeaf(sheet, range.leaf)
  const gone = segments.reduce((sum, segment) => sum + (segment.bracket ? 0 : segment.length), 0)
  if (bracket && gone > 0 && gone === lengthOf(sheet, range.leaf)) removal.closing.push(bracket.id)
}

/** An own bracket whose place is in the range: all its words leave. Another's stays. */
function clear(sheet: Sheet, bracket: BracketView, removal: Removal, cleared: Set<LeafId>): void {
  const { leaf } = bracket
  if (!leaf || !sheet.mayWrite(leaf) || cleared.has(leaf) || !isMine(sheet)(bracket)) return
  cleared.add(leaf)
  removeOwn(sheet, { leaf, index: 0, length: lengthOf(sheet, leaf) }, removal, cleared)
  if (lengthOf(sheet, leaf) === 0) removal.closing.push(bracket.id)
}

/** One strike over all words of the range that this party has not struck yet; it grows own strikes that it touches. */
function strike(sheet: Sheet, range: LeafRange, home: Home, removal: Removal, cleared: Set<LeafId>): void {
  const segments = segmentsIn(sheet, range)
  for (const { bracket } of segments) if (bracket) clear(sheet, bracket, removal, cleared)
  const runs = segments.filter(({ bracket }) => !bracket)
  const first = runs[0]
  if (first) removal.struck ??= { leaf: range.leaf, index: first.index + first.length }
  const mine = strikesOf(sheet, range.leaf, isMyStrike(sheet))
  const fresh = runs.flatMap(({ index, length }) => unstruck(index, index + length, mine))
  const from = fresh[0]?.[0]
  const to = fresh.at(-1)?.[1]
  if (from === undefined || to === undefined) return
  const alone = mine.filter(({ bracket }) => bracket.kind === 'delete' && bracket.holders.length === 1)
  for (const command of strikeCommands(sheet, range.leaf, home, { from, to }, alone))
    removal.steps.push({ do: 'ask', command })
}

/** The parts of [from, to) outside all strikes. */
function unstruck(from: number, to: number, strikes: Strike[]): [number, number][] {
  let parts: [number, number][] = [[from, to]]
  for (const strike of strikes) {
    parts = parts.flatMap(([a, b]): [number, number][] => {
      if (strike.to <= a || strike.from >= b) return [[a, b]]
      const left: [number, number][] = a < strike.from ? [[a, strike.from]] : []
      return strike.to < b ? [...left, [strike.to, b]] : left
    })
  }
  return parts
}

function strikeCommands(
  sheet: Sheet,
  leaf: LeafId,
  home: Home,
  { from, to }: { from: number; to: number },
  alone: Strike[],
): TypedCommand[] {
  const touched = alone.filter((strike) => strike.from <= to && strike.to >= from)
  const start = Math.min(from, ...touched.map((strike) => strike.from))
  const end = Math.max(to, ...touched.map((strike) => strike.to))
  const first = sheet.words.itemAt(leaf, start + 1)
  const last = sheet.words.itemAt(leaf, end)
  if (!first || !last) return []
  const struck = { from: first, to: last }
  const { track } = sheet
  const [grown, ...swallowed] = touched
  if (!grown)
    return [
      { type: 'OpenBracket', track, bracket: sheet.mint(), clause: home.clause.id, host: leaf, kind: 'delete', struck },
    ]
  return [
    { type: 'ExtendStrike', track, bracket: grown.bracket.id, struck },
    ...swallowed.map(({ bracket }): TypedCommand => ({ type: 'WithdrawBracket', track, bracket: bracket.id })),
  ]
}

const closeStep = ({ track }: Sheet, bracket: BracketId): Step => ({
  do: 'ask',
  command: { type: 'CloseEmptyBracket', track, bracket },
})
