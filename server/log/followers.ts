import type { ProcessId } from '#shared/ids.ts'
import type { Entry, Seq } from './log.ts'

interface Follower {
  next: Seq
  onEntries: (entries: Entry[]) => void
  onReset: () => void
}

/** Reads entries after a place, whole appends only; none when there is nothing more. */
type ReadOn = (process: ProcessId, after: Seq) => Entry[]

/** Gives every follower of a log every entry once, in order: first from what is stored, then as entries come. */
export class Followers {
  readonly #live = new Map<ProcessId, Set<Follower>>()
  readonly #readOn: ReadOn
  readonly #pause: () => Promise<void>

  /** `pause` lets others run between two reads of a long log. */
  constructor(readOn: ReadOn, pause: () => Promise<void>) {
    this.#readOn = readOn
    this.#pause = pause
  }

  async follow(
    process: ProcessId,
    after: Seq,
    onEntries: (entries: Entry[]) => void,
    onReset: () => void = () => {},
  ): Promise<() => void> {
    const follower = { next: after + 1, onEntries, onReset }
    await null
    for (;;) {
      const entries = this.#readOn(process, follower.next - 1)
      if (entries.length === 0) break
      if (!give(follower, entries)) return () => {}
      await this.#pause()
    }
    const followers = this.#live.get(process) ?? new Set()
    this.#live.set(process, followers.add(follower))
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && this.#live.get(process) === followers) this.#live.delete(process)
    }
  }

  /** Hands on what was just made durable: the entries of one append. Must not be called from within a follower. */
  deliver(process: ProcessId, entries: Entry[]): void {
    const followers = this.#live.get(process)
    for (const follower of followers ?? []) if (!give(follower, entries)) followers?.delete(follower)
  }

  /** Stops who follows the process, and tells them why. */
  reset(process: ProcessId): void {
    const followers = [...(this.#live.get(process) ?? [])]
    this.#live.delete(process)
    for (const { onReset } of followers) onReset()
  }

  stop(): void {
    this.#live.clear()
  }
}

/** False when the follower threw. What it had while catching up is not given twice. */
function give(follower: Follower, entries: Entry[]): boolean {
  const last = entries.at(-1)?.seq ?? 0
  if (last < follower.next) return true
  follower.next = last + 1
  try {
    follower.onEntries(entries)
    return true
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return false
  }
}
