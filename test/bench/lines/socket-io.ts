import { type RawSocket, rawSocket } from '../raw-socket.ts'
import { addressOf, type Place } from './line.ts'
import { EMPTY_VECTOR, SyncLine } from './sync.ts'

/** Socket.IO's own parser: a text frame that announces, then the bytes in a frame of their own. */

const PATH = '/socket.io/?EIO=4&transport=websocket'

/** Engine.IO's and Socket.IO's handshake into a namespace; then `hear` is told each event's text with its bytes. */
async function enter(
  place: Place,
  namespace: string,
  hear: (text: string, bytes: Buffer, socket: RawSocket) => void,
): Promise<RawSocket> {
  const socket = await rawSocket(`${place.url}${PATH}`, addressOf(place.index))
  let announced: string | null = null
  await new Promise<void>((entered) => {
    socket.listen((message, isText) => {
      if (!isText) {
        if (announced !== null) hear(announced, message, socket)
        announced = null
        return
      }
      const text = message.toString('latin1')
      if (text[0] === '2') socket.send('3')
      else if (text[0] === '0') socket.send(`40${namespace}`)
      else if (text.startsWith('40')) entered()
      else if (text.startsWith('45') || text.startsWith('46')) announced = text
    })
  })
  return socket
}

/** Each update is announced by the same text. */
abstract class SocketIoLine extends SyncLine {
  protected socket: RawSocket | null = null
  protected abstract readonly announcement: string

  get bytes() {
    return this.socket?.bytes ?? { up: 0, down: 0 }
  }
  get isOpen() {
    return this.socket?.isOpen === true
  }
  send(update: Uint8Array): void {
    this.socket?.send(this.announcement)
    this.socket?.send(update)
  }
  close(): void {
    this.socket?.close()
  }
}

/** y-socket.io: a namespace for each document, one event for words. Echoes, acknowledges nothing. */
export async function ySocketIoLine(place: Place): Promise<SyncLine> {
  return new YSocketIoLine(place).open()
}

class YSocketIoLine extends SocketIoLine {
  readonly #namespace = `/yjs|${this.place.room},`
  protected readonly announcement = `451-${this.#namespace}["sync-update",{"_placeholder":true,"num":0}]`

  async open(): Promise<this> {
    let opened = () => {}
    const done = new Promise<void>((resolve) => {
      opened = resolve
    })
    this.socket = await enter(this.place, this.#namespace, (text, bytes, socket) => {
      if (text.includes('"sync-update"')) this.heard(bytes)
      else if (text.startsWith('46')) {
        this.opened = bytes
        opened()
      } else if (text.includes('"sync-step-1"')) {
        // Only now does the server listen.
        socket.send(`451-${this.#namespace}7["sync-step-1",{"_placeholder":true,"num":0}]`)
        socket.send(EMPTY_VECTOR)
      }
    })
    await done
    return this
  }
}

/** The limit: a room of bare Socket.IO that hands the bytes on. */
export async function bareSocketIoLine(place: Place): Promise<SyncLine> {
  return new BareLine(place).open()
}

class BareLine extends SocketIoLine {
  protected readonly announcement = '451-["u",{"_placeholder":true,"num":0}]'

  async open(): Promise<this> {
    this.socket = await enter(this.place, '', (_, bytes) => this.heard(bytes))
    this.socket.send(`42["room","${this.place.room}"]`)
    return this
  }
}
