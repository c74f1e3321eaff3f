import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

/** The parts of a measurement, each in a process of its own, that answer questions of this one. */

const MAIN = join(import.meta.dirname, 'main.ts')
/** A part that does not answer within this hangs. */
const ANSWER_MS = 120_000

export type PartName = 'server' | 'peer-server' | 'crowd' | 'rooms' | 'reals'
type Answers = Record<string, (body: never) => Promise<unknown>>
interface Question {
  id: number
  ask: string
  body: unknown
}
interface Answer {
  id: number
  value?: unknown
  failed?: string
}

/** In a part: answers the parent's questions, and ends with it. */
export function listen(answers: Answers): void {
  process.on('message', ({ id, ask, body }: Question) => {
    const answer = answers[ask] as ((body: unknown) => Promise<unknown>) | undefined
    if (!answer) throw new Error(`no part answers ${ask}`)
    answer(body).then(
      (value) => process.send?.({ id, value } satisfies Answer),
      (cause: Error) => process.send?.({ id, failed: cause.stack ?? cause.message } satisfies Answer),
    )
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

export class Part {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { done(value: never): void; failed(cause: Error): void }>()
  #last = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: Answer | 'ready') => {
      if (message === 'ready') return
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (message.failed) waiting?.failed(new Error(message.failed))
      else waiting?.done(message.value as never)
    })
    child.on('exit', (code) => {
      for (const { failed } of this.#waiting.values()) failed(new Error(`a part ended with ${code}`))
      this.#waiting.clear()
    })
  }

  static async start(name: PartName, settings: object, flags: string[] = []): Promise<Part> {
    const child = fork(MAIN, [], {
      execArgv: flags,
      serialization: 'advanced',
      env: { ...process.env, BENCH_ROLE: name, BENCH_PART: JSON.stringify(settings) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const part = new Part(child)
    await new Promise<void>((ready, failed) => {
      child.once('message', () => ready())
      child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)))
    })
    return part
  }

  ask<T>(ask: string, body: unknown = null): Promise<T> {
    const id = ++this.#last
    return new Promise<T>((done, failed) => {
      const late = setTimeout(() => failed(new Error(`no answer to ${ask}`)), ANSWER_MS)
      const over =
        <A>(then: (argument: A) => void) =>
        (argument: A) => {
          clearTimeout(late)
          then(argument)
        }
      this.#waiting.set(id, { done: over(done), failed: over(failed) })
      this.#child.send({ id, ask, body } satisfies Question)
    })
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()))
    this.#child.kill('SIGKILL')
    await ended
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()))
    if (this.#child.connected) this.#child.disconnect()
    await ended
  }
}
