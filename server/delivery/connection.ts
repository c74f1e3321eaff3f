import type { Command } from '#shared/domain/commands.ts'
import { stands } from '#shared/domain/people.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { type AskId, mintId, parseTrackId, type TrackId } from '#shared/ids.ts'
import { type Down, encodeDown, type Look, type Place, type Up } from '#shared/protocol/frames.ts'
import { diff, type Json } from '#shared/protocol/patch.ts'
import { includes, type Refusal } from '#shared/refusals.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Nodes } from '../nodes/nodes.ts'
import type { Running } from '../processes/port.ts'
import type { Channel } from './channel.ts'
import { buildsOnWords, GONE, isForNoLeaf, mayComeAgain } from './in-order.ts'
import { show } from './looks.ts'
import { type PackedViews, tracksIn } from './packed-view.ts'
import { placeIn } from './places.ts'
import type { Receiver, Seated, SharedFrame } from './receiver.ts'
import type { Parting } from './text-room.ts'
import type { Joined, Reader, Texts } from './texts.ts'

/** How much of all its texts a connection may have un-acknowledged. */
const SOCKET_WINDOW = 256 * 1024
/** A reader that acknowledges nothing for this long, with something outstanding, is closed and resumes later. */
const SILENCE_MS = 5000
/** The time to close the view of a withdrawn track and say so; then the connection is cut. */
const RECEIPT_MS = 250
/** Channels that a client may still speak of after they ended. */
const ENDED_KEPT = 16

export interface ConnectionPorts {
  running: Running
  texts: Texts
  views: PackedViews
  time: Time
  nodes: Pick<Nodes, 'isAlone' | 'mayServe'>
  /** Chance of this connection alone. */
  random: Random
  onGone(connection: Connection): void
  /** A bug while a frame was handled; the connection is cut. */
  onBug(cause: unknown): void
}

/** One seated connection: its view, its open texts, its questions. */
export class Connection implements Seated, Reader {
  readonly receiver: Receiver
  readonly #ports: ConnectionPorts
  readonly #channels = new Map<number, Channel>()
  readonly #ended = new Map<number, Refusal>()
  readonly #receipts = new Map<string, () => void>()
  #viewer: Viewer
  #view: Json = null
  #mark = ''
  #isGone = false
  #isLeaving = false
  #outstanding = 0
  #silence: (() => void) | null = null
  /** Words and the commands they build on are handled in the order they were sent. */
  #inOrder: Promise<unknown> = Promise.resolve()
  /** Why the last command that words build on was not taken, when it will come again: so will the words behind it. */
  #notTaken: Refusal | null = null

  constructor(receiver: Receiver, ports: ConnectionPorts) {
    this.receiver = receiver
    this.#ports = ports
    this.#viewer = receiver.viewer
  }

  get by(): Viewer {
    return this.#viewer
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Sends the whole view. Before anything else. */
  welcome(): void {
    const now = this.#ports.running.now()
    this.#view = this.#ports.views.of(this.#viewer)
    this.#mark = this.#mint()
    this.tell({ frame: 'welcome', view: this.#view, mark: this.#mark, now })
  }

  /** Looks again at what may be seen: ends what may not, tells what changed, and nothing when nothing did. */
  refresh(): void {
    if (this.#isGone || this.#isLeaving) return
    const { running } = this.#ports
    const session = this.#viewer.session && running.state.access.sessions.by[this.#viewer.session]
    const seat = running.state.seats.by[this.#viewer.seat]
    if (seat && !stands(seat)) {
      this.#leave()
      return
    }
    if (session?.ended) {
      this.receiver.close({ code: 'session-ended' })
      return
    }
    if (session) this.#viewer = { ...this.#viewer, confined: session.confined !== null }
    const view = this.#ports.views.of(this.#viewer)
    const patch = diff(this.#view, view)
    if (patch.length === 0) return
    const still = tracksIn(view)
    const lost = [...tracksIn(this.#view)].filter((track) => !still.has(track))
    this.#view = view
    const from = this.#mark
    this.#mark = this.#mint()
    // The receipt says that all before it arrived: this patch names what went out of sight.
    this.tell({ frame: 'view', patch, from, mark: this.#mark })
    for (const id of lost) this.#withdraw(id)
  }

  /** The person has lost the seat: every track is closed as by a withdrawal, nothing else is told, and the line ends behind it. */
  #leave(): void {
    this.#isLeaving = true
    for (const track of tracksIn(this.#view)) this.#withdraw(track)
    void this.settled().then(() => {
      if (!this.#isGone) this.receiver.close({ code: 'session-ended' })
    })
  }

  #mint(): string {
    return mintId(this.#ports.random.bytes(22))
  }

  // ---- withdrawal

  /** Resolves when nothing of these tracks can reach the reader any more: it said so, or was cut off. */
  readonly #closing = new Map<TrackId, Promise<void>>()
  withdrawn(track: TrackId): Promise<void> {
    return this.#closing.get(track) ?? Promise.resolve()
  }

  /** Resolves when nothing of any track that was withdrawn can reach the reader any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing.values())
  }

  #withdraw(name: string): void {
    const track = parseTrackId(name)
    if (!track) return
    for (const channel of [...this.#channels.values()]) {
      if (channel.track === track) this.#close(channel, { code: 'no-such-thing' }, 'withdrawn')
    }
    this.#ports.texts.unwatch(this, track)
    const withdrawal = this.#mint()
    const inForce = new Promise<void>((resolve) => {
      const done = () => {
        cancel()
        this.#receipts.delete(withdrawal)
        if (this.#closing.get(track) === inForce) this.#closing.delete(track)
        resolve()
      }
      const cancel = this.#ports.time.after(RECEIPT_MS, () => {
        this.receiver.reset()
        done()
      })
      this.#receipts.set(withdrawal, done)
    })
    this.#closing.set(track, inForce)
    this.tell({ frame: 'withdrawn', withdrawal, track })
  }

  // ---- what it says

  receive(frame: Up): Promise<void> | undefined {
    if (this.#isGone || (this.#isLeaving && frame.frame !== 'receipt')) return
    switch (frame.frame) {
      case 'act':
        return this.#act(frame.ask, frame.command)
      case 'look':
        this.#look(frame.ask, frame.look)
        return
      case 'open':
        return this.#guarded(this.#open(frame))
      case 'leave': {
        const channel = this.#channels.get(frame.channel)
        if (channel) this.#close(channel, { code: 'no-such-thing' }, 'closed')
        return
      }
      case 'words':
        return this.#words(frame)
      case 'got':
        this.#got(frame.channel, frame.bytes)
        return
      case 'here':
        this.#here(frame.channel, frame.place)
        return
      case 'watch':
        this.#ports.texts.watch(
          this,
          frame.tracks.filter((track) => this.#shows(track)),
        )
        return
      case 'receipt':
        this.#receipts.get(frame.withdrawal)?.()
        return
      default:
        throw frame satisfies never
    }
  }

  #act(ask: AskId, command: Command): Promise<void> {
    const answer = () => (this.#isGone ? GONE : this.#ports.running.act(this.#viewer, ask, command))
    const answered = buildsOnWords(command) ? this.#next(answer) : answer()
    return this.#guarded(
      answered.then((outcome) => {
        if (buildsOnWords(command))
          this.#notTaken = !outcome.ok && mayComeAgain(outcome.refusal) ? outcome.refusal : null
        this.tell(
          outcome.ok
            ? { frame: 'answered', ask, made: outcome.value.made }
            : { frame: 'refused', ask, refusal: outcome.refusal },
        )
      }),
    )
  }

  #look(ask: AskId, look: Look): void {
    const { running, texts } = this.#ports
    const shown = show(running, texts, this.#viewer, look)
    if (shown.ok) this.tell({ frame: 'shown', ask, shown: shown.value })
    else this.tell({ frame: 'refused', ask, refusal: shown.refusal })
  }

  async #open({ ask, track, resume }: Extract<Up, { frame: 'open' }>): Promise<void> {
    const { texts, nodes, running } = this.#ports
    // What this reader did on another node a moment ago, its lane included, stands in the log.
    if (!nodes.isAlone) await running.caughtUp()
    const was = resume && this.#shows(track) ? await texts.pastLane(this.#viewer, track, resume.client) : null
    if (!resume && this.#shows(track)) await texts.turn(track)
    if (this.#isGone) return
    const joined = this.#shows(track) ? texts.open(this, track, resume ? { resume, was } : null) : null
    if (!joined) return this.tell({ frame: 'refused', ask, refusal: { code: 'no-such-thing' } })
    this.#joined(ask, joined)
  }

  /** Whether the seat's own view has the track, and its sight of it stands at this instant. */
  #shows(track: TrackId): boolean {
    return tracksIn(this.#view).has(track) && this.#ports.running.level(this.#viewer, track) !== 'hidden'
  }

  #words({ channel: number, number: frame, update }: Extract<Up, { frame: 'words' }>): Promise<void> {
    return this.#guarded(
      this.#next(async () => {
        if (this.#isGone) return
        const channel = this.#channels.get(number)
        if (!channel || channel.client === null) {
          const refusal = this.#ended.get(number) ?? { code: 'no-such-thing' }
          return this.tell({ frame: 'words-refused', channel: number, number: frame, refusal })
        }
        const { track, client } = channel
        const isRepeated = channel.hasRecorded(frame)
        channel.offered(frame)
        const words = { track, client, number: frame, update }
        const outcome = await this.#ports.texts.inTurn(channel, (turn) =>
          this.#ports.running.words(this.#viewer, words, turn),
        )
        if (outcome.ok) {
          // Sight may have ended meanwhile: nothing of a closed channel goes out.
          if (isRepeated && this.#channels.get(number) === channel) channel.acknowledgeAgain(frame)
          return
        }
        const refusal = (isForNoLeaf(outcome.refusal) && this.#notTaken) || outcome.refusal
        if (!mayComeAgain(refusal) && channel.client === client) {
          this.#ports.texts.endLane(channel)
          this.#noteEnd(number, refusal)
        }
        this.tell({ frame: 'words-refused', channel: number, number: frame, refusal })
      }),
    )
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#inOrder.then(task, task)
    this.#inOrder = mine.catch(() => undefined)
    return mine
  }

  #got(number: number, bytes: number): void {
    const channel = this.#channels.get(number)
    if (!channel?.got(bytes)) return
    this.#silence?.()
    this.#silence = null
    this.#listen()
    for (const open of this.#channels.values()) this.#ports.texts.resume(open)
  }

  #here(number: number, place: Place | null): void {
    const channel = this.#channels.get(number)
    const level = channel && this.#ports.running.level(this.#viewer, channel.track)
    if (!channel || !level || level === 'hidden') return
    const text = this.#ports.running.state.tracks.by[channel.track]?.text
    const there = text && place ? placeIn(text, place) : null
    // Who may not write has no caret, only the clause it looks at.
    const isWriter = includes(level, 'suggest')
    this.#ports.texts.moved(channel, there && !isWriter ? { clause: there.clause } : there)
  }

  // ---- channels

  /** The text began anew: the old channel ended, what was unsent there is carried over by the client. */
  renewed(old: Channel, joined: Joined): void {
    this.#channels.delete(old.number)
    this.#noteEnd(old.number, { code: 'renewed' })
    this.#joined(null, joined)
  }

  #joined(ask: AskId | null, { channel, opened, update, here }: Joined): void {
    for (const other of [...this.#channels.values()]) {
      if (other.track === channel.track) this.#close(other, { code: 'renewed' }, 'lost')
    }
    this.#channels.set(channel.number, channel)
    this.#ended.delete(channel.number)
    this.tell({ frame: 'opened', ask, opened, update })
    this.tell({ frame: 'presence', track: channel.track, here })
  }

  #close(channel: Channel, refusal: Refusal, how: Parting): void {
    if (this.#channels.get(channel.number) === channel) this.#channels.delete(channel.number)
    this.#ports.texts.leave(channel, how)
    this.#noteEnd(channel.number, refusal)
  }

  #noteEnd(number: number, refusal: Refusal): void {
    this.#ended.set(number, refusal)
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > ENDED_KEPT && oldest !== undefined) this.#ended.delete(oldest)
  }

  // ---- the line

  send(frame: Uint8Array): void {
    this.#write(() => this.receiver.send(frame))
  }

  sendShared(frame: SharedFrame): void {
    this.#write(() => this.receiver.sendShared(frame))
  }

  /** A line that can not be written to ends itself and nobody else. */
  #write(write: () => void): void {
    if (this.#isGone) return
    // A node that stood still may have missed what ends this reader's sight.
    if (!this.#ports.nodes.mayServe()) {
      this.receiver.reset()
      return
    }
    try {
      write()
    } catch (cause) {
      this.#ports.onBug(cause)
      this.receiver.reset()
    }
  }

  get hasRoom(): boolean {
    return this.#outstanding < SOCKET_WINDOW
  }

  outstanding(change: number): void {
    this.#outstanding += change
    this.#listen()
  }

  #listen(): void {
    if (this.#outstanding > 0 && !this.#isGone) {
      this.#silence ??= this.#ports.time.after(SILENCE_MS, () => this.receiver.close({ code: 'unanswered' }))
    } else {
      this.#silence?.()
      this.#silence = null
    }
  }

  tell(frame: Down): void {
    this.send(encodeDown(frame))
  }

  left(): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const channel of this.#channels.values()) this.#ports.texts.leave(channel, 'lost')
    this.#channels.clear()
    this.#ports.texts.watch(this, [])
    this.#silence?.()
    for (const done of this.#receipts.values()) done()
    this.#ports.onGone(this)
  }

  async #guarded(task: Promise<unknown>): Promise<void> {
    try {
      await task
    } catch (cause) {
      this.#ports.onBug(cause)
      this.receiver.reset()
    }
  }
}
