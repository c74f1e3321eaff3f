import { type Logger, pino } from 'pino'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * Log lines and counters. Nothing that tells of a process, a party or a person goes in: no words, titles, ids of
 * tracks, codes or tokens; counters are sums over the whole installation.
 */
export interface Telemetry {
  /** One JSON line each on standard error. */
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  count(name: CountName, by?: number): void
  /** Calls `read` whenever the metrics are asked for. */
  gauge(name: GaugeName, read: () => number): void
  /** Milliseconds. */
  time(name: TimeName, ms: number): void
  /** All counters in Prometheus' text format. */
  metrics(): Promise<string>
}

const COUNTS = {
  sockets_refused: 'Connections turned away before the handshake',
  handshakes_refused: 'Handshakes refused, any reason',
  frames_up: 'Frames received',
  frames_refused: 'Frames refused, any reason',
  frames_down: 'Frames written',
  bytes_down: 'Bytes of frames written',
  sockets_reset: 'Connections cut by the server',
  appends: 'Appends to the log',
  append_conflicts: 'Appends that another writer overtook',
  http_requests: 'HTTP requests',
  http_refused: 'HTTP requests refused, any reason',
  fenced: 'Times this node stopped serving because it did not hear the log',
  log_resets: 'Processes opened anew because the log was reset',
  bugs: 'Unexpected exceptions caught at an edge',
} as const
const GAUGES = {
  sockets: 'Open connections',
  sockets_seated: 'Connections that sit in a process',
} as const
const TIMES = {
  append_ms: 'From the call to the durable append',
} as const
export type CountName = keyof typeof COUNTS
export type GaugeName = keyof typeof GAUGES
export type TimeName = keyof typeof TIMES

const BUCKETS_MS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000]

export function openTelemetry(options: { level: string }): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const named = <N extends string, M>(names: Record<N, string>, make: (name: string, help: string) => M) =>
    new Map(Object.entries<string>(names).map(([name, help]) => [name, make(`parley_${name}`, help)]))
  const counted = new Map<string, number>()
  for (const count of Object.keys(COUNTS)) {
    const name = `parley_${count}_total`
    const collect = function (this: Counter) {
      this.reset()
      this.inc(counted.get(count) ?? 0)
    }
    new Counter({ name, help: COUNTS[count as CountName], registers, collect })
  }
  const times = named(TIMES, (name, help) => new Histogram({ name, help, registers, buckets: BUCKETS_MS }))
  return {
    log: pino({ level: options.level, base: null }, pino.destination({ dest: 2, sync: true })),
    count: (name, by = 1) => void counted.set(name, (counted.get(name) ?? 0) + by),
    gauge(name, read) {
      registry.removeSingleMetric(`parley_${name}`)
      const collect = function (this: Gauge) {
        this.set(read())
      }
      new Gauge({ name: `parley_${name}`, help: GAUGES[name], registers, collect })
    },
    time: (name, ms) => times.get(name)?.observe(ms),
    metrics: () => registry.metrics(),
  }
}
