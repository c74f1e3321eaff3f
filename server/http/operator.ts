import { isAbsolute } from 'node:path'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Process } from '#shared/domain/process.ts'
import { row } from '#shared/domain/rows.ts'
import { parseOpaque, parseProcessId, parseSeatId, type SeatId, type SessionId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Door } from '../access/door.ts'
import type { Registry } from '../access/registry.ts'
import { startProcess } from '../access/starting.ts'
import { besideLog, copyFiles } from '../files/copies.ts'
import { openFolderStore } from '../files/folder-store.ts'
import type { FileStore } from '../files/store.ts'
import type { Log } from '../log/log.ts'
import type { Processes, Running } from '../processes/port.ts'
import { type Asked, problem, type Reply, type Route, textAt } from './exchange.ts'
import type { Problem } from './problem.ts'

export interface OperatorOptions {
  processes: Processes
  registry: Registry
  door: Door
  log: Pick<Log, 'backup'>
  files: FileStore
  isOperator: (bearer: string | null) => boolean
  /** Where people reach the room. */
  address: () => string
}

/** A process file with its texts: 200 pages are under 1 MB. */
const LARGE = 3 * 1024 * 1024
const SMALL = 8 * 1024

const invitationUrl = (address: string, code: string): string => `${address}/join#${code}`

type Handler = (body: unknown, asked: Asked) => Promise<Reply>

/** What the operator's command line asks, with the operator's token and nothing else. */
export function operatorRoutes(options: OperatorOptions): [string, Route][] {
  const route = (limit: number, handle: Handler): Route => {
    return async (asked) => {
      if (asked.origin === 'foreign' || !options.isOperator(asked.bearer)) return problem({ code: 'not-operator' })
      const body = await asked.json(limit)
      return body.ok ? handle(body.value, asked) : problem(body.refusal)
    }
  }
  return [
    ['POST /api/processes', route(LARGE, (body) => makeProcess(options, body))],
    ['POST /api/operator/processes', route(SMALL, () => listProcesses(options))],
    ['POST /api/operator/seats', route(SMALL, (body) => listSeats(options, body))],
    ['POST /api/operator/invite', route(SMALL, (body) => invite(options, body))],
    ['POST /api/operator/confirm', route(SMALL, (body) => confirm(options, body))],
    ['POST /api/operator/end-session', route(SMALL, (body) => endSession(options, body))],
    ['POST /api/operator/backup', route(SMALL, (body) => backup(options, body))],
  ]
}

async function makeProcess(options: OperatorOptions, body: unknown): Promise<Reply> {
  const file = parseProcessFile(body)
  if (!file.ok) return problem({ code: 'mistakes', mistakes: file.refusal })
  const started = await startProcess(options, file.value)
  if (!started.ok) return problem(started.refusal)
  const seats = started.value.invitations.map(({ seat, code }) => {
    const { id, party, role, name } = seat
    return { seat: id, party, role, name, invitation: invitationUrl(options.address(), code) }
  })
  return { status: 201, body: { process: started.value.running.id, seats } }
}

async function listProcesses({ processes }: OperatorOptions): Promise<Reply> {
  const rows: { process: string; title: string; seats: number }[] = []
  for (const id of await processes.list()) {
    const running = await processes.open(id)
    if (running) rows.push({ process: id, title: running.state.title, seats: running.state.seats.order.length })
  }
  return { status: 200, body: { processes: rows } }
}

async function listSeats(options: OperatorOptions, body: unknown): Promise<Reply> {
  const running = await processIn(options, body)
  if (!running.ok) return problem(running.refusal)
  const { id, state } = running.value
  const seats = state.seats.order.flatMap((seat) => seatRow(state, seat))
  return { status: 200, body: { process: id, title: state.title, seats } }
}

function seatRow(state: Process, id: SeatId) {
  const seat = row(state.seats.by, id)
  if (!seat) return []
  const invitations = Object.values(state.access.invitations).filter((row) => row.seat === id)
  const open = invitations.some((row) => !row.session && !row.revoked)
  const sessions = sessionsOf(state, id).map(({ id: session, at, confined }) => {
    return { session, at, confirmed: confined === null }
  })
  const { party, role, name } = seat
  return [{ seat: id, party, role, name, invitation: open ? 'open' : 'none', sessions }]
}

const sessionsOf = (state: Process, seat: SeatId) =>
  state.access.sessions.order
    .flatMap((id) => row(state.access.sessions.by, id) ?? [])
    .filter((session) => session.seat === seat && !session.ended)

async function invite(options: OperatorOptions, body: unknown): Promise<Reply> {
  const running = await processIn(options, body)
  if (!running.ok) return problem(running.refusal)
  const seat = parseSeatId(textAt(body, 'seat') ?? '')
  if (!seat) return problem({ code: 'malformed', where: 'seat' })
  const made = await running.value.act('operator', null, { type: 'IssueInvitation', seat })
  if (!made.ok) return problem(made.refusal)
  const invitation = invitationUrl(options.address(), made.value.made[0] ?? '')
  return { status: 201, body: { process: running.value.id, seat, invitation } }
}

/** The newest device of a seat that waits, by the figures its person reads aloud. */
async function confirm(options: OperatorOptions, body: unknown): Promise<Reply> {
  const running = await processIn(options, body)
  if (!running.ok) return problem(running.refusal)
  const seat = parseSeatId(textAt(body, 'seat') ?? '')
  const figures = textAt(body, 'figures')
  if (!seat || !figures) return problem({ code: 'malformed', where: seat ? 'figures' : 'seat' })
  const waiting = sessionsOf(running.value.state, seat).findLast(({ confined }) => confined !== null)
  if (!waiting) return problem({ code: 'nothing-to-change' })
  const { id: session } = waiting
  const confirmed = await running.value.act('operator', null, { type: 'ConfirmDevice', session, figures })
  return confirmed.ok ? { status: 200, body: { seat, session } } : problem(confirmed.refusal)
}

/** Ends one session, or all of a seat. */
async function endSession(options: OperatorOptions, body: unknown): Promise<Reply> {
  const running = await processIn(options, body)
  if (!running.ok) return problem(running.refusal)
  const { state } = running.value
  const seat = parseSeatId(textAt(body, 'seat') ?? '')
  const session = parseOpaque<SessionId>(textAt(body, 'session') ?? '')
  if (!seat && !session) return problem({ code: 'malformed', where: 'session' })
  const ending = session ? [session] : seat ? sessionsOf(state, seat).map(({ id }) => id) : []
  for (const id of ending) {
    const ended = await running.value.act('operator', null, { type: 'EndSession', session: id })
    if (!ended.ok) return problem(ended.refusal)
  }
  return { status: 200, body: { ended: ending.length } }
}

/** The log first: what it names then is in the store, and stays. */
async function backup({ log, files, processes }: OperatorOptions, body: unknown): Promise<Reply> {
  const file = textAt(body, 'file')
  if (!file || !isAbsolute(file)) return problem({ code: 'malformed', where: 'file' })
  await log.backup(file)
  const annexes = await copyFiles(files, openFolderStore(besideLog(file)), await processes.list())
  return { status: 200, body: { file, annexes } }
}

async function processIn({ processes }: OperatorOptions, body: unknown): Promise<Outcome<Running, Problem>> {
  const id = parseProcessId(textAt(body, 'process') ?? '')
  const running = id ? await processes.open(id) : null
  return running ? ok(running) : refuse({ code: 'no-such-thing' })
}
