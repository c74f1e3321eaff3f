import type { ProcessId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Appended, Conditions, Health, NewEntry, NotAppended } from './log.ts'

/** What every engine does alike: two ways to append, and telling of its health. */
export abstract class Engine {
  readonly #listeners = new Set<(health: Health) => void>()
  #health: Health = { state: 'writable' }

  protected abstract adding(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
    narrowing: boolean,
  ): Promise<Outcome<Appended, NotAppended>>

  async append(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
  ): Promise<Outcome<Appended, NotAppended>> {
    return this.adding(process, some(entries), conditions, false)
  }

  async appendNarrowing(
    process: ProcessId,
    entries: NewEntry[],
    conditions: Conditions,
  ): Promise<Outcome<Appended, NotAppended>> {
    return this.adding(process, some(entries), conditions, true)
  }

  health(): Health {
    return this.#health
  }

  onHealth(listener: (health: Health) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells who listens, when it is another than before. */
  protected setHealth(health: Health): void {
    const before = JSON.stringify(this.#health)
    this.#health = health
    if (before !== JSON.stringify(health)) for (const listener of this.#listeners) listener(health)
  }
}

function some(entries: NewEntry[]): NewEntry[] {
  if (entries.length === 0) throw new TypeError('an append has at least one entry')
  return entries
}
