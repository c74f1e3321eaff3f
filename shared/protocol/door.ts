import type { Party, Seat, Secretariat } from '../domain/process.ts'
import type { Instant, PartyId, ProcessId, SeatId } from '../ids.ts'

/** What the server answers to whoever stands at the door. */

/** `POST /api/invitations/look`: what an invitation is for. */
export type Looked =
  | { state: 'unknown' }
  /** It was good once: whom to call. */
  | { state: 'used' | 'expired'; process: { title: string }; secretariat: Secretariat }
  | OpenInvitation

export interface OpenInvitation {
  state: 'open'
  until: Instant
  process: { id: ProcessId; title: string; languages: string[] }
  seat: Pick<Seat, 'id' | 'name' | 'role'>
  party: Party
  /** Those that this seat will see in the room, and no others. */
  parties: (Party & { slot: number })[]
  charter: { text: string; decisionRule: string }
  secretariat: Secretariat
  /** The person will have to be confirmed by its delegation. */
  confined: boolean
  /** What the seat's screens speak on its other devices; null: none was chosen yet. */
  language: string | null
}

/** `POST /api/invitations/redeem`. */
export interface Redeemed {
  token: string
  seat: SeatId
  party: PartyId
  process: ProcessId
  /** To be read aloud, as they are at this instant; absent when the session sees all that its seat sees. */
  figures?: string
}

/** `POST /api/session/figures`: what a session that waits reads aloud; there are new ones after `forMs`. */
export interface Figures {
  figures: string
  forMs: number
}
