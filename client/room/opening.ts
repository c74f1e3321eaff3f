import { type AskId, mintId, type TrackId } from '#shared/ids.ts'
import type { Opened, Resume } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { TextPorts } from './text-ports.ts'

/** Asks the server for one text. Of two askings only the later one's answer counts. */
export class Opening {
  readonly #track: TrackId
  readonly #ports: Pick<TextPorts, 'ask' | 'forget' | 'random'>
  readonly #refused: (refusal: Refusal) => void
  /** The one whose answer is on its way. */
  #asked: AskId | null = null

  constructor(
    track: TrackId,
    ports: Pick<TextPorts, 'ask' | 'forget' | 'random'>,
    refused: (refusal: Refusal) => void,
  ) {
    this.#track = track
    this.#ports = ports
    this.#refused = refused
  }

  ask = (resume: Resume | null, opened: (opened: Opened, update: Uint8Array) => void): void => {
    this.forget()
    const ask = mintId<AskId>(this.#ports.random.bytes(22))
    this.#asked = ask
    this.#ports.ask(
      { frame: 'open', ask, track: this.#track, ...(resume ? { resume } : {}) },
      {
        opened: (answer, update) => {
          this.#asked = null
          opened(answer, update)
        },
        refused: (refusal) => this.#refused(refusal),
      },
    )
  }
  /** Nobody waits for the answer any more. */
  forget(): void {
    if (this.#asked) this.#ports.forget(this.#asked)
    this.#asked = null
  }
}
