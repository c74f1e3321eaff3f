import type { DocumentId, Instant, SeatId } from '#shared/ids.ts'
import type { Conditions, Lane, NotAppended, Seq } from './log.ts'

/** Where a lane stands: its next number and clock. */
export interface LaneState {
  owner: SeatId
  number: number
  clock: number
}

/** What an engine knows of one process at the moment of an append. */
export interface Standing {
  events: Seq
  now: Instant
  /** The head of a document; 0 when it has no entry. */
  documentHead(document: DocumentId): Seq
  laneState(document: DocumentId, client: number): LaneState | null
}

/**
 * The first condition that does not hold, or null. The lane is asked first: a frame that is known is told so, whatever
 * happened since.
 */
export function brokenCondition(conditions: Conditions, standing: Standing): NotAppended | null {
  const { events, lane, documents, notAfter } = conditions
  const stray = lane ? strayLane(lane.lane, standing.laneState(lane.document, lane.lane.client)) : null
  if (stray) return stray
  if (events !== undefined && standing.events !== events) return { code: 'conflict', on: 'events' }
  if (documents?.some(({ id, head }) => standing.documentHead(id) !== head)) return { code: 'conflict', on: 'document' }
  if (notAfter !== undefined && standing.now > notAfter) return { code: 'too-late' }
  return null
}

function strayLane(frame: Lane, state: LaneState | null): NotAppended | null {
  const { owner, number, clock } = state ?? { owner: frame.owner, number: 0, clock: 0 }
  const stray = (why: 'known' | 'ahead' | 'overlap' | 'foreign') => ({ code: 'lane', why, number, clock }) as const
  if (owner !== frame.owner) return stray('foreign')
  if (frame.number < number) return stray('known')
  if (frame.number > number || frame.clock > clock) return stray('ahead')
  return frame.clock < clock ? stray('overlap') : null
}

/** Where a lane stands after one of its frames. */
export const laneAfter = ({ owner, number, next }: Lane): LaneState => ({ owner, number: number + 1, clock: next })
