import { evolveAccess, isAccess } from '#shared/domain/access.ts'
import type { AccessEvent, Event, Fact } from '#shared/domain/events.ts'
import { evolve, withAnswer } from '#shared/domain/evolve.ts'
import type { AccessChange, Process } from '#shared/domain/process.ts'
import { type DocumentId, type Instant, instant, type PartyId, type SeatId, type TrackId } from '#shared/ids.ts'
import { type Entry, LogDamaged, type Seq } from '../log/log.ts'
import { factOf, isAboutText } from './facts.ts'
import type { Applied } from './port.ts'
import { Texts } from './texts.ts'

/** A move takes a few milliseconds; when it is not made after all, nobody waits longer. */
const HELD_MS = 2000

/** An entry with its body in the clear; null when its key was erased. */
export interface Opened {
  entry: Entry
  body: Uint8Array | null
}

/** A cell of the matrix, named within its track. */
export type CellKey = `party:${PartyId | undefined}` | `seat:${SeatId}`
export const cellKey = (cell: { party?: PartyId; seat?: SeatId }): CellKey =>
  cell.seat ? `seat:${cell.seat}` : `party:${cell.party}`

/** Chance that the entry's author drew for it. */
export const markOf = ({ salt }: Entry): string => Buffer.from(salt).toString('base64url')

/** One process folded up to `seq`. Changes only by `fold`, in log order. */
export class Folded {
  state: Process | null = null
  seq: Seq = 0
  /** The head of events: decisions and admissions hold under exactly this. */
  events: Seq = 0
  /** Names the entry at `seq`: another one that took its place, when the log lost what it had shown, has another. */
  mark = ''
  readonly documents = new Map<DocumentId, Seq>()
  readonly texts = new Texts()
  /** Until when words for a text wait with their clients: the server is about to make a big move in it. */
  readonly #heldUntil = new Map<TrackId, Instant>()
  /** Whose sight of a text ended in its present incarnation: they are let in again only by a new one. */
  readonly left = new Map<TrackId, Set<CellKey>>()

  /** Folds entries that follow `seq` without gap. Null when there were none, or none before the process started. */
  fold(opened: Opened[]): Applied | null {
    const before = this.state
    const parts: Pick<Applied, 'facts' | 'texts' | 'renewed'> = { facts: [], texts: [], renewed: [] }
    for (const one of opened) this.#one(one, parts)
    for (const track of new Set(parts.texts.map((words) => words.track))) this.texts.applied(track)
    const at = opened.at(-1)?.entry.at
    if (!this.state || at === undefined) return null
    return { before: before ?? this.state, after: this.state, at, ...parts }
  }

  isHeld(track: TrackId, now: Instant): boolean {
    return now < (this.#heldUntil.get(track) ?? 0)
  }

  #one({ entry, body }: Opened, into: Pick<Applied, 'facts' | 'texts' | 'renewed'>): void {
    if (entry.seq !== this.seq + 1) throw new LogDamaged(`entry ${entry.seq} came after ${this.seq}`)
    this.seq = entry.seq
    this.mark = markOf(entry)
    if (entry.document) this.documents.set(entry.document, entry.seq)
    if (entry.kind === 'event') this.events = entry.seq
    if (!body) return
    switch (entry.kind) {
      case 'event':
      case 'access': {
        const { event, ...told } = factOf<Event | AccessEvent>(entry, body)
        if (isAccess(event)) {
          into.facts.push({ ...told, event })
          this.state = withAnswer(evolveAccess(this.#started(entry), { ...told, event }), told)
        } else {
          into.facts.push({ ...told, event })
          const renewed = this.#event({ ...told, event })
          if (renewed) into.renewed.push(renewed)
        }
        break
      }
      case 'update':
        into.texts.push(this.#update(entry, body))
        break
      default:
        throw entry.kind satisfies never
    }
  }

  #update(entry: Entry, update: Uint8Array): Applied['texts'][number] {
    const track = entry.document && this.texts.trackOf(entry.document)
    const text = track && this.#started(entry).tracks.by[track]?.text
    if (!track || !text) throw new LogDamaged(`entry ${entry.seq} has words of no text`)
    const incarnation = this.texts.apply(track, text, update, entry.lane)
    const lane = entry.lane
    return {
      track,
      incarnation,
      update,
      lane: lane ? { client: lane.client, owner: lane.owner, number: lane.number } : null,
    }
  }

  /** The track whose text has a new incarnation, if any. */
  #event(fact: Fact): TrackId | null {
    const { event } = fact
    const before = this.state
    const words = event.type === 'TextRebased' ? this.#wordsBefore(event.track) : null
    const after = evolve(before, fact)
    this.state = after
    if (isAboutText(event)) this.#heldUntil.delete(event.track)
    switch (event.type) {
      case 'TextHeld':
        this.#heldUntil.set(event.track, instant(fact.at + HELD_MS))
        return null
      case 'TrackOpened':
        if (event.track.text) this.texts.build(event.track.id, event.track.text, event.words ?? {})
        return null
      case 'TextFilled':
        this.texts.build(event.track, event.text, event.words)
        this.left.delete(event.track)
        return before?.tracks.by[event.track]?.text ? event.track : null
      case 'AccessSet':
        for (const change of event.changes) this.#noteLeft(change)
        return null
      case 'Expired':
        this.#leave(event.track, cellKey(event))
        return null
      case 'TextRebased': {
        const text = after.tracks.by[event.track]?.text
        if (!text || !words) throw new LogDamaged(`a new incarnation of no text: ${event.track}`)
        this.texts.build(event.track, text, words)
        this.left.delete(event.track)
        return event.track
      }
      default:
        return null
    }
  }

  #wordsBefore(track: TrackId) {
    const text = this.state?.tracks.by[track]?.text
    return text ? this.texts.words(track, text) : null
  }

  #noteLeft(change: AccessChange): void {
    if (change.level === 'hidden' && change.was !== 'hidden') this.#leave(change.track, cellKey(change))
  }

  #leave(track: TrackId, cell: CellKey): void {
    const gone = this.left.get(track) ?? new Set()
    this.left.set(track, gone.add(cell))
  }

  #started(entry: Entry): Process {
    if (!this.state) throw new LogDamaged(`entry ${entry.seq} stands before the process began`)
    return this.state
  }
}
