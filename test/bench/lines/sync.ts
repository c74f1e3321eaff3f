import { broughtBy, string, uint } from '../updates.ts'
import { drawClient, type Line, type Place, ROOT } from './line.ts'

/** What the lines of all peers share: a client id of one's own, the y-protocols messages, and who listens. */
export abstract class SyncLine implements Line {
  readonly client = drawClient()
  readonly clock = 0
  readonly root = ROOT
  readonly acknowledges: boolean = false
  readonly oneAtATime = false
  readonly place: Place
  opened: Uint8Array | null = null
  protected heard: (update: Uint8Array) => void = () => {}
  protected saved: () => void = () => {}

  constructor(place: Place) {
    this.place = place
  }
  abstract readonly bytes: { up: number; down: number }
  abstract readonly isOpen: boolean
  abstract send(update: Uint8Array): void
  abstract close(): void

  /** Behind the last words of the seed, which one client wrote in one go. */
  get anchor() {
    const seed = this.opened && this.opened.length > 2 ? broughtBy(this.opened).at(-1) : undefined
    return seed ? { client: seed.client, clock: seed.from + seed.length - 1 } : { root: ROOT }
  }
  onUpdate(listener: (update: Uint8Array) => void): void {
    this.heard = listener
  }
  onSaved(listener: () => void): void {
    this.saved = listener
  }
}

export const SYNC = 0
export const STEP_1 = 0
export const STEP_2 = 1
export const UPDATE = 2
/** The state vector of an empty document. */
export const EMPTY_VECTOR = Uint8Array.of(0)

/** `head`, then `kind`, then the body with its length. */
export function syncMessage(head: Uint8Array, kind: number, body: Uint8Array): Uint8Array {
  const length: number[] = []
  uint(length, body.length)
  const message = new Uint8Array(head.length + 1 + length.length + body.length)
  message.set(head)
  message[head.length] = kind
  message.set(length, head.length + 1)
  message.set(body, head.length + 1 + length.length)
  return message
}

/** The body with its length that begins at `at`. */
export function bodyAt(message: Uint8Array, at: number): Uint8Array {
  let length = 0
  let next = at
  for (let scale = 1; ; scale *= 128) {
    const byte = message[next++] ?? 0
    length += (byte & 127) * scale
    if (byte < 128) break
  }
  return message.subarray(next, next + length)
}

export function named(name: string, ...rest: number[]): Uint8Array {
  const bytes: number[] = []
  string(bytes, name)
  return Uint8Array.of(...bytes, ...rest)
}
