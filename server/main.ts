import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseProcessId } from '#shared/ids.ts'
import type { Language } from '#shared/words/languages.ts'
import { type App, buildApp } from './app.ts'
import { addressOf, type Config, isLoopback, readConfig } from './config.ts'
import { openFolderStore } from './files/folder-store.ts'
import { openRedisStore } from './files/redis-store.ts'
import type { FileStore } from './files/store.ts'
import {
  ANNEX_FOLDER,
  LOG_FILE,
  openFolder,
  operatorToken,
  readSample,
  sayRunning,
  saySample,
  sayStopped,
} from './folder.ts'
import { type Log, LogDamaged, LogUnavailable } from './log/log.ts'
import { openLogAt } from './log/open.ts'
import { machineRandom, machineTime } from './machine.ts'
import { joinNodes } from './nodes/member.ts'
import type { NodeDuties, Nodes } from './nodes/nodes.ts'
import { openRedisWire } from './nodes/redis.ts'
import { readProcessFile, sentenceOf } from './process-file.ts'
import { openTelemetry, type Telemetry } from './telemetry.ts'

const ROOT = join(import.meta.dirname, '..')
const SAMPLE_FOLDER = join(ROOT, 'sample')
/** Forty acts take two seconds; the room opens without them if they do not come to an end. */
const PLAY_MS = 60_000
/** Whatever still hangs then is not worth a supervisor's kill. */
const EXIT_AFTER_MS = 9_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** Stops the start: what is wrong, one sentence a line, and nothing else. */
function stop(...sentences: string[]): never {
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

// What is written in the data folder is nobody else's to read.
process.umask(0o077)
const config = readConfig(process.env)
if (!config.ok) stop(...config.refusal)
await start(config.value)

async function start(config: Config): Promise<void> {
  const { folder } = config
  openFolderOrStop(folder)
  const telemetry = openTelemetry({ level: config.logLevel })
  const { redisUrl } = config
  const log = await openLogOrStop(folder, redisUrl)
  const fresh = (await log.processes()).length === 0
  const token = operatorToken(folder)
  const shared = redisUrl ? { joinNodes: (duties: NodeDuties) => joinOrStop(redisUrl, duties, telemetry) } : {}
  const app = await buildApp({
    ...shared,
    config,
    log,
    telemetry,
    time: machineTime,
    random: machineRandom,
    operatorToken: token,
    files: redisUrl ? await openSharedFiles(redisUrl, telemetry) : openFolderStore(join(folder, ANNEX_FOLDER)),
    clientFolder: join(ROOT, 'dist'),
  })
  const port = await app.listen().catch((cause: Error) => stop(`${config.host}:${config.port}: ${cause.message}`))
  const url = addressOf({ ...config, publicUrl: null }, port)
  sayRunning(folder, { pid: process.pid, url })
  leaveOnSignal(app, folder, telemetry)
  if (config.sample && isForThisMachine(config))
    await openSample(app, { folder, fresh, url, language: config.language })
  say(`Parley is ready: ${app.address}/`)
  if (app.sample) say('Opened on this machine, that page lets you into every seat of the sample.')
  if (!config.publicUrl && !isLoopback(config.host))
    say('PUBLIC_URL is not set: pages opened under a name of this machine get no live line.')
  telemetry.log.info({ port }, 'ready')
}

/** Neither listening to others nor published to them by a proxy. */
function isForThisMachine({ host, publicUrl }: Config): boolean {
  return isLoopback(host) && (publicUrl === null || isLoopback(new URL(publicUrl).hostname))
}

function openFolderOrStop(folder: string): void {
  try {
    openFolder(folder)
  } catch (cause) {
    stop(`PARLEY_DATA: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** What is wrong with the settings of Redis is said, and does not stop the start. */
async function openLogOrStop(folder: string, redisUrl: string | null): Promise<Log> {
  try {
    return await openLogAt({ file: join(folder, LOG_FILE), redisUrl }, (sentence) => say(`REDIS_URL: ${sentence}`))
  } catch (cause) {
    if (cause instanceof LogDamaged || cause instanceof LogUnavailable)
      stop(redisUrl ? `REDIS_URL: ${cause.message}` : cause.message)
    throw cause
  }
}

function openSharedFiles(url: string, telemetry: Telemetry): Promise<FileStore> {
  return openRedisStore(url, (cause) => telemetry.log.warn({ err: cause }, 'the line to the files broke'))
}

async function joinOrStop(url: string, duties: NodeDuties, telemetry: Telemetry): Promise<Nodes> {
  const onTrouble = (cause: unknown) => telemetry.log.warn({ err: cause }, 'the line to the other nodes broke')
  try {
    const wire = await openRedisWire({ url, onTrouble })
    // Goes on while this process stands still, as the lease does.
    const monotonic = () => performance.now()
    return await joinNodes({ wire, duties, time: machineTime, monotonic, random: machineRandom, telemetry })
  } catch (cause) {
    stop(`REDIS_URL: the other nodes cannot be joined: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** The sample process, on this machine only: made once, on an empty log, by one of the nodes that start on it. */
async function openSample(
  app: App,
  { folder, fresh, url, language }: { folder: string; fresh: boolean; url: string; language: Language },
): Promise<void> {
  const own = join(SAMPLE_FOLDER, language)
  const texts = existsSync(own) ? own : SAMPLE_FOLDER
  const file = join(texts, 'lake-maren.yaml')
  if (fresh && existsSync(file)) {
    const read = await readProcessFile(file)
    if (!read.ok) stop(...read.refusal.map(sentenceOf))
    const started = await app.startSample(read.value)
    if (app.sample) saySample(folder, app.sample)
    if (!started) return
    const { invitations } = started
    say('A sample process is made, with these seats:')
    for (const { seat } of invitations) say(`  ${seat.name} (${seat.party}, ${seat.role})`)
    await playSample(url, texts, Object.fromEntries(invitations.map(({ seat, code }) => [seat.id, code])))
  } else app.sample = parseProcessId(readSample(folder))
}

/** Its people type what they typed before the visitor came: real clients, in a process of their own. */
async function playSample(url: string, texts: string, seats: Record<string, string>): Promise<void> {
  const script = join(SAMPLE_FOLDER, 'play.ts')
  if (!existsSync(script)) return
  const player = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'] })
  player.stdin.end(`${JSON.stringify({ url, acts: join(texts, 'acts.yaml'), seats })}\n`)
  const late = setTimeout(() => player.kill(), PLAY_MS)
  await new Promise((done) => player.once('close', done).once('error', done))
  clearTimeout(late)
}

/** Sends people away, finishes what is under way, and exits within 10 s; a second signal exits at once. */
function leaveOnSignal(app: App, folder: string, telemetry: Telemetry): void {
  let leaving = false
  const leave = (): void => {
    if (leaving) process.exit(1)
    leaving = true
    telemetry.log.info('draining')
    setTimeout(() => process.exit(1), EXIT_AFTER_MS).unref()
    app.drain().then(
      () => {
        sayStopped(folder)
        process.exit(0)
      },
      (cause: unknown) => {
        telemetry.log.error({ err: cause }, 'the drain failed')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, leave)
}
