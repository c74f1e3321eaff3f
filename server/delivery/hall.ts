import type { Event } from '#shared/domain/events.ts'
import type { Cell, Process } from '#shared/domain/process.ts'
import { DEFAULT_GRANT } from '#shared/domain/process.ts'
import { instant, parseSeatId, parseTrackId, type SessionId } from '#shared/ids.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Applied, Running } from '../processes/port.ts'
import type { Ended } from '../processes/sight.ts'
import type { Telemetry } from '../telemetry.ts'
import { Connection } from './connection.ts'
import type { Receiver } from './receiver.ts'
import { Texts } from './texts.ts'

export interface HallPorts {
  running: Running
  time: Time
  random: Random
  telemetry: Pick<Telemetry, 'log' | 'count'>
}

/** One process's connections on this node: hands on to each what the log says, in its order. */
export class Hall {
  readonly connections = new Set<Connection>()
  readonly #ports: HallPorts
  readonly #texts: Texts
  readonly #stops: (() => void)[]
  #shown: { state: Process; closures: number; process: Process } | null = null

  constructor(ports: HallPorts) {
    const { running, time, random } = ports
    this.#ports = ports
    this.#texts = new Texts(running, time, random)
    this.#stops = [running.onApplied((applied) => this.#apply(applied)), running.onDue(() => this.#due())]
  }

  seat(receiver: Receiver): Connection {
    const { running, time, random, telemetry } = this.#ports
    const connection = new Connection(receiver, {
      running,
      time,
      texts: this.#texts,
      random: random.stream(`connection:${receiver.id}`),
      shownState: () => this.#shownState(),
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
    this.#refresh()
    this.#texts.resumeAll()
  }

  #refresh(): void {
    for (const connection of [...this.connections]) connection.refresh()
  }

  /** The folded state, without what was closed in memory because the log could not record it. */
  #shownState(): Process {
    const { state, closures } = this.#ports.running
    if (closures.size === 0) return state
    if (this.#shown?.state !== state || this.#shown.closures !== closures.size)
      this.#shown = { state, closures: closures.size, process: closed(state, closures) }
    return this.#shown.process
  }
}

const CLOSED: Cell = { level: 'hidden', grant: DEFAULT_GRANT, since: instant(0) }

function closed(state: Process, closures: Running['closures']): Process {
  const by = { ...state.tracks.by }
  for (const closure of closures) {
    const [first = '', second = ''] = closure.split('/')
    const [track, seat] = [parseTrackId(first), parseSeatId(second)]
    const shown = track && by[track]
    if (!track || !seat || !shown) continue
    by[track] = { ...shown, cells: { ...shown.cells, seats: { ...shown.cells.seats, [seat]: CLOSED } } }
  }
  return { ...state, tracks: { ...state.tracks, by } }
}

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
])
const showsInView = (event: { type: string }): boolean => !IN_TEXT_ONLY.has(event.type)
