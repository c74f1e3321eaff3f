import type { Appended, Conditions, DrillLog, Entry, Health, Lane, NewEntry } from '#server/log/log.ts'
import {
  type DocumentId,
  type Instant,
  instant,
  type ProcessId,
  parseProcessId,
  parseSeatId,
  type SeatId,
} from '#shared/ids.ts'

/** A clock the test moves, in both directions. */
export class TestClock {
  ms = 1_000_000
  now(): Instant {
    return instant(this.ms)
  }
}

/** How an engine is opened for the contract. The engine's clock is `clock`. */
export interface Opened {
  log: DrillLog
  clock: TestClock
  /** Closes the log if it is open, and opens what it left. Null: this engine keeps nothing. */
  reopen: (() => Promise<DrillLog>) | null
  /** A file that does not exist yet, for a copy; null: this engine makes none. */
  copy: { file: string; open: (file: string) => Promise<DrillLog> } | null
  cleanUp(): Promise<void>
}

export const need = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('the test is wrong')
  return value
}
export const P: ProcessId = need(parseProcessId('processprocessprocess1'))
export const Q: ProcessId = need(parseProcessId('processprocessprocess2'))
export const TAVIRA: SeatId = need(parseSeatId('tavira-head'))
export const COUNCIL: SeatId = need(parseSeatId('council-head'))
export const TEXT = 'document-1' as DocumentId
export const DRAFT = 'document-2' as DocumentId

export const utf8 = (text: string) => new Uint8Array(Buffer.from(text))
export const entryOf = (body: string, more: Partial<NewEntry> = {}): NewEntry => ({
  kind: 'event',
  by: 'server',
  audience: { who: 'everyone' },
  policy: 0,
  salt: new Uint8Array(16).fill(7),
  body: utf8(body),
  ...more,
})
export const laneOf = (number: number, clock: number, next: number, more: Partial<Lane> = {}): Lane => ({
  client: 5_000_000,
  owner: TAVIRA,
  number,
  clock,
  next,
  ...more,
})
export const frame = (body: string, lane: Lane): NewEntry =>
  entryOf(body, { kind: 'update', by: lane.owner, document: TEXT, lane })
export const bodiesOf = (entries: Entry[]): string[] => entries.map(({ body }) => Buffer.from(body).toString())
export const allOf = (log: DrillLog, process = P): Promise<Entry[]> => log.read(process, 0, 1_000_000)

/** Appends and gives the place; fails the test when refused. */
export async function added(
  log: DrillLog,
  entries: NewEntry[],
  conditions: Conditions = {},
  process = P,
): Promise<Appended> {
  const outcome = await log.append(process, entries, conditions)
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.refusal)}`)
  return outcome.value
}

/** Appends long frames of one lane, some at a time, until one is refused: how a store runs full. Gives that refusal. */
export async function fillUp(log: DrillLog): Promise<unknown> {
  for (let number = 0; number < 2_000; number += 4) {
    const frames = [0, 1, 2, 3].map((more) =>
      frame('x'.repeat(8_192), laneOf(number + more, number + more, number + more + 1)),
    )
    const outcomes = await Promise.all(frames.map((long) => log.append(P, [long], {})))
    for (const outcome of outcomes) if (!outcome.ok) return outcome.refusal
  }
  throw new Error('the store never ran full')
}

/** Resolves when the log says it can write again. */
export const writable = (log: DrillLog): Promise<void> =>
  new Promise((done) => {
    const check = (health: Health) => health.state === 'writable' && done()
    log.onHealth(check)
    check(log.health())
  })
