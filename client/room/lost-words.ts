import type { AwayWords } from './room.ts'

/** Words for their author, until somebody listens to whom they can be given. */
export class LostAndFound {
  #waiting: AwayWords[] = []
  #listener: ((words: AwayWords) => void) | null = null

  put(words: AwayWords): void {
    if (this.#listener) this.#listener(words)
    else this.#waiting.push(words)
  }
  listen(listener: (words: AwayWords) => void): () => void {
    this.#listener = listener
    // Whoever just said that they listen is ready after this call.
    queueMicrotask(() => {
      for (const words of this.#waiting.splice(0)) listener(words)
    })
    return () => {
      if (this.#listener === listener) this.#listener = null
    }
  }
  clear(): void {
    this.#waiting = []
    this.#listener = null
  }
}
