import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real server in a process of its own, on a free port, with a data folder of its own. */

const ROOT = join(import.meta.dirname, '../..')
/** Two cores shared with other tests: a start takes 0.5 s alone. */
const START_MS = 30_000
/** What is waited for happens in milliseconds where nobody else uses the machine. */
export const PATIENT = { timeout: 15_000 }

export interface StartedServer {
  readonly url: string
  readonly folder: string
  readonly pid: number
  /** All it printed so far, both streams. */
  output(): string
  /** Sends a signal to this process and resolves with its exit code (null when the signal ended it). */
  end(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number | null>
  /** Resolves when the process ends by itself or by a signal. */
  readonly ended: Promise<number | null>
  operatorToken(): string
  /** Asks as the operator. */
  operator(path: string, body: unknown): Promise<Response>
  /** Starts a process; gives the code of each seat. */
  newProcess(file?: unknown): Promise<StartedProcess>
  /** Opens an invitation; gives the token. */
  redeem(code: string): Promise<Redeemed>
}

export interface StartedProcess {
  process: string
  codes: Record<string, string>
}
export interface Redeemed {
  token: string
  seat: string
  party: string
  process: string
  figures?: string
}

const running = new Set<ChildProcess>()
const folders = new Set<string>()

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'))
  folders.add(folder)
  return folder
}

/** For `afterEach`: ends what a test left, by process id, and removes its folders. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((child) => endChild(child, 'SIGKILL')))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

/** Environment of a test's server or command line: nothing of the caller's settings, no sample unless asked for. */
export function testEnvironment(folder: string, more: Record<string, string> = {}): Record<string, string> {
  const path = process.env['PATH'] ?? ''
  return { PATH: path, PORT: '0', PARLEY_DATA: folder, PARLEY_SAMPLE: 'off', LOG_LEVEL: 'warn', ...more }
}

export async function startServer(
  options: { folder?: string; environment?: Record<string, string>; execArgv?: string[] } = {},
): Promise<StartedServer> {
  const folder = options.folder ?? newFolder()
  const child = spawn(process.execPath, [...(options.execArgv ?? []), 'server/main.ts'], {
    cwd: ROOT,
    env: testEnvironment(folder, options.environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let printed = ''
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  ended.then(() => running.delete(child))
  const url = await new Promise<string>((ready, failed) => {
    const late = setTimeout(() => failed(new Error(`the server did not start:\n${printed}`)), START_MS)
    const listen = (part: Buffer) => {
      printed += part.toString()
      const line = /^Parley is ready: (\S+)\/$/m.exec(printed)?.[1]
      if (line) ready(line)
      if (line) clearTimeout(late)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('close', (code) => failed(new Error(`the server ended with ${code}:\n${printed}`)))
  })
  const pid = child.pid ?? 0
  const operatorToken = () => readFileSync(join(folder, 'operator-token'), 'utf8').trim()
  const operator = (path: string, body: unknown) => {
    return post(`${url}${path}`, body, { authorization: `Bearer ${operatorToken()}` })
  }
  return {
    url,
    folder,
    pid,
    ended,
    operatorToken,
    operator,
    output: () => printed,
    end: (signal) => endChild(child, signal),
    newProcess: (file = SMALL_PROCESS) => newProcess(operator, file),
    redeem: (code) => redeem(url, code),
  }
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const closed = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  child.kill(signal)
  return closed
}

export function post(address: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const type = { 'content-type': 'application/json' }
  return fetch(address, { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) })
}

async function newProcess(operator: StartedServer['operator'], file: unknown): Promise<StartedProcess> {
  const response = await operator('/api/processes', file)
  const body = (await response.json()) as { process: string; seats: { seat: string; invitation: string }[] }
  if (response.status !== 201) throw new Error(`no process: ${response.status} ${JSON.stringify(body)}`)
  const codes = body.seats.map(({ seat, invitation }) => [seat, invitation.split('#')[1] ?? ''])
  return { process: body.process, codes: Object.fromEntries(codes) }
}

async function redeem(url: string, code: string): Promise<Redeemed> {
  const response = await post(`${url}/api/invitations/redeem`, { code })
  if (response.status !== 200) throw new Error(`not redeemed: ${response.status} ${await response.text()}`)
  return (await response.json()) as Redeemed
}

/** Two delegations, a mediator, one text. Caucuses are made for both delegations. */
export const SMALL_PROCESS = {
  title: 'Talks of the Two Shores',
  languages: ['en'],
  charter: { text: 'Nothing is agreed until everything is agreed.', decisionRule: 'consensus', acceptance: 'waived' },
  secretariat: { name: 'Secretariat', phone: '+00 555 0100', email: 'secretariat@shores.example' },
  parties: [
    { id: 'north', name: 'North Shore', short: 'NOR', kind: 'delegation' },
    { id: 'south', name: 'South Shore', short: 'SOU', kind: 'delegation' },
    { id: 'team', name: 'Mediation Team', short: 'MED', kind: 'mediation' },
  ],
  seats: [
    { id: 'north-head', party: 'north', role: 'head', name: 'Ada North' },
    { id: 'north-alternate', party: 'north', role: 'alternate', name: 'Ben North' },
    { id: 'north-adviser', party: 'north', role: 'adviser', name: 'Cid North' },
    { id: 'south-head', party: 'south', role: 'head', name: 'Dora South' },
    { id: 'south-adviser', party: 'south', role: 'adviser', name: 'Eli South' },
    { id: 'mediator', party: 'team', role: 'mediator', name: 'Fay Team' },
    { id: 'second-mediator', party: 'team', role: 'mediator', name: 'Gus Team' },
  ],
  tracks: [
    {
      id: 'plenary',
      title: 'Plenary text',
      kind: 'plenary',
      text: {
        title: 'Agreement on the Two Shores',
        articles: [
          {
            title: 'The ferry',
            clauses: ['The ferry runs every day.', 'Both shores pay for it.', 'Nobody is turned away.'],
          },
        ],
      },
      access: { north: 'suggest', south: 'suggest', team: 'edit' },
    },
  ],
}
