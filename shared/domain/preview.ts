import type { Instant, PartyId, TrackId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import { decideSetAccess } from './cells.ts'
import type { Command } from './commands.ts'
import { evolve } from './evolve.ts'
import { isMediator, leadOf, seatIn, stands } from './people.ts'
import type { Process } from './process.ts'
import type { View, Viewer } from './view.ts'
import { viewFor } from './view-for.ts'

export type PendingChanges = Extract<Command, { type: 'SetAccess' }>['changes']

export interface Preview {
  /** What the party's head would receive. */
  view: View
  /** The process under the pending changes; hand it on to show a text as the party would see it. */
  process: Process
  viewer: Viewer
  /** Tracks the party would see and does not now. */
  newlySees: TrackId[]
  /** Tracks the party sees now and would not. */
  loses: TrackId[]
  /** Of both: what was or will have been read cannot be unread. Tracks in the order the mediators know them. */
  cannotBeUndone: TrackId[]
}

/**
 * The room as a party sees it, now or under changes not yet made. It is `viewFor` of the party's head (of an alternate, or
 * of its first seat, where there is no head): byte for byte what the head receives, apart from `me.session` and what the
 * mediators must not see: caucus and backchannel with all that follows from them, comments to its delegation alone, its
 * positions, and its people's invitations and sessions.
 *
 * Mediators only. Changes are checked as `SetAccess` would be, with the same refusals; a batch that changes nothing previews
 * what is. Nothing is recorded.
 */
export function previewAs(
  process: Process,
  by: Pick<Viewer, 'seat' | 'confined'>,
  party: PartyId,
  changes: PendingChanges | undefined,
  at: Instant,
): Outcome<Preview, Refusal> {
  const mediator = seatIn(process, by.seat)
  if (!mediator || !isMediator(mediator) || !stands(mediator)) return refuse({ code: 'not-your-role' })
  const head = leadOf(process, party)
  if (!head) return refuse({ code: 'no-such-thing' })
  const after = under(process, by, changes ?? [], at)
  if (!after.ok) return after
  const viewer: Viewer = { seat: head.id, confined: true, session: null, previewed: true }
  const now = viewFor(viewer, process, at).tracks.map(({ id }) => id)
  const view = viewFor(viewer, after.value, at)
  const then = view.tracks.map(({ id }) => id)
  const newlySees = then.filter((id) => !now.includes(id))
  const loses = now.filter((id) => !then.includes(id))
  const touched = new Set([...newlySees, ...loses])
  const cannotBeUndone = process.tracks.order.filter((id) => touched.has(id))
  return ok({ view, process: after.value, viewer, newlySees, loses, cannotBeUndone })
}

/** The process as it would stand after the batch. */
function under(
  process: Process,
  by: Pick<Viewer, 'seat' | 'confined'>,
  changes: PendingChanges,
  at: Instant,
): Outcome<Process, Refusal> {
  const seat = seatIn(process, by.seat)
  if (changes.length === 0 || !seat) return ok(process)
  const command = { type: 'SetAccess', changes } as const
  const nothing = () => {
    throw new Error('a preview draws no chance')
  }
  const asked = { by, at, command, mint: nothing, mintClient: nothing, hashOf: () => null }
  const decided = decideSetAccess(process, asked, seat, command)
  if (!decided.ok) return decided.refusal.code === 'nothing-to-change' ? ok(process) : decided
  return ok(decided.value.events.reduce((now, event) => evolve(now, { event, by: by.seat, at }), process))
}
