import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Instant, instant, type ProcessId } from '#shared/ids.ts'
import { refuse } from '#shared/outcome.ts'
import { type Health, LogDamaged } from './log.ts'
import { lockLog, Mark, RESERVE_BYTES, Reserve } from './sqlite-files.ts'
import type { Answer, FromWriter, Job, ToWriter, WriterOptions } from './sqlite-messages.ts'
import { openSound } from './sqlite-open.ts'
import { numberOf } from './sqlite-schema.ts'
import { Store } from './sqlite-store.ts'

/** The writer's thread: the only one that commits. What waits when it comes round is one transaction. */

type Reason = Extract<Health, { state: 'not-writable' }>['reason']

const UNLIMITED_PAGES = 4_294_967_294
/** More than one update may be: when this much can be written, the next append can. */
const PROBE_BYTES = 256 * 1024

class Writer {
  readonly #options: WriterOptions
  readonly #send: (message: FromWriter) => void
  readonly #lock
  readonly #reserve: Reserve
  readonly #mark: Mark
  readonly #database
  readonly #store: Store
  #health: Health = { state: 'writable' }
  #ready = false
  #pageLimit = UNLIMITED_PAGES
  #probing: NodeJS.Timeout | null = null
  #sealing: Promise<void> | null = null

  constructor(options: WriterOptions, send: (message: FromWriter) => void) {
    const { file } = options
    this.#options = options
    this.#send = send
    mkdirSync(dirname(file), { recursive: true })
    this.#lock = lockLog(file)
    this.#reserve = new Reserve(file)
    this.#database = this.#openOrMakeRoom(file)
    this.#store = new Store(this.#database)
    this.#mark = new Mark(file)
    this.#probe()
    this.#ready = true
    send({ type: 'ready', latest: this.#store.latest, health: this.#health })
  }

  take(messages: ToWriter[]): void {
    let waiting: Job[] = []
    let now = instant(0)
    for (const message of messages) {
      if (message.type === 'jobs') {
        waiting.push(...message.jobs)
        now = message.now ?? instant(Date.now())
        continue
      }
      this.#write(waiting, now)
      waiting = []
      if (message.type === 'restrict') this.#restrict(message)
      else void this.#close()
    }
    this.#write(waiting, now)
  }

  /** Writes all of `jobs` in one transaction and answers; when that fails, the narrowing ones again with the reserve. */
  #write(jobs: Job[], now: Instant): void {
    if (jobs.length === 0) return
    const answers: Answer[] = []
    const health = this.#health
    if (health.state === 'not-writable') {
      for (const job of jobs)
        answers.push(isNarrowing(job) ? this.#writeNarrowing(job, now) : unavailable(job, health.reason))
    } else {
      const reason = this.#transaction(now, () => {
        for (const job of jobs) answers.push({ id: job.id, outcome: this.#store.run(job) })
      })
      if (reason) {
        answers.length = 0
        for (const job of jobs)
          answers.push(isNarrowing(job) ? this.#writeNarrowing(job, now) : unavailable(job, reason))
        this.#setHealth({ state: 'not-writable', reason })
      } else if (jobs.some(({ type }) => type === 'erase-key')) this.#emptyJournal()
    }
    this.#send({ type: 'answers', answers })
    this.#sealNext(new Set(jobs.map(({ process }) => process)))
  }

  #writeNarrowing(job: Job, now: Instant): Answer {
    let answer: Answer | null = null
    const attempt = () =>
      this.#transaction(now, () => {
        answer = { id: job.id, outcome: this.#store.run(job) }
      })
    const reason = attempt() === null ? null : this.#withReserve(attempt)
    return reason === null && answer ? answer : unavailable(job, reason ?? 'unavailable')
  }

  #withReserve(attempt: () => Reason | null): Reason | null {
    this.#reserve.release()
    this.#limitPages(this.#pageLimit + RESERVE_BYTES / numberOf(this.#database, 'PRAGMA page_size'))
    const reason = attempt()
    this.#limitPages(this.#pageLimit)
    return reason
  }

  /** Null when durable; else why not, with nothing changed. Throws what cannot pass by itself: then this thread ends. */
  #transaction(now: Instant, write: () => void): Reason | null {
    try {
      this.#store.begin(now)
      write()
      this.#mark.write(this.#store.commit())
      return null
    } catch (error) {
      const reason = this.#reasonOf(error)
      this.#store.rollback()
      return reason
    }
  }

  #reasonOf(error: unknown): Reason {
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
    // After a failed fsync nobody knows what is on the disk (SQLITE_IOERR_FSYNC): only opening again tells.
    if (code === 1034) throw error
    switch (code & 0xff) {
      case 13:
        return 'disk-full'
      case 8:
        return 'read-only'
      case 10:
      case 14:
        return this.#reasonOfDisk()
      case 5:
      case 7:
        return 'unavailable'
      default:
        throw error
    }
  }

  /** Asks the file system why, when SQLite only says that writing failed. */
  #reasonOfDisk(): Reason {
    try {
      this.#reserve.release()
      this.#reserve.hold()
      return 'unavailable'
    } catch (error) {
      return reasonOfFiles(error)
    }
  }

  #setHealth(health: Health): void {
    const before = this.#health
    this.#health = health
    if (this.#ready && JSON.stringify(before) !== JSON.stringify(health)) this.#send({ type: 'health', health })
    if (health.state === 'writable') {
      if (this.#probing) clearInterval(this.#probing)
      this.#probing = null
    } else {
      this.#probing ??= setInterval(() => this.#probe(), this.#options.probeMs)
    }
  }

  /** Tries to hold the reserve and to write more than an append needs. */
  #probe(): void {
    let reason: Reason | null = null
    try {
      this.#reserve.hold()
    } catch (error) {
      reason = reasonOfFiles(error)
    }
    reason ??= this.#transaction(instant(0), () => this.#store.probe(PROBE_BYTES))
    reason ??= this.#transaction(instant(0), () => this.#store.clearProbe())
    this.#setHealth(reason ? { state: 'not-writable', reason } : { state: 'writable' })
  }

  #openOrMakeRoom(file: string) {
    try {
      return openSound(file)
    } catch (error) {
      if (error instanceof LogDamaged || !this.#reserve.release()) throw error
      return openSound(file)
    }
  }

  /** Seals one segment at a time; it is put in place by the next turn of this thread. */
  #sealNext(processes: Set<ProcessId>): void {
    if (this.#sealing || this.#health.state !== 'writable') return
    const due = this.#store.dueForSealing(processes)
    if (due) this.#sealing = this.#seal(due)
  }

  async #seal(process: ProcessId): Promise<void> {
    const sealed = await this.#store.pack(process)
    const reason = sealed ? this.#transaction(instant(0), () => this.#store.seal(sealed)) : null
    if (reason) this.#setHealth({ state: 'not-writable', reason })
    this.#sealing = null
    this.#sealNext(new Set([process]))
  }

  #restrict({ id, to }: Extract<ToWriter, { type: 'restrict' }>): void {
    this.#pageLimit = to === 'disk-full' ? numberOf(this.#database, 'PRAGMA page_count') : UNLIMITED_PAGES
    this.#limitPages(this.#pageLimit)
    this.#database.exec(`PRAGMA query_only = ${to === 'read-only' ? 'ON' : 'OFF'}`)
    this.#send({ type: 'answers', answers: [{ id, outcome: { ok: true, value: null } }] })
  }

  #limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${Math.min(pages, UNLIMITED_PAGES)}`)
  }

  /** Moves the journal into the file and cuts it. What the disk has no room for stays in the journal, as durable as before. */
  #emptyJournal(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      this.#reasonOf(error)
    }
  }

  async #close(): Promise<void> {
    if (this.#probing) clearInterval(this.#probing)
    while (this.#sealing) await this.#sealing
    this.#emptyJournal()
    this.#database.close()
    this.#mark.close()
    this.#lock.close()
    this.#send({ type: 'closed' })
  }
}

const isNarrowing = (job: Job): boolean => job.type === 'append' && job.narrowing
const unavailable = ({ id }: Job, reason: Reason): Answer => ({ id, outcome: refuse({ code: 'unavailable', reason }) })

/** What the file system's own answers mean: no room (or no more allowed), or no right to write. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM'])

function reasonOfFiles(error: unknown): Reason {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (FULL.has(code)) return 'disk-full'
  return READ_ONLY.has(code) ? 'read-only' : 'unavailable'
}

function serve(port: MessagePort, options: WriterOptions): void {
  try {
    const writer = new Writer(options, (message) => port.postMessage(message))
    port.on('message', (first: ToWriter) => {
      const messages = [first]
      for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) messages.push(more.message)
      writer.take(messages)
    })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const sentence = error instanceof LogDamaged ? error.message : `${options.file} cannot be opened: ${error.message}.`
    port.postMessage({ type: 'damaged', sentence, cause: error.stack ?? '' } satisfies FromWriter)
  }
}

if (!isMainThread && parentPort) serve(parentPort, workerData)
