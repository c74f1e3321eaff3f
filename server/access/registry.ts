import { isAccess } from '#shared/domain/access.ts'
import type { AccessEvent, Fact } from '#shared/domain/events.ts'
import { row } from '#shared/domain/rows.ts'
import type { Hash, ProcessId, SessionId } from '#shared/ids.ts'
import { parseHash } from '#shared/ids.ts'
import type { Time } from '#shared/world.ts'
import type { Processes, Running } from '../processes/port.ts'

/**
 * Which process a code or a token belongs to: hashes only, rebuilt from the processes' folded state and kept up with
 * their logs. It decides nothing: whether a session or an invitation still opens is asked in that process's state.
 */
export interface Registry {
  /** Reads every process of the log; later ones are found when first asked for. */
  fill(): Promise<void>
  /** Indexes a process and follows it. A second time does nothing. */
  watch(running: Running): void
  invitation(hash: Hash): Promise<Running | null>
  session(token: Hash): Promise<{ running: Running; session: SessionId } | null>
  /** Called once for each session that ended, on whatever node that was decided. */
  onEnded(listener: (process: ProcessId, session: SessionId) => void): void
  /** Called once for each session that was confirmed. */
  onConfirmed(listener: (process: ProcessId, session: SessionId) => void): void
  close(): void
}

type Told = (process: ProcessId, session: SessionId) => void

/** Between two looks at what other nodes wrote: wrong codes cost no more than five of them a second. */
const LOOK_AGAIN_MS = 200

/** `isAlone`: no other node writes to the log, so what is not known here is nowhere. */
export function openRegistry(
  processes: Processes,
  time: Pick<Time, 'after'>,
  { isAlone }: { isAlone: boolean },
): Registry {
  return new LiveRegistry(processes, time, isAlone)
}

class LiveRegistry implements Registry {
  readonly #processes: Processes
  readonly #time: Pick<Time, 'after'>
  readonly #isAlone: boolean
  readonly #invitations = new Map<Hash, ProcessId>()
  readonly #sessions = new Map<Hash, { process: ProcessId; session: SessionId }>()
  /** A process that was opened anew, after its log was reset, is another. */
  readonly #watched = new Map<ProcessId, { running: Running; stop: () => void }>()
  readonly #ended: Told[] = []
  readonly #confirmed: Told[] = []
  #lastLook: Promise<unknown> = Promise.resolve()
  #nextLook: Promise<void> | null = null

  constructor(processes: Processes, time: Pick<Time, 'after'>, isAlone: boolean) {
    this.#processes = processes
    this.#time = time
    this.#isAlone = isAlone
  }

  async fill(): Promise<void> {
    for (const id of await this.#processes.list()) await this.#open(id)
  }

  async #open(id: ProcessId): Promise<Running | null> {
    const running = await this.#processes.open(id)
    if (running) this.watch(running)
    return running
  }

  watch(running: Running): void {
    const known = this.#watched.get(running.id)
    if (known?.running === running) return
    known?.stop()
    const stop = running.onApplied(({ facts }) => {
      for (const { event } of facts) this.#follow(running, event)
    })
    this.#watched.set(running.id, { running, stop })
    const { invitations, sessions } = running.state.access
    for (const key of Object.keys(invitations)) {
      const hash = parseHash(key)
      if (hash) this.#invitations.set(hash, running.id)
    }
    for (const id of sessions.order) {
      const token = row(sessions.by, id)?.token
      if (token) this.#sessions.set(token, { process: running.id, session: id })
    }
  }

  #follow(running: Running, event: (Fact | Fact<AccessEvent>)['event']): void {
    if (!isAccess(event)) return
    switch (event.type) {
      case 'InvitationIssued':
        this.#invitations.set(event.invitation, running.id)
        return
      case 'InvitationRedeemed':
        this.#sessions.set(event.token, { process: running.id, session: event.session })
        return
      case 'InvitationRevoked':
      case 'LanguageChosen':
        return
      case 'DeviceConfirmed':
        for (const tell of this.#confirmed) tell(running.id, event.session)
        return
      case 'SessionEnded':
        for (const tell of this.#ended) tell(running.id, event.session)
        return
      default:
        throw event satisfies never
    }
  }

  async invitation(hash: Hash): Promise<Running | null> {
    if (!this.#invitations.has(hash)) await this.#lookAgain()
    const process = this.#invitations.get(hash)
    return process ? this.#open(process) : null
  }

  async session(token: Hash): Promise<{ running: Running; session: SessionId } | null> {
    if (!this.#sessions.has(token)) await this.#lookAgain()
    const known = this.#sessions.get(token)
    const running = known && (await this.#open(known.process))
    return known && running ? { running, session: known.session } : null
  }

  /** Resolves when a look that began after this call has ended: what another node answered before it is known then. */
  #lookAgain(): Promise<void> {
    if (this.#isAlone) return Promise.resolve()
    const next = this.#nextLook ?? this.#lastLook.then(() => this.#look())
    this.#nextLook = next
    return next
  }

  async #look(): Promise<void> {
    this.#nextLook = null
    this.#lastLook = new Promise<void>((resolve) => this.#time.after(LOOK_AGAIN_MS, resolve))
    await this.fill()
    await this.#processes.catchUp()
  }

  onEnded(listener: Told): void {
    this.#ended.push(listener)
  }
  onConfirmed(listener: Told): void {
    this.#confirmed.push(listener)
  }
  close(): void {
    for (const { stop } of this.#watched.values()) stop()
    this.#watched.clear()
  }
}
