import type { ClauseId, LeafId, PartyId } from '../ids.ts'
import { includes, type Level } from '../refusals.ts'
import type { Bracket, StructureView, Text } from './structure.ts'
import { clauseOfLeaf } from './structure-view.ts'

/** What decides who may write in a leaf: whose words they are, and whether its clause is locked. */
export interface LeafRights {
  /** Null: base words, for `edit`. Else a bracket's words, for its holders. */
  holders: PartyId[] | null
  locked: boolean
  /** The leaf has closed: what arrives is moved on by the server to where it belongs. */
  late: boolean
}

/** Whether `who` may insert and delete in the leaf. A pure function of level, holder and lock. */
export function mayWrite(leaf: LeafRights, who: { party: PartyId; level: Level }): boolean {
  if (leaf.locked) return false
  if (leaf.holders === null) return who.level === 'edit'
  return includes(who.level, 'suggest') && leaf.holders.includes(who.party)
}

/** Base leaves by name, and the clause of each. Read through `clauseWithLeaf`. */
const baseLeaves = new WeakMap<Text['clauses'], Map<LeafId, ClauseId>>()

/** The clause whose base words this leaf holds. */
export function clauseWithLeaf(text: Text, leaf: LeafId): ClauseId | null {
  let known = baseLeaves.get(text.clauses)
  if (!known) {
    known = new Map(Object.values(text.clauses).map((clause) => [clause.leaf, clause.id]))
    baseLeaves.set(text.clauses, known)
  }
  return known.get(leaf) ?? null
}

/** The open bracket whose words this leaf holds. */
export function bracketWithLeaf(text: Text, leaf: LeafId): Bracket | null {
  const bracket = Object.hasOwn(text.brackets, leaf) ? (text.brackets as Record<string, Bracket>)[leaf] : undefined
  return bracket?.leaf === leaf ? bracket : null
}

/** The clause in which an open leaf stands. */
export const clauseHolding = (text: Text, leaf: LeafId): ClauseId | null =>
  clauseWithLeaf(text, leaf) ?? bracketWithLeaf(text, leaf)?.clause ?? null

/** Null: no such leaf in this text. A closed leaf has the rights of those who could write there, and the lock of where its words went. */
export function leafRights(text: Text, leaf: LeafId): LeafRights | null {
  const bracket = bracketWithLeaf(text, leaf)
  const clause = bracket?.clause ?? clauseWithLeaf(text, leaf)
  if (clause) {
    return { holders: bracket ? bracket.holders : null, locked: text.clauses[clause]?.locked ?? true, late: false }
  }
  const closed = Object.hasOwn(text.closed, leaf) ? text.closed[leaf] : undefined
  if (!closed) return null
  const holders = closed.holders.length > 0 ? closed.holders : null
  return { holders, locked: hostLocked(text, closed.host), late: true }
}

function hostLocked(text: Text, host: LeafId): boolean {
  let at = host
  for (let steps = 0; steps <= 10_000; steps++) {
    const clause = clauseHolding(text, at)
    if (clause) return text.clauses[clause]?.locked ?? true
    const closed = Object.hasOwn(text.closed, at) ? text.closed[at] : undefined
    if (!closed) return true
    at = closed.host
  }
  return true
}

/** `leafRights` from what a viewer received. Null: not a leaf of this structure. */
export function leafRightsInView(structure: StructureView, leaf: LeafId): LeafRights | null {
  const clause = clauseOfLeaf(structure, leaf)
  if (!clause) return null
  const bracket = clause.brackets.find((one) => one.leaf === leaf)
  return { holders: bracket ? bracket.holders : null, locked: clause.locked, late: false }
}
