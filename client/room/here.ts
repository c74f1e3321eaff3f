import type { Place } from '#shared/protocol/frames.ts'
import type { Time } from '#shared/world.ts'

/** Where one is, told at most this often: a caret that moves faster is not followed by any eye. */
const EVERY_MS = 150

/** Tells the others where this seat is in one text, the last place always and not every one between. */
export class Here {
  readonly #time: Time
  readonly #say: (place: Place | null) => void
  #place: Place | null = null
  #told = 'null'
  #cancel: (() => void) | null = null

  constructor(time: Time, say: (place: Place | null) => void) {
    this.#time = time
    this.#say = say
  }

  at(place: Place | null): void {
    this.#place = place
    if (this.#cancel) return
    this.#tell()
    this.#cancel = this.#time.after(EVERY_MS, () => {
      this.#cancel = null
      this.#tell()
    })
  }
  /** A new connection knows nothing yet. */
  again(): void {
    this.#told = 'null'
    this.#tell()
  }
  end(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#place = null
  }
  #tell(): void {
    const told = JSON.stringify(this.#place)
    if (told === this.#told) return
    this.#told = told
    this.#say(this.#place)
  }
}
