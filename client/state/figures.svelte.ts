import { figuresOf } from './door.ts'

/** No answer: asked again after this. */
const AGAIN_MS = 5_000

/** The six figures that a device which waits to be confirmed shows now. */
export class FiguresState {
  now = $state<string | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Until the result is called. */
  follow(process: string, seat: string): () => void {
    let stopped = false
    const ask = async (): Promise<void> => {
      const answer = await figuresOf(process, seat)
      if (stopped) return
      this.now = answer?.figures ?? this.now
      this.#timer = setTimeout(() => void ask(), answer?.forMs ?? AGAIN_MS)
    }
    void ask()
    return () => {
      stopped = true
      clearTimeout(this.#timer)
      this.now = null
    }
  }
}
