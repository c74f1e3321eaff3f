import { levelOf, seatsSeeing } from '#shared/domain/matrix.ts'
import { stands } from '#shared/domain/people.ts'
import { type Cell, DEFAULT_GRANT, type Process, type Track } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { Instant, PartyId, SeatId, SessionId, TrackId } from '#shared/ids.ts'
import { instant } from '#shared/ids.ts'
import { includes, type Level } from '#shared/refusals.ts'
import { type CellKey, cellKey } from './fold.ts'

export interface Ended {
  track: TrackId
  seats: SeatId[]
}

/** Whether nobody's sight of the track can differ by what was set in it. */
const isAsSet = (before: Process, after: Process, track: TrackId): boolean =>
  before.tracks.by[track]?.cells === after.tracks.by[track]?.cells && before.openedAt === after.openedAt

/** Whether nobody's sight of the track can differ. */
const isSame = (before: Process, after: Process, track: TrackId): boolean =>
  before.seats === after.seats && isAsSet(before, after, track)

/** Whether somebody's seat is suspended or ended in `after`: whatever they saw, their sessions close. */
export const endsSeats = (before: Process, after: Process): boolean =>
  before.seats !== after.seats &&
  before.seats.order.some((id) => {
    const [was, is] = [before.seats.by[id], after.seats.by[id]]
    return was && is && stands(was) && !stands(is)
  })

/** Whose sight of which tracks is gone in `after`. */
export function endedSight(before: Process, after: Process, at: Instant): Ended[] {
  return before.tracks.order.flatMap((track) => {
    if (isSame(before, after, track)) return []
    const still = new Set(seatsSeeing(after, track, at))
    const seats = seatsSeeing(before, track, at).filter((seat) => !still.has(seat))
    return seats.length > 0 ? [{ track, seats }] : []
  })
}

/** Whether anybody may do less in `after`: such a batch may use the reserve of a full disk. */
export function narrows(before: Process, after: Process, at: Instant): boolean {
  return before.tracks.order.some((track) => {
    if (isSame(before, after, track)) return false
    return before.seats.order.some((seat) => {
      const by = { seat, confined: false }
      return !includes(levelOf(after, by, track, at), levelOf(before, by, track, at))
    })
  })
}

/**
 * Texts that need a new incarnation because somebody is let in: with history `clean` always, with any history when sight
 * had ended in the present incarnation (a re-grant never continues what was held before).
 */
export function textsToRebase(
  before: Process,
  after: Process,
  at: Instant,
  left: Map<TrackId, Set<CellKey>>,
): TrackId[] {
  return before.tracks.order.filter((id) => {
    const was = before.tracks.by[id]
    const is = after.tracks.by[id]
    if (!was || !is?.text || isSame(before, after, id)) return false
    const seeing = new Set(seatsSeeing(before, id, at))
    // Another person of a party that reads already is no new reader: what the party has, they have.
    const isParties = isAsSet(before, after, id)
    const admitted = seatsSeeing(after, id, at).filter((seat) => !seeing.has(seat))
    return admitted.some((seat) => {
      if (isParties && !is.cells.seats[seat]) return false
      const party = after.seats.by[seat]?.party
      const cell = cellOf(is, seat, party)
      const passed = cellOf(was, seat, party)
      const gone = left.get(id)
      const hasLeft = gone?.has(cellKey({ seat })) || (party && gone?.has(cellKey({ party })))
      const hadSight = hasLeft || (passed?.grant.until !== undefined && passed.grant.until < at)
      return hadSight || cell?.grant.history !== 'full'
    })
  })
}

/** The cell that decides for a seat: its own, else its party's. */
const cellOf = (track: Track, seat: SeatId, party: PartyId | undefined): Cell | null =>
  track.cells.seats[seat] ?? (party && track.cells.parties[party]) ?? null

/** A cell whose last instant is to come, or passed without a record. */
export interface Due {
  track: TrackId
  party?: PartyId
  seat?: SeatId
  due: Instant
}

const duesOf = new WeakMap<Process, Due[]>()
/** Every cell above hidden that ends, the earliest first. Computed once for each state: it is asked for with every frame. */
export function dues(process: Process): Due[] {
  const known = duesOf.get(process)
  if (known) return known
  const found: Due[] = []
  for (const track of process.tracks.order) {
    const cells = process.tracks.by[track]?.cells
    for (const party of process.parties.order) noteDue(found, { track, party }, cells?.parties[party])
    for (const seat of process.seats.order) noteDue(found, { track, seat }, cells?.seats[seat])
  }
  duesOf.set(process, found)
  return found.sort((a, b) => a.due - b.due)
}

function noteDue(into: Due[], named: Omit<Due, 'due'>, cell: Cell | undefined): void {
  const due = cell?.grant.until
  if (cell && cell.level !== 'hidden' && due !== undefined) into.push({ ...named, due })
}

/** Those whose last instant is before `now`, and have no record yet. */
export const passedDues = (process: Process, now: Instant): Due[] => dues(process).filter(({ due }) => due < now)

/** The last instant at which what the seat may do is still what it is at `at`; undefined when nothing of it ends. */
export function lastInstantOf(process: Process, by: SeatId | 'operator', at: Instant): Instant | undefined {
  if (by === 'operator') return undefined
  const seat = process.seats.by[by]
  const own = dues(process).filter((due) => due.seat === by || due.party === seat?.party)
  const ends = [seat?.until, ...own.map(({ due }) => due)].filter((end) => end !== undefined && end >= at)
  return ends.length > 0 ? instant(Math.min(...(ends as number[]))) : undefined
}

export type Closure = `${TrackId}/${PartyId | SeatId}`

/** Sight cut in memory: while its record is under way, and for good when the log could not take it. */
export class Closures {
  readonly kept = new Set<Closure>()
  readonly #underWay = new Map<Closure, number>()

  isClosed(track: TrackId, seat: SeatId): boolean {
    if (this.kept.size === 0 && this.#underWay.size === 0) return false
    const closure: Closure = `${track}/${seat}`
    return this.kept.has(closure) || this.#underWay.has(closure)
  }

  begin(ended: Ended[]): void {
    for (const closure of closuresOf(ended)) this.#underWay.set(closure, (this.#underWay.get(closure) ?? 0) + 1)
  }

  /** `kept`: the log did not take it, so it stays until restart. */
  end(ended: Ended[], kept: boolean): void {
    for (const closure of closuresOf(ended)) {
      const left = (this.#underWay.get(closure) ?? 1) - 1
      if (left > 0) this.#underWay.set(closure, left)
      else this.#underWay.delete(closure)
      if (kept) this.kept.add(closure)
    }
  }
}

const closuresOf = (ended: Ended[]): Closure[] =>
  ended.flatMap(({ track, seats }) => seats.map((seat): Closure => `${track}/${seat}`))

const CLOSED: Cell = { level: 'hidden', grant: DEFAULT_GRANT, since: instant(0) }

/** The process without the sight that was cut in memory only: what may be shown, and what may be asked on. */
export function withoutClosed(process: Process, closures: ReadonlySet<Closure>): Process {
  if (closures.size === 0) return process
  const by = { ...process.tracks.by }
  for (const track of process.tracks.order) {
    const shown = by[track]
    const closed = process.seats.order.filter((seat) => closures.has(`${track}/${seat}`))
    if (!shown || closed.length === 0) continue
    const seats = { ...shown.cells.seats, ...Object.fromEntries(closed.map((seat) => [seat, CLOSED])) }
    by[track] = { ...shown, cells: { ...shown.cells, seats } }
  }
  return { ...process, tracks: { ...process.tracks, by } }
}

/** Whether a session is over: what was asked in it and waited is not taken any more. */
export const hasEnded = (process: Process, session: SessionId | null): boolean =>
  session !== null && (process.access.sessions.by[session]?.ended ?? null) !== null

/** What a viewer may do in a track now. */
export function levelNow(
  process: Process,
  closures: Closures,
  by: Pick<Viewer, 'seat' | 'confined'>,
  track: TrackId,
  at: Instant,
): Level {
  return closures.isClosed(track, by.seat) ? 'hidden' : levelOf(process, by, track, at)
}
