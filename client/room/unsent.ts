import type * as Y from 'yjs'
import { type ClauseId, type LeafId, leafOf, parseOpaque } from '#shared/ids.ts'
import { includes } from '#shared/refusals.ts'
import { leafIn, openLeaf } from '#shared/text/leaf.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { findClause } from '#shared/text/structure-view.ts'
import { align, placeOf, type Unit } from './align.ts'
import { carryInto, type Known, type LeafChange, shownIn, shownUpTo, unitsOfLeaf, unsentIn } from './carry.ts'
import type { TextCopy } from './copy.ts'
import type { TypedCommand } from './plan.ts'
import type { LostWords } from './room.ts'
import { bracketNamed, homeOf } from './sheet.ts'

/** A command with its places, as counts of what the server showed of their leaf. */
export interface UnsentAsk {
  command: TypedCommand
  place: { leaf: LeafId; shown: Unit[]; from: number; to: number } | null
}
/** What a seat wrote in a copy that the server never took, and what it asked for there. */
export interface Unsent {
  changes: LeafChange[]
  asked: UnsentAsk[]
  structure: StructureView
}

/** Reads it off a copy that is about to go. */
export function unsentOf({ doc, outbox, drawn }: TextCopy): Unsent {
  const known = outbox.known
  const changes: LeafChange[] = []
  // Leaves that do not show any more hold words too.
  for (const name of doc.share.keys()) {
    const leaf = parseOpaque<LeafId>(name)
    const text = leaf && leafIn(doc, leaf)
    const change = text ? unsentIn(text, leaf, known) : null
    if (change) changes.push(change)
  }
  const { structure } = drawn
  const asked = outbox.commands().map(({ command }) => ({ command, place: placeIn(doc, command, known, structure) }))
  return { changes, asked, structure }
}

/** The words alone, for their author, of the places that the outbox names. */
export function unsentWords({ doc, outbox, drawn }: TextCopy): LostWords['words'] {
  const { known } = outbox
  const changes = [...outbox.places].flatMap((leaf) => {
    const text = leafIn(doc, leaf)
    return (text && unsentIn(text, leaf, known)) ?? []
  })
  return lostWords(changes, drawn.structure, new Map())
}

function placeIn(doc: Y.Doc, command: TypedCommand, known: Known, structure: StructureView): UnsentAsk['place'] {
  if (command.type !== 'OpenBracket' && command.type !== 'ExtendStrike') return null
  const leaf = command.type === 'OpenBracket' ? command.host : (bracketNamed(structure, command.bracket)?.host ?? null)
  const text = leaf && leafIn(doc, leaf)
  if (!text) return null
  const shown = shownIn(text, known)
  if ('struck' in command) {
    const from = shownUpTo(text, known, command.struck.from)
    return { leaf, shown, from: Math.max(0, from - 1), to: shownUpTo(text, known, command.struck.to) }
  }
  const at = shownUpTo(text, known, command.after)
  return { leaf, shown, from: at, to: at }
}

/** The words of changes, for their author, leaf by leaf. `clauses`: of leaves that the structure does not show. */
export function lostWords(
  changes: LeafChange[],
  structure: StructureView,
  clauses: ReadonlyMap<LeafId, ClauseId>,
): LostWords['words'] {
  return changes
    .map(({ leaf, put }) => ({
      leaf,
      clause: homeOf({ structure }, leaf)?.clause.id ?? clauses.get(leaf) ?? null,
      words: put.map(({ words }) => words).join(' '),
    }))
    .filter(({ words }) => words !== '')
}

/** The command as it must be asked in another copy, its places found anew. Null when there is nothing to ask any more. */
function askedAnew({ command, place }: UnsentAsk, copy: TextCopy): TypedCommand | null {
  const { structure, words } = copy.drawn
  const stands = bracketNamed(structure, command.bracket) !== null
  if (command.type !== 'OpenBracket' && command.type !== 'ExtendStrike') return stands ? command : null
  if (!place || stands !== (command.type === 'ExtendStrike')) return null
  if (command.type === 'OpenBracket' && !findClause(structure, command.clause)) return null
  const to = unitsOfLeaf(openLeaf(copy.doc, place.leaf))
  const now = align(place.shown, to)
  if (!('struck' in command)) {
    return { ...command, after: words.itemAt(place.leaf, placeOf(now, place.from, to.length)) }
  }
  const still = now.slice(place.from, place.to).filter((index) => index >= 0)
  const first = words.itemAt(place.leaf, (still[0] ?? -1) + 1)
  const last = words.itemAt(place.leaf, (still.at(-1) ?? -1) + 1)
  return first && last ? { ...command, struck: { from: first, to: last } } : null
}

/** The leaf whose words wait for this command to be recorded. */
export const leafOpenedBy = (command: TypedCommand): LeafId | null =>
  command.type === 'OpenBracket' && command.kind === 'insert' ? leafOf(command.bracket) : null

/**
 * Asks and writes in `copy` what was unsent in the one before it, but for what belongs to `barred` leaves and what this seat
 * may not write there: openings before the words they are for, closings behind. The leaves whose changes went over.
 */
export function putOver(unsent: Unsent, copy: TextCopy, barred: ReadonlyMap<LeafId, ClauseId>): Set<LeafId> {
  const asked = includes(copy.sheet().level, 'suggest') ? unsent.asked : []
  const ask = (isClosing: boolean): void => {
    for (const one of asked) {
      const leaf = leafOpenedBy(one.command)
      if (isClosing !== closes(one.command) || (leaf && barred.has(leaf))) continue
      const anew = askedAnew(one, copy)
      if (anew) copy.ask(anew)
    }
  }
  ask(false)
  const kept = new Set<LeafId>()
  for (const change of unsent.changes) {
    if (barred.has(change.leaf) || !copy.mayWrite(change.leaf)) continue
    copy.carry((origin) => carryInto(openLeaf(copy.doc, change.leaf), change, origin))
    kept.add(change.leaf)
  }
  ask(true)
  return kept
}
const closes = ({ type }: TypedCommand): boolean => type === 'CloseEmptyBracket' || type === 'WithdrawBracket'
