import { randomBytes } from 'node:crypto'
import * as Y from 'yjs'
import { Flow } from '#client/room/flow.ts'
import { machineTime } from '#server/machine.ts'
import { type AskId, type BracketId, type LeafId, mintId, type TrackId } from '#shared/ids.ts'
import { type Down, decodeDown, encodeUp, type Opened, type Up } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import { PROTOCOL, SCHEMA } from '#shared/protocol/version.ts'
import { itemAt } from '#shared/text/leaf.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import { type RawSocket, rawSocket } from '../raw-socket.ts'
import type { Anchor } from '../updates.ts'
import { addressOf, type Line, type Place } from './line.ts'

const PATH = '/socket.io/?EIO=4&transport=websocket'
const CONNECT = 0
const CONNECT_ERROR = 4
const FIRST_FRAME = 16

/** Parley's frames. Who edits writes at the end of a clause, who suggests in a bracket of its own there. */
export async function parleyLine(place: Place): Promise<Line> {
  const wire = new Wire(await rawSocket(`${place.url}${PATH}`, addressOf(place.index)))
  await wire.greet(place.token)
  const answer = await wire.ask((ask) => ({ frame: 'open', ask, track: place.room as TrackId }))
  if (answer.frame !== 'opened') throw new Error(JSON.stringify(answer))
  const line = new ParleyLine(wire, answer.opened, answer.update)
  await line.takePlace(place.index, place.writes)
  return line
}

/** Socket.IO's handshake with Parley's parser, and questions with their answers. */
class Wire {
  readonly socket: RawSocket
  readonly #asked = new Map<AskId, (answer: Down) => void>()
  #early: [Down, number][] = []
  #hear: (frame: Down, size: number) => void = (frame, size) => this.#early.push([frame, size])

  constructor(socket: RawSocket) {
    this.socket = socket
  }
  /** Hands on what came meanwhile, and all that comes. */
  listen(hear: (frame: Down, size: number) => void): void {
    this.#hear = hear
    for (const [frame, size] of this.#early.splice(0)) hear(frame, size)
  }
  greet(token: string): Promise<void> {
    return new Promise((welcomed, refused) => {
      this.socket.onClosed(() => refused(new Error('the line was closed')))
      this.socket.listen((message, isText) => {
        if (isText) return this.#engine(message.toString('latin1'), token)
        if ((message[0] ?? 0) < FIRST_FRAME) {
          if (message[0] === CONNECT_ERROR) refused(new Error(message.toString('utf8', 1)))
          return
        }
        const frame = decodeDown(message)
        if (!frame) throw new Error('the server sent what is no frame')
        if (frame.frame === 'welcome') welcomed()
        if (frame.frame === 'bye') refused(new Error(`sent away: ${JSON.stringify(frame.refusal)}`))
        if ('ask' in frame && frame.ask) this.#asked.get(frame.ask)?.(frame)
        this.#hear(frame, message.length)
      })
    })
  }
  #engine(text: string, token: string): void {
    if (text[0] === '2') this.socket.send('3')
    if (text[0] !== '0') return
    const auth = JSON.stringify({ protocol: PROTOCOL, schema: SCHEMA, token })
    this.socket.send(Buffer.concat([Buffer.of(CONNECT), Buffer.from(auth)]))
  }
  ask(frame: (ask: AskId) => Up): Promise<Down> {
    const ask = mintId<AskId>(randomBytes(22))
    return new Promise((answered) => {
      this.#asked.set(ask, (answer) => {
        this.#asked.delete(ask)
        answered(answer)
      })
      this.send(frame(ask))
    })
  }
  send(frame: Up): void {
    this.socket.send(encodeUp(frame))
  }
}

class ParleyLine implements Line {
  readonly acknowledges = true
  readonly oneAtATime = true
  readonly opened: Uint8Array
  readonly client: number
  readonly clock: number
  anchor: Anchor = { root: '' }
  root = ''
  readonly #wire: Wire
  readonly #text: Opened
  readonly #flow: Flow
  #number: number
  #early: Uint8Array[] = []
  #heard: (update: Uint8Array) => void = (update) => this.#early.push(update)
  #saved: () => void = () => {}

  constructor(wire: Wire, opened: Opened, update: Uint8Array) {
    this.#wire = wire
    this.#text = opened
    this.opened = update
    this.client = opened.lane.client
    this.clock = opened.lane.clock
    this.#number = opened.lane.number
    const { channel } = opened
    this.#flow = new Flow(machineTime, (bytes) => wire.send({ frame: 'got', channel, bytes }))
    wire.listen((frame, size) => this.#hear(frame, size))
  }

  async takePlace(index: number, writes: boolean): Promise<void> {
    const structure = unpack(this.#text.structure) as unknown as StructureView
    const clauses = structure.articles.flatMap((article) => article.clauses)
    const clause = clauses[index % clauses.length] as ClauseView
    this.root = clause.leaf
    if (!writes && this.#text.level !== 'edit') return
    const doc = new Y.Doc()
    Y.applyUpdate(doc, this.opened)
    const host = doc.getText(clause.leaf)
    const end = itemAt(host, host.length)
    if (this.#text.level === 'edit') {
      this.anchor = end ?? { root: clause.leaf }
      return
    }
    const bracket = mintId<BracketId>(randomBytes(22))
    const answer = await this.#wire.ask((ask) => ({
      frame: 'act',
      ask,
      command: {
        type: 'OpenBracket',
        track: this.#text.track,
        clause: clause.id,
        bracket,
        host: clause.leaf as LeafId,
        kind: 'insert',
        after: end,
      },
    }))
    if (answer.frame !== 'answered') throw new Error(JSON.stringify(answer))
    this.anchor = { root: bracket }
    this.root = bracket
  }

  get bytes() {
    return this.#wire.socket.bytes
  }
  get isOpen() {
    return this.#wire.socket.isOpen
  }
  send(update: Uint8Array): void {
    this.#wire.send({ frame: 'words', channel: this.#text.channel, number: this.#number, update })
  }
  onUpdate(listener: (update: Uint8Array) => void): void {
    this.#heard = listener
    for (const update of this.#early.splice(0)) listener(update)
  }
  onSaved(listener: () => void): void {
    this.#saved = listener
  }
  close(): void {
    this.#flow.end()
    this.#wire.socket.close()
  }

  #hear(frame: Down, size: number): void {
    if (frame.frame === 'text') {
      if (frame.update) this.#heard(frame.update)
      this.#flow.applied(size)
    } else if (frame.frame === 'acked' && frame.number === this.#number) {
      this.#number += 1
      this.#saved()
    } else if (frame.frame === 'words-refused' || frame.frame === 'bye') {
      throw new Error(`${frame.frame}: ${JSON.stringify(frame.refusal)}`)
    }
  }
}
