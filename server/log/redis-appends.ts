import { type Instant, instant, type ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Appended, Conditions, Health, NewEntry, NotAppended } from './log.ts'
import type { Reply } from './master.ts'
import { FUNCTIONS, keysOf, PROCESSES } from './redis-functions.ts'
import type { Line } from './redis-link.ts'

export type Reason = Extract<Health, { state: 'not-writable' }>['reason']

/** What an append came to. `epoch`: the process is in another epoch than this node's followers. */
export type Came = Outcome<Appended, NotAppended | { code: 'epoch' }>

export interface Asked {
  process: ProcessId
  entries: NewEntry[]
  bytes: Uint8Array[]
  conditions: Conditions
  narrowing: boolean
  epoch: number | null
  /** An instant that stands in for Redis's own clock; null: its own. */
  now: Instant | null
  /** Where the process stood, as a place in the stream: an append whose answer was lost is looked for behind it. */
  since: string
}

interface Waiting {
  asked: Asked
  token: string
  /** It was sent on a line that broke before it was answered: it may have been added. */
  isInDoubt: boolean
  isSent: boolean
  answer: (came: Came) => void
}

export interface AppendsOptions {
  /** Names this node among all that write: 16 random characters. */
  node: string
  onRefused(reason: Reason): void
  /** Whether enough replicas have every entry up to this one; false when the line broke before that was known. */
  confirmed(process: ProcessId, epoch: number, seq: number): Promise<boolean>
  onClock(at: number): void
}

/**
 * Sends appends one behind the other without waiting. Those whose answer was lost with the line are sent again on the next, in their
 * order, with their token: Redis gives the first answer when it had added them.
 */
export class RedisAppends {
  readonly #options: AppendsOptions
  readonly #waiting = new Set<Waiting>()
  readonly #known = new Set<ProcessId>()
  #line: Line | null = null
  #count = 0
  #onEmpty: (() => void)[] = []

  constructor(options: AppendsOptions) {
    this.#options = options
  }

  append(asked: Asked): Promise<Came> {
    return new Promise((answer) => {
      const token = `${this.#options.node}${(this.#count++).toString(36)}`
      const waiting = { asked, token, isInDoubt: false, isSent: false, answer }
      this.#waiting.add(waiting)
      if (this.#line) this.#send(this.#line, waiting)
    })
  }

  resume(line: Line): void {
    this.#line = line
    this.#known.clear()
    for (const waiting of this.#waiting) this.#send(line, waiting)
  }

  pause(): void {
    this.#line = null
    for (const waiting of this.#waiting) {
      waiting.isInDoubt ||= waiting.isSent
      waiting.isSent = false
    }
  }

  /** Refuses what waits for a line: all of it, or only what was surely not added. */
  giveUp(all: boolean): void {
    for (const waiting of this.#waiting)
      if (all || !(waiting.isInDoubt || waiting.isSent))
        this.#answer(waiting, refuse({ code: 'unavailable', reason: 'unavailable' }))
  }

  /** Resolves when nothing waits. */
  settled(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve()
    return new Promise((done) => this.#onEmpty.push(done))
  }

  #answer(waiting: Waiting, came: Came): void {
    if (!this.#waiting.delete(waiting)) return
    waiting.answer(came)
    if (this.#waiting.size > 0) return
    for (const done of this.#onEmpty.splice(0)) done()
  }

  #send(line: Line, waiting: Waiting): void {
    const { asked, token } = waiting
    const { process, narrowing, bytes } = asked
    const { heads, log } = keysOf(process)
    waiting.isSent = true
    if (!this.#known.has(process)) {
      this.#known.add(process)
      line.send('SADD', PROCESSES, process).catch(() => this.#known.delete(process))
    }
    const what = JSON.stringify(headerOf(asked, token, waiting.isInDoubt))
    line
      .send('FCALL', narrowing ? FUNCTIONS.narrowing : FUNCTIONS.append, 2, heads, log, what, ...bytes.map(bufferOf))
      .then(
        (reply) => this.#came(waiting, reply as Reply[]),
        (cause: unknown) => this.#failed(line, waiting, cause),
      )
  }

  async #came(waiting: Waiting, reply: Reply[]): Promise<void> {
    const came = this.#cameOf(reply)
    const { process, entries } = waiting.asked
    // Not yet: when the line breaks now, it is asked for again on the next.
    if (came.ok && !(await this.#options.confirmed(process, Number(reply[3]), came.value.first + entries.length - 1)))
      return
    this.#answer(waiting, came)
  }

  #cameOf([code, one, two, three]: Reply[]): Came {
    switch (String(code)) {
      case 'ok':
        this.#options.onClock(Number(two))
        return ok({ first: Number(one), at: instant(Number(two)) })
      case 'doubt':
        return refuse({ code: 'unavailable', reason: 'unavailable' })
      case 'epoch':
        return refuse({ code: 'epoch' })
      case 'conflict':
        return refuse({ code: 'conflict', on: String(one) === 'events' ? 'events' : 'document' })
      case 'too-late':
        return refuse({ code: 'too-late' })
      default: {
        const why = STRAYS.find((stray) => stray === String(one)) ?? 'ahead'
        return refuse({ code: 'lane', why, number: Number(two), clock: Number(three) })
      }
    }
  }

  /** Redis refused, which is an answer; or the line broke, and the next one will tell. */
  #failed(line: Line, waiting: Waiting, cause: unknown): void {
    const reason = reasonOf(cause)
    if (!reason) return
    if (this.#line !== line) return
    this.#options.onRefused(reason)
    this.#answer(waiting, refuse({ code: 'unavailable', reason }))
  }
}

const STRAYS = ['known', 'ahead', 'overlap', 'foreign'] as const
const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function headerOf({ entries, conditions, epoch, now, since }: Asked, token: string, isInDoubt: boolean) {
  const { events, lane, documents = [], notAfter } = conditions
  return {
    token,
    since: isInDoubt ? since : undefined,
    epoch: epoch ?? undefined,
    now: now ?? undefined,
    events,
    notAfter,
    documents,
    lane: lane && { document: lane.document, ...lane.lane },
    entries: entries.map(({ kind, document, lane: own }) => ({
      k: kind === 'event' || undefined,
      d: document,
      l: document && own,
    })),
  }
}

/** Why Redis took nothing; null when it did not answer. Nothing was written in any of these cases. */
export function reasonOf(cause: unknown): Reason | null {
  const said = cause instanceof Error ? cause.message : ''
  const [code = ''] = said.split(' ')
  if (code === 'OOM') return 'disk-full'
  if (code === 'READONLY') return 'read-only'
  if (code === 'MISCONF') return said.includes('space') ? 'disk-full' : 'read-only'
  return /^[A-Z]{2,}$/.test(code) ? 'unavailable' : null
}
