import type { TextEvent } from '#shared/domain/events.ts'
import type { Process } from '#shared/domain/process.ts'
import { evolveText } from '#shared/domain/structure.ts'
import { leavingWith, subtree } from '#shared/domain/text-asked.ts'
import type { BracketId, LeafId, TrackId } from '#shared/ids.ts'
import { ok, refuse } from '#shared/outcome.ts'
import { addPiece, leafIn, runsOf } from '#shared/text/leaf.ts'
import type { Bracket, Clause, ClosedLeaf, Run } from '#shared/text/structure.ts'
import { acceptBracket, emptyBracket, extendStrike, joinBracket, openBracket, withdrawBracket } from './bracket-acts.ts'
import type { Act } from './documents.ts'
import { type Ground, NOTHING_THERE, NOTHING_TO_CHANGE, type TextActed } from './ground.ts'
import { cutAfter, lastItem, lastShown, placeOf, wholeCharacter } from './places.ts'
import { isShown, piecesIn, rewritten, ServerWriter } from './server-writer.ts'
import { movedStrikes, splitStrikes } from './strikes.ts'

type Of<T extends TextEvent['type']> = Extract<TextEvent, { type: T }>

export const act: Act = (before, events, lives, by) => {
  let state: Process = before
  const done: Acting = { events: [], writers: new Map() }
  for (const event of events) {
    const live = isTextEvent(event) ? lives.get(event.track) : undefined
    const text = isTextEvent(event) ? state.tracks.by[event.track]?.text : null
    if (!live || !text || !isTextEvent(event)) {
      done.events.push(event)
      continue
    }
    const writer = done.writers.get(event.track) ?? new ServerWriter(live.doc, text.client)
    done.writers.set(event.track, writer)
    const hashOf: Ground['hashOf'] = (of, clause) => live.hashOf(of, of.language, clause)
    const acted = actOne({ doc: live.doc, text, writer, hashOf }, event)
    if (!acted.ok) return acted
    for (const one of acted.value) {
      done.events.push(one)
      state = evolveText(state, { event: one, by: by.seat, at: by.at })
    }
  }
  const updates = [...done.writers].flatMap(([track, writer]) => {
    const update = writer.finish()
    return update ? [{ track, update }] : []
  })
  return ok({ events: done.events, updates })
}

interface Acting {
  events: Parameters<Act>[1]
  writers: Map<TrackId, ServerWriter>
}

const OTHER_FAMILIES = new Set<string>([
  'AccessSet',
  'Expired',
  'TrackOpened',
  'TrackRenamed',
  'TrackPaused',
  'TrackResumed',
  'TrackClosed',
  'NoticePublished',
  'Commented',
  'PositionTaken',
  'TextHeld',
  'TextFilled',
  'AnnexAttached',
  'AnnexRemoved',
  'TextExported',
])
const isTextEvent = (event: Parameters<Act>[1][number]): event is TextEvent =>
  'track' in event && !OTHER_FAMILIES.has(event.type)

/** One event with its places filled in, and what follows from it. */
function actOne(on: Ground, event: TextEvent): TextActed {
  switch (event.type) {
    case 'ClauseAdded':
      on.writer.insert(event.leaf, null, [{ words: event.words }])
      return ok([event])
    case 'ClauseRemoved':
      return removeClause(on, event)
    case 'ClauseSplit':
      return splitClause(on, event)
    case 'ClauseMerged':
      return mergeClause(on, event)
    case 'BracketOpened':
      return openBracket(on, event)
    case 'BracketJoined':
      return joinBracket(on, event)
    case 'StrikeExtended':
      return extendStrike(on, event)
    case 'BracketWithdrawn':
      return withdrawBracket(on, event)
    case 'BracketAccepted':
      return acceptBracket(on, event)
    case 'BracketEmptied':
      return emptyBracket(on, event)
    default:
      return ok([event])
  }
}

function removeClause(on: Ground, event: Of<'ClauseRemoved'>): TextActed {
  const { doc, text, writer } = on
  const clause = text.clauses[event.clause]
  if (!clause) return NOTHING_THERE
  const leaving = leavingWith(text, clause)
  const to = neighbour(on, new Set(leaving.clauses.map(({ id }) => id)))
  const archive: Record<LeafId, Run[]> = {}
  const closed: Record<LeafId, ClosedLeaf> = {}
  const close = (leaf: LeafId, holders: Bracket['holders']) => {
    const words = leafIn(doc, leaf)
    archive[leaf] = words ? runsOf(words) : []
    for (const piece of piecesIn(doc, leaf)) if (isShown(piece)) writer.erase(piece)
    if (to) closed[leaf] = { why: 'removed', ...to, holders }
  }
  for (const { leaf } of leaving.clauses) close(leaf, [])
  for (const { leaf, holders } of leaving.brackets) if (leaf) close(leaf, holders)
  return ok([{ ...event, archive, closed }])
}

/** Where words go that come late for a clause that was removed: the clause before it, else the one behind it. */
function neighbour({ doc, text }: Ground, leaving: Set<string>): Pick<ClosedLeaf, 'clause' | 'host' | 'after'> | null {
  const order: Clause[] = text.order.flatMap((article) =>
    (text.articles[article]?.clauses ?? []).flatMap((id) => {
      const clause = text.clauses[id]
      return clause ? subtree(text, clause) : []
    }),
  )
  const first = order.findIndex(({ id }) => leaving.has(id))
  const free = ({ id, locked }: Clause): boolean => !leaving.has(id) && !locked
  const before = order.slice(0, first).findLast(free)
  if (before) return { clause: before.id, host: before.leaf, after: lastShown(piecesIn(doc, before.leaf)) }
  const behind = order.slice(first).find(free)
  return behind ? { clause: behind.id, host: behind.leaf, after: null } : null
}

function splitClause({ doc, text, writer }: Ground, event: Of<'ClauseSplit'>): TextActed {
  const clause = text.clauses[event.clause]
  if (!clause) return NOTHING_THERE
  const { leaf } = clause
  const pieces = piecesIn(doc, leaf)
  const asked = event.after && placeOf(doc, text, leaf, event.after)
  if (event.after && !asked) return refuse({ code: 'unknown-dependency' })
  if (asked && asked.leaf !== leaf) return NOTHING_TO_CHANGE
  const after = asked?.after ? wholeCharacter(pieces, asked.after, 'last') : null
  const [, tail] = cutAfter(pieces, after) ?? [pieces, []]
  const shown = tail.filter(isShown)
  const moves = writer.insert(
    event.leaf,
    null,
    shown.flatMap((piece) => rewritten(leaf, piece) ?? []),
  )
  for (const piece of shown) writer.erase(piece)
  const carried = shown.flatMap((piece) => (piece.is === 'bracket' && piece.bracket ? [piece.bracket] : []))
  const strikes = splitStrikes(doc, text, { ...event, leaf }, tail, moves)
  return ok([{ ...event, after, moves, carried: carried.filter((id) => text.brackets[id]), strikes }])
}

function mergeClause({ doc, text, writer }: Ground, event: Of<'ClauseMerged'>): TextActed {
  const [clause, into] = [text.clauses[event.clause], text.clauses[event.into]]
  if (!clause || !into) return NOTHING_THERE
  const [pieces, elder] = [piecesIn(doc, clause.leaf), piecesIn(doc, into.leaf)]
  const shown = pieces.filter(isShown)
  const after = lastItem(elder)
  if (needsSpace(elder, shown)) writer.insert(into.leaf, after, [{ words: ' ' }])
  const moves = writer.insert(
    into.leaf,
    after,
    shown.flatMap((piece) => rewritten(clause.leaf, piece) ?? []),
  )
  for (const piece of shown) writer.erase(piece)
  const carried: BracketId[] = shown.flatMap((piece) =>
    piece.is === 'bracket' && piece.bracket && text.brackets[piece.bracket] ? [piece.bracket] : [],
  )
  const strikes = movedStrikes(doc, text, clause.leaf, moves)
  const closed: ClosedLeaf = { why: 'merged', clause: into.id, host: into.leaf, holders: [], after: lastShown(elder) }
  return ok([{ ...event, moves, carried, strikes, closed }])
}

function needsSpace(elder: ReturnType<typeof piecesIn>, younger: ReturnType<typeof piecesIn>): boolean {
  const plain = (pieces: typeof elder): string => {
    const runs: Run[] = []
    for (const piece of pieces) addPiece(runs, piece)
    return runs.map((run) => ('words' in run ? run.words : '')).join('')
  }
  const [left, right] = [plain(elder), plain(younger)]
  return left !== '' && right !== '' && !/\s$/u.test(left) && !/^\s/u.test(right)
}
