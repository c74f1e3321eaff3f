import { Worker } from 'node:worker_threads'
import type { AnnexKind } from '#shared/domain/process.ts'
import { type Hash, parseHash } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { type FileRefusal, refusedFile } from '../texts/file-refused.ts'

export type Job = { job: number; bytes: Uint8Array } & ({ task: 'read'; title: string } | { task: 'examine' })
export type Told =
  | { job: number; text: Uint8Array }
  | { job: number; kind: AnnexKind; hash: string }
  | { job: number; refusal: FileRefusal }

/** Files that are read, or wait to be, in a thread of their own. Refused `too-fast` while too many wait. */
export interface FileThread {
  /** A document as JSON of `ReadText`, in UTF-8. */
  read(bytes: Uint8Array, title: string): Promise<Outcome<Uint8Array, Refusal>>
  /** What an annex is, and its hash. Refused when it is none, or does more than show. */
  examine(bytes: Uint8Array): Promise<Outcome<{ kind: AnnexKind; hash: Hash }, Refusal>>
  close(): Promise<void>
}

/** A document of 200 pages takes a second; one of 20,000 paragraphs, five. */
const LONGEST_MS = 20_000
/** Each waits for those before it. */
const MAX_WAITING = 8
const AGAIN_MS = 5_000
/** The largest part that is unpacked, as text and as paragraphs. */
const MEMORY = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 64 }
/** A thread that has nothing to read for this long is given back. */
const IDLE_MS = 60_000

/** One at a time: made when the first file comes, ended when none came for a while. */
export function openFileThread(): FileThread {
  const thread = new Thread()
  return {
    async read(bytes, title) {
      const told = await thread.ask((job) => ({ job, task: 'read', bytes, title }))
      if (!told.ok) return told
      return 'text' in told.value ? ok(told.value.text) : refusedFile('too-hard')
    },
    async examine(bytes) {
      const told = await thread.ask((job) => ({ job, task: 'examine', bytes }))
      if (!told.ok) return told
      const hash = 'hash' in told.value ? parseHash(told.value.hash) : null
      return 'kind' in told.value && hash ? ok({ kind: told.value.kind, hash }) : refusedFile('too-hard')
    },
    close: () => thread.close(),
  }
}

type Answer = Exclude<Told, { refusal: FileRefusal }>

class Thread {
  #worker: Worker | null = null
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #jobs = 0
  #idle: NodeJS.Timeout | undefined

  async ask(make: (job: number) => Job): Promise<Outcome<Answer, Refusal>> {
    if (this.#waiting >= MAX_WAITING) return refuse({ code: 'too-fast', retryAfterMs: AGAIN_MS })
    this.#waiting += 1
    clearTimeout(this.#idle)
    const answer = this.#last.then(() => this.#now(make(++this.#jobs)))
    this.#last = answer.catch(() => undefined)
    try {
      return await answer
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref()
    }
  }

  /** Whatever the file does to the thread, the answer is a refusal. */
  #now(job: Job): Promise<Outcome<Answer, Refusal>> {
    const worker = this.#thread()
    return new Promise((resolve) => {
      const done = (outcome: Outcome<Answer, Refusal>): void => {
        clearTimeout(late)
        worker.off('message', told).off('exit', broken)
        resolve(outcome)
      }
      const told = (said: Told): void => {
        if (said.job === job.job) done('refusal' in said ? refuse(said.refusal) : ok(said))
      }
      const broken = (): void => {
        if (this.#worker === worker) this.#worker = null
        void worker.terminate()
        done(refusedFile('too-hard'))
      }
      const late = setTimeout(broken, LONGEST_MS)
      worker.on('message', told).on('exit', broken)
      // Memory of its own goes along: what is a part of a pool would take others' bytes with it.
      const bytes = new Uint8Array(job.bytes)
      worker.postMessage({ ...job, bytes }, [bytes.buffer])
    })
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./file-worker.ts', import.meta.url), { resourceLimits: MEMORY })
    // What it died of is in its exit: a file that takes all memory is refused like any other.
    worker.on('error', () => undefined)
    worker.unref()
    this.#worker = worker
    return worker
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }
}
