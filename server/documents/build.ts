import type { ClauseId, ItemId, LeafId } from '#shared/ids.ts'
import { struckRange } from '#shared/text/compose.ts'
import { hashBytes } from '#shared/text/hash.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import { type Bracket, FORMATS, type Format, type Run, type Text } from '#shared/text/structure.ts'
import type { BuildText, Rebase } from './documents.ts'
import { openLive } from './engine.ts'
import { UpdateBytes } from './server-writer.ts'

/** The same bytes on every node: a function of structure and words alone. */
export const buildText: BuildText = (track, text, words) => openLive(track, text, builtText(text, words).bytes)

export const rebase: Rebase = (live, text, incarnation, client) => {
  const words: Record<LeafId, Run[]> = {}
  for (const leaf of leavesOf(text)) words[leaf] = live.words(leaf)
  const { bytes, starts } = builtText({ ...text, client }, words)
  const reading = wordsOf(live.doc)
  const strikes = Object.values(text.brackets).flatMap(({ id, host, struck }: Bracket) => {
    const range = struck && struckRange(reading, host, struck)
    const start = starts.get(host)
    if (!range || start === undefined) return []
    const from = { client, clock: start + range.from }
    return [{ bracket: id, struck: { from, to: { client, clock: start + range.to - 1 } } }]
  })
  const current = agreedClauses(text).flatMap((clause) => live.hashOf(text, text.language, clause) ?? [])
  return { track: live.track, type: 'TextRebased', incarnation, client, hash: hashBytes(bytes), strikes, current }
}

/** Clauses with an agreement to them or to one of their brackets. */
function agreedClauses(text: Text): ClauseId[] {
  const found = new Set<ClauseId>()
  for (const { id, agreed } of Object.values(text.clauses)) if (Object.keys(agreed).length > 0) found.add(id)
  for (const { clause, agreed } of Object.values(text.brackets)) if (Object.keys(agreed).length > 0) found.add(clause)
  return [...found]
}

/** Every leaf that shows, by name: the order tells nothing of when each was made. */
export function leavesOf(text: Text): LeafId[] {
  const leaves = Object.values(text.clauses).map(({ leaf }) => leaf)
  for (const { leaf } of Object.values(text.brackets)) if (leaf) leaves.push(leaf)
  return leaves.sort()
}

/**
 * One update that writes every leaf: its visible units first, with running clocks, so that visible index k of a leaf is
 * clock `start + k`; its format marks behind them. No tombstone, no author, no order of writing crosses.
 */
function builtText(text: Text, words: Record<LeafId, Run[]>): { bytes: Uint8Array; starts: Map<LeafId, number> } {
  const bytes = new UpdateBytes(text.client, 0)
  const starts = new Map<LeafId, number>()
  let next = 0
  for (const leaf of leavesOf(text)) {
    const start = next
    starts.set(leaf, start)
    const runs = (words[leaf] ?? []).filter((run) => !('words' in run) || run.words !== '')
    let last: ItemId | null = null
    for (const run of runs) {
      bytes.add(run, last, null, leaf)
      next += 'words' in run ? run.words.length : 1
      last = { client: text.client, clock: next - 1 }
    }
    const end = next
    const unit = (index: number) => (start <= index && index < end ? { client: text.client, clock: index } : null)
    // Marks at one place follow one another.
    let marked: ItemId | null = null
    let place = -1
    for (const { at, format, on } of marksOf(runs)) {
      const left: ItemId | null = place === at ? marked : unit(start + at - 1)
      marked = bytes.add({ format, on }, left, unit(start + at), leaf)
      place = at
      next++
    }
  }
  return { bytes: bytes.bytes(), starts }
}

/** Where formats turn on and off, by visible index; the place of a bracket turns none. */
function* marksOf(runs: Run[]): Generator<{ at: number; format: Format; on: boolean }> {
  type Formats = Partial<Record<Format, true>>
  let at = 0
  let before: Formats = {}
  for (const run of [...runs, { words: '' }]) {
    const now: Formats = 'words' in run ? (run.formats ?? {}) : before
    for (const format of FORMATS) if (before[format] !== now[format]) yield { at, format, on: now[format] === true }
    before = now
    at += 'words' in run ? run.words.length : 1
  }
}
