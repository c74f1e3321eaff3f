import type { TextEvent } from '#shared/domain/events.ts'
import { type ClauseId, leafOf } from '#shared/ids.ts'
import { ok, refuse } from '#shared/outcome.ts'
import { addPiece, findItem, indexAfter, leafIn, type Piece, runsOf } from '#shared/text/leaf.ts'
import { clauseHolding } from '#shared/text/rights.ts'
import type { Bracket, ClosedLeaf, Run, Text } from '#shared/text/structure.ts'
import { type Ground, NOTHING_THERE, NOTHING_TO_CHANGE, type TextActed } from './ground.ts'
import { type Embed, embedOf, part, placeOf, shownBetween, shownLength, wholeCharacter } from './places.ts'
import { isShown, piecesIn, rewritten, type Stretch } from './server-writer.ts'
import { coveredWords, movedStrikes, partId, strikesIn } from './strikes.ts'

type Of<T extends TextEvent['type']> = Extract<TextEvent, { type: T }>

const isLocked = (text: Text, clause: ClauseId): boolean => text.clauses[clause]?.locked ?? true

/** Settles the place: right of the same words, wherever the server moved them; out of a leaf that closed, to its host's place. */
export function openBracket(on: Ground, event: Of<'BracketOpened'>): TextActed {
  if (event.struck) return openStrike(on, event, event.struck)
  const { doc, text, writer } = on
  const place = placeOf(doc, text, event.host, event.after)
  const clause = place && clauseHolding(text, place.leaf)
  if (!place || !clause) return event.after ? refuse({ code: 'unknown-dependency' }) : NOTHING_THERE
  if (isLocked(text, clause)) return refuse({ code: 'clause-locked' })
  const { leaf: host } = place
  const after = place.after && wholeCharacter(piecesIn(doc, host), place.after, 'last')
  writer.insert(host, after, [{ bracket: event.bracket }])
  return ok([{ ...event, clause, host, after }])
}

/** Struck words that meanwhile stand in two leaves become two strikes. */
function openStrike(
  { doc, text }: Ground,
  event: Of<'BracketOpened'>,
  struck: NonNullable<Bracket['struck']>,
): TextActed {
  const ranges = shownBetween(doc, text, event.host, struck)
  if (!ranges) return refuse({ code: 'unknown-dependency' })
  const free = ranges.flatMap((range) => {
    const clause = clauseHolding(text, range.leaf)
    return clause && !isLocked(text, clause) ? [{ ...range, clause }] : []
  })
  if (free.length === 0) return ranges.length > 0 ? refuse({ code: 'clause-locked' }) : NOTHING_TO_CHANGE
  return ok(
    free.map(({ leaf: host, clause, struck: range }, index) => {
      const bracket = index === 0 ? event.bracket : partId(event.bracket, host)
      return { ...event, bracket, clause, host, struck: range, after: null }
    }),
  )
}

/** The words do not change, but whose they are: the hash that the consents of those who stand for them name from now on. */
export function joinBracket({ text, hashOf }: Ground, event: Of<'BracketJoined'>): TextActed {
  const bracket = text.brackets[event.bracket]
  if (!bracket) return NOTHING_THERE
  const held = { ...bracket, holders: [...new Set([...bracket.holders, event.party])] }
  const hash = hashOf({ ...text, brackets: { ...text.brackets, [held.id]: held } }, held.clause)
  return hash ? ok([{ ...event, hash }]) : NOTHING_THERE
}

/** Strikes only grow: two people who extend one at once both get what they struck. */
export function extendStrike({ doc, text }: Ground, event: Of<'StrikeExtended'>): TextActed {
  const bracket = text.brackets[event.bracket]
  if (!bracket?.struck) return NOTHING_THERE
  const leaf = leafIn(doc, bracket.host)
  const ranges = shownBetween(doc, text, bracket.host, event.struck)
  if (!ranges) return refuse({ code: 'unknown-dependency' })
  const asked = ranges.find((range) => range.leaf === bracket.host)?.struck
  if (!leaf || !asked) return NOTHING_TO_CHANGE
  const old = bracket.struck
  const order = (item: typeof old.from): number => (findItem(leaf, item) ? (indexAfter(leaf, item) ?? 0) : 0)
  const struck = {
    from: order(old.from) <= order(asked.from) ? old.from : asked.from,
    to: order(old.to) >= order(asked.to) ? old.to : asked.to,
  }
  return ok([{ ...event, struck }])
}

/** The last holder's lift closes it: its words leave for the archive, brackets nested in it climb to its place. */
export function withdrawBracket(on: Ground, event: Of<'BracketWithdrawn'>): TextActed {
  const { doc, text, writer } = on
  const bracket = text.brackets[event.bracket]
  if (!bracket) return NOTHING_THERE
  if (bracket.holders.some((party) => party !== event.party)) return ok([event])
  if (!bracket.leaf) return ok([event])
  const { leaf, host } = bracket
  const pieces = piecesIn(doc, leaf)
  const { embed, after, shown: left } = placeIn(on, bracket)
  const nested = pieces.filter((piece) => piece.is === 'bracket')
  const moves = writer.insert(
    host,
    after,
    nested.flatMap((piece) => rewritten(leaf, piece) ?? []),
  )
  for (const piece of pieces) if (isShown(piece)) writer.erase(piece)
  if (embed) writer.erase(embed)
  const words = leafIn(doc, leaf)
  const archive: Record<string, Run[]> = { [leaf]: words ? runsOf(words) : [] }
  const climbed = nested.flatMap((piece) => (piece.bracket && text.brackets[piece.bracket] ? [piece.bracket] : []))
  return ok([{ ...event, closed: closedAt('withdrawn', bracket, left), archive, climbed, moves }])
}

const closedAt = (
  why: ClosedLeaf['why'],
  { clause, host, holders }: Bracket,
  after: ClosedLeaf['after'],
): ClosedLeaf => ({
  why,
  clause,
  host,
  holders,
  after,
})

const placeIn = ({ doc }: Ground, { id, host }: Bracket): Embed => embedOf(piecesIn(doc, host), id)

/** Its words stand in the host now, exactly as the server has them; struck words leave; brackets nested in it stay in them. */
export function acceptBracket(on: Ground, event: Of<'BracketAccepted'>): TextActed {
  const bracket = on.text.brackets[event.bracket]
  if (!bracket) return NOTHING_THERE
  const { id, leaf, host } = bracket
  const inserted: Pick<typeof event, 'closed' | 'moves' | 'climbed' | 'strikes' | 'archive'> = leaf
    ? moveIn(on, bracket)
    : { closed: null, moves: [], climbed: [], strikes: [], archive: {} }
  const emptied: TextEvent[] = []
  if (bracket.struck && bracket.kind !== 'dispute') {
    const erased = eraseStruck(on, bracket)
    inserted.archive = { ...inserted.archive, [host]: erased.words }
    for (const strike of erased.emptied) {
      const closed = closedAt('accepted', strike, null)
      emptied.push({ track: event.track, type: 'BracketEmptied', bracket: strike.id, closed })
    }
  }
  return ok([{ ...event, bracket: id, ...inserted }, ...emptied])
}

function moveIn(on: Ground, bracket: Bracket) {
  const { doc, text, writer } = on
  const leaf = leafOf(bracket.id)
  const { embed, after, shown: left } = placeIn(on, bracket)
  const shown = piecesIn(doc, leaf).filter(isShown)
  const moves = writer.insert(
    bracket.host,
    after,
    shown.flatMap((piece) => rewritten(leaf, piece) ?? []),
  )
  for (const piece of shown) writer.erase(piece)
  if (embed) writer.erase(embed)
  const climbed = shown.flatMap((piece) =>
    piece.is === 'bracket' && piece.bracket && text.brackets[piece.bracket] ? [piece.bracket] : [],
  )
  const strikes = movedStrikes(doc, text, leaf, moves)
  return { closed: closedAt('accepted', bracket, left), moves, climbed, strikes, archive: {} }
}

/** Deletes what the strike covers; names the other strikes that cover nothing any more. */
function eraseStruck({ doc, text, writer }: Ground, bracket: Bracket): { words: Run[]; emptied: Bracket[] } {
  const pieces = piecesIn(doc, bracket.host)
  const covered = coveredWords(doc, text, pieces, bracket)
  const words: Run[] = []
  for (const stretch of covered) {
    writer.erase(stretch)
    for (const piece of pieces) for (const cut of cutOut(piece, stretch)) addPiece(words, cut)
  }
  const gone = new Set(covered.flatMap(unitsOf))
  const emptied = strikesIn(text, bracket.host).filter(
    (other) =>
      other.id !== bracket.id &&
      coveredWords(doc, text, pieces, other).every((stretch) => unitsOf(stretch).every((unit) => gone.has(unit))),
  )
  return { words, emptied }
}
const unitsOf = ({ client, clock, length }: Stretch): string[] =>
  Array.from({ length }, (_, i) => `${client} ${clock + i}`)
function cutOut(piece: Piece, { client, clock, length }: Stretch): Piece[] {
  if (piece.client !== client) return []
  const cut = part(piece, Math.max(clock - piece.clock, 0), Math.min(clock + length - piece.clock, piece.length))
  return cut ? [cut] : []
}

/** Only what is empty at the server's head, nested brackets included: words may have arrived that the asker had not seen. */
export function emptyBracket(on: Ground, event: Of<'BracketEmptied'>): TextActed {
  const { doc, text, writer } = on
  const bracket = text.brackets[event.bracket]
  if (!bracket) return NOTHING_THERE
  if (!bracket.leaf) {
    const covered = coveredWords(doc, text, piecesIn(doc, bracket.host), bracket)
    return covered.length === 0 ? ok([{ ...event, closed: closedAt('withdrawn', bracket, null) }]) : NOTHING_TO_CHANGE
  }
  if (shownLength(piecesIn(doc, bracket.leaf)) > 0) return NOTHING_TO_CHANGE
  const { embed, shown: left } = placeIn(on, bracket)
  if (embed) writer.erase(embed)
  return ok([{ ...event, closed: closedAt('withdrawn', bracket, left) }])
}
