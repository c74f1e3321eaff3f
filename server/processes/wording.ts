import { rewordings } from '#shared/domain/brackets.ts'
import type { Process, Track } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { mintId, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { includes, type Level, type Refusal } from '#shared/refusals.ts'
import type { Text } from '#shared/text/structure.ts'
import type { Admitted, LiveText, Sender } from '../documents/documents.ts'
import { guard } from '../documents/guard.ts'
import { settle } from '../documents/moves.ts'
import type { Conditions, Lane, NotAppended, Seq } from '../log/log.ts'
import { Turns } from './gate.ts'
import type { Draft, Head } from './head.ts'
import type { Turn, Words } from './port.ts'
import { hasEnded, lastInstantOf } from './sight.ts'

/** How long words wait for the server's own move in their text; then their client keeps them and comes again. */
const PATIENCE_MS = 2000
const ATTEMPTS = 20

type Answer = Outcome<null, Refusal>

/** Everything one admission was made on. */
interface Admission {
  text: Text
  live: LiveText
  sender: Sender
  admitted: Admitted
  /** The head of events it was made under. */
  events: Seq
}

/** Takes frames of clients' lanes in: guards each under the policy in force and appends it at its place. */
export class Wording {
  readonly #head: Head
  readonly #level: (by: Viewer, track: TrackId) => Level
  readonly #lanes = new Map<string, { turns: Turns; waiting: number }>()

  constructor(head: Head, level: (by: Viewer, track: TrackId) => Level) {
    this.#head = head
    this.#level = level
  }

  /** Frames of one lane are taken one after another, those of different lanes together. */
  async take(by: Viewer, words: Words, turn: Turn = () => null): Promise<Answer> {
    const name = `${words.track}/${words.client}`
    const lane = this.#lanes.get(name) ?? { turns: new Turns(), waiting: 0 }
    this.#lanes.set(name, lane)
    lane.waiting++
    try {
      return await lane.turns.take(() => this.#inTurn(by, words, turn))
    } finally {
      if (--lane.waiting === 0) this.#lanes.delete(name)
    }
  }

  async #inTurn(by: Viewer, words: Words, turn: Turn): Promise<Answer> {
    // Guarded when they come, not when many are recorded together: what that costs is their sender's.
    const early = this.#early(by, words)
    const waits = turn()
    if (waits) await waits
    const gate = this.#head.gate(words.track)
    const answer = await gate.shared(PATIENCE_MS, () => this.#append(by, words, 'together', early))
    if (answer === null) return refuse({ code: 'text-held' })
    return answer === 'late' ? this.#alone(by, words) : answer
  }

  /** Late words move in the same step, so nothing else of the text may be under way. */
  #alone(by: Viewer, words: Words): Promise<Answer> {
    return this.#head.gate(words.track).alone(async () => {
      const answer = await this.#append(by, words, 'alone')
      if (answer === 'late') throw new Error('alone is never too late')
      return answer
    })
  }

  /** What they are admitted on now; null when they are not, which is said in their turn. */
  #early(by: Viewer, words: Words): Admission | null {
    if (this.#known(by, words)) return null
    const admission = this.#admit(by, words)
    return admission.ok ? admission.value : null
  }

  /** Others' words in between change nothing about an admission; a decision may, and so may the clock. */
  #stands({ events, sender }: Admission, by: Viewer, track: TrackId): boolean {
    return events === this.#head.folded.events && sender.level === this.#level(by, track)
  }

  /** The answer to a number that was recorded before, or is out of its lane's order. */
  #known(by: Viewer, { track, client, number }: Words): Answer | null {
    if (hasEnded(this.#head.state, by.session)) return refuse({ code: 'session-ended' })
    if (this.#level(by, track) === 'hidden') return refuse({ code: 'no-such-thing' })
    const lane = this.#head.folded.texts.lane(track, client)
    if (lane && lane.owner !== by.seat) return refuse({ code: 'no-such-thing' })
    if (lane && number < lane.number) return ok(null)
    if (number > (lane?.number ?? 0)) return refuse(laneRefusal(lane))
    return null
  }

  async #append(
    by: Viewer,
    words: Words,
    mode: 'together' | 'alone',
    early: Admission | null = null,
  ): Promise<Answer | 'late'> {
    let isCaughtUp = false
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // Another node may have recorded the same frame meanwhile.
      const known = this.#known(by, words)
      if (known) return known
      if (this.#head.folded.isHeld(words.track, this.#head.ports.log.now())) return refuse({ code: 'text-held' })
      const isAdmitted = attempt === 0 && early !== null && this.#stands(early, by, words.track)
      const admission = isAdmitted ? ok(early) : this.#admit(by, words)
      if (!admission.ok) {
        if (admission.refusal.code !== 'unknown-dependency' || isCaughtUp) return admission
        isCaughtUp = true
        await this.#head.caughtUp()
        continue
      }
      if (admission.value.admitted.late && mode === 'together') return 'late'
      const appended = await this.#head.append(
        this.#drafts(by, words, admission.value, mode),
        this.#conditions(by, words, admission.value, mode),
      )
      if (appended.ok) return ok(null)
      const answer = answerTo(appended.refusal)
      if (answer) return answer
      await this.#head.caughtUp()
    }
    return refuse({ code: 'text-held' })
  }

  #admit(by: Viewer, { track, client, update }: Words): Outcome<Admission, Refusal> {
    const { state, folded } = this.#head
    const level = this.#level(by, track)
    const shown = state.tracks.by[track]
    const text = shown?.text
    const seat = state.seats.by[by.seat]
    const live = text && folded.texts.live(track, text)
    if (level === 'hidden' || !shown || !text || !live || !seat) return refuse({ code: 'no-such-thing' })
    if (!folded.texts.knows(track, client)) return refuse({ code: 'renewed' })
    if (!includes(level, 'suggest')) return refuse({ code: 'level-too-low', needed: 'suggest', has: level })
    const closed = whyClosed(state, shown)
    if (closed) return refuse(closed)
    const clock = folded.texts.lane(track, client)?.clock ?? 0
    const sender: Sender = { seat: by.seat, party: seat.party, level, client, clock }
    const admitted = guard(update, sender, live, text)
    return admitted.ok ? ok({ text, live, sender, admitted: admitted.value, events: folded.events }) : admitted
  }

  #drafts(by: Viewer, words: Words, { admitted, sender, live }: Admission, mode: 'together' | 'alone'): Draft[] {
    const { track, client, number, update } = words
    const lane: Lane = { client, owner: by.seat, number, clock: sender.clock, next: admitted.next }
    const { state, ports } = this.#head
    const chance = ports.random.stream(`track:${track}`)
    const isSettled = mode === 'alone' && admitted.late
    const settled = isSettled ? settle(update, sender, live, state, () => mintId(chance.bytes(22))) : null
    const moved = (settled?.events ?? []).flatMap((event) => ('moves' in event ? event.moves : []))
    const leaves = new Set([...admitted.leaves, ...moved.map(({ to }) => to.leaf)])
    const seat = state.seats.by[by.seat]
    const reworded = seat ? rewordings(state, track, seat, [...leaves], ports.log.now()) : []
    const events = [...(settled?.events ?? []), ...reworded]
    return [
      { kind: 'update', by: by.seat, track, update, lane },
      ...events.map((event): Draft => ({ kind: 'event', by: 'server', event })),
      ...(settled?.updates ?? []).map((own): Draft => ({ kind: 'update', by: 'server', track, update: own })),
    ]
  }

  #conditions(by: Viewer, words: Words, { text, sender, admitted }: Admission, mode: 'together' | 'alone'): Conditions {
    const { folded, state, ports } = this.#head
    const { client, number } = words
    const lane: Lane = { client, owner: by.seat, number, clock: sender.clock, next: admitted.next }
    const conditions: Conditions = { events: folded.events, lane: { document: text.document, lane } }
    if (mode === 'alone') conditions.documents = [{ id: text.document, head: folded.documents.get(text.document) ?? 0 }]
    const notAfter = lastInstantOf(state, by.seat, ports.log.now())
    if (notAfter !== undefined) conditions.notAfter = notAfter
    return conditions
  }
}

/** Null when the same words may be tried again at the new head. */
function answerTo(refusal: NotAppended): Answer | null {
  switch (refusal.code) {
    case 'conflict':
    case 'too-late':
      return null
    case 'lane':
      if (refusal.why === 'known') return ok(null)
      return refusal.why === 'foreign' ? refuse({ code: 'no-such-thing' }) : refuse(laneRefusal(refusal))
    case 'unavailable':
      return refuse({ code: 'not-saved', reason: refusal.reason })
    default:
      throw refusal satisfies never
  }
}

const laneRefusal = (lane: { number: number; clock: number } | null): Refusal => ({
  code: 'lane',
  frame: lane?.number ?? 0,
  clock: lane?.clock ?? 0,
})

/** A party's own room is its own before the talks open too. */
function whyClosed(process: Process, track: Track): Refusal | null {
  if (track.status !== 'open') return { code: 'track-not-open' }
  if (process.openedAt === null && track.kind !== 'caucus' && track.kind !== 'backchannel')
    return { code: 'talks-not-open' }
  return null
}
