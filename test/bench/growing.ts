import type { Line } from './lines/line.ts'
import { string, uint } from './updates.ts'

/** A long history: single letters all over the text, so that nothing of it merges. */

/** Letters of one frame: as many pieces as the room lets pass without counting. */
const A_FRAME = 8
const PATIENCE_MS = 60_000

export class Grower {
  readonly #line: Line
  #clock: number
  #state = 7
  #saved = () => {}

  constructor(line: Line) {
    this.#line = line
    this.#clock = line.clock
    line.onSaved(() => this.#saved())
  }

  /** Resolves when the server has said of all of them that they are saved. */
  async grow(letters: number): Promise<void> {
    for (let rest = letters; rest > 0; rest -= A_FRAME) await this.#write(Math.min(A_FRAME, rest))
  }

  #write(count: number): Promise<void> {
    const { client, anchor } = this.#line
    const bytes: number[] = [1]
    uint(bytes, count)
    uint(bytes, client)
    uint(bytes, this.#clock)
    for (let letter = 0; letter < count; letter += 1) {
      if (this.#clock === this.#line.clock && 'root' in anchor) {
        bytes.push(4, 1)
        string(bytes, anchor.root)
      } else {
        bytes.push(0x84)
        const first = this.#clock === this.#line.clock && 'client' in anchor
        uint(bytes, first ? anchor.client : client)
        uint(bytes, first ? anchor.clock : this.#draw())
      }
      string(bytes, 'x')
      this.#clock += 1
    }
    bytes.push(0)
    return new Promise((saved, failed) => {
      const late = setTimeout(() => failed(new Error('a long history was not taken')), PATIENCE_MS)
      this.#saved = () => {
        clearTimeout(late)
        saved()
      }
      this.#line.send(Uint8Array.from(bytes))
    })
  }
  /** One of the letters already there. */
  #draw(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0
    return this.#line.clock + Math.floor((this.#state / 2 ** 32) * (this.#clock - this.#line.clock))
  }
}
