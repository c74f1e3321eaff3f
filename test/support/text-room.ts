import { act } from '#server/documents/acts.ts'
import { buildText } from '#server/documents/build.ts'
import type { LiveText, Sender } from '#server/documents/documents.ts'
import { guard } from '#server/documents/guard.ts'
import { settle } from '#server/documents/moves.ts'
import type { TextCommand } from '#shared/domain/commands.ts'
import type { Event } from '#shared/domain/events.ts'
import type { Cell, Party, Process, Seat, Track } from '#shared/domain/process.ts'
import { DEFAULT_GRANT } from '#shared/domain/process.ts'
import { decideText, evolveText } from '#shared/domain/structure.ts'
import {
  type BracketId,
  type ClauseId,
  type Hash,
  instant,
  type LeafId,
  mintId,
  type PartyId,
  type SeatId,
  type TrackId,
} from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Level, Refusal } from '#shared/refusals.ts'
import { plain } from '#shared/text/compose.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import { seedText } from '#shared/text/seed.ts'
import type { ClauseView, SeedText, Text } from '#shared/text/structure.ts'
import { clausesOf, structureView } from '#shared/text/structure-view.ts'

/** One text with its real decisions, acts, guard and settling, and no log: each call is one place of the log. */

export const TRACK = 'plenary' as TrackId
export const [A, B, M] = ['tavira', 'council', 'union'] as [PartyId, PartyId, PartyId]

/** What changed at one place of the log: everyone's next text, and the words in order. */
export interface LogStep {
  text: Text
  updates: Uint8Array[]
  events: Event[]
}
export type Played = Outcome<LogStep & { made: string[] }, Refusal>

/** A source of ids that gives the same ones for the same seed. */
export function seeded(seed: number): { next(): number; bytes(count: number): Uint8Array } {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) }
}

export interface TextRoomOptions {
  levels?: Partial<Record<string, Level>>
  seed?: number
  text?: SeedText
}

const seat = (id: string, party: PartyId, role: Seat['role']): Seat => ({ id: id as SeatId, party, role, name: id })
const cell = (level: Level): Cell => ({ level, grant: DEFAULT_GRANT, since: instant(0) })

export class TextRoom {
  process: Process
  live: LiveText
  now = 1_000
  readonly #random: ReturnType<typeof seeded>

  constructor({ levels = {}, seed = 1, text }: TextRoomOptions = {}) {
    this.#random = seeded(seed)
    const sown = seedText(
      text ?? { title: 'Pact', articles: [{ title: 'Water', clauses: ['The water is shared.', 'The lake is open.'] }] },
      'en',
      this.mint,
      () => 2_000_000 - seed,
    )
    const granted = { [A]: 'suggest', [B]: 'suggest', [M]: 'edit', ...levels } as Record<PartyId, Level>
    this.process = emptyRoom(granted, sown.text)
    this.live = buildText(TRACK, sown.text, sown.words)
  }

  readonly mint = <T extends string>(): T => mintId<T>(this.#random.bytes(22))

  get text(): Text {
    const text = this.process.tracks.by[TRACK]?.text
    if (!text) throw new Error('the room has a text')
    return text
  }
  get clauses(): ClauseView[] {
    return [...clausesOf(structureView(this.text, instant(this.now)))]
  }
  clause(index: number): ClauseView {
    const clause = this.clauses[index]
    if (!clause) throw new Error(`there is no clause ${index}`)
    return clause
  }
  /** What everyone reads in the clause. */
  shown(index: number): string {
    return plain(this.clause(index), wordsOf(this.live.doc), shortOf)
  }
  hash(index: number): Hash {
    const hash = this.live.hashOf(this.text, this.text.language, this.clause(index).id)
    if (!hash) throw new Error('a clause has a hash')
    return hash
  }
  newBracket(): BracketId {
    return this.mint<BracketId>()
  }

  play(by: string, command: Omit<TextCommand, 'track'>): Played {
    const at = instant(this.now++)
    const asked = {
      by: { seat: by as SeatId, confined: false },
      at,
      command: { ...command, track: TRACK } as TextCommand,
      mint: this.mint,
      mintClient: () => 2_000_001,
      hashOf: (_: TrackId, clause: ClauseId) => this.live.hashOf(this.text, this.text.language, clause),
    }
    const decided = decideText(this.process, asked)
    if (!decided.ok) return decided
    const lives = new Map([[TRACK, this.live]])
    const acted = act(this.process, decided.value.events, lives, { seat: by as SeatId, at })
    if (!acted.ok) return acted
    for (const event of acted.value.events) {
      this.process = evolveText(this.process, { event: event as never, by: by as SeatId, at })
    }
    const updates = acted.value.updates.map(({ update }) => update)
    for (const update of updates) this.live.apply(update)
    return { ok: true, value: { text: this.text, updates, events: acted.value.events, made: decided.value.made } }
  }

  /** Admits one update of a lane, and settles it in the same step. */
  words(sender: Sender, update: Uint8Array): Outcome<LogStep & { next: number; late: boolean }, Refusal> {
    const admitted = guard(update, sender, this.live, this.text)
    if (!admitted.ok) return admitted
    const { next, late } = admitted.value
    const settled = late ? settle(update, sender, this.live, this.process, this.mint) : null
    this.live.apply(update)
    const at = instant(this.now++)
    for (const event of settled?.events ?? []) this.process = evolveText(this.process, { event, by: 'server', at })
    for (const own of settled?.updates ?? []) this.live.apply(own)
    const updates = [update, ...(settled?.updates ?? [])]
    return { ok: true, value: { text: this.text, updates, events: settled?.events ?? [], next, late } }
  }

  leafOf(index: number): LeafId {
    return this.clause(index).leaf
  }
}

export const shortOf = (party: PartyId): string => ({ [A]: 'TAV', [B]: 'NMC', [M]: 'MED' })[party] ?? party

function emptyRoom(levels: Record<PartyId, Level>, text: Text): Process {
  const party = (id: PartyId, kind: Party['kind']): Party => ({ id, name: id, short: shortOf(id), kind })
  const parties = [party(A, 'delegation'), party(B, 'delegation'), party(M, 'mediation')]
  const seats = [
    seat('tavira-head', A, 'head'),
    seat('tavira-adviser', A, 'adviser'),
    { ...seat('tavira-alternate', A, 'alternate'), until: instant(2_000) },
    seat('council-head', B, 'head'),
    seat('union-mediator', M, 'mediator'),
  ]
  const track: Track = {
    id: TRACK,
    title: 'Plenary',
    kind: 'plenary',
    status: 'open',
    openedAt: instant(0),
    owner: null,
    cells: { seats: {}, parties: Object.fromEntries(Object.entries(levels).map(([id, level]) => [id, cell(level)])) },
    text,
  }
  return {
    id: 'p'.repeat(22) as Process['id'],
    title: 'Talks',
    languages: ['en'],
    startedAt: instant(0),
    openedAt: instant(0),
    charter: { text: '', hash: '0'.repeat(64) as Hash, decisionRule: 'consensus', acceptance: 'waived', accepted: {} },
    secretariat: { name: '', phone: '', email: '' },
    parties: { order: parties.map(({ id }) => id), by: Object.fromEntries(parties.map((one) => [one.id, one])) },
    seats: { order: seats.map(({ id }) => id), by: Object.fromEntries(seats.map((one) => [one.id, one])) },
    nominations: { order: [], by: {} },
    tracks: { order: [TRACK], by: { [TRACK]: track } },
    notices: [],
    comments: { order: [], by: {} },
    positions: {},
    changes: [],
    answers: {},
    access: { invitations: {}, sessions: { order: [], by: {} } },
  }
}
