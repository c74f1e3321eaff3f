import type { NoticeId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import type { Asked, Decided } from './asked.ts'
import type { Command } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { isMediation, isMediator, partyIn } from './people.ts'
import type { Notice, Process, Seat } from './process.ts'
import { doer } from './rows.ts'

/** What mediators tell deliberately: the only way in which something is known of without being seen. */

/** Refused `talks-not-open` before the talks open: until then nobody would see it. */
export function decidePublishNotice(
  process: Process,
  asked: Asked,
  seat: Seat,
  command: Extract<Command, { type: 'PublishNotice' }>,
): Outcome<Decided, Refusal> {
  if (!isMediator(seat)) return refuse({ code: 'not-your-role' })
  const unknown = command.to?.some((party) => !partyIn(process, party))
  if (unknown) return refuse({ code: 'no-such-thing' })
  if (process.openedAt === null) return refuse({ code: 'talks-not-open' })
  const id = asked.mint<NoticeId>()
  const to = command.to ? process.parties.order.filter((party) => command.to?.includes(party)) : null
  return ok({ events: [{ type: 'NoticePublished', id, words: command.words, to }], made: [id] })
}

export function foldNotice(process: Process, event: Extract<Event, { type: 'NoticePublished' }>, fact: Fact): Process {
  if (process.notices.some(({ id }) => id === event.id)) return process
  const { id, words, to } = event
  return { ...process, notices: [...process.notices, { id, at: fact.at, by: doer(fact), words, to }] }
}

/** The notices addressed to a seat; the mediators see all of them. None before the talks open but for the mediators. */
export function noticesFor(process: Process, seat: Seat): Notice[] {
  if (isMediation(process, seat.party)) return process.notices
  if (process.openedAt === null) return []
  return process.notices.filter(({ to }) => to === null || to.includes(seat.party))
}
