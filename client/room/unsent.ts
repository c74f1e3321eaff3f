import type * as Y from 'yjs'
import type { BracketId, ItemId, LeafId } from '#shared/ids.ts'
import { leafOf } from '#shared/ids.ts'
import { leafIn, type Words } from '#shared/text/leaf.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { clausesOf } from '#shared/text/structure-view.ts'
import { type LeafChange, unsentIn } from './carry.ts'
import type { Outbox } from './outbox.ts'
import type { TypedCommand } from './plan.ts'
import type { LostWords } from './room.ts'
import { homeOf, leavesOf } from './sheet.ts'

/** What a seat wrote in a document that the server never took, and what it asked for there. */
export interface Unsent {
  changes: LeafChange[]
  commands: TypedCommand[]
  structure: StructureView
  words: Words
}

/** Reads it off a document that is about to go. `drawn`: structure and words as this seat saw them. */
export function unsentOf(doc: Y.Doc, outbox: Outbox, drawn: { structure: StructureView; words: Words }): Unsent {
  const known = { client: outbox.client, clock: outbox.clock, deletes: outbox.deletes() }
  const changes: LeafChange[] = []
  for (const leaf of leavesOf(drawn.structure)) {
    const text = leafIn(doc, leaf)
    const change = text ? unsentIn(text, leaf, known) : null
    if (change) changes.push(change)
  }
  return { changes, commands: outbox.commands().map(({ command }) => command), ...drawn }
}

/** The words of changes, for their author, leaf by leaf. */
export function lostWords(changes: LeafChange[], structure: StructureView): LostWords['words'] {
  return changes
    .map(({ leaf, put }) => ({
      leaf,
      clause: homeOf({ structure }, leaf)?.clause.id ?? null,
      words: put.map(({ words }) => words).join(' '),
    }))
    .filter(({ words }) => words !== '')
}

/**
 * The command as it must be asked in another document of the same words: its places found anew by their indexes. Null when
 * there is nothing to ask any more.
 */
export function askedAnew(
  command: TypedCommand,
  unsent: Unsent,
  now: { structure: StructureView; words: Words },
): TypedCommand | null {
  const stands = hasBracket(now.structure, command.bracket)
  switch (command.type) {
    case 'OpenBracket': {
      if (stands || !clausesHave(now.structure, command.clause)) return null
      if (command.kind === 'delete') {
        const struck = rangeAnew(command.host, command.struck, unsent.words, now.words)
        return struck && { ...command, struck }
      }
      const index = unsent.words.indexAfter(command.host, command.after) ?? 0
      return { ...command, after: now.words.itemAt(command.host, index) }
    }
    case 'ExtendStrike': {
      const host = stands && hostOf(now.structure, command.bracket)
      const struck = host && rangeAnew(host, command.struck, unsent.words, now.words)
      return struck ? { ...command, struck } : null
    }
    default:
      return stands ? command : null
  }
}

function rangeAnew(
  host: LeafId,
  { from, to }: { from: ItemId; to: ItemId },
  old: Words,
  now: Words,
): { from: ItemId; to: ItemId } | null {
  const start = old.indexAfter(host, from)
  const end = old.indexAfter(host, to)
  if (start === null || end === null) return null
  const first = now.itemAt(host, start)
  const last = now.itemAt(host, end)
  return first && last ? { from: first, to: last } : null
}

const clausesHave = (structure: StructureView, clause: string): boolean =>
  [...clausesOf(structure)].some(({ id }) => id === clause)

function hostOf(structure: StructureView, bracket: BracketId): LeafId | null {
  for (const { brackets } of clausesOf(structure)) {
    const found = brackets.find(({ id }) => id === bracket)
    if (found) return found.host
  }
  return null
}
const hasBracket = (structure: StructureView, bracket: BracketId): boolean => hostOf(structure, bracket) !== null

/** The leaf whose words wait for this command to be recorded. */
export const leafOpenedBy = (command: TypedCommand): LeafId | null =>
  command.type === 'OpenBracket' && command.kind === 'insert' ? leafOf(command.bracket) : null
