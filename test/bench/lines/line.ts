import type { Anchor } from '../updates.ts'

/** One person's connection to one text of some server, by raw frames: what a crowd is made of. */
export interface Line {
  /** The state that came on opening, as one Yjs update; null where the server keeps none. */
  readonly opened: Uint8Array | null
  /** The client id this person's words bear, their first clock, and what they stand behind. */
  readonly client: number
  readonly clock: number
  readonly anchor: Anchor
  /** The root of the words this person may write. */
  readonly root: string
  /** Whether the server says that words arrived (`onSaved`), and whether it lets no second update out before that. */
  readonly acknowledges: boolean
  readonly oneAtATime: boolean
  readonly bytes: { up: number; down: number }
  readonly isOpen: boolean
  send(update: Uint8Array): void
  /** Words that came, one's own too where the server echoes them. */
  onUpdate(listener: (update: Uint8Array) => void): void
  /** The oldest update not yet acknowledged is now. */
  onSaved(listener: () => void): void
  close(): void
}

export interface Place {
  url: string
  /** The text: a room's name, or Parley's track. */
  room: string
  /** Names the text among all: Parley's tracks have the same names in every process. */
  text: string
  /** Parley's; others let everyone in. */
  token: string
  /** The how manyeth of all people, for another address and another clause each. */
  index: number
  /** Whether this person will write. */
  writes: boolean
}

/** The one root of a peer's document. */
export const ROOT = 't'
/** Random, of four bytes on the wire, as Parley's. */
export const drawClient = (): number => 2 ** 21 + Math.floor(Math.random() * (2 ** 28 - 2 ** 21))

/** Many people come from many addresses: what a server allows one address is not what is measured. */
export const addressOf = (index: number): string => `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
