import { isAccess } from '#shared/domain/access.ts'
import type { AccessEvent, Fact } from '#shared/domain/events.ts'
import { row } from '#shared/domain/rows.ts'
import type { Hash, ProcessId, SessionId } from '#shared/ids.ts'
import { parseHash } from '#shared/ids.ts'
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

/** The look for processes that another node started: at most once in this time, so that wrong codes cost nothing. */
const LOOK_AGAIN_MS = 2_000

export function openRegistry(processes: Processes, now: () => number): Registry {
  return new LiveRegistry(processes, now)
}

class LiveRegistry implements Registry {
  readonly #processes: Processes
  readonly #now: () => number
  readonly #invitations = new Map<Hash, Running>()
  readonly #sessions = new Map<Hash, { running: Running; session: SessionId }>()
  readonly #watched = new Map<ProcessId, () => void>()
  readonly #ended: Told[] = []
  readonly #confirmed: Told[] = []
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(processes: Processes, now: () => number) {
    this.#processes = processes
    this.#now = now
  }

  async fill(): Promise<void> {
    this.#lookedAt = this.#now()
    for (const id of await this.#processes.list()) {
      if (this.#watched.has(id)) continue
      const running = await this.#processes.open(id)
      if (running) this.watch(running)
    }
  }

  watch(running: Running): void {
    if (this.#watched.has(running.id)) return
    this.#watched.set(
      running.id,
      running.onApplied(({ facts }) => {
        for (const { event } of facts) this.#follow(running, event)
      }),
    )
    const { invitations, sessions } = running.state.access
    for (const key of Object.keys(invitations)) {
      const hash = parseHash(key)
      if (hash) this.#invitations.set(hash, running)
    }
    for (const id of sessions.order) {
      const token = row(sessions.by, id)?.token
      if (token) this.#sessions.set(token, { running, session: id })
    }
  }

  #follow(running: Running, event: (Fact | Fact<AccessEvent>)['event']): void {
    if (!isAccess(event)) return
    switch (event.type) {
      case 'InvitationIssued':
        this.#invitations.set(event.invitation, running)
        return
      case 'InvitationRedeemed':
        this.#sessions.set(event.token, { running, session: event.session })
        return
      case 'InvitationRevoked':
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
    return this.#invitations.get(hash) ?? null
  }

  async session(token: Hash): Promise<{ running: Running; session: SessionId } | null> {
    if (!this.#sessions.has(token)) await this.#lookAgain()
    return this.#sessions.get(token) ?? null
  }

  async #lookAgain(): Promise<void> {
    if (this.#now() - this.#lookedAt >= LOOK_AGAIN_MS) await this.fill()
  }

  onEnded(listener: Told): void {
    this.#ended.push(listener)
  }
  onConfirmed(listener: Told): void {
    this.#confirmed.push(listener)
  }
  close(): void {
    for (const stop of this.#watched.values()) stop()
    this.#watched.clear()
  }
}
