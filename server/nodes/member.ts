import { mintId, type ProcessId } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Seq } from '../log/log.ts'
import type { Telemetry } from '../telemetry.ts'
import { type Fenced, LEASE_MS, MARGIN_MS, type NodeDuties, type NodeId, type Nodes, type Told } from './nodes.ts'
import type { Live, Message, Wire } from './wire.ts'

/** Three may fail before the lease ends. */
const RENEW_EVERY_MS = LEASE_MS / 4
/** A question that was lost is asked again. */
const ASK_EVERY_MS = 200
/** Receipts take 250 ms at most; who has not said by then that a withdrawal is in force is fenced. */
const PATIENCE_MS = 700
/** Clocks of two machines run apart by less than this within a lease. */
const DRIFT_MS = MARGIN_MS - PATIENCE_MS - 2 * ASK_EVERY_MS

export interface MemberOptions {
  wire: Wire
  duties: NodeDuties
  time: Time
  /** Milliseconds on a clock that never goes back and goes on while this process stands still. */
  monotonic: () => number
  random: Random
  telemetry: Pick<Telemetry, 'log' | 'count'>
}

/** Joins the other nodes. Resolves when this one holds a lease and may serve; rejects when the store does not answer. */
export async function joinNodes(options: MemberOptions): Promise<Nodes> {
  const member = new Member(options)
  await member.join()
  return member
}

class Member implements Nodes {
  readonly isAlone = false
  readonly #options: MemberOptions
  readonly #fencedListeners: ((how: Fenced) => void)[] = []
  readonly #toldListeners: ((from: NodeId, told: Told) => void)[] = []
  readonly #goneListeners: ((node: NodeId) => void)[] = []
  /** By nonce: who has said that it is in force. */
  readonly #answers = new Map<string, Set<NodeId>>()
  readonly #answering = new Set<string>()
  /** What has to be in force here before this node serves again. */
  readonly #toSettle: (() => Promise<void>)[] = []
  #id: NodeId = ''
  /**
   * On the monotonic clock: when the lease was last asked for that was given, and as of when everything that the log had was here.
   * Null: this node may not write.
   */
  #as: { leased: number; heard: number } | null = null
  #known: NodeId[] = []
  #hasLeft = false
  #cancel: () => void = () => undefined

  constructor(options: MemberOptions) {
    this.#options = options
    options.wire.onMessage((from, message) => this.#hear(from, message))
  }

  async join(): Promise<void> {
    const { wire, monotonic, random, duties } = this.#options
    const id = mintId<string>(random.stream('node').bytes(22))
    const asked = monotonic()
    await wire.join(id, LEASE_MS)
    this.#id = id
    // Whoever cuts something from here on asks this node; what was cut before is in the log by now.
    await duties.catchUp()
    this.#known = (await wire.live(0)).nodes.filter((other) => other !== id)
    for (let settled = this.#toSettle.shift(); settled; settled = this.#toSettle.shift()) await settled()
    // One that is always behind would be fenced again at once.
    const heard = monotonic()
    await duties.hears()
    const now = monotonic()
    if (now - heard < LEASE_MS / 2 && now < asked + LEASE_MS) this.#as = { leased: asked, heard }
    this.#next()
  }

  /** Until when this node may write; null: it may not. */
  get #until(): number | null {
    return this.#as && Math.min(this.#as.leased, this.#as.heard) + LEASE_MS
  }

  /** Whether less is left than until the next beat. */
  get #runsOut(): boolean {
    return this.#until !== null && this.#until - this.#options.monotonic() <= RENEW_EVERY_MS
  }

  mayServe(): boolean {
    if (this.#until === null) return false
    if (this.#options.monotonic() < this.#until) return true
    this.#fenced('late')
    return false
  }

  #fenced(how: Fenced): void {
    if (this.#as === null) return
    if (how === 'late') this.#as = null
    this.#options.telemetry.count('fenced')
    this.#options.telemetry.log.warn({ how }, 'this node may not serve: it does not hear the log')
    for (const tell of this.#fencedListeners) tell(how)
    this.#as = null
  }

  #next(): void {
    this.#cancel()
    if (!this.#hasLeft) this.#cancel = this.#options.time.after(RENEW_EVERY_MS, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    // A beat that hangs is no reason not to notice the end.
    this.#next()
    const isServing = this.mayServe()
    const ranOut = this.#runsOut
    try {
      if (!isServing) await this.#again()
      else if (this.#options.duties.canHear()) {
        void this.#listen()
        await this.#renew()
      }
    } catch (cause) {
      this.#options.telemetry.log.debug({ err: cause }, 'a lease was not renewed')
    }
    if (ranOut && this.#runsOut && this.mayServe()) this.#fenced('in-time')
  }

  /** Looks whether what the log has now comes to be here: leases tell nothing of that. */
  async #listen(): Promise<void> {
    const asked = this.#options.monotonic()
    const id = this.#id
    try {
      await this.#options.duties.hears()
      if (this.#as && id === this.#id) this.#as.heard = Math.max(this.#as.heard, asked)
    } catch (cause) {
      this.#options.telemetry.log.debug({ err: cause }, 'the log was not heard')
    }
  }

  async #renew(): Promise<void> {
    const { wire, monotonic } = this.#options
    const asked = monotonic()
    const [isRenewed, live] = await Promise.all([wire.renew(this.#id, LEASE_MS), wire.live(DRIFT_MS)])
    if (this.#as === null) return
    if (isRenewed) this.#as.leased = Math.max(this.#as.leased, asked)
    else this.#fenced(this.mayServe() ? 'in-time' : 'late')
    if (isWhole(live)) this.#meet(live.nodes)
  }

  /** A new lease, under a new name, then all that was missed; only then may this node serve. */
  #isJoining = false
  async #again(): Promise<void> {
    if (this.#isJoining || this.#hasLeft || !this.#options.duties.canHear()) return
    this.#isJoining = true
    try {
      await this.join()
      this.#options.telemetry.log.info('this node serves again')
    } finally {
      this.#isJoining = false
    }
  }

  #meet(live: NodeId[]): void {
    const others = live.filter((node) => node !== this.#id)
    const gone = this.#known.filter((node) => !others.includes(node))
    this.#known = others
    for (const node of gone) for (const tell of this.#goneListeners) tell(node)
  }

  async inForce(process: ProcessId, seq: Seq): Promise<void> {
    const { random, monotonic } = this.#options
    const nonce = mintId<string>(random.stream('node').bytes(22))
    const said = new Set<NodeId>()
    const asked = monotonic()
    const fenced = new Set<NodeId>()
    this.#answers.set(nonce, said)
    try {
      for (;;) {
        const live = await this.#live()
        const waiting = live.nodes.filter((node) => node !== this.#id && !said.has(node))
        if ((waiting.length === 0 && isWhole(live)) || this.#hasLeft) return
        await this.#send({ is: 'ask', process, seq, nonce })
        if (monotonic() - asked >= PATIENCE_MS) await this.#fence(waiting, fenced)
        await this.#pause(said, waiting)
      }
    } finally {
      this.#answers.delete(nonce)
    }
  }

  /** Who may be serving. Asked until the store answers: without it nobody could say that anything is in force. */
  async #live(): Promise<Live> {
    for (;;) {
      try {
        return await this.#options.wire.live(DRIFT_MS)
      } catch {
        await new Promise<void>((resolve) => this.#options.time.after(ASK_EVERY_MS, resolve))
      }
    }
  }

  async #fence(nodes: NodeId[], fenced: Set<NodeId>): Promise<void> {
    for (const node of nodes) {
      if (fenced.has(node)) continue
      this.#options.telemetry.log.warn('a node that is silent is fenced')
      await this.#options.wire.fence(node).then(
        () => fenced.add(node),
        () => undefined,
      )
    }
  }

  #onSaid: (() => void)[] = []
  /** Until all of these have answered, or it is time to ask again. */
  #pause(said: Set<NodeId>, waiting: NodeId[]): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#onSaid = this.#onSaid.filter((other) => other !== look)
        resolve()
      }
      const cancel = this.#options.time.after(ASK_EVERY_MS, done)
      const look = () => {
        if (waiting.length > 0 && waiting.every((node) => said.has(node))) done()
      }
      this.#onSaid.push(look)
      look()
    })
  }

  tell(told: Told): void {
    if (this.#as !== null) void this.#send({ is: 'told', told })
  }

  async #send(message: Message): Promise<void> {
    try {
      await this.#options.wire.send(this.#id, message)
    } catch (cause) {
      this.#options.telemetry.log.debug({ err: cause }, 'a message to the other nodes was not sent')
    }
  }

  #hear(from: NodeId, message: Message): void {
    switch (message.is) {
      case 'ask':
        void this.#answer(message)
        return
      case 'in-force':
        this.#answers.get(message.nonce)?.add(from)
        for (const look of [...this.#onSaid]) look()
        return
      case 'told':
        if (!this.#known.includes(from)) this.#known.push(from)
        for (const tell of this.#toldListeners) tell(from, message.told)
        return
      default:
        throw message satisfies never
    }
  }

  async #answer({ process, seq, nonce }: Extract<Message, { is: 'ask' }>): Promise<void> {
    // The answer is this lease's: one that was lost meanwhile can not give it.
    const id = this.#id
    const settled = () => this.#options.duties.settled(process, seq)
    const asked = `${id}/${nonce}`
    if (this.#answering.has(asked)) return
    this.#answering.add(asked)
    try {
      // Who serves nobody has nothing to end, but has to be past it before it serves.
      if (this.#as === null) this.#toSettle.push(settled)
      else await settled()
      if (id === this.#id) await this.#send({ is: 'in-force', nonce })
    } catch (cause) {
      this.#options.telemetry.log.debug({ err: cause }, 'what is in force here can not be said')
    } finally {
      this.#answering.delete(asked)
    }
  }

  onFenced(listener: (how: Fenced) => void): void {
    this.#fencedListeners.push(listener)
  }
  onTold(listener: (from: NodeId, told: Told) => void): void {
    this.#toldListeners.push(listener)
  }
  onGone(listener: (node: NodeId) => void): void {
    this.#goneListeners.push(listener)
  }

  async leave(): Promise<void> {
    this.#hasLeft = true
    this.#as = null
    this.#cancel()
    await this.#options.wire.leave(this.#id).catch(() => undefined)
    await this.#options.wire.close()
  }
}

/** Whether every lease that was given before another took the store over is surely over. */
const isWhole = ({ sinceMs }: Live): boolean => sinceMs > LEASE_MS + DRIFT_MS
