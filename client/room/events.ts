/** Listeners by name. One that throws does not keep the others from hearing; its error is thrown afterwards, on its own. */
export class Listeners<Named extends Record<string, unknown>> {
  #by = new Map<keyof Named, Set<(detail: never) => void>>()

  on<Name extends keyof Named>(name: Name, listener: (detail: Named[Name]) => void): () => void {
    const all = this.#by.get(name) ?? new Set()
    this.#by.set(name, all)
    // A wrapper of its own, so that one function added twice is heard twice and leaves once.
    const heard = (detail: Named[Name]) => listener(detail)
    all.add(heard)
    return () => void all.delete(heard)
  }

  tell<Name extends keyof Named>(name: Name, detail: Named[Name]): void {
    for (const listener of [...(this.#by.get(name) ?? [])] as ((detail: Named[Name]) => void)[]) {
      try {
        listener(detail)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#by.clear()
  }
}
