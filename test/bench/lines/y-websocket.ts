import { type RawSocket, rawSocket } from '../raw-socket.ts'
import { addressOf, type Place } from './line.ts'
import { bodyAt, EMPTY_VECTOR, STEP_1, STEP_2, SYNC, SyncLine, syncMessage, UPDATE } from './sync.ts'

const HEAD = Uint8Array.of(SYNC)

/** y-websocket's frames: a byte `sync`, a byte which, the body. Echoes, acknowledges nothing. */
export async function yWebsocketLine(place: Place): Promise<YWebsocketLine> {
  const socket = await rawSocket(`${place.url}/${place.room}`, addressOf(place.index))
  const line = new YWebsocketLine(place, socket)
  await line.open()
  return line
}

class YWebsocketLine extends SyncLine {
  readonly #socket: RawSocket

  constructor(place: Place, socket: RawSocket) {
    super(place)
    this.#socket = socket
  }
  open(): Promise<void> {
    return new Promise((opened) => {
      this.#socket.listen((message) => {
        if (message[0] !== SYNC) return
        if (message[1] === UPDATE) this.heard(bodyAt(message, 2))
        else if (message[1] === STEP_2) {
          this.opened = bodyAt(message, 2)
          opened()
        }
      })
      this.#socket.send(syncMessage(HEAD, STEP_1, EMPTY_VECTOR))
    })
  }
  get bytes() {
    return this.#socket.bytes
  }
  get isOpen() {
    return this.#socket.isOpen
  }
  send(update: Uint8Array): void {
    this.#socket.send(syncMessage(HEAD, UPDATE, update))
  }
  close(): void {
    this.#socket.close()
  }
}
