import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type DocumentId, type Instant, instant, type ProcessId, parseProcessId, parseSeatId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { brokenCondition, type LaneState, laneAfter, type Standing } from './conditions.ts'
import { stampEntry } from './entry.ts'
import type { Appended, NotAppended, Seq, StoredEntry } from './log.ts'
import { chainAfter, chainStart, packSegment } from './segments.ts'
import { digestOf, laneSum, processSum, type Row, sumOf } from './sqlite-check.ts'
import type { EncodedEntry, Job } from './sqlite-messages.ts'

/** A segment is cut at whichever comes first; this many entries behind the head always stay as they are, for followers. */
const SEGMENT_ENTRIES = 1_024
const SEGMENT_BYTES = 1024 * 1024
const UNSEALED_ENTRIES = 256
/** Past this many remembered heads of documents and lanes all are forgotten and read again when needed: about 20 MB. */
const REMEMBERED = 50_000

interface Heads {
  pid: number
  process: ProcessId
  seq: Seq
  events: Seq
  at: Instant
  sealed: Seq
  chain: Uint8Array
}

/** Old entries of one process, packed and ready to be put in the place of their rows. */
export interface Sealed {
  process: ProcessId
  first: Seq
  last: Seq
  after: Uint8Array
  packed: Uint8Array
}

/** What is in the file, for the one thread that writes it. Everything here happens between `begin` and `commit` or `rollback`. */
export class Store {
  readonly #database: DatabaseSync
  readonly #statements: ReturnType<typeof prepare>
  readonly #processes = new Map<ProcessId, Heads>()
  readonly #unsealedBytes = new Map<ProcessId, number>()
  readonly #documents = new Map<string, Seq>()
  readonly #lanes = new Map<string, LaneState | null>()
  /** Heads changed in this transaction: written once, at its end. */
  readonly #changedHeads = new Set<Heads>()
  readonly #changes = new Map<string, () => void>()
  #commits = 0
  #latest = instant(0)

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = prepare(database)
    this.#load()
  }

  /** The highest time of any entry: no later entry gets a lower one. */
  get latest(): Instant {
    return this.#latest
  }

  begin(now: Instant): void {
    this.#latest = instant(Math.max(this.#latest, now))
    this.#database.exec('BEGIN IMMEDIATE')
  }

  /** Durable on return. Gives the number of commits there ever were. */
  commit(): number {
    for (const heads of this.#changedHeads) this.#writeHeads(heads)
    for (const write of this.#changes.values()) write()
    const commits = this.#commits + 1
    this.#statements.countCommit.run(commits, sumOf([commits]))
    this.#database.exec('COMMIT')
    this.#commits = commits
    this.#changedHeads.clear()
    this.#changes.clear()
    if (this.#documents.size + this.#lanes.size > REMEMBERED) this.#forget()
    return commits
  }

  /** Undoes everything since `begin`, in the file and in memory. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#changedHeads.clear()
    this.#changes.clear()
    this.#forget()
    this.#load()
  }

  run(job: Job): Outcome<Appended | null, NotAppended> {
    switch (job.type) {
      case 'append':
        return this.#append(job)
      case 'snapshot': {
        const { process, name, snapshot } = job
        const sum = sumOf([process, name, snapshot.seq], snapshot.bytes)
        this.#statements.saveSnapshot.run(process, name, snapshot.seq, snapshot.bytes, sum)
        return ok(null)
      }
      case 'save-key': {
        const { process, key, secret } = job
        this.#statements.saveKey.run(process, key, secret, sumOf([process, key], secret))
        return ok(null)
      }
      case 'erase-key':
        this.#statements.blankKey.run(job.process, job.key)
        this.#statements.eraseKey.run(job.process, job.key)
        return ok(null)
      case 'adopt':
        return this.#adopt(job)
      default:
        throw job satisfies never
    }
  }

  /** All of a process that comes from another log, in segments. */
  #adopt({ process, segments, heads: given, keys }: Extract<Job, { type: 'adopt' }>): Outcome<null, NotAppended> {
    if (this.#processes.has(process)) return refuse({ code: 'conflict', on: 'events' })
    const heads = this.#newProcess(process)
    const { pid } = heads
    for (const { first, last, before, after, packed } of segments) {
      const row = { pid, first, last, before, after, packed }
      this.#statements.addSegment.run(pid, first, last, before, after, packed, digestOf(row))
    }
    const { seq, events, at, chain } = given
    Object.assign(heads, { seq, events, at, sealed: seq, chain })
    this.#latest = instant(Math.max(this.#latest, at))
    this.#changedHeads.add(heads)
    for (const [document, head] of given.documents) {
      this.#documents.set(`${pid} ${document}`, head)
      this.#writeDocument(pid, document)
    }
    for (const { document, client, state } of given.lanes) {
      this.#lanes.set(`${pid} ${document} ${client}`, state)
      this.#writeLane(pid, document, client)
    }
    this.#statements.forgetSnapshots.run(process)
    this.#statements.forgetKeys.run(process)
    for (const [key, secret] of keys) this.#statements.saveKey.run(process, key, secret, sumOf([process, key], secret))
    return ok(null)
  }

  /** A process whose old entries are due to be sealed, among those given. */
  dueForSealing(processes: Iterable<ProcessId>): ProcessId | null {
    for (const process of processes) {
      const heads = this.#processes.get(process)
      const unsealed = heads ? heads.seq - heads.sealed - UNSEALED_ENTRIES : 0
      const bytes = this.#unsealedBytes.get(process) ?? 0
      if (unsealed >= SEGMENT_ENTRIES || (unsealed > 0 && bytes >= 2 * SEGMENT_BYTES)) return process
    }
    return null
  }

  /** Packs the oldest unsealed entries, off this thread. Changes nothing yet. */
  async pack(process: ProcessId): Promise<Sealed | null> {
    const heads = this.#processes.get(process)
    if (!heads) return null
    const entries: StoredEntry[] = []
    let after = heads.chain
    let bytes = 0
    const most = Math.min(SEGMENT_ENTRIES, heads.seq - heads.sealed - UNSEALED_ENTRIES)
    for (const row of this.#statements.oldest.all(heads.pid, heads.sealed, most) as Row[]) {
      entries.push({ bytes: row['bytes'], rest: row['rest'] })
      after = chainAfter(after, row['bytes'])
      bytes += row['bytes'].length
      if (bytes >= SEGMENT_BYTES) break
    }
    if (entries.length === 0) return null
    const first = heads.sealed + 1
    return { process, first, last: heads.sealed + entries.length, after, packed: await packSegment(entries) }
  }

  /** Puts a segment in the place of its entries. */
  seal({ process, first, last, after, packed }: Sealed): void {
    const heads = this.#processes.get(process)
    if (heads?.sealed !== first - 1) throw new Error('a segment was packed twice')
    const row = { pid: heads.pid, first, last, before: heads.chain, after, packed }
    this.#statements.addSegment.run(row.pid, first, last, row.before, after, packed, digestOf(row))
    const { removed } = this.#statements.sizeOf.get(heads.pid, last) as Row
    this.#statements.removeEntries.run(heads.pid, last)
    this.#unsealedBytes.set(process, (this.#unsealedBytes.get(process) ?? 0) - removed)
    heads.sealed = last
    heads.chain = after
    this.#changedHeads.add(heads)
  }

  /** Writes and removes something that needs room: throws when there is none. */
  probe(bytes: number): void {
    this.#statements.fillProbe.run(bytes)
  }

  clearProbe(): void {
    this.#statements.clearProbe.run()
  }

  #append({ process, entries, conditions }: Extract<Job, { type: 'append' }>): Outcome<Appended, NotAppended> {
    const known = this.#processes.get(process)
    const broken = brokenCondition(conditions, this.#standing(known))
    if (broken) return refuse(broken)
    const heads = known ?? this.#newProcess(process)
    const first = heads.seq + 1
    heads.at = this.#latest
    for (const [index, entry] of entries.entries()) this.#add(heads, entry, entries.length - 1 - index)
    this.#changedHeads.add(heads)
    return ok({ first, at: heads.at })
  }

  #add(heads: Heads, { bytes, kind, document, lane }: EncodedEntry, rest: number): void {
    const { pid, at } = heads
    const seq = ++heads.seq
    stampEntry(bytes, at)
    this.#statements.addEntry.run(pid, seq, rest, bytes, sumOf([pid, seq, rest], bytes))
    this.#unsealedBytes.set(heads.process, (this.#unsealedBytes.get(heads.process) ?? 0) + bytes.length)
    if (kind === 'event') heads.events = seq
    if (!document) return
    const name = `${pid} ${document}`
    this.#documents.set(name, seq)
    this.#changes.set(name, () => this.#writeDocument(pid, document))
    if (!lane) return
    const laneName = `${name} ${lane.client}`
    this.#lanes.set(laneName, laneAfter(lane))
    this.#changes.set(laneName, () => this.#writeLane(pid, document, lane.client))
  }

  #standing(heads: Heads | undefined): Standing {
    return {
      events: heads?.events ?? 0,
      now: this.#latest,
      documentHead: (document) => (heads ? this.#documentHead(heads.pid, document) : 0),
      laneState: (document, client) => (heads ? this.#laneState(heads.pid, document, client) : null),
    }
  }

  #documentHead(pid: number, document: DocumentId): Seq {
    const name = `${pid} ${document}`
    const head = this.#documents.get(name) ?? Number(this.#statements.document.get(pid, document)?.['head'] ?? 0)
    this.#documents.set(name, head)
    return head
  }

  #laneState(pid: number, document: DocumentId, client: number): LaneState | null {
    const name = `${pid} ${document} ${client}`
    const remembered = this.#lanes.get(name)
    if (remembered !== undefined) return remembered
    const state = laneOfRow(this.#statements.lane.get(pid, document, client))
    this.#lanes.set(name, state)
    return state
  }

  #newProcess(process: ProcessId): Heads {
    const pid = this.#processes.size + 1
    const heads: Heads = { pid, process, seq: 0, events: 0, at: this.#latest, sealed: 0, chain: chainStart(process) }
    this.#processes.set(process, heads)
    return heads
  }

  #writeHeads(heads: Heads): void {
    const { pid, process, seq, events, at, sealed, chain } = heads
    this.#statements.writeHeads.run(pid, process, seq, events, at, sealed, chain, processSum({ ...heads }))
  }

  #writeDocument(pid: number, document: DocumentId): void {
    const head = this.#documents.get(`${pid} ${document}`) ?? 0
    this.#statements.writeDocument.run(pid, document, head, sumOf([pid, document, head]))
  }

  #writeLane(pid: number, document: DocumentId, client: number): void {
    const state = this.#lanes.get(`${pid} ${document} ${client}`)
    if (!state) throw new Error('a changed lane was forgotten')
    const { owner, number, clock } = state
    this.#statements.writeLane.run(
      pid,
      document,
      client,
      owner,
      number,
      clock,
      laneSum({ pid, document, client, ...state }),
    )
  }

  #forget(): void {
    this.#documents.clear()
    this.#lanes.clear()
  }

  #load(): void {
    this.#processes.clear()
    for (const row of this.#statements.processes.all() as Row[]) {
      const process = parseProcessId(row['process'])
      if (!process) throw new Error('the name of a process was checked at the start')
      const { pid, seq, events, sealed, chain } = row
      this.#processes.set(process, { pid, process, seq, events, at: instant(row['at']), sealed, chain })
      this.#latest = instant(Math.max(this.#latest, row['at']))
    }
    for (const [process, { pid }] of this.#processes) {
      if (!this.#unsealedBytes.has(process))
        this.#unsealedBytes.set(process, Number(this.#statements.unsealed.get(pid)?.['bytes'] ?? 0))
    }
    this.#commits = Number(this.#statements.commits.get()?.['count'] ?? 0)
  }
}

/** A row of the table of lanes. */
export function laneOfRow(row: Row | undefined): LaneState | null {
  const owner = row && parseSeatId(row['owner'])
  return row && owner ? { owner, number: row['number'], clock: row['clock'] } : null
}

function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text)
  return {
    processes: sql('SELECT * FROM processes ORDER BY pid'),
    unsealed: sql('SELECT sum(length(bytes)) AS bytes FROM entries WHERE pid = ?'),
    commits: sql('SELECT count FROM commits'),
    countCommit: sql('INSERT OR REPLACE INTO commits VALUES (1, ?, ?)'),
    writeHeads: sql('INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    addEntry: sql('INSERT INTO entries VALUES (?, ?, ?, ?, ?)'),
    document: sql('SELECT head FROM documents WHERE pid = ? AND document = ?'),
    writeDocument: sql('INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)'),
    lane: sql('SELECT owner, number, clock FROM lanes WHERE pid = ? AND document = ? AND client = ?'),
    writeLane: sql('INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?)'),
    saveSnapshot: sql(
      'INSERT INTO snapshots VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, bytes = excluded.bytes, sum = excluded.sum WHERE excluded.seq >= seq',
    ),
    saveKey: sql('INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)'),
    blankKey: sql('UPDATE keys SET secret = zeroblob(length(secret)) WHERE process = ? AND key = ?'),
    eraseKey: sql('DELETE FROM keys WHERE process = ? AND key = ?'),
    forgetSnapshots: sql('DELETE FROM snapshots WHERE process = ?'),
    forgetKeys: sql('DELETE FROM keys WHERE process = ?'),
    oldest: sql('SELECT rest, bytes FROM entries WHERE pid = ? AND seq > ? ORDER BY seq LIMIT ?'),
    addSegment: sql('INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?)'),
    sizeOf: sql('SELECT sum(length(bytes)) AS removed FROM entries WHERE pid = ? AND seq <= ?'),
    removeEntries: sql('DELETE FROM entries WHERE pid = ? AND seq <= ?'),
    fillProbe: sql('INSERT INTO probe VALUES (zeroblob(?))'),
    clearProbe: sql('DELETE FROM probe'),
  }
}
