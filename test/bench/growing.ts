import type { Line } from './lines/line.ts'
import { string, uint } from './updates.ts'

/** A long history: single letters all over the text, so that nothing of it merges. */

/** Letters of one frame: as many pieces as the room lets pass without counting. */
const A_FRAME = 8
const PATIENCE_MS = 60_000
const NONE = -1
const STRING = 4
const HAS_RIGHT = 0x40
const HAS_LEFT = 0x80

export class Grower {
  readonly #line: Line
  #clock: number
  /** What stands right of each letter: another one, or nothing. */
  readonly #right: number[] = []
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
      if (this.#clock > this.#line.clock) this.#between(bytes)
      else if ('root' in anchor) {
        bytes.push(4, 1)
        string(bytes, anchor.root)
        this.#right.push(NONE)
      } else {
        bytes.push(HAS_LEFT | STRING)
        uint(bytes, anchor.client)
        uint(bytes, anchor.clock)
        this.#right.push(NONE)
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
  /** Behind one of the letters already there, before what stands right of it. */
  #between(bytes: number[]): void {
    const { client, clock: first } = this.#line
    const left = this.#draw()
    const right = this.#right[left - first] ?? NONE
    bytes.push(HAS_LEFT | STRING | (right === NONE ? 0 : HAS_RIGHT))
    uint(bytes, client)
    uint(bytes, left)
    if (right !== NONE) {
      uint(bytes, client)
      uint(bytes, right)
    }
    this.#right.push(right)
    this.#right[left - first] = this.#clock
  }
  /** One of the letters already there. */
  #draw(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0
    return this.#line.clock + Math.floor((this.#state / 2 ** 32) * (this.#clock - this.#line.clock))
  }
}
