import { type RawSocket, rawSocket } from '../raw-socket.ts'
import { addressOf, type Place } from './line.ts'
import { SyncLine } from './sync.ts'

/** The limit: bare `ws` that hands the bytes on, framed once. */
export async function bareWsLine(place: Place): Promise<SyncLine> {
  return new BareLine(place, await rawSocket(`${place.url}/${place.room}`, addressOf(place.index)))
}

class BareLine extends SyncLine {
  readonly #socket: RawSocket

  constructor(place: Place, socket: RawSocket) {
    super(place)
    this.#socket = socket
    socket.listen((message) => this.heard(message))
  }
  get bytes() {
    return this.#socket.bytes
  }
  get isOpen() {
    return this.#socket.isOpen
  }
  send(update: Uint8Array): void {
    this.#socket.send(update)
  }
  close(): void {
    this.#socket.close()
  }
}
