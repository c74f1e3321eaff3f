import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { type ProcessId, parseProcessId } from '#shared/ids.ts'
import { laneAfter } from './conditions.ts'
import { decodeEntry } from './entry.ts'
import { LogDamaged, type Seq } from './log.ts'
import { chainStart, sameBytes, sha256 } from './segments.ts'
import { expectedSchema, numberOf, schemaOf } from './sqlite-schema.ts'

/** The sum of a row: of its scalars, then of its bytes. */
export const sumOf = (scalars: readonly (string | number)[], bytes?: Uint8Array): number => {
  const sum = crc32(scalars.join(' '))
  return bytes ? crc32(bytes, sum) : sum
}

/** The digest of a segment's row. */
export const digestOf = (row: {
  pid: number
  first: Seq
  last: Seq
  before: Uint8Array
  after: Uint8Array
  packed: Uint8Array
}) => sha256(`${row.pid} ${row.first} ${row.last} `, row.before, row.after, row.packed)

/** A row as SQLite gives it. Each statement's columns are read where it is written. */
// biome-ignore lint/suspicious/noExplicitAny: node:sqlite types no columns, and the tables are STRICT.
export type Row = Record<string, any>

/** What the unsealed entries of a process say of its heads. */
interface Tail {
  events: Seq
  documents: Map<string, Seq>
  lanes: Map<string, string>
}

const damaged = (what: string): never => {
  throw new LogDamaged(what)
}

/** Whether the file begins as SQLite's do; an empty or absent one is a fresh log. */
export function checkHeader(file: string): 'fresh' | 'written' {
  if (!existsSync(file) || statSync(file).size === 0) return 'fresh'
  const descriptor = openSync(file, 'r')
  const head = Buffer.alloc(16)
  readSync(descriptor, head)
  closeSync(descriptor)
  if (head.toString('latin1') !== 'SQLite format 3\0') damaged('it does not begin as a log does')
  return 'written'
}

/** SQLite's own check of its structure. Reads the whole file once. */
export function checkStructure(database: DatabaseSync): void {
  const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (answer !== 'ok') damaged(`its pages are damaged (${answer})`)
}

/**
 * Checks everything the log must never lose: every sealed segment by its digest and link, every unsealed entry by its
 * sum, place and shape, every head against the entries, every key. `commits` is how many were answered at least.
 * Throws LogDamaged that names the first damage.
 */
export function checkContent(database: DatabaseSync, commits: number): void {
  if (schemaOf(database) !== expectedSchema()) damaged('its tables are not those of a log')
  checkCommits(database, commits)
  const tails = new Map<number, Tail>()
  let unsealed = 0
  for (const row of database.prepare('SELECT * FROM processes ORDER BY pid').iterate() as Iterable<Row>) {
    const process = checkProcess(row)
    checkSegments(database, row, process)
    tails.set(row['pid'], checkTail(database, row, process))
    unsealed += row['seq'] - row['sealed']
  }
  if (numberOf(database, 'SELECT count(*) FROM entries') !== unsealed) damaged('there are entries of no process')
  checkDocuments(database, tails)
  checkLanes(database, tails)
  checkKeys(database)
}

function checkCommits(database: DatabaseSync, commits: number): void {
  const row: Row =
    database.prepare('SELECT count, sum FROM commits').get() ?? damaged('the count of commits is missing')
  if (row['sum'] !== sumOf([row['count']])) damaged('the count of commits does not match its sum')
  if (row['count'] < commits) {
    damaged(
      `it ends after ${row['count']} commits, and at least ${commits} were answered; entries are missing at its end`,
    )
  }
}

export const processSum = (row: Row): number =>
  sumOf([row['pid'], row['process'], row['seq'], row['events'], row['at'], row['sealed']], row['chain'])

function checkProcess(row: Row): ProcessId {
  if (row['sum'] !== processSum(row)) damaged(`the heads of process ${row['process']} do not match their sum`)
  return parseProcessId(row['process']) ?? damaged(`${row['process']} is not the name of a process`)
}

function checkSegments(database: DatabaseSync, { pid, sealed, chain }: Row, process: ProcessId): void {
  let last = 0
  let hash = chainStart(process)
  const segments = database.prepare('SELECT * FROM segments WHERE pid = ? ORDER BY first').iterate(pid)
  for (const row of segments as Iterable<Row & Parameters<typeof digestOf>[0]>) {
    const where = `entries ${row.first} to ${row.last} of process ${process}`
    if (row.first !== last + 1) damaged(`entries ${last + 1} to ${row.first - 1} of process ${process} are missing`)
    if (!sameBytes(row['digest'], digestOf(row))) damaged(`${where} (a sealed segment) do not match their digest`)
    if (!sameBytes(row.before, hash)) damaged(`${where} (a sealed segment) do not continue the chain`)
    last = row.last
    hash = row.after
  }
  if (last !== sealed) damaged(`entries ${last + 1} to ${sealed} of process ${process} are missing`)
  if (!sameBytes(hash, chain)) damaged(`the chain of process ${process} does not end as its last segment does`)
}

function checkTail(database: DatabaseSync, { pid, seq, sealed, events }: Row, process: ProcessId): Tail {
  const tail: Tail = { events: 0, documents: new Map(), lanes: new Map() }
  let last: Seq = sealed
  let rest = 0
  const entries = database.prepare('SELECT seq, rest, bytes, sum FROM entries WHERE pid = ? ORDER BY seq').iterate(pid)
  for (const row of entries as Iterable<Row>) {
    if (row['seq'] !== last + 1) damaged(`entries ${last + 1} to ${row['seq'] - 1} of process ${process} are missing`)
    last++
    if (row['sum'] !== sumOf([pid, last, row['rest']], row['bytes'])) {
      damaged(`entry ${last} of process ${process} does not match its sum`)
    }
    rest = row['rest']
    const entry = decodeEntry(row['bytes'], last)
    if (entry.kind === 'event') tail.events = last
    if (entry.document) tail.documents.set(entry.document, last)
    if (entry.document && entry.lane) {
      tail.lanes.set(`${entry.document} ${entry.lane.client}`, Object.values(laneAfter(entry.lane)).join(' '))
    }
  }
  if (last !== seq || rest !== 0) damaged(`entries ${last + 1} to ${seq + rest} of process ${process} are missing`)
  if (tail.events > 0 && tail.events !== events) damaged(`the head of events of process ${process} is wrong`)
  return tail
}

function checkDocuments(database: DatabaseSync, tails: Map<number, Tail>): void {
  for (const row of database.prepare('SELECT pid, document, head, sum FROM documents').iterate() as Iterable<Row>) {
    const documents = tails.get(row['pid'])?.documents
    const known = documents?.get(row['document']) ?? row['head']
    if (row['sum'] !== sumOf([row['pid'], row['document'], row['head']]) || known !== row['head']) {
      damaged(`the head of document ${row['document']} is wrong`)
    }
    documents?.delete(row['document'])
  }
  for (const { documents } of tails.values())
    for (const [name] of documents) damaged(`the head of document ${name} is missing`)
}

export const laneSum = (row: Row): number =>
  sumOf([row['pid'], row['document'], row['client'], row['owner'], row['number'], row['clock']])

function checkLanes(database: DatabaseSync, tails: Map<number, Tail>): void {
  for (const row of database.prepare('SELECT * FROM lanes').iterate() as Iterable<Row>) {
    const lanes = tails.get(row['pid'])?.lanes
    const name = `${row['document']} ${row['client']}`
    const state = [row['owner'], row['number'], row['clock']].join(' ')
    if (row['sum'] !== laneSum(row) || (lanes?.get(name) ?? state) !== state) damaged(`the lane ${name} is wrong`)
    lanes?.delete(name)
  }
  for (const { lanes } of tails.values()) for (const [name] of lanes) damaged(`the lane ${name} is missing`)
}

function checkKeys(database: DatabaseSync): void {
  for (const row of database.prepare('SELECT process, key, secret, sum FROM keys').iterate() as Iterable<Row>) {
    if (row['sum'] !== sumOf([row['process'], row['key']], row['secret']))
      damaged(`the key ${row['key']} does not match its sum`)
  }
}
