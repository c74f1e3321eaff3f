import type { View } from '#shared/domain/view.ts'
import type { TrackId } from '#shared/ids.ts'
import type { Up } from '#shared/protocol/frames.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Asker } from './asker.ts'
import type { RoomKeeping } from './keeping.ts'
import type { LostAndFound } from './lost-words.ts'
import { LiveText } from './open-text.ts'
import { type OpenText, Refused } from './room.ts'
import { TextLine } from './text-line.ts'
import { type Beginning, beginningOf } from './text-ports.ts'

export interface OpenTextsPorts {
  time: Time
  random: Random
  asker: Asker
  keeping: RoomKeeping | null
  lost: LostAndFound
  view(): View
  isLive(): boolean
  send(frame: Up): void
  /** The count of unsaved changes may be another. */
  changed(): void
}

/** The texts that are open in one room, from the server or from the device. */
export class OpenTexts {
  readonly #ports: OpenTextsPorts
  readonly #texts = new Map<TrackId, LiveText>()
  readonly #opening = new Map<TrackId, Promise<OpenText>>()
  /** Those that somebody opened; the others only send what an earlier page left. */
  readonly #lookedAt = new Set<TrackId>()

  constructor(ports: OpenTextsPorts) {
    this.#ports = ports
  }

  get lines(): TextLine[] {
    return [...this.#texts.values()].map(({ line }) => line)
  }
  line(track: TrackId): TextLine | null {
    return this.#texts.get(track)?.line ?? null
  }

  /** The track is one of the seat's view. */
  open(track: TrackId): Promise<OpenText> {
    this.#lookedAt.add(track)
    return this.#open(track)
  }
  #open(track: TrackId): Promise<OpenText> {
    const known = this.#texts.get(track)
    if (known) {
      known.line.reopen()
      return Promise.resolve(known)
    }
    const opening = this.#opening.get(track) ?? this.#firstOpen(track)
    this.#opening.set(track, opening)
    return opening
  }
  async #firstOpen(track: TrackId): Promise<OpenText> {
    try {
      const kept = this.#ports.keeping ? await this.#fromDevice(track) : null
      return kept ?? (await this.#fromServer(track))
    } finally {
      this.#opening.delete(track)
    }
  }
  #fromServer(track: TrackId): Promise<OpenText> {
    const { asker } = this.#ports
    return new Promise((resolve, reject) => {
      asker.put(
        { frame: 'open', ask: asker.mint(), track },
        {
          opened: (opened, update) => {
            const since = this.#seen(track)?.since ?? 0
            resolve(this.#began({ opened, update, channel: opened.channel, since, past: null }))
          },
          refused: (refusal) => reject(new Refused(refusal)),
        },
      )
    })
  }
  /** A text that an earlier page kept is shown at once, and caught up with when there is a line. */
  async #fromDevice(track: TrackId): Promise<LiveText | null> {
    const kept = await this.#ports.keeping?.take(track)
    const beginning = kept && beginningOf(kept, this.#ports.random)
    if (!beginning) return null
    const text = this.#began(beginning)
    if (!this.#seen(track)) {
      text.close()
      text.line.end({ code: 'no-such-thing' }, 'withdrawn')
      return null
    }
    if (this.#ports.isLive()) text.line.resume()
    return text
  }
  /** Words that an earlier page left go out, whether or not somebody looks at their text. */
  async sendKept(tracks: TrackId[]): Promise<void> {
    for (const track of tracks) {
      // One that is on its way from the server was begun before these words were known.
      await this.#opening.get(track)?.catch(() => null)
      if (this.#texts.has(track)) {
        await this.#setAside(track)
        continue
      }
      const text = await this.#open(track).catch(() => null)
      if (!this.#lookedAt.has(track)) text?.close()
    }
  }

  /** Another page of the seat left them, while this one had the text open and wrote in it too: their author has them. */
  async #setAside(track: TrackId): Promise<void> {
    const kept = await this.#ports.keeping?.take(track)
    const words = kept?.unsent?.words ?? []
    if (kept && words.length > 0) this.#ports.lost.put({ track, title: kept.title, words })
    this.line(track)?.looked()
  }

  #began(beginning: Beginning): LiveText {
    const { keeping, lost, asker, ...ports } = this.#ports
    const { seat, party } = ports.view().me
    const { track } = beginning.opened
    const title = this.#seen(track)?.title ?? ''
    const line = new TextLine(beginning, {
      ...ports,
      by: { seat, party },
      ask: (frame, answer) => asker.put(frame, answer, true),
      forget: (ask) => void asker.asks.take(ask),
      ended: () => {
        this.#texts.delete(track)
        this.#lookedAt.delete(track)
      },
      lost: (detail) => lost.put({ ...detail, track, title: this.#seen(track)?.title ?? title }),
      mayKeep: () => keeping?.mayKeep(track) ?? false,
      keep: async (text) => keeping?.put(text),
    })
    const text = new LiveText(line)
    this.#texts.set(track, text)
    return text
  }
  #seen(track: TrackId): View['tracks'][number] | undefined {
    return this.#ports.view().tracks.find(({ id }) => id === track)
  }

  /** Resolves when all that was written is durable, or after `ms`. */
  saved(ms: number): Promise<void> {
    const saved = Promise.all(this.lines.map((text) => text.saved().catch(() => undefined)))
    return new Promise((resolve) => {
      const cancel = this.#ports.time.after(ms, resolve)
      void saved.then(() => {
        cancel()
        resolve()
      })
    })
  }
}
