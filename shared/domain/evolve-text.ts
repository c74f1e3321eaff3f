import {
  type ArticleId,
  type BracketId,
  type ClauseId,
  type Hash,
  type Instant,
  type ItemId,
  type LeafId,
  leafOf,
  type PartyId,
  type TrackId,
} from '../ids.ts'
import { bracketWithLeaf, clauseWithLeaf } from '../text/rights.ts'
import type { Agreement, Bracket, Clause, ClosedLeaf, Move, Text } from '../text/structure.ts'
import type { Fact, TextEvent } from './events.ts'
import { seatsSeeing } from './matrix.ts'
import { mayBind, seatIn } from './people.ts'
import type { Process } from './process.ts'
import { replaced, row } from './rows.ts'
import { leavingWith, subtree } from './text-asked.ts'

type Of<T extends TextEvent['type']> = Extract<TextEvent, { type: T }>
type Struck = { bracket: BracketId; struck: { from: ItemId; to: ItemId } }

/** Folds one event of a text in. Total: what names things that are not there changes nothing. */
export function evolveText(process: Process, fact: Fact<TextEvent>): Process {
  const id = fact.event.track
  const track = row(process.tracks.by, id)
  if (!track?.text) return process
  const text = foldText(process, track.text, fact)
  if (text === track.text) return process
  return { ...process, tracks: { ...process.tracks, by: { ...process.tracks.by, [id]: { ...track, text } } } }
}

/** `evolveText` of the one text it concerns. */
function foldText(process: Process, text: Text, fact: Fact<TextEvent>): Text {
  const { event } = fact
  switch (event.type) {
    case 'ArticleAdded':
      return addArticle(text, event)
    case 'ArticleRenamed':
      return changeArticle(text, event.article, { title: event.title })
    case 'ArticleRemoved':
      return {
        ...text,
        order: text.order.filter((id) => id !== event.article),
        articles: omit(text.articles, event.article),
      }
    case 'TextRenamed':
      return { ...text, title: event.title }
    case 'ClauseAdded':
      return addClause(text, event)
    case 'ClauseRemoved':
      return removeClause(text, event)
    case 'ClauseMoved':
      return moveClause(text, event)
    case 'ClauseSplit':
      return splitClause(text, event)
    case 'ClauseMerged':
      return mergeClause(text, event)
    case 'ClauseLocked':
      return changeClause(text, event.clause, () => ({ locked: true }))
    case 'ClauseUnlocked':
      return changeClause(text, event.clause, () => ({ locked: false }))
    case 'ClauseAgreed':
      return changeClause(text, event.clause, ({ agreed }) => ({
        agreed: withAgreement(agreed, event.party, fact),
      }))
    case 'ClauseAgreementWithdrawn':
      return changeClause(text, event.clause, ({ agreed }) => ({ agreed: omit(agreed, event.party) }))
    default:
      return foldBracket(process, text, event, fact)
  }
}

type BracketEvent = Extract<TextEvent, { bracket: BracketId }> | Of<'WordsRelocated' | 'TextRebased'>
function foldBracket(process: Process, text: Text, event: BracketEvent, fact: Fact<TextEvent>): Text {
  switch (event.type) {
    case 'BracketOpened':
      return openBracket(process, text, event, fact)
    case 'BracketJoined':
      return changeBracket(text, event.bracket, (bracket) => joined(bracket, event, fact))
    case 'BracketReworded':
      return changeBracket(text, event.bracket, withoutProposer)
    case 'StrikeExtended':
      return changeBracket(text, event.bracket, (bracket) => {
        const struck = { ...withoutProposer(bracket), struck: event.struck }
        return { ...struck, ...proposing(process, struck.holders, fact.by, fact.at) }
      })
    case 'BracketAgreed':
      return changeBracket(text, event.bracket, (bracket) => {
        return { ...bracket, agreed: withAgreement(bracket.agreed, event.party, fact) }
      })
    case 'BracketWithdrawn':
      return withdrawBracket(text, event)
    case 'BracketAccepted':
      return closeBracket(addMoves(text, event.moves), event.bracket, event.closed, event.climbed, event.strikes)
    case 'BracketEmptied':
      return closeBracket(text, event.bracket, event.closed, [], [])
    case 'WordsRelocated':
      return addMoves(text, event.moves)
    case 'TextRebased':
      return rebase(text, event)
    default:
      throw event satisfies never
  }
}

function omit<K extends string, T>(table: Record<K, T>, ...keys: K[]): Record<K, T> {
  const rest = { ...table }
  for (const key of keys) delete rest[key]
  return rest
}

const insertAfter = <T>(list: T[], item: T, after: T | null): T[] => {
  const at = after === null ? 0 : list.indexOf(after) + 1 || list.length
  return list.toSpliced(at, 0, item)
}

/** A party whose head or alternate places words that it holds alone consents to them by that. */
function proposing(process: Process, holders: PartyId[], by: Fact['by'], at: Instant): { proposer?: PartyId } {
  const seat = by === 'server' || by === 'operator' ? null : seatIn(process, by)
  const [party, other] = holders
  const isOwn = seat !== null && party === seat.party && other === undefined
  return isOwn && mayBind(process, seat, at) ? { proposer: party } : {}
}
const withoutProposer = ({ proposer: _, ...bracket }: Bracket): Bracket => bracket

/** From the first other holder on, consent is to exact words: the proposer's to those it was joined on. */
function joined(bracket: Bracket, { party, hash, agrees }: Of<'BracketJoined'>, { by, at }: Fact): Bracket {
  const holders = [...new Set([...bracket.holders, party])]
  const agreed = { ...bracket.agreed }
  const consents = hash !== undefined && by !== 'server' && by !== 'operator'
  if (consents && bracket.proposer && bracket.placedBy) agreed[bracket.proposer] = { hash, by: bracket.placedBy, at }
  if (consents && agrees) agreed[party] = { hash, by, at }
  return { ...withoutProposer(bracket), holders, agreed }
}

function withAgreement(agreed: Record<PartyId, Agreement>, party: PartyId, { event, by, at }: Fact<TextEvent>) {
  if ((event.type !== 'ClauseAgreed' && event.type !== 'BracketAgreed') || by === 'server' || by === 'operator')
    return agreed
  const until = event.type === 'ClauseAgreed' ? event.until : undefined
  const given = until === undefined ? { hash: event.hash, by, at } : { hash: event.hash, by, at, until }
  return { ...agreed, [party]: given }
}

function addArticle(text: Text, { article, after }: Of<'ArticleAdded'>): Text {
  const articles = { ...text.articles, [article.id]: { ...article, clauses: [] } }
  return { ...text, order: insertAfter(text.order, article.id, after), articles }
}

function changeArticle(text: Text, id: ArticleId, change: Partial<Text['articles'][ArticleId]>): Text {
  const article = row(text.articles, id)
  return article ? { ...text, articles: { ...text.articles, [id]: { ...article, ...change } } } : text
}

function changeClause(
  text: Text,
  id: ClauseId,
  change: (clause: Clause) => Partial<Record<keyof Clause, unknown>>,
): Text {
  const clause = row(text.clauses, id)
  if (!clause) return text
  return { ...text, clauses: { ...text.clauses, [id]: { ...clause, ...change(clause) } as Clause } }
}

function changeBracket(text: Text, id: BracketId, change: (bracket: Bracket) => Bracket): Text {
  const bracket = row(text.brackets, id)
  return bracket ? { ...text, brackets: { ...text.brackets, [id]: change(bracket) } } : text
}

/** Changes the list that holds the clauses of `article`, or the items of `parent`. */
function changeSiblings(
  text: Text,
  article: ArticleId,
  parent: ClauseId | null,
  change: (list: ClauseId[]) => ClauseId[],
): Text {
  if (parent !== null) return changeClause(text, parent, ({ items }) => ({ items: change(items) }))
  const found = row(text.articles, article)
  return found ? changeArticle(text, article, { clauses: change(found.clauses) }) : text
}

function plantClause(text: Text, clause: Clause, after: ClauseId | null): Text {
  const planted = { ...text, clauses: { ...text.clauses, [clause.id]: clause } }
  return changeSiblings(planted, clause.article, clause.parent, (list) => insertAfter(list, clause.id, after))
}

function addClause(text: Text, { clause: id, leaf, article, parent, after }: Of<'ClauseAdded'>): Text {
  return plantClause(text, { id, article, parent, items: [], leaf, locked: false, agreed: {} }, after)
}

function removeClause(text: Text, event: Of<'ClauseRemoved'>): Text {
  const clause = row(text.clauses, event.clause)
  if (!clause) return text
  const { clauses, brackets } = leavingWith(text, clause)
  const without = changeSiblings(text, clause.article, clause.parent, (list) => list.filter((id) => id !== clause.id))
  return {
    ...without,
    clauses: omit(without.clauses, ...clauses.map(({ id }) => id)),
    brackets: omit(text.brackets, ...brackets.map(({ id }) => id)),
    closed: { ...text.closed, ...event.closed },
  }
}

function moveClause(text: Text, { clause: id, article, parent, after }: Of<'ClauseMoved'>): Text {
  const clause = row(text.clauses, id)
  if (!clause) return text
  const left = changeSiblings(text, clause.article, clause.parent, (list) => list.filter((one) => one !== id))
  const clauses = { ...left.clauses }
  for (const moved of subtree(text, clause)) clauses[moved.id] = { ...moved, article }
  clauses[id] = { ...clause, article, parent }
  return changeSiblings({ ...left, clauses }, article, parent, (list) => insertAfter(list, id, after))
}

/** Items stand behind the words that were split, so they follow the second half. */
function splitClause(text: Text, event: Of<'ClauseSplit'>): Text {
  const clause = row(text.clauses, event.clause)
  if (!clause) return text
  const { made: id, leaf } = event
  const { article, parent, items } = clause
  let next = changeClause(text, clause.id, () => ({ items: [] }))
  next = plantClause(next, { id, article, parent, items, leaf, locked: false, agreed: {} }, clause.id)
  const clauses = { ...next.clauses }
  for (const item of items) {
    const found = row(clauses, item)
    if (found) clauses[item] = { ...found, parent: id }
  }
  const brackets = { ...text.brackets }
  rehost(brackets, event.carried, leaf)
  for (const { bracket, struck, clause: to, halfOf } of event.strikes) {
    const whole = row(brackets, halfOf ?? bracket)
    if (!whole) continue
    const half = { ...whole, id: bracket, struck, host: to === id ? leaf : whole.host }
    brackets[bracket] = halfOf === undefined ? half : { ...half, agreed: {} }
  }
  return settleClauses({ ...addMoves(next, event.moves), clauses, brackets })
}

function mergeClause(text: Text, event: Of<'ClauseMerged'>): Text {
  const [clause, into] = [row(text.clauses, event.clause), row(text.clauses, event.into)]
  if (!clause || !into) return text
  const next = changeSiblings(text, clause.article, clause.parent, (list) => list.filter((id) => id !== clause.id))
  const clauses = omit(next.clauses, clause.id)
  clauses[into.id] = { ...into, items: [...into.items, ...clause.items] }
  for (const item of clause.items) {
    const found = row(clauses, item)
    if (found) clauses[item] = { ...found, parent: into.id }
  }
  const brackets = { ...text.brackets }
  rehost(brackets, event.carried, into.leaf)
  restrike(brackets, clause.leaf, into.leaf, event.strikes)
  const closed = { ...text.closed, [clause.leaf]: event.closed }
  return settleClauses({ ...addMoves(next, event.moves), clauses, brackets, closed })
}

function rehost(brackets: Record<BracketId, Bracket>, ids: BracketId[], host: LeafId): void {
  for (const id of ids) {
    const bracket = row(brackets, id)
    if (bracket) brackets[id] = { ...bracket, host }
  }
}

/** Strikes of a leaf that closed stand in `to` by their new ids; one whose words are all gone is over. */
function restrike(brackets: Record<BracketId, Bracket>, from: LeafId, to: LeafId, strikes: Struck[]): void {
  const moved = new Map(strikes.map(({ bracket, struck }) => [bracket, struck]))
  for (const bracket of Object.values(brackets)) {
    if (bracket.host !== from) continue
    const struck = moved.get(bracket.id)
    if (struck) brackets[bracket.id] = { ...bracket, host: to, struck }
    else delete brackets[bracket.id]
  }
}

/** Every bracket stands in the clause its host stands in. */
function settleClauses(text: Text): Text {
  const brackets: Record<BracketId, Bracket> = {}
  for (const bracket of Object.values(text.brackets)) {
    const clause = clauseOfHost(text, bracket.host)
    brackets[bracket.id] = clause === null || clause === bracket.clause ? bracket : { ...bracket, clause }
  }
  return { ...text, brackets }
}
function clauseOfHost(text: Text, host: LeafId): ClauseId | null {
  let at = host
  for (let steps = 0; steps < 10_000; steps++) {
    const clause = clauseWithLeaf(text, at)
    const above = clause ? null : bracketWithLeaf(text, at)
    if (clause || !above) return clause
    at = above.host
  }
  return null
}

function openBracket(process: Process, text: Text, event: Of<'BracketOpened'>, { by, at }: Fact): Text {
  const { bracket: id, kind, clause, host, struck, holders } = event
  if (by === 'operator') return text
  const placedBy = event.placedBy ?? by
  if (placedBy === 'server') return text
  const leaf = kind === 'delete' || kind === 'dispute' ? null : leafOf(id)
  const placed: Bracket = { id, kind, clause, host, leaf, struck, holders, placedBy, placedAt: at, agreed: {} }
  const bracket = { ...placed, ...proposing(process, holders, placedBy, at) }
  return { ...text, brackets: { ...text.brackets, [id]: bracket } }
}

function withdrawBracket(text: Text, event: Of<'BracketWithdrawn'>): Text {
  const bracket = row(text.brackets, event.bracket)
  if (!bracket) return text
  const holders = bracket.holders.filter((party: PartyId) => party !== event.party)
  if (holders.length > 0)
    return changeBracket(text, bracket.id, (held) => ({ ...held, holders, agreed: omit(held.agreed, event.party) }))
  return closeBracket(addMoves(text, event.moves), bracket.id, event.closed, event.climbed, [])
}

/** The bracket leaves; brackets that stood in it climb to its place. */
function closeBracket(
  text: Text,
  id: BracketId,
  closed: ClosedLeaf | null,
  climbed: BracketId[],
  strikes: Struck[],
): Text {
  const bracket = row(text.brackets, id)
  if (!bracket) return text
  const brackets = omit(text.brackets, id)
  if (!bracket.leaf) return { ...text, brackets }
  rehost(brackets, climbed, bracket.host)
  restrike(brackets, bracket.leaf, bracket.host, strikes)
  return settleClauses({ ...text, brackets, closed: closed ? { ...text.closed, [bracket.leaf]: closed } : text.closed })
}

const addMoves = (text: Text, moves: Move[]): Text =>
  moves.length > 0 ? { ...text, moves: [...text.moves, ...moves] } : text

function rebase(text: Text, { incarnation, client, strikes, current }: Of<'TextRebased'>): Text {
  const moved = new Map(strikes.map(({ bracket, struck }) => [bracket, struck]))
  const brackets: Record<BracketId, Bracket> = {}
  for (const one of Object.values(text.brackets)) {
    const bracket = { ...one, agreed: toCurrentWords(one.agreed, current) }
    const struck = moved.get(bracket.id)
    if (struck) brackets[bracket.id] = { ...bracket, struck }
    else if (bracket.leaf) brackets[bracket.id] = { ...bracket, struck: null }
  }
  const clauses = { ...text.clauses }
  for (const clause of Object.values(clauses)) {
    const agreed = toCurrentWords(clause.agreed, current)
    if (agreed !== clause.agreed) clauses[clause.id] = { ...clause, agreed }
  }
  return { ...text, incarnation, client, clauses, brackets, closed: {}, moves: [] }
}

function toCurrentWords(agreed: Clause['agreed'], current: Hash[] | undefined): Clause['agreed'] {
  const old = (Object.entries(agreed) as [PartyId, Agreement][]).filter(
    ([, { hash }]) => current?.includes(hash) === false,
  )
  return old.length > 0 ? omit(agreed, ...old.map(([party]) => party)) : agreed
}

/** Who cannot see the text any more when its incarnation begins is unknown to whoever is let in by it: words then bear their party. */
export function withoutGone(process: Process, id: TrackId, at: Instant): Process {
  const track = row(process.tracks.by, id)
  if (!track?.text) return process
  const sees = new Set(seatsSeeing(process, id, at))
  const brackets: Record<BracketId, Bracket> = {}
  for (const bracket of Object.values(track.text.brackets)) {
    const isThere = bracket.placedBy !== null && sees.has(bracket.placedBy)
    brackets[bracket.id] = isThere ? bracket : { ...bracket, placedBy: null }
  }
  return { ...process, tracks: replaced(process.tracks, id, { ...track, text: { ...track.text, brackets } }) }
}
