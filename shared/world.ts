import type { Instant } from './ids.ts'

/** The clock and its alarms. Code asks this, never the machine, so that tests own time. */
export interface Time {
  now(): Instant
  /** Runs `task` once, `ms` milliseconds from now. Calling the result cancels it. */
  after(ms: number, task: () => void): () => void
}

/** Chance. Split by audience (`stream`), so that hidden acts never shift what others draw. */
export interface Random {
  bytes(count: number): Uint8Array
  /** An independent source for one audience; the same name gives the same source within one process's life. */
  stream(audience: string): Random
}
