import type { Command } from '#shared/domain/commands.ts'
import type { AccessChange, Grant, TrackKind } from '#shared/domain/process.ts'
import type { Desk, View } from '#shared/domain/view.ts'
import type { PartyId, SeatId, TrackId } from '#shared/ids.ts'
import { LEVELS, type Level } from '#shared/refusals.ts'
import type { KnownParty } from './view.svelte.ts'

export type AskedChange = Extract<Command, { type: 'SetAccess' }>['changes'][number]

/** Whose cell: a party's, or one person's exception to it. */
export interface Target {
  track: TrackId
  party: PartyId
  seat: SeatId | null
}
/** A cell changed here and not released. */
export interface Prepared extends Target {
  level: Level
  was: Level
  grant?: Partial<Grant>
}

export const keyOf = ({ track, party, seat }: Target): string => `${track} ${seat ?? ''} ${party}`
export const rankOf = (level: Level): number => LEVELS.indexOf(level)

/** As the command names it. */
export function askedOf({ track, party, seat, level, grant }: Omit<Prepared, 'was'>): AskedChange {
  const whose = seat ? { seat } : { party }
  return { track, ...whose, level, ...(grant && level !== 'hidden' ? { grant } : {}) }
}

/** The parties the desk sets access for: all but the mediators' own. */
export const columnsOf = (view: View): KnownParty[] => view.parties.filter(({ id }) => id !== view.me.party)

/** A party's people: nobody whose place another person took. */
export const seatsOf = (desk: Desk, party: PartyId): Desk['seats'] =>
  desk.seats.filter((seat) => seat.party === party && seat.standing?.is !== 'ended')

type Row = Desk['matrix'][number]
const cellAt = (row: Row, id: string): Row['cells'][number] | null => row.cells.find((cell) => cell.id === id) ?? null

/** What counts for the target now: a person without an exception has their party's level. */
export function levelAt(row: Row, { party, seat }: Omit<Target, 'track'>): Level {
  const own = seat ? cellAt(row, `seat:${seat}`) : null
  return (own ?? cellAt(row, `party:${party}`))?.level ?? 'hidden'
}
export function grantAt(row: Row, { party, seat }: Omit<Target, 'track'>): Grant | null {
  const own = seat ? cellAt(row, `seat:${seat}`) : null
  return (own ?? cellAt(row, `party:${party}`))?.grant ?? null
}

/** The persons of a party whose level is another than their party's. */
export function exceptionsIn(row: Row, desk: Desk, party: PartyId): { seat: Desk['seats'][number]; level: Level }[] {
  const whole = levelAt(row, { party, seat: null })
  return seatsOf(desk, party).flatMap((seat) => {
    const own = cellAt(row, `seat:${seat.id}`)
    return own && own.level !== whole ? [{ seat, level: own.level }] : []
  })
}

/** How many people a change of the target's level reaches: of a party, those without an exception of their own. */
export function reachOf(row: Row | null, desk: Desk, { party, seat }: Omit<Target, 'track'>): number {
  if (seat) return 1
  const excepted = row ? exceptionsIn(row, desk, party).length : 0
  return seatsOf(desk, party).length - excepted
}

/** What hides the track from whoever reads it: a whole party at once, or persons of a party that reads through them alone. */
export function withdrawalsIn(row: Row, view: View, desk: Desk): (Prepared & { name: string })[] {
  return columnsOf(view).flatMap(({ id: party, name }) => {
    const hide = (seat: SeatId | null, was: Level, name: string) => {
      return { track: row.id, party, seat, level: 'hidden' as const, was, name }
    }
    const was = levelAt(row, { party, seat: null })
    if (was !== 'hidden') return [hide(null, was, name)]
    return exceptionsIn(row, desk, party).map(({ seat, level }) => hide(seat.id, level, seat.name))
  })
}

/** Who reads the track, as the desk knows it: whole parties, and those of which a person does. */
export function readersIn(row: Row, desk: Desk): Set<PartyId> {
  const readers = row.cells.flatMap((cell): PartyId[] => {
    if (cell.level === 'hidden') return []
    const party = desk.seats.find(({ id, party }) => cell.id === `seat:${id}` || cell.id === `party:${party}`)?.party
    return party ? [party] : []
  })
  return new Set(readers)
}

const isOthers = (view: View, party: PartyId): boolean =>
  party !== view.me.party && view.parties.find(({ id }) => id === party)?.kind !== 'mediation'

/**
 * Whether the cell stays hidden: a proximity channel belongs to the mediators and the party it was opened for. One that
 * nobody sees now is that of the party it was closed to last.
 */
export function isLocked(row: Row, view: View, desk: Desk, party: PartyId): boolean {
  if (row.kind !== 'proximity') return false
  const readers = [...readersIn(row, desk)].filter((id) => isOthers(view, id))
  if (readers.length > 0) return !readers.includes(party)
  const last = desk.changes
    .flatMap(({ changes }) => changes)
    .filter(({ track, was }) => track === row.id && was !== 'hidden')
    .map((change) => change.party ?? partyOf(desk, change.seat))
    .findLast((id) => id !== null && isOthers(view, id))
  return last !== undefined && last !== party
}
const partyOf = (desk: Desk, seat: SeatId | undefined): PartyId | null =>
  desk.seats.find(({ id }) => id === seat)?.party ?? null

/** The same cells set back to what they were. Letting somebody see again is a new grant of the text as it stands then. */
export function inverseOf(desk: Desk, changes: AccessChange[]): Prepared[] {
  return changes.flatMap(({ track, party, seat, level, was }) => {
    const whose = party ?? partyOf(desk, seat)
    return whose ? [{ track, party: whose, seat: seat ?? null, level: was, was: level }] : []
  })
}
export const widens = ({ level, was }: { level: Level; was: Level }): boolean => rankOf(level) > rankOf(was)
export const narrows = ({ level, was }: { level: Level; was: Level }): boolean => rankOf(level) < rankOf(was)

/** A track's drawing, by kind. */
export const TRACK_ICONS = {
  plenary: 'table',
  caucus: 'delegation',
  proximity: 'channel',
  backchannel: 'chain',
  group: 'group',
  civil: 'forum',
  implementation: 'shield',
} as const satisfies Record<TrackKind, string>

/** What a party usually may do in a track of a kind, before the mediators change it. Who is not named is hidden. */
export function usualAccess(
  kind: Exclude<TrackKind, 'caucus' | 'backchannel'>,
  parties: readonly KnownParty[],
): Partial<Record<PartyId, Level>> {
  const levels = USUAL[kind]
  return Object.fromEntries(parties.flatMap(({ id, kind }) => (levels[kind] ? [[id, levels[kind]]] : [])))
}
const USUAL: Record<Exclude<TrackKind, 'caucus' | 'backchannel'>, Partial<Record<KnownParty['kind'], Level>>> = {
  plenary: {
    mediation: 'edit',
    delegation: 'suggest',
    observer: 'read',
    expert: 'read',
    guarantor: 'read',
    verifier: 'read',
  },
  proximity: { mediation: 'edit' },
  group: { mediation: 'edit' },
  civil: { mediation: 'read', civil: 'edit' },
  implementation: { mediation: 'edit', delegation: 'suggest', guarantor: 'comment', verifier: 'comment' },
}
