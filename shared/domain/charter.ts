import type { PartyId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import { hashJson } from '../text/hash.ts'
import type { Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { delegationsOf, hasBindingRole, isMediator } from './people.ts'
import type { Charter, Process, Seat } from './process.ts'
import { doer } from './rows.ts'

/** Accepting the charter, and opening the talks by it (F1). */

const charterHash = ({ text, decisionRule }: Pick<Charter, 'text' | 'decisionRule'>) => hashJson({ text, decisionRule })

/** Whether this party has accepted the charter as it stands, in the room or outside it. */
export function hasAccepted({ charter }: Process, party: PartyId): boolean {
  if (charter.acceptance === 'waived') return true
  return Object.hasOwn(charter.accepted, party) && charter.accepted[party]?.hash === charter.hash
}

/** The delegations whose acceptance is missing, in the order of parties. */
export const missingAcceptances = (process: Process): PartyId[] =>
  delegationsOf(process)
    .map(({ id }) => id)
    .filter((party) => !hasAccepted(process, party))

/** A head or alternate accepts for its delegation; the last acceptance opens the talks. */
export function decideAcceptCharter(
  process: Process,
  seat: Seat,
  command: Extract<Command, { type: 'AcceptCharter' }>,
): Outcome<Decided, Refusal> {
  if (!hasBindingRole(process, seat)) return refuse({ code: 'not-your-role' })
  if (command.hash !== process.charter.hash) return refuse({ code: 'charter-changed' })
  if (hasAccepted(process, seat.party)) return refuse({ code: 'nothing-to-change' })
  const events: Event[] = [{ type: 'CharterAccepted', party: seat.party, hash: command.hash }]
  const isLast = missingAcceptances(process).every((party) => party === seat.party)
  if (isLast && process.openedAt === null) events.push({ type: 'TalksOpened' })
  return ok({ events, made: [] })
}

/** Only mediators press it, and only they are told whose acceptance is missing. */
export function decideOpenTalks(process: Process, seat: Seat): Outcome<Decided, Refusal> {
  if (!isMediator(seat)) return refuse({ code: 'not-your-role' })
  if (process.openedAt !== null) return refuse({ code: 'nothing-to-change' })
  const parties = missingAcceptances(process)
  if (parties.length > 0) return refuse({ code: 'consent-missing', parties })
  return ok({ events: [{ type: 'TalksOpened' }], made: [] })
}

export function foldCharterAccepted(
  process: Process,
  event: Extract<Event, { type: 'CharterAccepted' }>,
  fact: Fact,
): Process {
  const acceptance = { hash: event.hash, by: doer(fact), at: fact.at }
  const accepted = { ...process.charter.accepted, [event.party]: acceptance }
  return { ...process, charter: { ...process.charter, accepted } }
}

/** The binding part of the charter a process starts with. */
export const startCharter = (charter: Omit<Charter, 'accepted' | 'hash'>): Omit<Charter, 'accepted'> => ({
  ...charter,
  hash: charterHash(charter),
})
