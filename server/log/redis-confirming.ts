import type { ProcessId } from '#shared/ids.ts'
import type { Seq } from './log.ts'
import type { Reply } from './master.ts'
import { FUNCTIONS, keysOf } from './redis-functions.ts'
import type { Line } from './redis-link.ts'

/** How long the replicas are waited for before it is asked again. */
const WAIT_MS = 1_000
/** After the last write that is to be confirmed there must be one on the line that waits: `WAIT` speaks of its own line's writes. */
const MARK = 'parley:mark'

/**
 * Waits until enough replicas have what was appended, once for all appends that came meanwhile, and tells every node so. An entry that
 * no replica has is shown to nobody and answered to nobody: a failover could take it back.
 */
export class RedisConfirming {
  readonly #onConfirmed: (process: ProcessId, epoch: number, seq: Seq) => void
  readonly #onSilent: () => void
  #line: Line | null = null
  #copies = 0
  #isSilent = false
  #asked: Asked[] = []
  #isWaiting = false

  /** `onSilent`: the replicas did not answer in time; they are asked again. */
  constructor(onConfirmed: (process: ProcessId, epoch: number, seq: Seq) => void, onSilent: () => void) {
    this.#onConfirmed = onConfirmed
    this.#onSilent = onSilent
  }

  /** How many replicas must have an entry; 0: nothing is waited for. */
  get copies(): number {
    return this.#copies
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  resume(line: Line, copies: number): void {
    this.#line = line
    this.#copies = copies
  }

  /** Nobody knows what the next line has: whoever waits is told no. */
  pause(): void {
    this.#line = null
    this.#isSilent = false
    for (const { answer } of this.#asked.splice(0)) answer(false)
  }

  /** True when every entry up to this one is confirmed; false when the line broke before. */
  confirmed(process: ProcessId, epoch: number, seq: Seq): Promise<boolean> {
    if (this.#copies === 0) return Promise.resolve(true)
    const line = this.#line
    if (!line) return Promise.resolve(false)
    return new Promise((answer) => {
      this.#asked.push({ process, epoch, seq, answer })
      if (!this.#isWaiting) void this.#run(line)
    })
  }

  async #run(line: Line): Promise<void> {
    this.#isWaiting = true
    // What is asked in the same turn goes together.
    await null
    while (this.#line === line && this.#asked.length > 0) {
      const count = this.#asked.length
      const isDone = await this.#ask(line, this.#asked).catch(() => false)
      if (this.#line !== line) break
      this.#isSilent = !isDone
      if (!isDone) this.#onSilent()
      else
        for (const { process, epoch, seq, answer } of this.#asked.splice(0, count)) {
          this.#onConfirmed(process, epoch, seq)
          answer(true)
        }
    }
    this.#isWaiting = false
    if (this.#line && this.#asked.length > 0) void this.#run(this.#line)
  }

  async #ask(line: Line, group: Asked[]): Promise<boolean> {
    const furthest = new Map<ProcessId, Asked>()
    for (const asked of group)
      if (asked.seq >= (furthest.get(asked.process)?.seq ?? 0)) furthest.set(asked.process, asked)
    const [, having] = await Promise.all([
      line.confirm('FCALL', FUNCTIONS.mark, 1, MARK),
      line.confirm('WAIT', this.#copies, WAIT_MS),
    ])
    if (Number(having) < this.#copies) return false
    const told = [...furthest.values()].map(({ process, epoch, seq }) => {
      const { heads, confirmed } = keysOf(process)
      return line.confirm('FCALL', FUNCTIONS.confirm, 2, heads, confirmed, epoch, seq)
    })
    await Promise.all(told)
    return true
  }
}

interface Asked {
  process: ProcessId
  epoch: number
  seq: Seq
  answer: (isConfirmed: boolean) => void
}

/** How many replicas must have an entry before it counts: what Redis itself asks for, else one when there is any. */
export async function copiesOf(line: Line): Promise<number> {
  const replication = String(await line.send('INFO', 'replication'))
  const replicas = Number(/connected_slaves:(\d+)/.exec(replication)?.[1] ?? 0)
  const config = await line.send('CONFIG', 'GET', 'min-replicas-to-write').catch(() => [])
  const asked = Number((config as Reply[])[1] ?? 0)
  return asked > 0 ? asked : Math.min(1, replicas)
}
