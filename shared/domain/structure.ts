import type { ArticleId, ClauseId, LeafId } from '../ids.ts'
import { refuse } from '../outcome.ts'
import { MAX_CLAUSES, MAX_LEVELS, oneParagraph } from '../text/seed.ts'
import type { Clause, ClosedLeaf, Text } from '../text/structure.ts'
import type { Asked } from './asked.ts'
import { decideBracket } from './brackets.ts'
import type { TextCommand } from './commands.ts'
import type { Process } from './process.ts'
import { row } from './rows.ts'
import {
  decided,
  isStale,
  LOCKED,
  lacks,
  leavingWith,
  mayNotBind,
  NOTHING_THERE,
  NOTHING_TO_CHANGE,
  type Refused,
  subtree,
  type TextAsked,
  type TextDecided,
  textAsked,
} from './text-asked.ts'

export { evolveText, withoutGone } from './evolve-text.ts'

type Of<T extends TextCommand['type']> = Extract<TextCommand, { type: T }>
type ClauseCommand = Extract<TextCommand, { clause: ClauseId }>

/** Says what a text command would do, or why not. Pure. Ids are looked up in the track's own text, nowhere else. */
export function decideText(process: Process, asked: Asked & { command: TextCommand }): TextDecided {
  const { command } = asked
  const found = textAsked(process, asked, command.track)
  if (!found.ok) return found
  const on = found.value
  switch (command.type) {
    case 'AddArticle':
      return lacks(on, 'edit') ?? addArticle(on, command)
    case 'RenameArticle':
      return lacks(on, 'edit') ?? renameArticle(on, command)
    case 'RemoveArticle':
      return lacks(on, 'edit') ?? removeArticle(on, command)
    case 'RenameText':
      return lacks(on, 'edit') ?? renameText(on, command)
    case 'AddClause':
      return lacks(on, 'edit') ?? addClause(on, command)
    case 'OpenBracket':
    case 'ExtendStrike':
    case 'JoinBracket':
    case 'WithdrawBracket':
    case 'AgreeBracket':
    case 'AcceptBracket':
    case 'CloseEmptyBracket':
      return decideBracket(on, command)
    default:
      return decideClause(on, command)
  }
}

type OneClause = Exclude<ClauseCommand, { type: 'OpenBracket' }>
function decideClause(on: TextAsked, command: OneClause): TextDecided {
  const clause = row(on.text.clauses, command.clause)
  if (!clause) return NOTHING_THERE
  switch (command.type) {
    case 'RemoveClause':
      return lacks(on, 'edit') ?? removeClause(on, clause)
    case 'MoveClause':
      return lacks(on, 'edit') ?? moveClause(on, command, clause)
    case 'SplitClause':
      return lacks(on, 'edit') ?? splitClause(on, command, clause)
    case 'MergeClause':
      return lacks(on, 'edit') ?? mergeClause(on, clause)
    case 'LockClause':
      return lacks(on, 'edit') ?? lockClause(on, clause)
    case 'UnlockClause':
      return lacks(on, 'edit') ?? unlockClause(on, clause)
    case 'AgreeClause':
      return mayNotBind(on) ?? agreeClause(on, command, clause)
    case 'WithdrawClauseAgreement':
      return mayNotBind(on) ?? withdrawAgreement(on, clause)
    default:
      throw command satisfies never
  }
}

function addArticle(on: TextAsked, command: Of<'AddArticle'>): TextDecided {
  const { text, track, asked } = on
  if (command.after !== null && !row(text.articles, command.after)) return NOTHING_THERE
  if (command.kind === 'preamble' && Object.values(text.articles).some(({ kind }) => kind === 'preamble')) {
    return refuse({ code: 'already-exists' })
  }
  if (text.order.length >= MAX_CLAUSES) return refuse({ code: 'too-large', limit: MAX_CLAUSES })
  const id = asked.mint<ArticleId>()
  const article = { id, kind: command.kind, title: oneParagraph(command.title) }
  return decided({ track, type: 'ArticleAdded', article, after: command.after }, [id])
}

function renameArticle(on: TextAsked, command: Of<'RenameArticle'>): TextDecided {
  const article = row(on.text.articles, command.article)
  if (!article) return NOTHING_THERE
  const title = oneParagraph(command.title)
  if (title === article.title) return NOTHING_TO_CHANGE
  return decided({ track: on.track, type: 'ArticleRenamed', article: article.id, title })
}

function removeArticle(on: TextAsked, command: Of<'RemoveArticle'>): TextDecided {
  const article = row(on.text.articles, command.article)
  if (!article) return NOTHING_THERE
  if (article.clauses.length > 0) return refuse({ code: 'clause-not-clean' })
  return decided({ track: on.track, type: 'ArticleRemoved', article: article.id })
}

function renameText(on: TextAsked, command: Of<'RenameText'>): TextDecided {
  const title = oneParagraph(command.title)
  if (title === on.text.title) return NOTHING_TO_CHANGE
  return decided({ track: on.track, type: 'TextRenamed', title })
}

/** Where a clause is to stand. Null when the place is fine; a locked chapeau takes no new items and loses none. */
function badPlace(
  text: Text,
  to: { article: ArticleId; parent: ClauseId | null; after: ClauseId | null },
  depth: number,
): Refused | null {
  const article = row(text.articles, to.article)
  if (!article) return NOTHING_THERE
  const parent = to.parent === null ? null : row(text.clauses, to.parent)
  if (to.parent !== null && parent?.article !== to.article) return NOTHING_THERE
  const siblings = parent ? parent.items : article.clauses
  if (to.after !== null && !siblings.includes(to.after)) return NOTHING_THERE
  if (parent?.locked) return LOCKED
  if ((parent ? levelOfClause(text, parent) : 0) + depth > MAX_LEVELS)
    return refuse({ code: 'too-large', limit: MAX_LEVELS })
  return null
}

/** 1 for a clause, 2 for its items, 3 for theirs. */
function levelOfClause(text: Text, clause: Clause): number {
  let level = 1
  for (let at = clause.parent; at !== null && level <= MAX_LEVELS; at = row(text.clauses, at)?.parent ?? null) level++
  return level
}
const depthOf = (text: Text, clause: Clause): number =>
  1 + Math.max(0, ...clause.items.map((id) => row(text.clauses, id)).map((item) => (item ? depthOf(text, item) : 0)))

const isFull = (text: Text): Refused | null =>
  Object.keys(text.clauses).length >= MAX_CLAUSES ? refuse({ code: 'too-large', limit: MAX_CLAUSES }) : null

function addClause(on: TextAsked, command: Of<'AddClause'>): TextDecided {
  const { article, parent, after } = command
  const no = isFull(on.text) ?? badPlace(on.text, command, 1)
  if (no) return no
  const [clause, leaf] = [on.asked.mint<ClauseId>(), on.asked.mint<LeafId>()]
  const words = oneParagraph(command.words ?? '')
  return decided({ track: on.track, type: 'ClauseAdded', clause, leaf, article, parent, after, words }, [clause])
}

/** Refused `not-your-bracket` while another party's bracket stands in it: only its holders lift it. */
function removeClause(on: TextAsked, clause: Clause): TextDecided {
  const { clauses, brackets } = leavingWith(on.text, clause)
  const parent = clause.parent === null ? null : row(on.text.clauses, clause.parent)
  if (parent?.locked || clauses.some(({ locked }) => locked)) return LOCKED
  const foreign = brackets.find(({ holders }) => holders.some((party) => party !== on.seat.party))
  if (foreign) return refuse({ code: 'not-your-bracket', bracket: foreign.id })
  return decided({ track: on.track, type: 'ClauseRemoved', clause: clause.id, archive: {}, closed: {} })
}

function moveClause(on: TextAsked, command: Of<'MoveClause'>, clause: Clause): TextDecided {
  const { text, track } = on
  const moving = subtree(text, clause)
  const from = clause.parent === null ? null : row(text.clauses, clause.parent)
  if (from?.locked || moving.some(({ locked }) => locked)) return LOCKED
  if (command.after === clause.id || moving.some(({ id }) => id === command.parent)) return NOTHING_TO_CHANGE
  const no = badPlace(text, command, depthOf(text, clause))
  if (no) return no
  const { article, parent, after } = command
  return decided({ track, type: 'ClauseMoved', clause: clause.id, article, parent, after })
}

function splitClause(on: TextAsked, command: Of<'SplitClause'>, clause: Clause): TextDecided {
  if (clause.locked) return LOCKED
  const full = isFull(on.text)
  if (full) return full
  const parent = clause.parent === null ? null : row(on.text.clauses, clause.parent)
  if (parent?.locked) return LOCKED
  const [made, leaf] = [on.asked.mint<ClauseId>(), on.asked.mint<LeafId>()]
  const { after } = command
  return decided(
    { track: on.track, type: 'ClauseSplit', clause: clause.id, after, made, leaf, moves: [], carried: [], strikes: [] },
    [made],
  )
}

/** Into the sibling before it; the first of its siblings has none. */
function mergeClause(on: TextAsked, clause: Clause): TextDecided {
  const { text, track } = on
  const parent = clause.parent === null ? null : row(text.clauses, clause.parent)
  const siblings = parent ? parent.items : (row(text.articles, clause.article)?.clauses ?? [])
  const elder = siblings[siblings.indexOf(clause.id) - 1]
  const into = elder ? row(text.clauses, elder) : null
  if (!into) return NOTHING_TO_CHANGE
  if (clause.locked || into.locked || parent?.locked) return LOCKED
  const closed: ClosedLeaf = { why: 'merged', clause: into.id, host: into.leaf, holders: [], after: null }
  return decided({
    track,
    type: 'ClauseMerged',
    clause: clause.id,
    into: into.id,
    moves: [],
    carried: [],
    strikes: [],
    closed,
  })
}

const isBracketed = (text: Text, clause: Clause): boolean =>
  Object.values(text.brackets).some((bracket) => bracket.clause === clause.id)

function lockClause(on: TextAsked, clause: Clause): TextDecided {
  if (clause.locked) return NOTHING_TO_CHANGE
  if (isBracketed(on.text, clause)) return refuse({ code: 'clause-not-clean' })
  return decided({ track: on.track, type: 'ClauseLocked', clause: clause.id })
}

function unlockClause(on: TextAsked, clause: Clause): TextDecided {
  if (!clause.locked) return NOTHING_TO_CHANGE
  return decided({ track: on.track, type: 'ClauseUnlocked', clause: clause.id })
}

/** Words in brackets are not agreed, so nobody can agree to a clause that has them. */
function agreeClause(on: TextAsked, command: Of<'AgreeClause'>, clause: Clause): TextDecided {
  const stale = isStale(on, clause, command.hash)
  if (stale) return stale
  if (isBracketed(on.text, clause)) return refuse({ code: 'clause-not-clean' })
  const { hash, until } = command
  if (until !== undefined && until < on.at) return refuse({ code: 'too-late', due: until })
  const before = clause.agreed[on.seat.party]
  if (before?.hash === hash && before.until === until) return NOTHING_TO_CHANGE
  const party = on.seat.party
  const given = until === undefined ? { hash } : { hash, until }
  return decided({ track: on.track, type: 'ClauseAgreed', clause: clause.id, party, ...given })
}

function withdrawAgreement(on: TextAsked, clause: Clause): TextDecided {
  if (!row(clause.agreed, on.seat.party)) return NOTHING_TO_CHANGE
  return decided({ track: on.track, type: 'ClauseAgreementWithdrawn', clause: clause.id, party: on.seat.party })
}
