import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import workers from 'node:worker_threads'

/**
 * A machine's clock that a test jumps, in every thread of one process; monotonic clocks and timers go on as they do on a real
 * machine. `node --import jump-clock.ts?/file server/main.ts`, then the milliseconds into the file, and SIGUSR2.
 */

/** What node is started with so that its clock follows `file`. */
export const clockFrom = (file: string): string[] => ['--import', `${import.meta.url}?${file}`]

const SHIFT = 'clock shift'

function install(file: string): void {
  const shift = new Float64Array(new SharedArrayBuffer(8))
  workers.setEnvironmentData(SHIFT, shift.buffer)
  workers.Worker = class extends workers.Worker {
    constructor(url: string | URL, options: workers.WorkerOptions = {}) {
      super(url, { ...options, execArgv: ['--import', import.meta.url] })
    }
  }
  syncBuiltinESMExports()
  process.on('SIGUSR2', () => {
    shift[0] = Number(readFileSync(file, 'utf8'))
  })
  follow(shift)
}

function follow(shift: Float64Array): void {
  const Machine = Date
  const now = () => Machine.now() + (shift[0] ?? 0)
  globalThis.Date = new Proxy(Machine, {
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
    construct: (target, given) => Reflect.construct(target, given.length === 0 ? [now()] : given),
  })
}

const file = new URL(import.meta.url).search.slice(1)
const shared = workers.isMainThread ? null : workers.getEnvironmentData(SHIFT)
if (file) install(file)
else if (shared instanceof SharedArrayBuffer) follow(new Float64Array(shared))
