import type { Command } from '#shared/domain/commands.ts'
import { type AskId, mintId } from '#shared/ids.ts'
import type { Look, Shown } from '#shared/protocol/frames.ts'
import type { Random } from '#shared/world.ts'
import { type Answer, type Asking, Asks } from './asks.ts'
import { Refused } from './room.ts'

/** The room's questions: each is sent while there is a line, and answered once. */
export class Asker {
  readonly asks = new Asks()
  readonly #random: Random
  readonly #ports: { isLive(): boolean; send(frame: Asking): void }

  constructor(random: Random, ports: { isLive(): boolean; send(frame: Asking): void }) {
    this.#random = random
    this.#ports = ports
  }

  act(command: Command): Promise<{ made: string[] }> {
    return this.#asked<{ made: string[] }>(
      (ask) => ({ frame: 'act', ask, command }),
      (done) => ({ answered: (made) => done({ made }) }),
    )
  }
  look(look: Look): Promise<Shown> {
    return this.#asked<Shown>(
      (ask) => ({ frame: 'look', ask, look }),
      (done) => ({ shown: done }),
    )
  }
  /** Commands are never queued offline: what is asked without a line is refused at once. */
  #asked<T>(frame: (ask: AskId) => Asking, taker: (done: (value: T) => void) => Omit<Answer, 'refused'>): Promise<T> {
    if (!this.#ports.isLive()) return Promise.reject(new Refused({ code: 'unanswered' }))
    return new Promise((resolve, reject) => {
      this.put(frame(this.mint()), { ...taker(resolve), refused: (refusal) => reject(new Refused(refusal)) })
    })
  }
  put(frame: Asking, answer: Answer, once = false): void {
    this.asks.put(frame, answer, once)
    if (this.#ports.isLive()) this.#ports.send(frame)
  }
  mint(): AskId {
    return mintId<AskId>(this.#random.bytes(22))
  }
}
