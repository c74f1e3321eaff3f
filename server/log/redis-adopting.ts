import { randomBytes } from 'node:crypto'
import type { ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Gathered, Nursery, Piece } from './adopting.ts'
import { LogUnavailable, type NotAdopted } from './log.ts'
import type { Reply } from './master.ts'
import { type Reason, reasonOf } from './redis-appends.ts'
import { FUNCTIONS, keysOf, PROCESSES } from './redis-functions.ts'
import type { Line } from './redis-link.ts'
import { hexOf, packSegment } from './segments.ts'

/** What nobody finished is gone after this. */
const KEPT_S = 24 * 60 * 60

export interface AdoptingPorts {
  /** Runs at a line; throws when there is none. */
  writing(write: (line: Line) => Promise<Reply>): Promise<Reply>
  confirmed(process: ProcessId, epoch: number, seq: number): Promise<boolean>
}

/** Pieces wait in a stream of their own beside the process's; one function puts that in the place of its segments. */
export class RedisNursery implements Nursery {
  readonly #process: ProcessId
  readonly #ports: AdoptingPorts
  readonly #key: string
  /** Why a piece was not taken: `finish` says so. */
  #refused: Reason | null = null

  constructor(process: ProcessId, ports: AdoptingPorts) {
    this.#process = process
    this.#ports = ports
    this.#key = keysOf(process).adopting(randomBytes(12).toString('base64url'))
  }

  async add({ first, last, entries }: Piece): Promise<void> {
    if (this.#refused) throw new LogUnavailable('Redis takes no more. Nothing of the process is there.')
    const packed = Buffer.from(await packSegment(entries))
    try {
      await this.#ports.writing(async (line) => {
        await line.send('XADD', this.#key, `${first}-${last}`, 'p', packed)
        return line.send('EXPIRE', this.#key, KEPT_S)
      })
    } catch (cause) {
      this.#refused = reasonOf(cause)
      if (!this.#refused)
        throw new LogUnavailable('Redis did not take all of the process. Nothing of it is there.', { cause })
    }
  }

  async finish(gathered: Gathered, keys: ReadonlyMap<string, Uint8Array>): Promise<Outcome<null, NotAdopted>> {
    if (this.#refused) return refuse({ code: 'unavailable', reason: this.#refused })
    const { heads, sealed, snapshots, keys: kept } = keysOf(this.#process)
    const { seq, events, at, chain, documents, lanes } = gathered
    const fields = [
      ...[...documents].flatMap(([document, head]) => [`d ${document}`, `${head}`]),
      ...[...lanes.values()].flatMap(({ document, client, state: { number, clock, owner } }) => [
        `l ${document} ${client}`,
        `${number} ${clock} ${owner}`,
      ]),
    ]
    const secrets = [...keys].flatMap(([key, secret]) => [key, Buffer.from(secret).toString('hex')])
    const what = JSON.stringify({ seq, events, at, chain: hexOf(chain), fields, secrets })
    let epoch: number
    try {
      const reply = await this.#ports.writing(async (line) => {
        await line.send('SADD', PROCESSES, this.#process)
        return line.send('FCALL', FUNCTIONS.adopt, 5, heads, this.#key, sealed, snapshots, kept, what)
      })
      epoch = Number(reply)
    } catch (cause) {
      const reason = reasonOf(cause)
      if (reason) return refuse({ code: 'unavailable', reason })
      throw new LogUnavailable('The line to Redis broke: the process may be there or not.', { cause })
    }
    if (epoch === 0) return refuse({ code: 'not-empty' })
    if (await this.#ports.confirmed(this.#process, epoch, seq)) return ok(null)
    throw new LogUnavailable('The line to Redis broke before its replicas had the process.')
  }

  async abandon(): Promise<void> {
    await this.#ports.writing((line) => line.send('DEL', this.#key)).catch(() => undefined)
  }
}
