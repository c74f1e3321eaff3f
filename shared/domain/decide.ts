import { type Outcome, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import { decideAnnex, decideExport } from './annexes.ts'
import type { Asked, Decided } from './asked.ts'
import { decideSetAccess } from './cells.ts'
import { decideAcceptCharter, decideOpenTalks } from './charter.ts'
import type { AccessCommand, Command, CommandType, TextCommand } from './commands.ts'
import { decideComment, decideResolve, sees } from './comments.ts'
import { type As, isUnconfirmed, type Sight, sightIn } from './matrix.ts'
import { decidePublishNotice } from './notices.ts'
import { decideOrderParties } from './party-order.ts'
import { hasBindingRole, seatIn, stands, whyNotBinding } from './people.ts'
import { decideTakePosition } from './positions.ts'
import type { Process, Seat, Track } from './process.ts'
import { row } from './rows.ts'
import { decideSeat } from './seats.ts'
import { decideText } from './structure.ts'
import { decideTrackState } from './track-states.ts'
import { decideFillText, decideOpenTrack } from './tracks.ts'

type Decision = Outcome<Decided, Refusal>

/**
 * Acts in a delegation's name. They need a head or alternate with a mandate (each family asks that), and a person the
 * delegation knows: a session opened by an invitation from outside binds nobody until a member has confirmed it.
 */
const BINDING: ReadonlySet<CommandType> = new Set([
  'AcceptCharter',
  'TakePosition',
  'AgreeClause',
  'WithdrawClauseAgreement',
  'AgreeBracket',
])

/** Speaking for the party in a text: by any of its seats that may suggest, but by nobody whom the party has not confirmed. */
const HOLDING: ReadonlySet<CommandType> = new Set(['JoinBracket', 'WithdrawBracket'])

/**
 * Says what would happen, or why not. Pure: reads no clock, no log, no random source. Every id of the command is looked up
 * in the sender's own projection: what is hidden from it and what never was get the same answer. The operator decides
 * nothing here, and access commands are decided where secrets are made (`server/access`); handing one in is a bug.
 */
export function decide(process: Process, asked: Asked): Decision {
  const { by, command } = asked
  if (by === 'operator') return refuse({ code: 'not-your-role' })
  const seat = seatIn(process, by.seat)
  if (!seat) return refuse({ code: 'no-such-thing' })
  if (!stands(seat)) return refuse({ code: 'session-ended' })
  if (by.confined && HOLDING.has(command.type)) return refuse({ code: 'not-confirmed' })
  const unfit = mayNotBindNow(process, asked, seat, by.confined)
  if (unfit) return unfit
  const here = { process, asked, seat, as: by }
  switch (command.type) {
    case 'AcceptCharter':
      return decideAcceptCharter(process, seat, command)
    case 'OpenTalks':
      return decideOpenTalks(process, seat)
    case 'SetAccess':
      return decideSetAccess(process, asked, seat, command)
    case 'OpenTrack':
      return decideOpenTrack(process, asked, seat, command)
    case 'RenameTrack':
    case 'PauseTrack':
    case 'ResumeTrack':
    case 'CloseTrack':
      return decideTrackState(process, asked, seat, command)
    case 'NominateSeat':
    case 'AccreditSeat':
    case 'DeclineSeat':
    case 'SuspendSeat':
    case 'RestoreSeat':
    case 'ReplaceSeat':
      return decideSeat(process, asked, seat, command)
    case 'OrderParties':
      return decideOrderParties(process, asked, seat, command)
    case 'PublishNotice':
      return decidePublishNotice(process, asked, seat, command)
    case 'Comment':
      return inTrack(here, command, (track, sight) =>
        decideComment({ process, seat, confined: by.confined, sight }, asked, track, command),
      )
    case 'ResolveComment':
      return resolve(here, command)
    case 'TakePosition':
      return inTrack(here, command, (track) => decideTakePosition(process, asked, seat, track, command))
    case 'FillText':
      return inTrack(here, command, (track, sight) => decideFillText(process, asked, { track, sight, command }))
    case 'AttachAnnex':
    case 'RemoveAnnex':
      if (isUnconfirmed(process, seat, by)) return refuse({ code: 'not-confirmed' })
      return inTrack(here, command, (track, sight) => decideAnnex({ seat, track, sight }, command))
    case 'ExportText':
      return toRead(here, command, (track, sight) => decideExport({ seat, track, sight }, command))
    default:
      if (!isText(command)) return misplaced(command)
      if (isUnconfirmed(process, seat, by)) return refuse({ code: 'not-confirmed' })
      return inTrack(here, command, () => decideText(process, { ...asked, command }))
  }
}

function misplaced(command: Command): never {
  throw new Error(`${command.type} is decided in server/access`)
}
const ACCESS: ReadonlySet<CommandType> = new Set<CommandType>([
  'IssueInvitation',
  'RevokeInvitation',
  'AddDevice',
  'ConfirmDevice',
  'EndSession',
  'ChooseLanguage',
])
/** Decided in `server/access`. */
export const isAboutAccess = (command: Command): command is AccessCommand => ACCESS.has(command.type)
const isText = (command: Command): command is TextCommand => 'track' in command && !isAboutAccess(command)

/** Role first, then mandate, then person: what a seat may never do does not depend on the hour. */
function mayNotBindNow(
  process: Process,
  { at, command }: Asked,
  seat: Seat,
  confined: boolean,
): { ok: false; refusal: Refusal } | null {
  if (!BINDING.has(command.type) || !hasBindingRole(process, seat)) return null
  return whyNotBinding(process, seat, at) ?? (confined ? refuse({ code: 'not-confirmed' }) : null)
}

/** Who asks, where. */
interface Here {
  process: Process
  asked: Asked
  seat: Seat
  as: As
}

/** A track the sender sees, whatever its state. */
function toRead(
  { process, asked, seat, as }: Here,
  command: { track: Track['id'] },
  then: (track: Track, sight: Sight) => Decision,
): Decision {
  const track = row(process.tracks.by, command.track)
  const sight = track && sightIn(process, seat, as, track, asked.at)
  return track && sight ? then(track, sight) : refuse({ code: 'no-such-thing' })
}

/** A track the sender sees, open, in talks that are open: a caucus needs no open talks. */
function inTrack(
  { process, asked, seat, as }: Here,
  command: { track: Track['id'] },
  then: (track: Track, sight: Sight) => Decision,
): Decision {
  const track = row(process.tracks.by, command.track)
  const sight = track && sightIn(process, seat, as, track, asked.at)
  if (!track || !sight) return refuse({ code: 'no-such-thing' })
  if (track.status !== 'open') return refuse({ code: 'track-not-open' })
  if (process.openedAt === null && track.kind !== 'caucus') return refuse({ code: 'talks-not-open' })
  return then(track, sight)
}

function resolve(here: Here, command: Extract<Command, { type: 'ResolveComment' }>): Decision {
  const { process, seat, as } = here
  const comment = row(process.comments.by, command.comment)
  if (!comment) return refuse({ code: 'no-such-thing' })
  return inTrack(here, comment, (_, sight) => {
    const reading = { process, seat, confined: as.confined, sight }
    return sees(reading, comment) ? decideResolve(reading, comment) : refuse({ code: 'no-such-thing' })
  })
}
