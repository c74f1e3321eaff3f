import { renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { LogDamaged } from './log.ts'

/** `PRLY`: tells a log of ours from any other SQLite file. */
const APPLICATION_ID = 0x50524c59

/** One step of the file's format. It runs in a transaction; the file was copied first. */
export interface Migration {
  readonly to: number
  run(database: DatabaseSync): void
}

/**
 * Sums are CRC-32 of all that stands in their row, because SQLite notices damage to its own structure only.
 * `rest`: how many entries of the same append follow. `sealed`: the last entry in a segment; `chain`: the chain there.
 */
const FORMAT_1 = [
  'CREATE TABLE commits (one INTEGER PRIMARY KEY, count INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT',
  'CREATE TABLE processes (pid INTEGER PRIMARY KEY, process TEXT NOT NULL, seq INTEGER NOT NULL, events INTEGER NOT NULL, at INTEGER NOT NULL, sealed INTEGER NOT NULL, chain BLOB NOT NULL, sum INTEGER NOT NULL) STRICT',
  'CREATE TABLE entries (pid INTEGER NOT NULL, seq INTEGER NOT NULL, rest INTEGER NOT NULL, bytes BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (pid, seq)) STRICT, WITHOUT ROWID',
  'CREATE TABLE segments (pid INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, before BLOB NOT NULL, after BLOB NOT NULL, packed BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (pid, first)) STRICT',
  'CREATE TABLE documents (pid INTEGER NOT NULL, document TEXT NOT NULL, head INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (pid, document)) STRICT, WITHOUT ROWID',
  'CREATE TABLE lanes (pid INTEGER NOT NULL, document TEXT NOT NULL, client INTEGER NOT NULL, owner TEXT NOT NULL, number INTEGER NOT NULL, clock INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (pid, document, client)) STRICT, WITHOUT ROWID',
  'CREATE TABLE snapshots (process TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (process, name)) STRICT, WITHOUT ROWID',
  'CREATE TABLE keys (process TEXT NOT NULL, key TEXT NOT NULL, secret BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (process, key)) STRICT, WITHOUT ROWID',
  'CREATE TABLE probe (bytes BLOB NOT NULL) STRICT',
]

/** Every format there was, oldest first. The last one is what this version writes. */
export const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    run(database) {
      for (const statement of FORMAT_1) database.exec(statement)
      database.prepare('INSERT INTO commits VALUES (1, 0, ?)').run(crc32('0'))
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    },
  },
]

/** One number of a pragma or a statement. */
export const numberOf = (database: DatabaseSync, sql: string): number =>
  Number(Object.values(database.prepare(sql).get() ?? {})[0])

/** The file's format; 0 for an empty one. Throws LogDamaged when it is not a log, or newer than `migrations` know. */
export function formatOf(database: DatabaseSync, file: string, migrations: readonly Migration[] = MIGRATIONS): number {
  const format = numberOf(database, 'PRAGMA user_version')
  const newest = migrations.at(-1)?.to ?? 0
  if (isEmpty(database)) return 0
  if (numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new LogDamaged(`${file} is not a log of Parley. It was left as it is.`)
  }
  if (format > newest) {
    throw new LogDamaged(
      `${file} has format ${format}, and this version of Parley knows up to ${newest}: start the newer version, or restore a copy made before it. The file was left as it is.`,
    )
  }
  return format
}

const isEmpty = (database: DatabaseSync): boolean => numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0

/**
 * Brings the file to the newest format of `migrations`. An existing file is copied to `<file>.format-<n>` first.
 * Throws LogDamaged, with the file unchanged, when it is not a log, is newer, or a step fails.
 */
export function migrate(database: DatabaseSync, file: string, migrations: readonly Migration[] = MIGRATIONS): void {
  const format = formatOf(database, file, migrations)
  const newest = migrations.at(-1)?.to ?? 0
  if (format === newest) return
  if (!isEmpty(database)) copyBefore(database, `${file}.format-${format}`)
  try {
    database.exec('BEGIN IMMEDIATE')
    for (const migration of migrations) if (migration.to > format) migration.run(database)
    database.exec(`PRAGMA user_version = ${newest}`)
    database.exec('COMMIT')
  } catch (cause) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw new LogDamaged(`${file} could not be brought from format ${format} to ${newest}. It was left as it is.`, {
      cause,
    })
  }
}

function copyBefore(database: DatabaseSync, copy: string): void {
  rmSync(`${copy}.part`, { force: true })
  database.prepare('VACUUM INTO ?').run(`${copy}.part`)
  renameSync(`${copy}.part`, copy)
}

/** What stands in `sqlite_schema` of a sound file: any other text there is damage. */
export function expectedSchema(): string {
  const fresh = new DatabaseSync(':memory:')
  migrate(fresh, ':memory:')
  const schema = schemaOf(fresh)
  fresh.close()
  return schema
}

export const schemaOf = (database: DatabaseSync): string =>
  JSON.stringify(database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all())
