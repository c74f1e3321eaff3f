import type { ClauseId, Hash, Instant, TrackId } from '../ids.ts'
import type { Command } from './commands.ts'
import type { Event } from './events.ts'
import type { Viewer } from './view.ts'

/** One command and all that deciding on it may know. Nothing here comes from the wire but `command`. */
export interface Asked {
  by: Pick<Viewer, 'seat' | 'confined'> | 'operator'
  at: Instant
  command: Command
  /** Draws a fresh 22-character id from the stream of the command's audience. */
  mint: <T extends string>() => T
  /** Draws a Yjs client id in [2^21, 2^28) for a new incarnation's server writer. */
  mintClient: () => number
  /** `textHash` of a clause as it stands at the state's place in the log; null when the clause is not in that text. */
  hashOf: (track: TrackId, clause: ClauseId) => Hash | null
}

export interface Decided {
  events: Event[]
  /** Ids the asker made, in the order of the command's parts. */
  made: string[]
}
