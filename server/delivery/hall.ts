import type { Event } from '#shared/domain/events.ts'
import type { SessionId } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import type { NodeId, Nodes, Told } from '../nodes/nodes.ts'
import type { Applied, Running } from '../processes/port.ts'
import type { Ended } from '../processes/sight.ts'
import type { Telemetry } from '../telemetry.ts'
import { Connection } from './connection.ts'
import { PackedViews } from './packed-view.ts'
import type { Receiver } from './receiver.ts'
import { Texts } from './texts.ts'

export interface HallPorts {
  running: Running
  time: Time
  random: Random
  telemetry: Pick<Telemetry, 'log' | 'count'>
  nodes: Nodes
}

/** One process's connections on this node: hands on to each what the log says, in its order. */
export class Hall {
  readonly connections = new Set<Connection>()
  readonly #ports: HallPorts
  readonly #texts: Texts
  readonly #views: PackedViews
  readonly #stops: (() => void)[]

  constructor(ports: HallPorts) {
    const { running, time, random, nodes } = ports
    this.#ports = ports
    this.#texts = new Texts(running, time, random, nodes)
    this.#views = new PackedViews(running)
    this.#stops = [running.onApplied((applied) => this.#apply(applied)), running.onDue(() => this.#due())]
  }

  seat(receiver: Receiver): Connection {
    const { running, time, random, telemetry, nodes } = this.#ports
    const connection = new Connection(receiver, {
      running,
      time,
      nodes,
      texts: this.#texts,
      views: this.#views,
      random: random.stream(`connection:${receiver.id}`),
      onGone: (gone) => this.connections.delete(gone),
      onBug: (cause) => {
        telemetry.count('bugs')
        telemetry.log.error({ err: cause }, 'a frame set off a bug; its connection is cut')
      },
    })
    this.connections.add(connection)
    connection.welcome()
    return connection
  }

  endSession(session: SessionId): void {
    for (const connection of [...this.connections])
      if (connection.by.session === session) connection.receiver.close({ code: 'session-ended' })
  }

  /** Resolves when nothing of the tracks can reach these seats any more through this node. */
  async withdraw(ended: Ended[]): Promise<void> {
    const waits = ended.flatMap(({ track, seats }) =>
      [...this.connections]
        .filter(({ by }) => seats.includes(by.seat))
        .map((connection) => connection.withdrawn(track)),
    )
    await Promise.all(waits)
  }

  /** Resolves when everything that is being cut here is cut. */
  async settled(): Promise<void> {
    await Promise.all([...this.connections].map((connection) => connection.settled()))
  }

  heard(node: NodeId, told: Told): void {
    this.#texts.heard(node, told)
  }

  lost(node: NodeId): void {
    this.#texts.lost(node)
  }

  end(): void {
    for (const stop of this.#stops) stop()
    this.#texts.end()
  }

  /** Views first: what they grant goes out before the frames they allow, and what they end is closed before it. */
  #apply(applied: Applied): void {
    if (applied.facts.some(({ event }) => showsInView(event))) this.#refresh()
    this.#texts.apply(applied)
  }

  #due(): void {
    if (this.#ports.running.isDamaged) {
      for (const { receiver } of [...this.connections]) receiver.close(NOT_FOLLOWED)
      return
    }
    this.#refresh()
    this.#texts.resumeAll()
  }

  #refresh(): void {
    for (const connection of [...this.connections]) connection.refresh()
    this.#texts.forgetHidden()
  }
}

/** What is folded may be behind what was decided: nobody is served from it. */
export const NOT_FOLLOWED = { code: 'not-saved', reason: 'unavailable' } as const

/** Events that no view shows anything of: words and brackets are told of in their text's own channel. */
const IN_TEXT_ONLY: ReadonlySet<string> = new Set<Event['type']>([
  'BracketOpened',
  'BracketJoined',
  'StrikeExtended',
  'BracketWithdrawn',
  'BracketAgreed',
  'BracketAccepted',
  'BracketEmptied',
  'WordsRelocated',
  'ClauseLocked',
  'ClauseUnlocked',
  'ClauseAgreed',
  'ClauseAgreementWithdrawn',
  'ClauseMoved',
  'TextRebased',
  'TextHeld',
])
const showsInView = (event: { type: string }): boolean => !IN_TEXT_ONLY.has(event.type)
