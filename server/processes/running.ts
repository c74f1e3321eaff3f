import { createHash } from 'node:crypto'
import type { Command } from '#shared/domain/commands.ts'
import type { AccessEvent } from '#shared/domain/events.ts'
import { stands } from '#shared/domain/people.ts'
import type { Process } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import type { AskId, Instant, ProcessId, SeatId, SessionId, TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Level, Refusal } from '#shared/refusals.ts'
import type { LiveText } from '../documents/documents.ts'
import type { Audience, Seq } from '../log/log.ts'
import { Asking } from './asking.ts'
import { keyOf } from './facts.ts'
import { type Author, type Draft, Head, type HeadPorts } from './head.ts'
import { Keys } from './keys.ts'
import { Passing } from './passing.ts'
import type { AccessActs, Applied, Cipher, LaneStand, Running, Turn, Withdraw, Words } from './port.ts'
import { Closures, hasEnded, levelNow, withoutClosed } from './sight.ts'
import { loadFolded, SnapshotPolicy } from './snapshots.ts'
import { Wording } from './wording.ts'

/** What every process of this node is run with. */
export interface RunningPorts extends HeadPorts {
  access: AccessActs
  withdraw: Withdraw
}

/** One process on this node: its head, and those who decide, admit and keep watch there. */
export class RunningProcess implements Running {
  readonly #ports: RunningPorts
  readonly #head: Head
  readonly #closures = new Closures()
  readonly #asking: Asking
  readonly #wording: Wording
  readonly #passing: Passing
  readonly #snapshots: SnapshotPolicy
  readonly #keys: Keys
  readonly #onDue = new Set<() => void>()
  #shown: { state: Process; size: number; process: Process } | null = null

  /** Opens from snapshot and log; null when the log has no such process. Throws `LogDamaged`. */
  static async open(id: ProcessId, ports: RunningPorts): Promise<RunningProcess | null> {
    const keys = new Keys(id, ports.log, ports.random)
    const head = new Head(id, await loadFolded(ports.log, id, keys), keys, ports)
    const running = new RunningProcess(head, keys, ports)
    await head.follow()
    if (!head.folded.state) {
      head.stop()
      return null
    }
    running.#passing.watch()
    head.onApplied(() => running.#passing.watch())
    return running
  }

  constructor(head: Head, keys: Keys, ports: RunningPorts) {
    const { withdraw, access } = ports
    this.#ports = ports
    this.#head = head
    this.#keys = keys
    this.#asking = new Asking({
      head,
      withdraw,
      access,
      closures: this.#closures,
      running: this,
      onClosed: () => this.#due(),
    })
    this.#wording = new Wording(head, (by, track) => this.level(by, track))
    this.#passing = new Passing(
      ports.time,
      () => head.state,
      () => ports.log.now(),
      async () => {
        this.#due()
        await this.#asking.recordPassed()
      },
    )
    this.#snapshots = new SnapshotPolicy(ports.log, head.id, head.folded, keys)
    head.onDamaged(() => this.#due())
    head.onFolded((weight) => this.#snapshots.note(weight))
  }

  get id(): ProcessId {
    return this.#head.id
  }

  get isDamaged(): boolean {
    return this.#head.isDamaged
  }

  get state(): Process {
    return this.#head.state
  }

  get shown(): Process {
    const { state } = this
    const { size } = this.#closures.kept
    if (size === 0) return state
    if (this.#shown?.state !== state || this.#shown.size !== size)
      this.#shown = { state, size, process: withoutClosed(state, this.#closures.kept) }
    return this.#shown.process
  }

  get closures() {
    return this.#closures.kept
  }

  now(): Instant {
    return this.#ports.log.now()
  }

  live(track: TrackId): LiveText | null {
    const text = this.state.tracks.by[track]?.text
    return text ? this.#head.folded.texts.live(track, text) : null
  }

  level(by: Pick<Viewer, 'seat' | 'confined'>, track: TrackId): Level {
    return levelNow(this.state, this.#closures, by, track, this.now())
  }

  act(by: Viewer | 'operator', ask: AskId | null, command: Command): Promise<Outcome<{ made: string[] }, Refusal>> {
    return this.#asking.act(by, ask, command)
  }

  words(by: Viewer, words: Words, turn?: Turn): Promise<Outcome<null, Refusal>> {
    return this.#wording.take(by, words, turn)
  }

  lease(track: TrackId, wanted?: number): number {
    const text = this.state.tracks.by[track]?.text
    if (!text) throw new Error('a lease for a track without a text')
    return this.#head.folded.texts.lease(track, text, this.#ports.random.stream(`lease:${track}`), wanted)
  }

  async cipher(track: TrackId): Promise<Outcome<Cipher | null, Refusal>> {
    const name = keyOf(track, this.state.tracks.by[track]?.kind ?? null)
    if (!name) return ok(null)
    if (!(await this.#keys.make([name]))) return refuse({ code: 'not-saved', reason: 'unavailable' })
    const keys = this.#keys
    return ok({ seal: (bytes) => keys.seal(name, bytes), unseal: (bytes) => keys.unseal(name, bytes) })
  }

  endLease(track: TrackId, client: number): void {
    this.#head.folded.texts.endLease(track, client)
  }

  lane(track: TrackId, client: number, seat: SeatId): LaneStand | null {
    return standOf(this.#head.folded.texts.lane(track, client), seat)
  }

  async pastLane(track: TrackId, client: number, seat: SeatId): Promise<LaneStand | null> {
    const document = this.state.tracks.by[track]?.text?.document
    return document ? standOf(await this.#ports.log.lane(this.id, document, client), seat) : null
  }

  rest(track: TrackId): void {
    this.#head.folded.texts.rest(track)
  }

  recordAccess(
    by: SeatId | 'operator' | 'server',
    audience: Audience,
    events: AccessEvent[],
    session: SessionId | null = null,
  ): Promise<Outcome<null, Refusal>> {
    return this.#recording(by, audience, events, { session }).then((recorded) => {
      if (recorded !== 'overtaken') return recorded
      throw new Error('an append without conditions met one')
    })
  }

  recordAsked(
    by: SeatId,
    audience: Audience,
    events: AccessEvent[],
    { session, ask, policy }: { session: SessionId | null; ask: AskId; policy: Seq },
  ): Promise<Outcome<null, Refusal> | 'overtaken'> {
    return this.#recording(by, audience, events, { session, ask: markOf(by, ask), policy })
  }

  async isAnswered(seat: SeatId, ask: AskId): Promise<boolean> {
    const mark = markOf(seat, ask)
    if (!this.state.answers[seat]?.some((answer) => answer.ask === mark)) return false
    // The node that answered first may have died before it was so everywhere.
    await this.#ports.withdraw(this.id, [], this.#head.folded.seq)
    return true
  }

  async secretOf(seat: SeatId, ask: AskId): Promise<Outcome<Uint8Array, Refusal>> {
    const secret = await this.#keys.derive(CODES, `${seat}/${ask}`)
    return secret ? ok(secret.subarray(0, CODE_BYTES)) : refuse({ code: 'not-saved', reason: 'unavailable' })
  }

  async #recording(
    by: Author,
    audience: Audience,
    events: AccessEvent[],
    asked: { session: SessionId | null; ask?: string; policy?: Seq },
  ): Promise<Outcome<null, Refusal> | 'overtaken'> {
    const { session, ask, policy } = asked
    const recorded = await this.#head.turns.take(async (): Promise<Outcome<Seq, Refusal> | 'overtaken'> => {
      if (hasEnded(this.state, session)) return refuse({ code: 'session-ended' })
      const refusal = events.map((event) => this.#whyVoid(event)).find((why) => why !== null)
      if (refusal) return refuse(refusal)
      const drafts = events.map((event): Draft => ({ kind: 'access', by, event, audience }))
      if (drafts[0] && ask !== undefined) Object.assign(drafts[0], { ask })
      const appended = await this.#head.append(drafts, policy === undefined ? {} : { events: policy })
      if (appended.ok) return ok(appended.value.first + drafts.length - 1)
      if (appended.refusal.code !== 'unavailable') return 'overtaken'
      return refuse({ code: 'not-saved', reason: appended.refusal.reason })
    })
    if (recorded === 'overtaken' || !recorded.ok) return recorded
    // A session has ended when it has on every node.
    if (events.some(({ type }) => type === 'SessionEnded')) await this.#ports.withdraw(this.id, [], recorded.value)
    return ok(null)
  }

  /** What was true when it was asked may not be any more: an invitation opens once. */
  #whyVoid(event: AccessEvent): Refusal | null {
    const { invitations, sessions } = this.state.access
    switch (event.type) {
      case 'InvitationRedeemed': {
        const invitation = invitations[event.invitation]
        if (!invitation || invitation.revoked) return { code: 'invitation-unknown' }
        return invitation.session === null ? null : { code: 'invitation-used' }
      }
      case 'DeviceConfirmed':
        return sessions.by[event.session]?.ended === null ? null : { code: 'session-ended' }
      case 'InvitationIssued': {
        const seat = this.state.seats.by[event.seat]
        return seat && !stands(seat) ? { code: 'seat-not-standing' } : null
      }
      case 'InvitationRevoked':
      case 'SessionEnded':
      case 'LanguageChosen':
        return null
      default:
        throw event satisfies never
    }
  }

  caughtUp(): Promise<void> {
    return this.#head.caughtUp()
  }

  reached(seq: Seq): Promise<void> {
    return this.#head.reached(seq)
  }

  get policy(): Seq {
    return this.#head.folded.events
  }

  onApplied(listener: (applied: Applied) => void): () => void {
    return this.#head.onApplied(listener)
  }

  onDue(listener: () => void): () => void {
    this.#onDue.add(listener)
    return () => this.#onDue.delete(listener)
  }

  /** Stops following and keeps a snapshot of what changed. */
  async close(): Promise<void> {
    this.#passing.stop()
    this.#head.stop()
    if (!this.#head.isDamaged) await this.#snapshots.save()
  }

  #due(): void {
    for (const listener of this.#onDue) listener()
  }
}

const standOf = (lane: (LaneStand & { owner: SeatId }) | null, seat: SeatId): LaneStand | null =>
  lane?.owner === seat ? { number: lane.number, clock: lane.clock } : null

/** What the log has of an ask that makes a code: from it nobody comes to the code. */
const markOf = (seat: SeatId, ask: AskId): string =>
  createHash('sha256').update(`${seat}/${ask}`).digest('base64url').slice(0, ask.length)

/** Names the key beside the log that codes are made with. */
const CODES = 'codes'
const CODE_BYTES = 16
