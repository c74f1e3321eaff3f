import { DatabaseSync } from 'node:sqlite'
import { type DocumentId, type ProcessId, parseProcessId } from '#shared/ids.ts'
import type { LaneState } from './conditions.ts'
import { decodeEntry } from './entry.ts'
import type { Entry, Heads, Seq, Snapshot, StoredEntry } from './log.ts'
import { chainAfter, chainStart, hexOf, unpackSegment } from './segments.ts'
import { type Row, sumOf } from './sqlite-check.ts'
import { laneOfRow } from './sqlite-store.ts'

interface Placed extends StoredEntry {
  seq: Seq
}

/** Reads what is committed, on the thread that asks: from the page cache, beside the writer, never waiting for it. */
export class SqliteReader {
  readonly #database: DatabaseSync
  readonly #statements
  readonly #pids = new Map<ProcessId, number>()
  /** The last segment read: one that catches up comes back for its rest. */
  #unpacked: { pid: number; first: Seq; entries: StoredEntry[] } | null = null

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true })
    const sql = (text: string) => this.#database.prepare(text)
    this.#statements = {
      processes: sql('SELECT pid, process FROM processes WHERE seq > 0 ORDER BY pid'),
      heads: sql('SELECT seq, events, sealed, chain FROM processes WHERE pid = ?'),
      entries: sql('SELECT seq, rest, bytes FROM entries WHERE pid = ? AND seq > ? ORDER BY seq LIMIT ?'),
      segment: sql('SELECT first, packed FROM segments WHERE pid = ? AND first <= ? AND last >= ?'),
      lane: sql('SELECT owner, number, clock FROM lanes WHERE pid = ? AND document = ? AND client = ?'),
      snapshot: sql('SELECT seq, bytes, sum FROM snapshots WHERE process = ? AND name = ?'),
      keys: sql('SELECT key, secret FROM keys WHERE process = ? ORDER BY key'),
      key: sql('SELECT secret FROM keys WHERE process = ? AND key = ?'),
    }
  }

  processes(): ProcessId[] {
    for (const row of this.#statements.processes.all() as Row[]) {
      const process = parseProcessId(row['process'])
      if (process) this.#pids.set(process, row['pid'])
    }
    return [...this.#pids.keys()]
  }

  heads(process: ProcessId): Heads {
    const row = this.#heads(process)
    return { seq: row?.['seq'] ?? 0, events: row?.['events'] ?? 0 }
  }

  read(process: ProcessId, after: Seq, limit: number): Entry[] {
    return this.#stored(process, after, limit).map(({ bytes, seq }) => decodeEntry(bytes, seq))
  }

  stored(process: ProcessId, after: Seq, limit: number): StoredEntry[] {
    return this.#stored(process, after, limit).map(({ bytes, rest }) => ({ bytes, rest }))
  }

  /** As `read`, and the rest of the last append. */
  readWhole(process: ProcessId, after: Seq, limit: number): Entry[] {
    const stored = this.#stored(process, after, limit)
    const last = stored.at(-1)
    if (last && last.rest > 0) stored.push(...this.#stored(process, last.seq, last.rest))
    return stored.map(({ bytes, seq }) => decodeEntry(bytes, seq))
  }

  lane(process: ProcessId, document: DocumentId, client: number): LaneState | null {
    const pid = this.#pid(process)
    return pid === null ? null : laneOfRow(this.#statements.lane.get(pid, document, client))
  }

  /** A damaged snapshot is as good as none: it only saves time. */
  snapshot(process: ProcessId, name: string): Snapshot | null {
    const row: Row | undefined = this.#statements.snapshot.get(process, name)
    if (!row || row['sum'] !== sumOf([process, name, row['seq']], row['bytes'])) return null
    return { seq: row['seq'], bytes: row['bytes'] }
  }

  key(process: ProcessId, key: string): Uint8Array | null {
    const row: Row | undefined = this.#statements.key.get(process, key)
    return row?.['secret'] ?? null
  }

  keys(process: ProcessId): Map<string, Uint8Array> {
    const rows = this.#statements.keys.all(process) as Row[]
    return new Map(rows.map((row) => [row['key'], row['secret']]))
  }

  chain(process: ProcessId): { seq: Seq; hash: string } {
    return this.#atOneMoment(() => {
      const row = this.#heads(process)
      if (!row) return { seq: 0, hash: hexOf(chainStart(process)) }
      let hash: Uint8Array = row['chain']
      for (const { bytes } of this.#stored(process, row['sealed'], row['seq'])) hash = chainAfter(hash, bytes)
      return { seq: row['seq'], hash: hexOf(hash) }
    })
  }

  close(): void {
    this.#database.close()
  }

  #heads(process: ProcessId): Row | undefined {
    const pid = this.#pid(process)
    return pid === null ? undefined : this.#statements.heads.get(pid)
  }

  #pid(process: ProcessId): number | null {
    if (!this.#pids.has(process)) this.processes()
    return this.#pids.get(process) ?? null
  }

  #stored(process: ProcessId, after: Seq, limit: number): Placed[] {
    const pid = this.#pid(process)
    if (pid === null) return []
    return this.#atOneMoment(() => {
      const found: Placed[] = []
      const heads: Row = this.#statements.heads.get(pid) ?? {}
      const sealed: Seq = heads['sealed']
      for (let next = after + 1; next <= sealed && found.length < limit; next = (found.at(-1)?.seq ?? sealed) + 1) {
        found.push(...this.#sealed(pid, next, limit - found.length))
      }
      const from = found.at(-1)?.seq ?? after
      for (const row of this.#statements.entries.all(pid, from, limit - found.length) as Row[]) {
        found.push({ seq: row['seq'], rest: row['rest'], bytes: row['bytes'] })
      }
      return found
    })
  }

  #sealed(pid: number, next: Seq, limit: number): Placed[] {
    const kept = this.#unpacked
    if (!kept || kept.pid !== pid || next < kept.first || next >= kept.first + kept.entries.length) {
      const row = this.#statements.segment.get(pid, next, next) as Row
      this.#unpacked = { pid, first: row['first'], entries: unpackSegment(row['packed']) }
    }
    const { first, entries } = this.#unpacked ?? { first: next, entries: [] }
    return entries.slice(next - first, next - first + limit).map((entry, index) => ({ ...entry, seq: next + index }))
  }

  /** Entries move into segments while this thread reads: both are looked at as of one commit. */
  #atOneMoment<T>(read: () => T): T {
    if (this.#database.isTransaction) return read()
    this.#database.exec('BEGIN')
    try {
      return read()
    } finally {
      this.#database.exec('COMMIT')
    }
  }
}
