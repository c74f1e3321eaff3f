import type { Asked } from '#shared/domain/asked.ts'
import type { Command } from '#shared/domain/commands.ts'
import { decide, isAboutAccess } from '#shared/domain/decide.ts'
import type { Event } from '#shared/domain/events.ts'
import { evolve } from '#shared/domain/evolve.ts'
import type { Process } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { type AskId, type IncarnationId, mintId, type SeatId, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { act } from '../documents/acts.ts'
import { rebase } from '../documents/build.ts'
import type { LiveText } from '../documents/documents.ts'
import type { Conditions, NotAppended } from '../log/log.ts'
import { isAboutText, streamOf } from './facts.ts'
import { ahead, type Draft, type Head } from './head.ts'
import type { AccessActs, Running, Withdraw } from './port.ts'
import {
  type Closures,
  type Ended,
  endedSight,
  endsSeats,
  hasEnded,
  lastInstantOf,
  narrows,
  passedDues,
  textsToRebase,
} from './sight.ts'
import { drawClient } from './texts.ts'

/** Lost races before the asker is told to try again; on one node a race needs words that settle, so two are rare. */
const ATTEMPTS = 20
/** Lost races after which the texts of a move are held on every node. */
const RACES = 2

/** Answered when in force. */
const NARROWING: ReadonlySet<Command['type']> = new Set([
  'SetAccess',
  'SuspendSeat',
  'ReplaceSeat',
  'AccreditSeat',
  // By a mediator, in the place of somebody.
  'NominateSeat',
])

type By = Viewer | 'operator'
type Answer = Outcome<{ made: string[] }, Refusal>

export interface AskingPorts {
  head: Head
  closures: Closures
  access: AccessActs
  withdraw: Withdraw
  running: Running
  /** Sight that was cut in memory was given back, or stays cut because its record was refused. */
  onClosed(): void
}

/** What a command comes to at the head, ready to be appended. */
interface Plan {
  drafts: Draft[]
  made: string[]
  conditions: Conditions
  narrows: boolean
  ended: Ended[]
  /** Sessions end with it. */
  closes: boolean
}

/** A plan, a refusal, the texts that have to be held before it can be said, or the answer that another node has given. */
type Planned = Outcome<Plan, Refusal> | TrackId[] | { first: Answer }
type Planner = (held: Held) => Planned

/** Answers commands: decides at the head, appends, and again when another was first. Each ask is answered once. */
export class Asking {
  readonly #ports: AskingPorts
  readonly #underWay = new Map<string, Promise<Answer>>()

  constructor(ports: AskingPorts) {
    this.#ports = ports
  }

  act(by: By, ask: AskId | null, command: Command): Promise<Answer> {
    if (ask === null || by === 'operator') return this.#answer(by, null, command)
    const key = `${by.seat}/${ask}`
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    const first = this.#firstAnswer(by.seat, ask)
    if (first) return this.#again(first, command)
    const answer = this.#answer(by, ask, command).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, answer)
    return answer
  }

  /** The node that answered first may have died before it was in force everywhere. */
  async #again(first: Answer, command: Command): Promise<Answer> {
    const { head, withdraw } = this.#ports
    if (NARROWING.has(command.type)) await withdraw(head.id, [], head.folded.seq)
    return first
  }

  #firstAnswer(seat: SeatId, ask: AskId): Answer | null {
    const first = this.#ports.head.state.answers[seat]?.find((answer) => answer.ask === ask)
    return first ? ok({ made: first.made }) : null
  }

  #answer(by: By, ask: AskId | null, command: Command): Promise<Answer> {
    const { access, running } = this.#ports
    if (isAboutAccess(command)) return access(running, by, command, ask)
    return this.#inForce((held) => this.#plan(by, ask, command, held))
  }

  /** Appends what the server itself has to say: which instants passed. Nothing, when another node said so first. */
  recordPassed(): Promise<Answer> {
    const { head } = this.#ports
    return this.#inForce((held) => {
      const passed = passedDues(head.state, head.ports.log.now())
      if (passed.length === 0) return refuse({ code: 'nothing-to-change' })
      const events = passed.map((due): Event => ({ type: 'Expired', ...due }))
      return this.#complete(head.state, events, [], { seat: 'server', ask: null }, held)
    })
  }

  /** Resolves when durable, and every narrowing in it in force. Others' decisions do not wait for that. */
  async #inForce(plan: Planner): Promise<Answer> {
    const { head, withdraw } = this.#ports
    const { answer, ended, closes } = await head.turns.take(() => this.#untilAppended(plan))
    if (ended.length > 0 || closes) await withdraw(head.id, ended, head.folded.seq)
    return answer
  }

  async #untilAppended(plan: Planner): Promise<{ answer: Answer; ended: Ended[]; closes: boolean }> {
    const held = new Held(this.#ports.head)
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        let planned = plan(held)
        while (Array.isArray(planned)) {
          await held.add(planned)
          planned = plan(held)
        }
        if ('first' in planned) return { answer: planned.first, ended: [], closes: false }
        if (!planned.ok) return { answer: planned, ended: [], closes: false }
        const { made, ended, closes } = planned.value
        const refused = await this.#append(planned.value)
        if (!refused) return { answer: ok({ made }), ended, closes }
        if (refused.code === 'unavailable')
          return { answer: refuse({ code: 'not-saved', reason: refused.reason }), ended, closes: false }
        if (attempt + 1 === RACES) await this.#holdEverywhere(held)
        await this.#ports.head.caughtUp()
      }
      return { answer: refuse({ code: 'too-fast', retryAfterMs: 1000 }), ended: [], closes: false }
    } finally {
      held.release()
    }
  }

  /** Others write faster than this node decides: their words wait with their clients until it has. */
  async #holdEverywhere(held: Held): Promise<void> {
    const drafts = held.tracks.map(
      (track): Draft => ({ kind: 'event', by: 'server', event: { type: 'TextHeld', track } }),
    )
    if (drafts.length > 0) await this.#ports.head.append(drafts, {})
  }

  /** Null when durable. Sight that ends is cut in memory first; when even the reserve is full, that stays. */
  async #append({ drafts, conditions, ended, narrows }: Plan): Promise<NotAppended | null> {
    const { head, closures, onClosed } = this.#ports
    if (ended.length > 0) closures.begin(ended)
    const appended = await head.append(drafts, conditions, { narrows })
    if (ended.length > 0) {
      closures.end(ended, !appended.ok && appended.refusal.code === 'unavailable')
      if (!appended.ok) onClosed()
    }
    return appended.ok ? null : appended.refusal
  }

  /** What the command comes to now, or the texts that have to be held first. Pure but for reading the live texts. */
  #plan(by: By, ask: AskId | null, command: Command, held: Held): Planned {
    const { head, running } = this.#ports
    const state = head.state
    if (by !== 'operator' && hasEnded(state, by.session)) return refuse({ code: 'session-ended' })
    const first = by !== 'operator' && ask !== null && this.#firstAnswer(by.seat, ask)
    if (first) return { first }
    const seat = by === 'operator' ? by : by.seat
    const chance = head.ports.random.stream(streamOf(command, seat))
    const needed = new Set<TrackId>()
    const asked: Asked = {
      by,
      at: head.ports.log.now(),
      command,
      mint: () => mintId(chance.bytes(22)),
      mintClient: () => drawClient(chance),
      hashOf: (track, clause) => {
        const text = state.tracks.by[track]?.text
        if (!text) return null
        needed.add(track)
        return head.folded.texts.live(track, text)?.hashOf(text, text.language, clause) ?? null
      },
    }
    const decided = decide(running.shown, asked)
    if (!decided.ok) return decided
    const missing = held.lacks(needed)
    if (missing.length > 0) return missing
    return this.#complete(state, decided.value.events, decided.value.made, { seat, ask }, held)
  }

  /** The server's part of decided events: places, words, new incarnations. */
  #complete(
    state: Process,
    events: Event[],
    made: string[],
    by: { seat: SeatId | 'operator' | 'server'; ask: AskId | null },
    held: Held,
  ): Planned {
    const { head } = this.#ports
    const at = head.ports.log.now()
    const evolved = events.reduce((process, event) => evolve(process, ahead(event, by.seat, at)), state)
    const rebased = textsToRebase(state, evolved, at, head.folded.left)
    const written = events.filter(isAboutText).map(({ track }) => track)
    const missing = held.lacks(new Set([...written, ...rebased]))
    if (missing.length > 0) return missing
    const lives = this.#livesOf(written)
    const seat = by.seat === 'server' ? 'operator' : by.seat
    const acted = act(state, events, lives, { seat, at })
    if (!acted.ok) return acted
    const drafts: Draft[] = acted.value.events.map((event) => ({ kind: 'event', by: by.seat, event }))
    const [first] = drafts
    if (first?.kind === 'event' && by.ask) Object.assign(first, { ask: by.ask, made })
    for (const track of rebased) drafts.push(this.#rebase(track, evolved))
    for (const { track, update } of acted.value.updates) drafts.push({ kind: 'update', by: 'server', track, update })
    const conditions: Conditions = { events: head.folded.events, ...held.condition() }
    const notAfter = by.seat === 'server' ? undefined : lastInstantOf(state, by.seat, at)
    if (notAfter !== undefined) conditions.notAfter = notAfter
    const closes = endsSeats(state, evolved)
    return ok({
      drafts,
      made,
      conditions,
      // Who sees no track has a session all the same.
      narrows: closes || narrows(state, evolved, at),
      ended: endedSight(state, evolved, at),
      closes,
    })
  }

  #livesOf(tracks: TrackId[]): Map<TrackId, LiveText> {
    const { folded, state } = this.#ports.head
    const lives = new Map<TrackId, LiveText>()
    for (const track of tracks) {
      const text = state.tracks.by[track]?.text
      const live = text && folded.texts.live(track, text)
      if (live) lives.set(track, live)
    }
    return lives
  }

  #rebase(track: TrackId, after: Process): Draft {
    const { head } = this.#ports
    const text = after.tracks.by[track]?.text
    const live = text && head.folded.texts.live(track, text)
    if (!live) throw new Error('a text that is not open has no new incarnation')
    const chance = head.ports.random.stream(`track:${track}`)
    const event = rebase(live, text, mintId<IncarnationId>(chance.bytes(22)), drawClient(chance))
    return { kind: 'event', by: 'server', event }
  }
}

/** The texts whose words stand still while the server decides about them. */
class Held {
  readonly #head: Head
  readonly #releases = new Map<TrackId, () => void>()

  constructor(head: Head) {
    this.#head = head
  }

  lacks(tracks: Iterable<TrackId>): TrackId[] {
    return [...tracks].filter((track) => !this.#releases.has(track)).sort()
  }

  get tracks(): TrackId[] {
    return [...this.#releases.keys()]
  }

  async add(tracks: TrackId[]): Promise<void> {
    for (const track of tracks) this.#releases.set(track, await this.#head.gate(track).hold())
  }

  release(): void {
    for (const release of this.#releases.values()) release()
  }

  /** The heads of the held texts: where several nodes write, they tell that another was first. */
  condition(): Pick<Conditions, 'documents'> {
    const { state, folded } = this.#head
    const documents = [...this.#releases.keys()].flatMap((track) => {
      const id = state.tracks.by[track]?.text?.document
      return id ? [{ id, head: folded.documents.get(id) ?? 0 }] : []
    })
    return documents.length > 0 ? { documents } : {}
  }
}
