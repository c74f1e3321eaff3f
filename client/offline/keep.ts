import type { View } from '#shared/domain/view.ts'
import type { ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import { PROTOCOL, SCHEMA } from '#shared/protocol/version.ts'
import type { Keep, Kept, KeptText, KeptTrack, KeptUnsent } from '../room/keep.ts'
import { deleteDatabase, openDatabase, read, readAll, write } from './database.ts'

/** Another shape of what is kept, another client, another schema: only the plain words are read then, for their author. */
const FORMAT = `1.${PROTOCOL}.${SCHEMA}`

interface About {
  format: string
  view: View
}
/** Beside what is kept: when, on the device's clock. */
type Stored = Omit<KeptText, 'unsent'> & { at: number; format: string }

/** A seat's own store: several seats in one browser never mix. */
const nameOfStore = (process: ProcessId, seat: SeatId): string => `parley-${process}-${seat}`

/** Null where the browser has no such store. */
export function openKeep(process: ProcessId, seat: SeatId): Keep | null {
  // Without locks two pages of one seat could write over one another.
  return 'indexedDB' in globalThis && 'locks' in navigator ? new IndexedKeep(nameOfStore(process, seat)) : null
}

/** The seat's texts in IndexedDB. Of several pages of one seat the first keeps; when it goes, the next one does. */
class IndexedKeep implements Keep {
  readonly #name: string
  #database: Promise<IDBDatabase | null> | null = null
  #isHeld = false
  #letGo: (() => void) | null = null
  #isClosed = false
  #taken: (() => void) | null = null
  #asked: Promise<void> | null = null

  constructor(name: string) {
    this.#name = name
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  async load(): Promise<Kept | null> {
    this.#asked ??= this.#takeLock()
    await this.#asked
    const database = this.#isHeld ? await this.#open(false) : null
    if (!database) return null
    const about = (await read(database, 'about', 'room')) as About | null
    const texts = (await readAll(database, 'texts')) as Stored[]
    const tracks = await Promise.all(
      texts.map(async ({ track, title, since, format }): Promise<KeptTrack> => {
        const unsent = (await read(database, 'unsent', track)) as KeptUnsent | null
        return { track, title, since: format === FORMAT ? since : Number.NaN, words: unsent?.words ?? null }
      }),
    )
    const view = about?.format === FORMAT ? about.view : null
    return { view, at: Math.max(0, ...texts.map(({ at }) => at)), tracks }
  }
  async read(track: TrackId): Promise<KeptText | null> {
    const database = await this.#open(false)
    const stored = database && ((await read(database, 'texts', track)) as Stored | null)
    if (stored?.format !== FORMAT) return null
    return { ...stored, unsent: (await read(database as IDBDatabase, 'unsent', track)) as KeptUnsent | null }
  }

  async put({ unsent, ...text }: KeptText): Promise<void> {
    const database = await this.#open(true)
    if (!database || !this.#isHeld) throw new Error('another page keeps this seat’s texts')
    const { track, served } = text
    await write(database, (store) => {
      if (served) store('texts').put({ ...text, at: Date.now(), format: FORMAT } satisfies Stored, track)
      if (unsent) store('unsent').put(unsent, track)
      else store('unsent').delete(track)
    })
  }
  async putView(view: View): Promise<void> {
    const database = this.#isHeld ? await this.#open(true) : null
    if (database) await write(database, (store) => store('about').put({ format: FORMAT, view } satisfies About, 'room'))
  }

  async erase(track: TrackId): Promise<void> {
    const database = await this.#open(false)
    if (!database) return
    await write(database, (store) => {
      store('texts').delete(track)
      store('unsent').delete(track)
      // It tells of the track too; the next view is put there without it.
      store('about').clear()
    })
  }
  async eraseAll(): Promise<void> {
    const database = await this.#database?.catch(() => null)
    database?.close()
    this.#database = null
    await deleteDatabase(this.#name)
  }
  close(): void {
    this.#isClosed = true
    this.#isHeld = false
    void this.#database?.then((database) => database?.close())
    this.#database = null
    this.#letGo?.()
  }

  whenHeld(taken: () => void): void {
    this.#taken = taken
  }
  /** Resolves with the answer, yes or no; after a no it goes on waiting for its turn. */
  async #takeLock(): Promise<void> {
    await this.#ask({ ifAvailable: true })
    if (!this.#isHeld && !this.#isClosed) void this.#ask({}).then(() => this.#isHeld && this.#taken?.())
  }
  #ask(options: LockOptions): Promise<void> {
    return new Promise((answered) => {
      navigator.locks
        .request(this.#name, options, (lock) => {
          this.#isHeld = lock !== null && !this.#isClosed
          answered()
          return this.#isHeld ? new Promise<void>((done) => (this.#letGo = done)) : undefined
        })
        .catch(() => answered())
    })
  }

  /** One connection, opened anew after somebody asked for its end. */
  async #open(make: boolean): Promise<IDBDatabase | null> {
    const known = await this.#database?.catch(() => null)
    if (known || this.#isClosed) return known ?? null
    this.#database = openDatabase(this.#name, make).then((database) => {
      const forget = () => (this.#database = null)
      database?.addEventListener('versionchange', () => {
        database.close()
        forget()
      })
      database?.addEventListener('close', forget)
      return database
    })
    return this.#database
  }
}
