import type { AskId, TrackId } from '#shared/ids.ts'
import { type Down, decodeDown, encodeUp, type Opened, type Up } from '#shared/protocol/frames.ts'
import { PROTOCOL } from '#shared/protocol/version.ts'

/** What became of one attack. */
export interface Deeds {
  attack: string
  /** Frames that were sent. */
  sent: number
  /** Answers that took something in, refusals, and lines that the server ended or did not let in. */
  taken: number
  refused: number
  ended: number
}

const FULL = 1024 * 1024
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
const turn = () => new Promise((done) => setImmediate(done))
let last = 0
export const newAsk = () => `a${String(++last).padStart(21, '0')}` as AskId

/** One line with nothing of the room's client in it: it acknowledges what it gets and keeps nothing. */
export class Line {
  readonly deeds: Deeds
  readonly #socket: WebSocket
  readonly #asked = new Map<string, (answer: Down | null) => void>()
  isOpen = true
  #got = 0

  private constructor(socket: WebSocket, deeds: Deeds) {
    this.#socket = socket
    this.deeds = deeds
    socket.addEventListener('message', ({ data }) => this.#hear(data))
    socket.addEventListener('close', () => this.#end())
    socket.addEventListener('error', () => this.#end())
  }

  static async dial(url: string, token: string, deeds: Deeds): Promise<Line | null> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`)
    socket.binaryType = 'arraybuffer'
    const isOpen = await new Promise<boolean>((done) => {
      socket.addEventListener('open', () => done(true))
      socket.addEventListener('error', () => done(false))
    })
    if (!isOpen) {
      deeds.ended += 1
      return null
    }
    const line = new Line(socket, deeds)
    socket.send(Uint8Array.from([0, ...Buffer.from(JSON.stringify({ protocol: PROTOCOL, schema: 1, token }))]))
    return line
  }

  #hear(data: unknown): void {
    if (data === '2') this.#socket.send('3')
    if (!(data instanceof ArrayBuffer)) return
    const bytes = new Uint8Array(data)
    if (bytes[0] === 4) this.deeds.refused += 1
    const frame = decodeDown(bytes)
    if (!frame) return
    if (frame.frame === 'refused' || frame.frame === 'words-refused') this.deeds.refused += 1
    if (frame.frame === 'answered' || frame.frame === 'acked' || frame.frame === 'opened') this.deeds.taken += 1
    // Who does not acknowledge is closed after five seconds: that would be too easy.
    if (frame.frame === 'opened') this.#got = 0
    if (frame.frame === 'text') {
      this.#got += bytes.length
      this.send({ frame: 'got', channel: frame.channel, bytes: this.#got })
    }
    const ask = 'ask' in frame ? frame.ask : null
    if (!ask) return
    this.#asked.get(ask)?.(frame)
    this.#asked.delete(ask)
  }

  #end(): void {
    if (this.isOpen) this.deeds.ended += 1
    this.isOpen = false
    for (const answer of this.#asked.values()) answer(null)
  }

  send(frame: Up): void {
    this.raw(encodeUp(frame))
  }
  raw(message: Uint8Array<ArrayBuffer> | string): void {
    if (!this.isOpen) return
    this.deeds.sent += 1
    this.#socket.send(message)
  }
  ask(frame: (ask: AskId) => Up): Promise<Down | null> {
    const ask = newAsk()
    const answer = new Promise<Down | null>((done) => this.#asked.set(ask, done))
    this.send(frame(ask))
    return this.isOpen ? answer : Promise.resolve(null)
  }
  async open(track: TrackId): Promise<Opened | null> {
    const answer = await this.ask((ask) => ({ frame: 'open', ask, track }))
    return answer?.frame === 'opened' ? answer.opened : null
  }
  /** The network takes what it can. */
  async keepUp(): Promise<void> {
    await turn()
    while (this.isOpen && this.#socket.bufferedAmount > FULL) await pause(5)
  }
  close(): void {
    this.#socket.close()
  }
}
