import type { ProcessFile } from '#shared/domain/file.ts'
import { startProcess } from '#shared/domain/start.ts'
import { mintId, type ProcessId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Log, Seq } from '../log/log.ts'
import type { Telemetry } from '../telemetry.ts'
import { Folded } from './fold.ts'
import { type Draft, Head } from './head.ts'
import { Keys } from './keys.ts'
import type { AccessActs, Processes, Withdraw } from './port.ts'
import { type RunningPorts, RunningProcess } from './running.ts'
import { drawClient } from './texts.ts'

export interface ProcessesOptions {
  log: Log
  time: Time
  random: Random
  access: AccessActs
  /** Delivery's: called when sight ended, after the state of this node changed. */
  withdraw: Withdraw
  telemetry: Pick<Telemetry, 'log' | 'count' | 'time'>
}

/** The processes of this node. Each is opened once, when first asked for. */
export function openProcesses(options: ProcessesOptions): Processes {
  return new NodeProcesses(options)
}

class NodeProcesses implements Processes {
  readonly #options: ProcessesOptions
  readonly #running = new Map<ProcessId, Promise<RunningProcess | null>>()
  readonly #open = new Map<ProcessId, RunningProcess>()

  constructor(options: ProcessesOptions) {
    this.#options = options
  }

  async start(file: ProcessFile, wanted?: ProcessId): Promise<Outcome<ProcessId, Refusal>> {
    const { log, random } = this.#options
    const chance = random.stream('everyone')
    const id = wanted ?? mintId<ProcessId>(chance.bytes(22))
    const events = startProcess(
      id,
      file,
      () => mintId(chance.bytes(22)),
      () => drawClient(chance),
      log.now(),
    )
    const ports = this.#portsOf(id)
    const head = new Head(id, new Folded(), new Keys(id, log, ports.random), ports)
    const drafts = events.map((event): Draft => ({ kind: 'event', by: 'operator', event }))
    const appended = await head.appendFirst(drafts)
    if (!appended.ok) {
      const { refusal } = appended
      if (refusal.code === 'conflict') return refuse({ code: 'nothing-to-change' })
      return refuse({ code: 'not-saved', reason: refusal.code === 'unavailable' ? refusal.reason : 'unavailable' })
    }
    const running = await this.open(id)
    return running ? ok(id) : refuse({ code: 'not-saved', reason: 'unavailable' })
  }

  open(id: ProcessId): Promise<RunningProcess | null> {
    const known = this.#running.get(id)
    if (known) return known
    const opening = RunningProcess.open(id, this.#portsOf(id))
    this.#running.set(id, opening)
    const forget = () => this.#running.delete(id)
    opening.then((running) => {
      if (!running) forget()
      else if (this.#running.get(id) === opening) this.#open.set(id, running)
    }, forget)
    return opening
  }

  async catchUp(): Promise<void> {
    for (const opening of [...this.#running.values()]) await (await opening)?.caughtUp()
  }

  async hears(): Promise<void> {
    await Promise.all([...this.#open.values()].map((running) => running.caughtUp()))
  }

  async reached(id: ProcessId, seq: Seq): Promise<void> {
    await (await this.#running.get(id))?.reached(seq)
  }

  /** Whoever asks for the process next opens it from what the log has now. */
  #forget(id: ProcessId): void {
    const opening = this.#running.get(id)
    this.#running.delete(id)
    this.#open.delete(id)
    opening?.then(
      (running) => running?.close(),
      () => undefined,
    )
  }

  list(): Promise<ProcessId[]> {
    return this.#options.log.processes()
  }

  health() {
    return this.#options.log.health()
  }

  onHealth(listener: Parameters<Processes['onHealth']>[0]) {
    return this.#options.log.onHealth(listener)
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#running.values())
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value?.close() : undefined)))
    this.#running.clear()
    this.#open.clear()
  }

  #portsOf(id: ProcessId): RunningPorts {
    const { log, time, random, access, withdraw, telemetry } = this.#options
    return {
      onBug: (cause) => {
        telemetry.count('bugs')
        telemetry.log.error({ err: cause }, 'what follows a process set off a bug')
      },
      onAppended(ms, isOvertaken) {
        telemetry.count('appends')
        telemetry.count('append_conflicts', isOvertaken ? 1 : 0)
        telemetry.time('append_ms', ms)
      },
      log,
      time,
      random: random.stream(id),
      access,
      withdraw,
      onReset: () => {
        telemetry.count('log_resets')
        telemetry.log.warn('the log of a process was reset; the process is opened anew')
        this.#forget(id)
      },
      onDamage: (cause) => {
        telemetry.count('bugs')
        telemetry.log.error({ err: cause }, 'a process can not be followed further')
      },
    }
  }
}
