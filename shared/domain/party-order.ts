import type { Instant, PartyId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Text } from '../text/structure.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event } from './events.ts'
import { type As, isPrivate, sightIn } from './matrix.ts'
import { isMediator, partyIn } from './people.ts'
import type { Process, Seat } from './process.ts'
import { once, rowsOf } from './rows.ts'

/** The fixed order in which parties stand everywhere, and their colours with it. The mediators set it before the first round. */

export function decideOrderParties(
  process: Process,
  asked: Asked,
  seat: Seat,
  { parties }: Extract<Command, { type: 'OrderParties' }>,
): Outcome<Decided, Refusal> {
  if (!isMediator(seat) || asked.by === 'operator') return refuse({ code: 'not-your-role' })
  if (parties.some((party) => !partyIn(process, party))) return refuse({ code: 'no-such-thing' })
  const { order } = process.parties
  if (new Set(parties).size !== parties.length || parties.length !== order.length)
    return refuse({ code: 'malformed', where: 'parties' })
  if (hasRoundBegun(process, seat, asked.by, asked.at)) return refuse({ code: 'round-begun' })
  if (parties.every((party, index) => party === order[index])) return refuse({ code: 'nothing-to-change' })
  return ok({ events: [{ type: 'PartiesOrdered', parties }], made: [] })
}

/**
 * Whether a delegation has proposed or agreed to something in a track that this mediator reads: what goes on in the others
 * is not told by the answer.
 */
export function hasRoundBegun(process: Process, seat: Seat, as: As, at: Instant): boolean {
  return rowsOf(process.tracks).some((track) => {
    const isRead = !isPrivate(track.kind) && sightIn(process, seat, as, track, at) !== null
    return isRead && track.text !== null && standsOf(track.text).some((party) => isDelegation(process, party))
  })
}
const isDelegation = (process: Process, party: PartyId): boolean => partyIn(process, party)?.kind === 'delegation'

/** Whose brackets, open or closed, and agreements stand in a text. */
const standsOf = once((text: Text): PartyId[] => [
  ...Object.values(text.brackets).flatMap(({ holders }) => holders),
  ...Object.values(text.closed).flatMap(({ holders }) => holders),
  ...Object.values(text.clauses).flatMap(({ agreed }) => Object.keys(agreed) as PartyId[]),
])

/** A party that the order does not name stands behind those it names. */
export function foldPartiesOrdered(process: Process, { parties }: Extract<Event, { type: 'PartiesOrdered' }>): Process {
  const known = [...new Set(parties)].filter((party) => partyIn(process, party))
  const order = [...known, ...process.parties.order.filter((party) => !known.includes(party))]
  return { ...process, parties: { ...process.parties, order } }
}
