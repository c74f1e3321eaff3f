import type { Instant } from '../ids.ts'
import { type Looking, onceATrack } from './known.ts'
import { isExpired, isPrivate, seatsNamedIn } from './matrix.ts'
import { hasRoundBegun } from './party-order.ts'
import { isTheirs } from './people.ts'
import type { AccessChangeRecord, Cell, Notice, Process, Seat, Track } from './process.ts'
import { once, row, rowsOf } from './rows.ts'
import type { Desk, DeskCell, DeskStanding } from './view.ts'

/** What mediators alone see: every seat, the matrix, the last changes. Nothing of a caucus or a backchannel. */
export function deskFor({ process, seat, at, ...as }: Looking): Desk {
  return {
    seats: seatsOnce(process.seats),
    told: toldOnce(process.notices),
    ordering: !hasRoundBegun(process, seat, as, at),
    matrix: rowsOf(process.tracks)
      .filter(({ kind }) => !isPrivate(kind))
      .map((track) => matrixRow(process, track, at)),
    changes: changesOnce(process.changes),
    exports: rowsOf(process.tracks)
      .filter(({ kind }) => !isPrivate(kind))
      .flatMap(exportsOnce),
  }
}

const seatsOnce = once((seats: Process['seats']): Desk['seats'] =>
  rowsOf(seats).map(({ id, party, role, name, standing }) => {
    return { id, party, role, name, ...(standing ? { standing: standingOf(standing, seats) } : {}) }
  }),
)
function standingOf(standing: NonNullable<Seat['standing']>, seats: Process['seats']): DeskStanding {
  return standing.is === 'ended'
    ? { is: 'ended' }
    : { is: 'suspended', lifts: row(seats.by, standing.by)?.role === 'mediator' }
}

const toldOnce = once((notices: Notice[]): Desk['told'] =>
  notices.map(({ id, to, track }) => ({ id, to, track: track ?? null })),
)

const exportsOnce = once(({ id: track, exports = [] }: Track): Desk['exports'] =>
  exports.map((record, at) => ({ id: `${track}-${at}`, track, ...record })),
)

const matrixRow = onceATrack((process, track, at): Desk['matrix'][number] => {
  const { id, title, kind, status } = track
  return { id, title, kind, status, cells: cellsOf(process, track, at) }
})

/** Every cell above hidden, and the hidden seats of a party that sees: in the order of parties, then of seats. */
function cellsOf(process: Process, track: Track, at: Instant): DeskCell[] {
  const parties = process.parties.order.map((id) => deskCell(`party:${id}`, row(track.cells.parties, id), at))
  const shown = parties.filter((cell) => cell !== null && cell.level !== 'hidden')
  const seeing = new Set(shown.map((cell) => cell?.id))
  const seats = seatsNamedIn(process, track)
    .filter(isTheirs)
    .map((seat) => {
      const cell = deskCell(`seat:${seat.id}`, row(track.cells.seats, seat.id), at)
      return cell?.level === 'hidden' && !seeing.has(`party:${seat.party}`) ? null : cell
    })
  return [...shown, ...seats].filter((cell) => cell !== null)
}
function deskCell(id: string, cell: Cell | null, at: Instant): DeskCell | null {
  return cell && !isExpired(cell, at) ? { id, level: cell.level, grant: cell.grant, since: cell.since } : null
}

/** A batch is named by its instant, and its place among those of the same one. */
const changesOnce = once((records: AccessChangeRecord[]): Desk['changes'] => {
  const counted = new Map<Instant, number>()
  return records.map(({ at, by, changes }) => {
    const place = counted.get(at) ?? 0
    counted.set(at, place + 1)
    return { id: `${at}-${place}`, at, by, changes }
  })
})
