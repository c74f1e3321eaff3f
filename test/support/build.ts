import { expect } from 'vitest'
import type { Asked } from '#shared/domain/asked.ts'
import type { Command } from '#shared/domain/commands.ts'
import { decide } from '#shared/domain/decide.ts'
import type { Event } from '#shared/domain/events.ts'
import { evolve } from '#shared/domain/evolve.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Process } from '#shared/domain/process.ts'
import { startProcess } from '#shared/domain/start.ts'
import type { View, Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import type { ClauseId, Hash, Instant, PartyId, ProcessId, SeatId, TrackId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { hashJson } from '#shared/text/hash.ts'

/** Builders of rooms for tests: one sensible default each, and `given(...).when(...).refused(...)`. */

export const trackId = (id: string): TrackId => id as TrackId
export const partyId = (id: string): PartyId => id as PartyId
export const seatId = (id: string): SeatId => id as SeatId

/** Two delegations, their mediators and a forum; a plenary they share, a channel of one, a session of the forum's. */
export const PROCESS_FILE = {
  title: 'Lake talks',
  languages: ['en'],
  charter: { text: 'We talk.', decisionRule: 'consensus', acceptance: 'waived' },
  secretariat: { name: 'Desk', phone: '1', email: 'desk@example.org' },
  parties: [
    { id: 'tavira', name: 'Republic of Tavira', short: 'TAV', kind: 'delegation' },
    { id: 'council', name: 'Northern Council', short: 'NMC', kind: 'delegation' },
    { id: 'union', name: 'Regional Union', short: 'MED', kind: 'mediation' },
    { id: 'forum', name: 'Civic Forum', short: 'MCF', kind: 'civil' },
  ],
  seats: [
    { id: 'tavira-head', party: 'tavira', role: 'head', name: 'Ilse' },
    { id: 'tavira-alternate', party: 'tavira', role: 'alternate', name: 'Ben' },
    { id: 'tavira-adviser', party: 'tavira', role: 'adviser', name: 'Ada' },
    { id: 'council-head', party: 'council', role: 'head', name: 'Omar' },
    { id: 'council-adviser', party: 'council', role: 'adviser', name: 'Rui' },
    { id: 'union-mediator', party: 'union', role: 'mediator', name: 'Mara' },
    { id: 'union-adviser', party: 'union', role: 'adviser', name: 'Lee' },
    { id: 'forum-moderator', party: 'forum', role: 'moderator', name: 'Nia' },
  ],
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: {
        title: 'Agreement',
        articles: [{ title: 'Water', clauses: ['The lake is shared.', 'It is kept clean.'] }],
      },
      access: { tavira: 'suggest', council: 'suggest', union: 'edit' },
    },
    { id: 'channel', title: 'Channel', kind: 'proximity', access: { tavira: 'edit', union: 'edit' } },
    { id: 'session', title: 'Session', kind: 'civil', access: { forum: 'edit', union: 'read' } },
  ],
}

type File = typeof PROCESS_FILE
/** A file like the default one, with parts of it replaced. */
export const fileWith = (parts: Partial<Record<keyof File | 'caucuses', unknown>>): unknown => ({
  ...PROCESS_FILE,
  ...parts,
})

export const START = 1_000_000 as Instant

/** Draws ids and clients from a counter: the same acts in the same order get the same. */
class Counted {
  #drawn = 0
  mint = <T extends string>(): T => `m${String(this.#drawn++).padStart(21, '0')}` as T
  mintClient = (): number => 3_000_000 + this.#drawn++
}

/** One negotiation and its clock. Immutable but for the counter of ids: every act gives the room after it. */
export class Story {
  readonly process: Process
  readonly at: Instant
  /** What the last act made. */
  readonly made: string[]
  readonly events: Event[]
  readonly chance: Counted

  constructor(process: Process, at: Instant, chance: Counted, events: Event[] = [], made: string[] = []) {
    this.process = process
    this.at = at
    this.events = events
    this.made = made
    this.chance = chance
  }

  static of(file: unknown = PROCESS_FILE): Story {
    const parsed = parseProcessFile(file)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal))
    const chance = new Counted()
    const events = startProcess(chance.mint<ProcessId>(), parsed.value, chance.mint, chance.mintClient, START)
    const [first, ...others] = events
    if (!first) throw new Error('a process starts with an event')
    const started = evolve(null, { event: first, by: 'operator', at: START })
    const process = others.reduce((now, event) => evolve(now, { event, by: 'operator', at: START }), started)
    return new Story(process, START, chance, events)
  }

  later(ms: number): Story {
    return new Story(this.process, (this.at + ms) as Instant, this.chance)
  }

  decide(by: string | Pick<Viewer, 'seat' | 'confined'>, command: Command): Outcome<Story, Refusal> {
    const sender = typeof by === 'string' ? { seat: seatId(by), confined: false } : by
    const { mint, mintClient } = this.chance
    const asked: Asked = { by: sender, at: this.at, command, mint, mintClient, hashOf: this.hashOf }
    const decided = decide(this.process, asked)
    if (!decided.ok) return decided
    const { events, made } = decided.value
    const process = events.reduce((now, event) => evolve(now, { event, by: sender.seat, at: this.at }), this.process)
    return { ok: true, value: new Story(process, this.at, this.chance, events, made) }
  }

  /** The room after an act that must succeed; a second passes first. */
  did(by: string | Pick<Viewer, 'seat' | 'confined'>, command: Command): Story {
    const outcome = this.later(1000).decide(by, command)
    if (!outcome.ok) throw new Error(`${command.type} was refused: ${JSON.stringify(outcome.refusal)}`)
    return outcome.value
  }

  /** A stand-in for the hash of the clause's words, which live elsewhere: one a clause. */
  hashOf = (track: TrackId, clause: ClauseId): Hash | null =>
    this.process.tracks.by[track]?.text?.clauses[clause] ? hashJson({ track, clause }) : null

  view(seat: string, as: Partial<Viewer> = {}): View {
    return viewFor({ seat: seatId(seat), confined: false, session: null, ...as }, this.process, this.at)
  }

  /** The first clause of a track. */
  clause(track = 'plenary'): ClauseId {
    const [clause] = Object.keys(this.process.tracks.by[trackId(track)]?.text?.clauses ?? {})
    return clause as ClauseId
  }
}

export const confined = (seat: string) => ({ seat: seatId(seat), confined: true })

/** `given(room).when(seat, command).refused(refusal)`, or `.done((after) => ...)`. */
export const given = (room: Story) => ({
  when(by: string | Pick<Viewer, 'seat' | 'confined'>, command: Command) {
    const outcome = room.decide(by, command)
    return {
      refused(refusal: Refusal): void {
        expect(outcome).toEqual({ ok: false, refusal })
      },
      done(look: (after: Story) => void): void {
        if (!outcome.ok) expect.fail(`refused: ${JSON.stringify(outcome.refusal)}`)
        look(outcome.value)
      },
    }
  },
})

/** A batch of cells: `cells('plenary', { forum: 'read' })`; a name with a dash is a seat's. */
export function setAccess(
  track: string,
  levels: Record<string, 'hidden' | 'read' | 'comment' | 'suggest' | 'edit'>,
  grant?: NonNullable<Extract<Command, { type: 'SetAccess' }>['changes'][number]['grant']>,
): Extract<Command, { type: 'SetAccess' }> {
  const changes = Object.entries(levels).map(([name, level]) => {
    const named = name.includes('-') ? { seat: seatId(name) } : { party: partyId(name) }
    return { track: trackId(track), ...named, level, ...(grant ? { grant } : {}) }
  })
  return { type: 'SetAccess', changes }
}
