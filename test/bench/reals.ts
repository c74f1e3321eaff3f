import type * as Yjs from 'yjs'
import { clock, pause } from './clock.ts'
import { type Contender, isParley } from './contenders.ts'
import { load } from './installed.ts'
import { ROOT } from './lines/line.ts'
import { listen } from './parts.ts'
import { digestOf } from './replica.ts'
import { broughtBy } from './updates.ts'

/** Real clients: each peer's own provider, and Parley's room. A few of them, because they are dear. */

export interface Reader {
  room: string
  token: string | undefined
}
/** A text opened from nothing. */
export interface Opening {
  /** From the start of the connection until all words are there. */
  ms: number
  characters: number
  digest: string
}
/** A text that somebody has open. */
export interface Opened {
  readonly doc: Yjs.Doc
  /** Resolves when the server said that all is saved; at once where it says nothing. */
  saved(): Promise<void>
  close(): Promise<void>
}
interface Settings {
  contender: Contender
  url: string
}

const SYNC_MS = 60_000

export async function reals(): Promise<void> {
  // Some providers listen for the end of their process, each.
  process.setMaxListeners(0)
  const settings = JSON.parse(process.env['BENCH_PART'] ?? '{}') as Settings
  const readers: Opened[] = []
  let seen: number[] = []
  listen({
    enter: async (places: Reader[]) => {
      for (const place of places) readers.push(await open(settings, place))
      for (const { doc } of readers)
        doc.on('update', (update: Uint8Array) => {
          const at = clock()
          for (const { client, from, length } of broughtBy(update))
            for (let number = from; number < from + length; number += 1) seen.push(client, number, at)
        })
      return readers.length
    },
    /** Client id, clock and time of each word that came since the last question. */
    seen: async () => {
      const taken = Float64Array.from(seen)
      seen = []
      return taken
    },
    digests: async () => [...new Set(readers.map(({ doc }) => digestOf(doc)))],
    open: async (place: Reader): Promise<Opening> => {
      const from = clock()
      const opened = await open(settings, place)
      const ms = clock() - from
      const digest = digestOf(opened.doc)
      const characters = lengthOf(opened.doc)
      await opened.close()
      return { ms, characters, digest }
    },
    /** Loads the client's code. */
    warm: async () => {
      if (isParley(settings.contender)) await import('#client/room/index.ts')
      else await load<typeof Yjs>('yjs')
      return null
    },
    /** Writes words at the start of a peer's text, and stays; resolves when another client has them. */
    write: async ({ room, words }: { room: string; words: string }) => {
      const writer = await open(settings, { room, token: undefined })
      writer.doc.getText(ROOT).insert(0, words)
      await writer.saved()
      for (;;) {
        const reader = await open(settings, { room, token: undefined })
        const isThere = reader.doc.getText(ROOT).length >= words.length
        await reader.close()
        if (isThere) break
        await pause(20)
      }
      return null
    },
  })
}

const lengthOf = (doc: Yjs.Doc): number =>
  [...doc.share.keys()].reduce((sum, leaf) => sum + doc.getText(leaf).toString().length, 0)

/** Resolves when the words are there. */
export async function open({ contender, url }: Settings, { room, token }: Reader): Promise<Opened> {
  if (isParley(contender)) return openParley(url, room, token ?? '')
  const Y = await load<typeof Yjs>('yjs')
  const doc = new Y.Doc()
  doc.getText(ROOT)
  const provider = await PROVIDERS[contender]?.(url, room, doc)
  if (!provider) throw new Error(`${contender} has no client`)
  return { doc, ...provider }
}

async function openParley(url: string, track: string, token: string): Promise<Opened> {
  const { enterRoom } = await import('#client/room/index.ts')
  const room = await enterRoom({ url, token })
  const text = await room.open(track)
  return { doc: text.doc, saved: () => text.saved(), close: () => room.close() }
}

type Provider = Omit<Opened, 'doc'>
const PROVIDERS: Partial<Record<Contender, (url: string, room: string, doc: Yjs.Doc) => Promise<Provider>>> = {
  hocuspocus,
  'hocuspocus-sqlite': hocuspocus,
  'y-websocket': yWebsocket,
  'y-socket.io': ySocketIo,
}

interface HocuspocusProvider {
  readonly unsyncedChanges: number
  destroy(): void
}
async function hocuspocus(url: string, name: string, document: Yjs.Doc): Promise<Provider> {
  const made = await load<{ HocuspocusProvider: new (options: object) => HocuspocusProvider }>('@hocuspocus/provider')
  let provider: HocuspocusProvider | null = null
  await within((onSynced) => {
    provider = new made.HocuspocusProvider({ url: url.replace('http', 'ws'), name, document, token: 't', onSynced })
  })
  const synced = provider as unknown as HocuspocusProvider
  return {
    saved: () => until(() => synced.unsyncedChanges === 0),
    close: async () => synced.destroy(),
  }
}

interface WebsocketProvider {
  once(event: 'sync', listener: () => void): void
  destroy(): void
}
async function yWebsocket(url: string, room: string, doc: Yjs.Doc): Promise<Provider> {
  type Made = new (url: string, room: string, doc: Yjs.Doc, options: object) => WebsocketProvider
  const { WebsocketProvider: Made } = await load<{ WebsocketProvider: Made }>('y-websocket')
  const provider = new Made(url.replace('http', 'ws'), room, doc, { disableBc: true })
  await within((synced) => provider.once('sync', synced))
  return { saved: async () => {}, close: async () => provider.destroy() }
}

interface SocketIoProvider {
  readonly socket: { emit(event: string, vector: Uint8Array, answer: (update: ArrayBuffer) => void): void }
  once(event: 'sync', listener: () => void): void
  destroy(): void
}
async function ySocketIo(url: string, room: string, doc: Yjs.Doc): Promise<Provider> {
  type Made = new (url: string, room: string, doc: Yjs.Doc, options: object) => SocketIoProvider
  const { SocketIOProvider: Made } = await load<{ SocketIOProvider: Made }>('y-socket.io')
  const Y = await load<typeof Yjs>('yjs')
  const provider = new Made(url.replace('http', 'ws'), room, doc, { disableBc: true })
  await within((synced) => provider.once('sync', synced))
  // It says so before it has the document: only an answer to a question of one's own tells.
  await within((answered) =>
    provider.socket.emit('sync-step-1', Y.encodeStateVector(doc), (update) => {
      Y.applyUpdate(doc, new Uint8Array(update), provider)
      answered()
    }),
  )
  return { saved: async () => {}, close: async () => provider.destroy() }
}

function within(begin: (done: () => void) => void): Promise<void> {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error('a real client never had the text')), SYNC_MS)
    begin(() => {
      clearTimeout(late)
      done()
    })
  })
}

async function until(isSo: () => boolean): Promise<void> {
  for (const from = clock(); !isSo() && clock() - from < SYNC_MS; ) await pause(5)
}
