import type { Desk } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'
import { LEVELS, type Level } from '#shared/refusals.ts'
import type { Speech } from '#shared/words/say.ts'
import type { PartyAccess } from '../components/TrackAccess.svelte'
import type { ShownCell, ShownRow } from '../components/ViewMatrix.svelte'
import type { DeskState } from './desk.svelte.ts'
import {
  columnsOf,
  exceptionsIn,
  grantAt,
  isLocked,
  keyOf,
  levelAt,
  rankOf,
  seatsOf,
  type Target,
  TRACK_ICONS,
} from './matrix.ts'
import type { RoomState } from './room.svelte.ts'
import type { Watch } from './watch.svelte.ts'

/** What the desk draws of the matrix: levels, who is here, what is prepared, what came into force just now. */
export interface Drawing {
  room: RoomState
  state: DeskState
  watch: Watch
  speech: Speech
  now: number
  /** The cell whose popover is open. */
  open: Target | null
}
type Row = Desk['matrix'][number]

const cellId = (track: string, party: PartyId): string => `${track}/${party}`

/** The parties and tracks of a cell's id, as the matrix has them. */
export function targetOf(id: string, { room }: Pick<Drawing, 'room'>): Target | null {
  const view = room.view.current
  for (const row of view.desk?.matrix ?? [])
    for (const { id: party } of columnsOf(view))
      if (cellId(row.id, party) === id) return { track: row.id, party, seat: null }
  return null
}

export function trackLine(row: Row, { room, speech: { say } }: Drawing): string {
  const kind = say(`kind.${row.kind}`)
  if (row.status === 'paused') return say('matrix.paused', { kind })
  if (row.status === 'closed') return say('matrix.closed', { kind })
  const text = room.view.track(row.id)?.text
  return text ? say('matrix.clauses', { kind, count: text.clauses }) : kind
}

export function rowsOf(
  drawing: Drawing,
  withdraw: (row: Row) => ShownRow['withdraw'],
  change: (row: Row) => ShownRow['change'],
): ShownRow[] {
  const { desk } = drawing.room.view.current
  return (desk?.matrix ?? []).map((row) => ({
    id: row.id,
    icon: TRACK_ICONS[row.kind],
    title: row.title,
    line: trackLine(row, drawing),
    cells: columnsOf(drawing.room.view.current).map(({ id }) => cellOf(row, id, drawing)),
    withdraw: withdraw(row),
    withdrawLabel: drawing.speech.say('withdraw.label', { track: row.title }),
    change: change(row),
    changeLabel: drawing.speech.say('track.change-label', { track: row.title }),
  }))
}

function cellOf(row: Row, party: PartyId, drawing: Drawing): ShownCell {
  const { room, state, speech, open } = drawing
  const { say } = speech
  const view = room.view.current
  const target: Target = { track: row.id, party, seat: null }
  const prepared = state.preparedFor(target)
  const now = levelAt(row, target)
  const level = prepared?.level ?? now
  const number = prepared ? state.prepared.findIndex((one) => keyOf(one) === keyOf(prepared)) + 1 : 0
  const named = { party: room.view.partyName(party), track: row.title }
  const was = say(`desk.level.${now}`)
  const isOpen = open?.track === row.id && open.party === party
  const { line, live } = secondLine(row, party, drawing, isOpen)
  return {
    id: cellId(row.id, party),
    level,
    word: say(`desk.level.${level}`),
    line,
    live,
    exceptions: exceptionWords(row, party, drawing),
    locked: view.desk !== null && isLocked(row, view, view.desk, party),
    change: prepared ? { number, was } : null,
    done: isDone(target, drawing),
    open: isOpen,
    label: prepared ? say('matrix.cell-changed', { ...named, number }) : say('matrix.cell', named),
  }
}

const isDone = (target: Target, { state }: Drawing): boolean =>
  state.release !== null &&
  state.release.inForce !== null &&
  state.release.changes.some((change) => change.track === target.track && change.party === target.party)

function secondLine(row: Row, party: PartyId, drawing: Drawing, isOpen: boolean): Pick<ShownCell, 'line' | 'live'> {
  const { state, speech, now } = drawing
  const { say } = speech
  const target: Target = { track: row.id, party, seat: null }
  if (isOpen) return { line: say('matrix.changing'), live: false }
  if (isDone(target, drawing)) {
    const clock = speech.clock(state.release?.inForce ?? now)
    return { line: say('matrix.done', { clock }), live: false }
  }
  const isRunning = state.release?.changes.some((change) => keyOf(change) === keyOf(target))
  if (isRunning) return { line: say('matrix.closing'), live: false }
  const until = grantAt(row, target)?.until
  const here = hereWords(row, party, drawing)
  if (until === undefined || levelAt(row, target) === 'hidden') return here
  const ends = say('matrix.until', { moment: speech.moment(until, now) })
  return { line: here.line ? `${ends}${say('app.comma')}${here.line}` : ends, live: here.live }
}

/** How many of a party are in the track: known only where the mediators are readers too. */
function hereWords(
  row: Row,
  party: PartyId,
  { room, watch, speech: { say } }: Drawing,
): Pick<ShownCell, 'line' | 'live'> {
  const view = room.view.current
  const seats = new Set<string>(view.desk?.seats.filter((seat) => seat.party === party).map(({ id }) => id))
  const sees = row.cells.some(({ id, level }) => {
    const seat = id.startsWith('seat:') && seats.has(id.slice('seat:'.length))
    return level !== 'hidden' && (seat || id === `party:${party}`)
  })
  if (!sees) return { line: '', live: false }
  if (!watch.hears(row.id)) return { line: say('matrix.unknown-here'), live: false }
  const here = new Set(room.here(row.id).flatMap(({ seat }) => (seats.has(seat) ? [seat] : [])))
  return here.size > 0
    ? { line: say('matrix.here', { count: here.size }), live: true }
    : { line: say('matrix.nobody-here'), live: false }
}

function exceptionWords(row: Row, party: PartyId, { room, speech: { say } }: Drawing): string {
  const { desk } = room.view.current
  const count = desk ? exceptionsIn(row, desk, party).length : 0
  return count > 0 ? say('matrix.exceptions', { count }) : ''
}

/** One track's parties with the levels a screen of this size offers. */
export function partiesIn(
  row: Row,
  drawing: Drawing,
  asked: { target: Target; level: Level } | null,
  phone: boolean,
): PartyAccess[] {
  const { room, speech } = drawing
  const view = room.view.current
  return columnsOf(view).flatMap((party): PartyAccess[] => {
    if (view.desk && isLocked(row, view, view.desk, party.id)) return []
    const target: Target = { track: row.id, party: party.id, seat: null }
    const now = levelAt(row, target)
    const here = secondLine(row, party.id, drawing, false)
    const prepared = drawing.state.preparedFor(target)?.level ?? null
    const isAsked = asked !== null && keyOf(asked.target) === keyOf(target) && asked.level !== now
    return [
      {
        id: cellId(row.id, party.id),
        party,
        line: here.line || speech.say('matrix.not-seen'),
        live: here.live,
        exceptions: exceptionWords(row, party.id, drawing),
        level: now,
        chosen: isAsked ? asked.level : prepared,
        offered: LEVELS.filter((level) => !phone || level === now || isPhoneLevel(level, now)).map((level) => ({
          level,
          word: speech.say(`desk.level.${level}`),
        })),
      },
    ]
  })
}
/** From a phone access is narrowed only: hidden, or reading. */
export const isPhoneLevel = (level: Level, now: Level): boolean =>
  (level === 'hidden' || level === 'read') && rankOf(level) < rankOf(now)

/** Persons a cell can be set for, beside the whole party. */
export function personsIn(desk: Desk, party: PartyId): { id: SeatId; name: string }[] {
  return seatsOf(desk, party).map(({ id, name }) => ({ id, name }))
}
