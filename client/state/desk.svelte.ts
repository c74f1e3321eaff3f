import type { Desk, View } from '#shared/domain/view.ts'
import type { Refusal } from '#shared/refusals.ts'
import { askedOf, inverseOf, keyOf, narrows, type Prepared, type Target } from './matrix.ts'
import type { RoomState } from './room.svelte.ts'

/** An access decision on its way: asked, then recorded, then in force. */
export interface Release {
  changes: Prepared[]
  /** The newest entry of the log of decisions before this one. */
  before: string | null
  /** When the answer “in force” came, in the machine's clock. */
  inForce: number | null
  /** Until when one press takes it back; null when nothing in it can be taken back so. */
  undoUntil: number | null
  /** Released as a batch that was prepared. */
  batch: boolean
}

/** Why a decision was not made as asked. */
export interface Problem {
  refusal: Refusal
  /** A track was to be hidden. Where the log takes nothing, it is closed all the same until the server restarts. */
  closes: boolean
}

/** One press takes a withdrawal back for as long; after that the log does. */
const UNDO_MS = 10_000

/** What the mediators do at the desk: changes at once, changes prepared, and how far each has come. */
export class DeskState {
  readonly #room: RoomState
  prepared = $state.raw<Prepared[]>([])
  release = $state.raw<Release | null>(null)
  problem = $state.raw<Problem | null>(null)
  busy = $state(false)
  /** Ticks while something can be undone. */
  now = $state(Date.now())
  #ticking: ReturnType<typeof setInterval> | undefined

  constructor(room: RoomState) {
    this.#room = room
  }

  get view(): View {
    return this.#room.view.current
  }
  get desk(): Desk | null {
    return this.view.desk
  }
  /** When the running release was recorded, on the log's clock; null while it is not. */
  get recordedAt(): number | null {
    const { release } = this
    if (!release) return null
    const changes = this.desk?.changes ?? []
    const from = changes.findIndex(({ id }) => id === release.before) + 1
    const mine = changes.slice(from).find(({ by }) => by === this.view.me.seat)
    return mine?.at ?? release.inForce
  }
  get undoLeft(): number {
    const until = this.release?.undoUntil ?? 0
    return Math.max(0, Math.ceil((until - this.now) / 1_000))
  }

  preparedFor(target: Target): Prepared | null {
    return this.prepared.find((one) => keyOf(one) === keyOf(target)) ?? null
  }
  /** Puts a change beside the others; one back to what is, drops it. */
  prepare(change: Prepared): void {
    const others = this.prepared.filter((one) => keyOf(one) !== keyOf(change))
    const changes = change.level !== change.was || change.grant !== undefined
    if (!changes) this.prepared = others
    else if (others.length === this.prepared.length) this.prepared = [...others, change]
    else this.prepared = this.prepared.map((one) => (keyOf(one) === keyOf(change) ? change : one))
    this.#dismissDone()
  }
  drop(target: Target): void {
    this.prepared = this.prepared.filter((one) => keyOf(one) !== keyOf(target))
  }
  dropAll(): void {
    this.prepared = []
  }

  /** Asks for the changes as one. False when the room said no. */
  async set(changes: Prepared[], batch = false): Promise<boolean> {
    if (this.busy || changes.length === 0) return false
    this.busy = true
    this.problem = null
    clearInterval(this.#ticking)
    const before = this.desk?.changes.at(-1)?.id ?? null
    this.release = { changes, before, inForce: null, undoUntil: null, batch }
    const answer = await this.#room.act({ type: 'SetAccess', changes: changes.map(askedOf) })
    this.busy = false
    if (!answer.ok) {
      this.problem = { refusal: answer.refusal, closes: changes.some(({ level }) => level === 'hidden') }
      this.release = null
      return false
    }
    const now = Date.now()
    const undoUntil = changes.some(narrows) ? now + UNDO_MS : null
    this.release = { changes, before, inForce: now, undoUntil, batch }
    if (undoUntil) this.#tick()
    return true
  }

  /** Releases all that is prepared, together or not at all. */
  async releaseAll(): Promise<void> {
    const changes = this.prepared
    if (await this.set(changes, true)) this.prepared = []
  }

  /** Takes the running release back: for whoever lost sight it is a new grant. */
  async undo(): Promise<void> {
    const { release } = this
    if (!release || this.undoLeft === 0) return
    const changes = release.changes.map((change): Prepared => {
      const { track, party, seat, level, was } = change
      return { track, party, seat, level: was, was: level }
    })
    await this.set(changes)
  }

  /** From the log: what narrows is done at once; what opens again is prepared, to be looked at first. */
  async undoFromLog(id: string): Promise<void> {
    const { desk } = this
    const record = desk?.changes.find((one) => one.id === id)
    if (!desk || !record) return
    const back = inverseOf(desk, record.changes)
    if (back.every(narrows)) await this.set(back)
    else for (const change of back) this.prepare(change)
  }

  dismiss(): void {
    clearInterval(this.#ticking)
    this.release = null
    this.problem = null
  }
  close(): void {
    clearInterval(this.#ticking)
  }

  #dismissDone(): void {
    if (this.release?.inForce) this.dismiss()
    this.problem = null
  }
  #tick(): void {
    this.now = Date.now()
    this.#ticking = setInterval(() => {
      this.now = Date.now()
      if (this.undoLeft === 0) clearInterval(this.#ticking)
    }, 500)
  }
}
