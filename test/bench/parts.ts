import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The parts of a measurement, each in a process of its own, that answer questions of this one. */

const MAIN = join(import.meta.dirname, 'main.ts')
/** A part that does not answer within this hangs. */
const ANSWER_MS = 120_000

export type PartName = 'server' | 'crowd' | 'rooms' | 'seats'
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

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()))
    if (this.#child.connected) this.#child.disconnect()
    await ended
  }
}

/** A started process file: a token for each seat. */
export interface Talks {
  process: string
  tokens: Record<string, string>
}

/** The room in a process of its own, with a data folder that is removed at the end. */
export class MeasuredServer {
  readonly url: string
  readonly part: Part
  readonly #folder: string
  readonly #crowd: Part[] = []

  private constructor(url: string, part: Part, folder: string) {
    this.url = url
    this.part = part
    this.#folder = folder
  }

  static async start(
    options: { profile?: string | undefined; client?: string | undefined } = {},
  ): Promise<MeasuredServer> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
    const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : []
    const part = await Part.start('server', { folder, client: options.client }, ['--expose-gc', ...profile])
    return new MeasuredServer(await part.ask<string>('address'), part, folder)
  }

  async talks(file: unknown, seats?: string[]): Promise<Talks> {
    const { process, codes } = await this.part.ask<{ process: string; codes: Record<string, string> }>('start', file)
    const tokens: Record<string, string> = {}
    for (const seat of seats ?? Object.keys(codes)) tokens[seat] = await this.#redeem(codes[seat] ?? '')
    return { process, tokens }
  }

  /** At the rate that the server lets one address knock. */
  async #redeem(code: string): Promise<string> {
    for (;;) {
      const response = await fetch(`${this.url}/api/invitations/redeem`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      })
      if (response.status === 200) return ((await response.json()) as { token: string }).token
      if (response.status !== 429) throw new Error(`not redeemed: ${response.status} ${await response.text()}`)
      await response.body?.cancel()
      await new Promise((done) => setTimeout(done, 1_000))
    }
  }

  /** Load for this server, ended with it. */
  async load(name: PartName, settings: object): Promise<Part> {
    const part = await Part.start(name, { url: this.url, ...settings })
    this.#crowd.push(part)
    return part
  }

  async end(): Promise<void> {
    await Promise.all(this.#crowd.map((part) => part.end()))
    await this.part.ask('end').catch(() => undefined)
    await this.part.end()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
