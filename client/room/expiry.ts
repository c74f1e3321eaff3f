import type { View } from '#shared/domain/view.ts'
import { instant } from '#shared/ids.ts'
import type { Time } from '#shared/world.ts'

/** The longest a browser's timer waits. */
const LONGEST_MS = 2 ** 31 - 1

/** The grants of a view that end by their instant while nobody is there to say so: no server's word is needed for it. */
export class Expiry {
  readonly #time: Time
  #cancel: (() => void) | null = null

  constructor(time: Time) {
    this.#time = time
  }
  /** Calls `ended` with the view without them, as soon as one ends. */
  watch(view: View, ended: (view: View) => void): void {
    this.stop()
    const ends = view.tracks.flatMap(({ grant }) => grant.until ?? [])
    if (ends.length === 0) return
    const first = instant(Math.min(...ends))
    const wait = Math.min(Math.max(0, first + 1 - this.#time.now()), LONGEST_MS)
    this.#cancel = this.#time.after(wait, () => {
      const now = this.#time.now()
      const tracks = view.tracks.filter(({ grant }) => (grant.until ?? Number.POSITIVE_INFINITY) >= now)
      if (tracks.length < view.tracks.length) ended({ ...view, tracks })
      else this.watch(view, ended)
    })
  }
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
