import type { View } from '#shared/domain/view.ts'
import type { AskId, PartyId, SeatId } from '#shared/ids.ts'
import type { Opened, Up } from '#shared/protocol/frames.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Answer, Asking } from './asks.ts'
import type { CopyOf } from './copy.ts'
import type { KeptText, KeptUnsent } from './keep.ts'
import type { LostWords } from './room.ts'

/** What one text's line needs of the room. */
export interface TextPorts {
  time: Time
  random: Random
  by: { seat: SeatId; party: PartyId }
  view(): View
  isLive(): boolean
  send(frame: Up): void
  /** Asks once on this connection; after a reconnect this text asks anew. */
  ask(frame: Asking, answer: Answer): void
  /** Nobody waits for the answer any more. */
  forget(ask: AskId): void
  /** The count of unsaved changes may be another. */
  changed(): void
  ended(): void
  /** Words for their author of a text that nobody looks at any more. */
  lost(detail: LostWords): void
  /** Whether the text may be kept on this device now. */
  mayKeep(): boolean
  keep(text: KeptText): Promise<void>
}

/** What a text's line starts from: what the server opened, or what is on the device. */
export interface Beginning {
  opened: CopyOf & Pick<Opened, 'level'>
  update: Uint8Array
  /** Null: it is to be resumed. */
  channel: number | null
  since: number
  past: KeptUnsent | null
}
/** A text that is on the device, to be written in under a client id that nobody wrote under. */
export function beginningOf({ track, since, served, unsent }: KeptText, random: Random): Beginning | null {
  if (!served) return null
  const opened = { track, ...served, lane: { client: drawClient(random), number: 0, clock: 0 } }
  return { opened, update: served.state, channel: null, since, past: unsent }
}
/** The server gives out such ids, and takes one that a client drew when nobody else has it. */
function drawClient(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
  return 2 ** 21 + ((a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) % (2 ** 28 - 2 ** 21))
}
