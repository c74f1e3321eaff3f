import { type Instant, type LeafId, leafOf, type PartyId, type TrackId } from '../ids.ts'
import { refuse } from '../outcome.ts'
import { bracketWithLeaf } from '../text/rights.ts'
import type { Agreement, Bracket } from '../text/structure.ts'
import type { TextCommand } from './commands.ts'
import type { TextEvent } from './events.ts'
import { consentingParties } from './matrix.ts'
import { mayBind } from './people.ts'
import type { Process, Seat } from './process.ts'
import { row } from './rows.ts'
import {
  clauseBehind,
  decided,
  isStale,
  LOCKED,
  lacks,
  lockedAt,
  mayNotBind,
  NOTHING_THERE,
  NOTHING_TO_CHANGE,
  type TextAsked,
  type TextDecided,
} from './text-asked.ts'

type Of<T extends TextCommand['type']> = Extract<TextCommand, { type: T }>
export type BracketCommand = Extract<TextCommand, { bracket: unknown }>

/** Decides what concerns one bracket. Places, moves and archives are filled in by the server at the event's place in the log. */
export function decideBracket(on: TextAsked, command: BracketCommand): TextDecided {
  if (command.type === 'OpenBracket') return openBracket(on, command)
  const bracket = row(on.text.brackets, command.bracket)
  if (!bracket) return NOTHING_THERE
  switch (command.type) {
    case 'ExtendStrike':
      return extendStrike(on, command, bracket)
    case 'JoinBracket':
      return joinBracket(on, command, bracket)
    case 'WithdrawBracket':
      return withdrawBracket(on, bracket)
    case 'AgreeBracket':
      return agreeBracket(on, command, bracket)
    case 'AcceptBracket':
      return acceptBracket(on, bracket)
    case 'CloseEmptyBracket':
      return closeEmptyBracket(on, bracket)
    default:
      throw command satisfies never
  }
}

function openBracket(on: TextAsked, command: Of<'OpenBracket'>): TextDecided {
  const { text, track, seat } = on
  const low = lacks(on, 'suggest')
  if (low) return low
  const clause = clauseBehind(text, command.host)
  if (!clause) return NOTHING_THERE
  if (clause.locked) return LOCKED
  if (row(text.brackets, command.bracket) || row(text.closed, leafOf(command.bracket))) {
    return refuse({ code: 'already-exists' })
  }
  const { bracket, kind, host } = command
  const after = command.kind === 'insert' ? command.after : null
  const struck = command.kind === 'delete' ? command.struck : null
  return decided(
    { track, type: 'BracketOpened', bracket, kind, clause: clause.id, host, after, struck, holders: [seat.party] },
    [bracket],
  )
}

const notYours = (bracket: Bracket) => refuse({ code: 'not-your-bracket', bracket: bracket.id } as const)

/** Only a sole holder: another party's strike must not come to cover words it never struck. */
function extendStrike(on: TextAsked, command: Of<'ExtendStrike'>, bracket: Bracket): TextDecided {
  const low = lacks(on, 'suggest')
  if (low) return low
  if (bracket.holders.length !== 1 || bracket.holders[0] !== on.seat.party) return notYours(bracket)
  if (!bracket.struck) return NOTHING_TO_CHANGE
  if (lockedAt(on.text, bracket)) return LOCKED
  return decided({ track: on.track, type: 'StrikeExtended', bracket: bracket.id, struck: command.struck })
}

/** Joining supports a bracket; consent comes with it only from who may bind, and to the words that the hash names. */
function joinBracket(on: TextAsked, command: Of<'JoinBracket'>, bracket: Bracket): TextDecided {
  const low = lacks(on, 'suggest')
  if (low) return low
  const clause = row(on.text.clauses, bracket.clause)
  if (!clause || clause.locked) return LOCKED
  if (bracket.holders.includes(on.seat.party)) return NOTHING_TO_CHANGE
  const { hash } = command
  const agrees = hash !== undefined && mayBind(on.process, on.seat, on.at)
  const stale = agrees ? isStale(on, clause, hash) : null
  if (stale) return stale
  const joined = { track: on.track, type: 'BracketJoined', bracket: bracket.id, party: on.seat.party } as const
  return decided(agrees ? { ...joined, agrees } : joined)
}

function withdrawBracket(on: TextAsked, bracket: Bracket): TextDecided {
  const low = lacks(on, 'suggest')
  if (low) return low
  if (!bracket.holders.includes(on.seat.party)) return notYours(bracket)
  if (lockedAt(on.text, bracket)) return LOCKED
  const { track, seat } = on
  return decided({
    track,
    type: 'BracketWithdrawn',
    bracket: bracket.id,
    party: seat.party,
    closed: null,
    archive: {},
    climbed: [],
    moves: [],
  })
}

function agreeBracket(on: TextAsked, command: Of<'AgreeBracket'>, bracket: Bracket): TextDecided {
  const no = mayNotBind(on)
  if (no) return no
  const clause = row(on.text.clauses, bracket.clause)
  if (!clause) return NOTHING_THERE
  if (clause.locked) return LOCKED
  const stale = isStale(on, clause, command.hash)
  if (stale) return stale
  if (bracket.agreed[on.seat.party]?.hash === command.hash) return NOTHING_TO_CHANGE
  const { hash } = command
  return decided({ track: on.track, type: 'BracketAgreed', bracket: bracket.id, party: on.seat.party, hash })
}

/**
 * Consensus: every party with `suggest` or more consents by its head or alternate, who placed the bracket that the party
 * holds alone, or agreed to it on the words as they stand.
 */
function acceptBracket(on: TextAsked, bracket: Bracket): TextDecided {
  const low = lacks(on, 'edit')
  if (low) return low
  if (lockedAt(on.text, bracket)) return LOCKED
  const current = on.asked.hashOf(on.track, bracket.clause)
  const agrees = (party: PartyId): boolean => {
    const agreement: Agreement | undefined = bracket.agreed[party]
    if (!agreement || agreement.hash !== current) return false
    return agreement.until === undefined || on.at <= agreement.until
  }
  const missing = consentingParties(on.process, on.track, on.at).filter(
    (party) => bracket.proposer !== party && !agrees(party),
  )
  if (missing.length > 0) return refuse({ code: 'consent-missing', parties: missing })
  return decided({
    track: on.track,
    type: 'BracketAccepted',
    bracket: bracket.id,
    moves: [],
    closed: null,
    climbed: [],
    strikes: [],
    archive: {},
  })
}

/** Whether it is empty is seen where the words are. */
function closeEmptyBracket(on: TextAsked, bracket: Bracket): TextDecided {
  const low = lacks(on, 'suggest')
  if (low) return low
  if (!bracket.holders.includes(on.seat.party)) return notYours(bracket)
  if (lockedAt(on.text, bracket)) return LOCKED
  const { clause, host, holders } = bracket
  const closed = { why: 'withdrawn', clause, host, holders, after: null } as const
  return decided({ track: on.track, type: 'BracketEmptied', bracket: bracket.id, closed })
}

/** What follows from words of `seat` in these leaves: a party consents by placing only what nobody but its head or alternate worded. */
export function rewordings(process: Process, track: TrackId, seat: Seat, leaves: LeafId[], at: Instant): TextEvent[] {
  const text = row(process.tracks.by, track)?.text
  if (!text || mayBind(process, seat, at)) return []
  return leaves.flatMap((leaf): TextEvent[] => {
    const bracket = bracketWithLeaf(text, leaf)
    return bracket?.proposer === undefined ? [] : [{ track, type: 'BracketReworded', bracket: bracket.id }]
  })
}
