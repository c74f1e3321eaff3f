import { LogUnavailable } from './log.ts'
import { type Client, clockOf, findMaster, newClient, PAST, type Reply } from './master.ts'
import { FUNCTIONS, LIBRARY, SOURCE, STORE } from './redis-functions.ts'

type Argument = string | Buffer | number

/** A line on which nothing came for this long is cut: one that hangs must not hold up a room. */
const SILENT_MS = 2_000
const BEAT_MS = 500
const FIRST_RETRY_MS = 20
const LONGEST_RETRY_MS = 1_000
/** XREAD comes back at least this often, so that a line that hears nothing is told from a quiet one. */
export const BLOCK_MS = 500

/** Three lines to the Redis that is master now: for commands, for waiting for entries, and for waiting for replicas. */
export interface Line {
  /** Another number: another Redis than before, or one that was started again. */
  readonly generation: number
  send(...args: Argument[]): Promise<Reply>
  /** On the line of its own: others wait behind it. */
  wait(...args: Argument[]): Promise<Reply>
  /** On a third line: others wait behind it for replicas. */
  confirm(...args: Argument[]): Promise<Reply>
  /** Ends a `wait` that is under way. */
  wake(): Promise<boolean>
}

export interface LinkOptions {
  /** Addresses of one Redis and its replicas: the one that is master is used. */
  urls: string[]
  /** A new line stands. What it needs first; when it throws, the line is given up. */
  onUp(line: Line): Promise<void>
  /** No line stands any more. */
  onDown(cause: unknown): void
  /** The store's clock, in milliseconds; asked with every beat. */
  onClock(ms: number): void
}

/** Keeps a line to the master for as long as it is open: finds it, watches it, and takes up another when it breaks. */
export class Link {
  readonly #options: LinkOptions
  #clients: Client[] = []
  /** Their numbers at the server: a line that is given up is ended there too, so that nothing late is taken from it. */
  #numbers: number[] = []
  #line: Line | null = null
  #waiting = new Set<() => void>()
  #isOpen = true
  /** The highest generation of Redis's content that was met: one of less is a past that was left. */
  #generation = 0

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** The line; null while there is none. */
  get line(): Line | null {
    return this.#line
  }

  /** Waits at most `ms` for a line. Throws LogUnavailable. */
  async soon(ms: number): Promise<Line> {
    if (this.#line) return this.#line
    await new Promise<void>((done) => {
      const stop = () => {
        clearTimeout(late)
        this.#waiting.delete(stop)
        done()
      }
      const late = setTimeout(stop, ms)
      this.#waiting.add(stop)
    })
    if (!this.#line) throw new LogUnavailable('Redis cannot be reached.')
    return this.#line
  }

  /** One attempt. Throws with the reason. */
  async connect(): Promise<void> {
    const { redis, url, clock } = await findMaster(this.#options.urls, this.#generation)
    const [waiting, confirming] = [newClient(url), newClient(url)]
    const clients = [redis, waiting, confirming]
    try {
      await Promise.all([waiting.connect(), confirming.connect()])
      await loadFunctions(redis)
      const numbers = await Promise.all(
        clients.map(async (client) => Number(await client.sendCommand(['CLIENT', 'ID']))),
      )
      for (const number of this.#numbers) await redis.sendCommand(['CLIENT', 'KILL', 'ID', `${number}`])
      this.#numbers = numbers
      this.#clients = clients
      this.#generation = Number(await redis.sendCommand(['FCALL', FUNCTIONS.generation, '1', STORE]))
      this.#options.onClock(clock)
      const line = lineOf(clients, numbers[1] ?? 0, this.#generation)
      for (const one of this.#clients) {
        one.on('error', (cause) => this.#drop(line, cause))
        one.on('end', () => this.#drop(line, new LogUnavailable('Redis closed the line.')))
      }
      await this.#options.onUp(line)
      if (!this.#isOpen || clients.some(({ isReady }) => !isReady)) throw new LogUnavailable('The line broke at once.')
      this.#line = line
      for (const stop of [...this.#waiting]) stop()
      void this.#beat(line, redis)
    } catch (cause) {
      for (const one of clients) if (one.isOpen) one.destroy()
      throw cause
    }
  }

  /** Gives up the line, if it is this one, and looks for another. */
  drop(line: Line, cause: unknown): void {
    this.#drop(line, cause)
  }

  close(): void {
    this.#isOpen = false
    this.#line = null
    for (const client of this.#clients) if (client.isOpen) client.destroy()
    for (const stop of [...this.#waiting]) stop()
  }

  #drop(line: Line, cause: unknown): void {
    if (this.#line !== line) return
    this.#line = null
    for (const client of this.#clients) if (client.isOpen) client.destroy()
    this.#options.onDown(cause)
    void this.#again()
  }

  async #again(): Promise<void> {
    for (let pause = FIRST_RETRY_MS; this.#isOpen; pause = Math.min(2 * pause, LONGEST_RETRY_MS)) {
      await new Promise((done) => setTimeout(done, pause))
      if (!this.#isOpen) return
      try {
        await this.connect()
        return
      } catch (cause) {
        this.#options.onDown(cause)
      }
    }
  }

  async #beat(line: Line, client: Client): Promise<void> {
    while (this.#line === line) {
      const late = setTimeout(() => this.#drop(line, new LogUnavailable('Redis does not answer.')), SILENT_MS)
      try {
        const [clock, generation] = await Promise.all([
          client.sendCommand(['TIME']),
          client.sendCommand(['HGET', STORE, 'generation']),
        ])
        if (Number(generation) < this.#generation) this.#drop(line, new LogUnavailable(PAST))
        else this.#options.onClock(clockOf(clock as unknown as Reply))
      } catch (cause) {
        this.#drop(line, cause)
      } finally {
        clearTimeout(late)
      }
      await new Promise((done) => setTimeout(done, BEAT_MS))
    }
  }
}

function lineOf(clients: Client[], number: number, generation: number): Line {
  const on =
    (client: Client | undefined) =>
    async (...args: Argument[]): Promise<Reply> =>
      (await client?.sendCommand(args.map((one) => (typeof one === 'number' ? `${one}` : one)))) as unknown as Reply
  const [send, wait, confirm] = [on(clients[0]), on(clients[1]), on(clients[2])]
  const patiently = (...args: Argument[]): Promise<Reply> => inTime(wait(...args), BLOCK_MS + SILENT_MS)
  return {
    generation,
    send,
    wait: patiently,
    confirm,
    wake: async () => Number(await send('CLIENT', 'UNBLOCK', number)) === 1,
  }
}

/** The line that waits is watched as the others are: one that hangs alone would leave this node without entries. */
async function inTime<T>(asked: Promise<T>, ms: number): Promise<T> {
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, fail) => {
    late = setTimeout(() => fail(new LogUnavailable('Redis does not answer.')), ms)
  })
  try {
    return await Promise.race([asked, tooLate])
  } finally {
    clearTimeout(late)
  }
}

async function loadFunctions(client: Client): Promise<void> {
  const found = (await client.sendCommand([
    'FUNCTION',
    'LIST',
    'LIBRARYNAME',
    LIBRARY,
    'WITHCODE',
  ])) as unknown as Reply[]
  const library = found[0] as Reply[] | undefined
  const code = library && String(library[library.findIndex((one) => String(one) === 'library_code') + 1])
  if (code !== SOURCE) await client.sendCommand(['FUNCTION', 'LOAD', 'REPLACE', SOURCE])
}
