import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { LogDamaged } from './log.ts'
import { checkContent, checkHeader, checkStructure } from './sqlite-check.ts'
import { Mark } from './sqlite-files.ts'
import { formatOf, MIGRATIONS, migrate } from './sqlite-schema.ts'

const NEXT_STEP =
  'It was left as it is: restore a copy (npm run parley -- restore <copy>), or keep the folder and ask for help.'

/**
 * Opens the file for its one writer, when it is sound. A sound log of an older format is copied and brought forward.
 * Everything is looked at through a reading connection first, so that a damaged log is not touched: opening it for writing
 * would let SQLite drop the end of a torn journal. Throws LogDamaged.
 */
export function openSound(file: string): DatabaseSync {
  if (examined(file) < (MIGRATIONS.at(-1)?.to ?? 0)) {
    const older = new DatabaseSync(file)
    older.exec('PRAGMA synchronous = FULL')
    migrate(older, file)
    older.close()
    examined(file)
  }
  const database = new DatabaseSync(file)
  // FAST: what is erased is overwritten where that costs no page more; a key always is (`Store`).
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216',
  )
  return database
}

/** Looks without touching. Gives the format, 0 for a log not yet written; its content is checked when the format is today's. Throws LogDamaged. */
export function examined(file: string): number {
  const mark = new Mark(file).read()
  try {
    if (checkHeader(file) === 'fresh') return mark > 0 || existsSync(`${file}-wal`) ? missing(mark) : 0
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      checkStructure(database)
      const format = formatOf(database, file)
      if (format === MIGRATIONS.at(-1)?.to) checkContent(database, mark)
      else if (format === 0 && mark > 0) missing(mark)
      return format
    } finally {
      database.close()
    }
  } catch (cause) {
    if (cause instanceof LogDamaged && cause.message.startsWith(file)) throw cause
    if (cause instanceof LogDamaged)
      throw new LogDamaged(`${file} is damaged: ${cause.message}. ${NEXT_STEP}`, { cause })
    if (!isCorrupt(cause)) throw cause
    throw new LogDamaged(`${file} is damaged: SQLite says "${cause.message}". ${NEXT_STEP}`, { cause })
  }
}

const missing = (commits: number): never => {
  throw new LogDamaged(`it is empty, and at least ${commits} commits were answered`)
}

/** SQLITE_ERROR (a schema that makes no sense), SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CONSTRAINT. */
const CORRUPT = new Set([1, 11, 19, 26])

function isCorrupt(error: unknown): error is Error {
  return error instanceof Error && 'errcode' in error && CORRUPT.has(Number(error.errcode) & 0xff)
}
