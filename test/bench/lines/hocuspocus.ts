import { type RawSocket, rawSocket } from '../raw-socket.ts'
import { addressOf, type Place } from './line.ts'
import { bodyAt, EMPTY_VECTOR, named, STEP_1, STEP_2, SYNC, SyncLine, syncMessage, UPDATE } from './sync.ts'

const AUTH = 2
const SYNC_STATUS = 8
const TOKEN = 0
const AUTHENTICATED = 2

/** Hocuspocus's frames: the document's name, then y-websocket's; acknowledges what it has in memory. */
export async function hocuspocusLine(place: Place): Promise<HocuspocusLine> {
  const socket = await rawSocket(`${place.url}/`, addressOf(place.index))
  const line = new HocuspocusLine(place, socket)
  await line.open()
  return line
}

class HocuspocusLine extends SyncLine {
  override readonly acknowledges = true
  readonly #socket: RawSocket
  readonly #name: Uint8Array
  readonly #sync: Uint8Array

  constructor(place: Place, socket: RawSocket) {
    super(place)
    this.#socket = socket
    this.#name = named(place.room)
    this.#sync = named(place.room, SYNC)
  }
  open(): Promise<void> {
    return new Promise((opened) => {
      const at = this.#name.length
      this.#socket.listen((message) => {
        if (message[at] === SYNC_STATUS) return this.saved()
        if (message[at] === AUTH && message[at + 1] === AUTHENTICATED)
          this.#socket.send(syncMessage(this.#sync, STEP_1, EMPTY_VECTOR))
        if (message[at] !== SYNC) return
        if (message[at + 1] === UPDATE) this.heard(bodyAt(message, at + 2))
        else if (message[at + 1] === STEP_2) {
          this.opened = bodyAt(message, at + 2)
          opened()
        }
      })
      // The token and the provider's version.
      this.#socket.send(Uint8Array.of(...named(this.place.room, AUTH, TOKEN), ...named('t'), ...named('4.8.0')))
    })
  }
  get bytes() {
    return this.#socket.bytes
  }
  get isOpen() {
    return this.#socket.isOpen
  }
  send(update: Uint8Array): void {
    this.#socket.send(syncMessage(this.#sync, UPDATE, update))
  }
  close(): void {
    this.#socket.close()
  }
}
