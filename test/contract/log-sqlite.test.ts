import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DrillLog, LogDamaged } from '#server/log/log.ts'
import { Pace } from '#server/log/pace.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { forgetLog, RESERVE_BYTES } from '#server/log/sqlite-files.ts'
import { examined } from '#server/log/sqlite-open.ts'
import { SqliteReader } from '#server/log/sqlite-reader.ts'
import { MIGRATIONS, migrate } from '#server/log/sqlite-schema.ts'
import { seeded } from '../support/seeded.ts'
import { added, allOf, bodiesOf, entryOf, fillUp, frame, laneOf, P, Q, TEXT, utf8, writable } from './log-build.ts'

/** Gives a test a disk of its own where the machine lets it: Linux, for everybody or for root. */
const UNSHARE = 'unshare'

let folder = ''
let file = ''
const opened: DrillLog[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
  file = join(folder, 'log.db')
})
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<DrillLog> {
  const log = await openSqliteLog({ file, probeMs: 20 })
  opened.push(log)
  return log
}

/** A log with something of everything, sealed segments too; long enough that pages of all kinds are there. */
async function writeSample(log: DrillLog, frames = 2_600): Promise<void> {
  const appends = Array.from({ length: frames }, (_, index) =>
    added(log, [frame(`words ${index}`, laneOf(index >> 2, index, index, { client: 5_000_000 + (index & 3) }))]),
  )
  await Promise.all(appends)
  await added(log, [entryOf('{"type":"Something"}'), entryOf('more', { kind: 'access' })], {}, Q)
  for (let index = 0; index < 20; index++) await log.saveKey(P, `key-${index}`, utf8(`secret ${index}`))
  await log.saveSnapshot(P, 'state', { seq: 5, bytes: new Uint8Array(9_000).fill(3) })
}

/** Everything a log promises to keep, as one value. Snapshots are no promise. */
function contentOf(path: string): string {
  const reader = new SqliteReader(path)
  try {
    const of = (process: typeof P) => [reader.heads(process), reader.read(process, 0, 10_000), reader.chain(process)]
    const lanes = [0, 1, 2, 3].map((lane) => reader.lane(P, TEXT, 5_000_000 + lane))
    const keys = Array.from({ length: 20 }, (_, index) => reader.key(P, `key-${index}`))
    return JSON.stringify([reader.processes(), of(P), of(Q), lanes, keys])
  } finally {
    reader.close()
  }
}

/** What a start would say of the file: the sentence, or null when it is sound. */
function sentenceOn(path: string): string | null {
  try {
    examined(path)
    return null
  } catch (error) {
    if (error instanceof LogDamaged) return error.message
    throw error
  }
}

test('P2.1 on a log so busy that what comes waits for more, a narrowing waits for nothing, and takes along what waits', async () => {
  const log = await open()
  const arrived = vi.spyOn(Pace.prototype, 'arrived').mockReturnValue(10_000)
  try {
    const before = performance.now()
    const words = added(log, [entryOf('words')])
    const isWaiting = Symbol('waiting')
    const soon = new Promise<symbol>((done) => setTimeout(() => done(isWaiting), 100))
    expect(await Promise.race([words, soon])).toBe(isWaiting)
    expect(await log.appendNarrowing(P, [entryOf('narrower')], {})).toMatchObject({ ok: true })
    await words
    expect(performance.now() - before).toBeLessThan(5_000)
    expect(bodiesOf(await log.read(P, 0, 10))).toEqual(['words', 'narrower'])
  } finally {
    arrived.mockRestore()
  }
})

describe('damage', { timeout: 120_000 }, () => {
  /** What stands on the disk when the machine stops: the file, its journal and its mark. */
  function crashed(name: string): string {
    for (const part of ['', '-wal', '-mark']) cpSync(`${file}${part}`, join(folder, `${name}${part}`))
    return join(folder, name)
  }
  const flip = (path: string, at: number, bit: number) => {
    const bytes = readFileSync(path)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
    writeFileSync(path, bytes)
  }

  test('L9 a file with one changed bit is either named as damaged or holds all that was answered', async () => {
    const log = await open()
    await writeSample(log)
    await log.close()
    const whole = contentOf(file)
    const size = statSync(file).size
    const random = seeded(9)
    let named = 0
    for (let round = 0; round < 150; round++) {
      const path = join(folder, `flipped-${round}`)
      cpSync(file, path)
      const at = round < 20 ? round * 5 : random.below(size)
      flip(path, at, random.below(8))
      const sentence = sentenceOn(path)
      if (sentence) named++
      else expect(contentOf(path), `bit at ${at}`).toBe(whole)
      if (sentence) expect(sentence).toContain(path)
      rmSync(path)
    }
    expect(named).toBeGreaterThan(20)
  })

  test('L9 a file cut short is named and left as it is', async () => {
    const log = await open()
    await writeSample(log)
    await log.close()
    const size = statSync(file).size
    for (const length of [0, 10, 4_096, size >> 1, size - 4_096, size - 1]) {
      cpSync(`${file}-mark`, join(folder, 'cut-mark'))
      cpSync(file, join(folder, 'cut'))
      truncateSync(join(folder, 'cut'), length)
      expect(sentenceOn(join(folder, 'cut')), `cut to ${length}`).toContain('damaged')
      expect(statSync(join(folder, 'cut')).size).toBe(length)
    }
  })

  test('L9 a journal that was cut or changed loses nothing silently', async () => {
    const log = await open()
    await writeSample(log, 300)
    const whole = contentOf(crashed('sound'))
    const size = statSync(join(folder, 'sound-wal')).size
    expect(size).toBeGreaterThan(100_000)
    const random = seeded(10)
    let named = 0
    for (let round = 0; round < 40; round++) {
      const path = crashed(`torn-${round}`)
      const at = round < 4 ? round * 8 : random.below(size)
      if (round % 2) flip(`${path}-wal`, at, random.below(8))
      else truncateSync(`${path}-wal`, at)
      const before = readFileSync(`${path}-wal`)
      const sentence = sentenceOn(path)
      if (sentence) named++
      else expect(contentOf(path), `at ${at}`).toBe(whole)
      if (sentence) expect(readFileSync(`${path}-wal`)).toEqual(before)
    }
    expect(named).toBeGreaterThan(10)
  })

  test('L9 a start on a damaged file stops with a sentence that says what and where', async () => {
    const log = await open()
    await added(log, [entryOf('a word that is changed')])
    await log.close()
    const at = readFileSync(file).indexOf('a word that')
    flip(file, at, 0)
    const before = readFileSync(file)
    await expect(open()).rejects.toThrow(
      `${file} is damaged: entry 1 of process ${P} does not match its sum. It was left as it is`,
    )
    expect(readFileSync(file)).toEqual(before)
  })

  test('L9 a file that is no log is left alone', async () => {
    writeFileSync(file, 'dear diary')
    await expect(open()).rejects.toThrow('does not begin as a log does')
    rmSync(file)
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE diary (day TEXT)')
    other.close()
    await expect(open()).rejects.toThrow('is not a log of Parley')
  })

  test('L9 a missing file beside its mark is not a fresh log', async () => {
    await added(await open(), [entryOf('1')])
    await opened.splice(0)[0]?.close()
    rmSync(file)
    await expect(open()).rejects.toThrow('commits were answered')
    forgetLog(file)
    expect(await (await open()).processes()).toEqual([])
  })
})

describe('formats', () => {
  test('L10 a newer format is refused and left as it is', async () => {
    await (await open()).close()
    const newer = new DatabaseSync(file)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    const before = readFileSync(file)
    await expect(open()).rejects.toThrow('has format 99')
    expect(readFileSync(file)).toEqual(before)
  })

  const next = (run: (database: DatabaseSync) => void) => [...MIGRATIONS, { to: 99, run }]

  test('L10 an older format is copied first, then brought forward', async () => {
    const log = await open()
    await added(log, [entryOf('kept')])
    await log.close()
    const whole = contentOf(file)
    const database = new DatabaseSync(file)
    migrate(
      database,
      file,
      next((log) => log.exec('CREATE TABLE later (a TEXT)')),
    )
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 })
    expect(database.prepare('SELECT count(*) AS n FROM later').get()).toEqual({ n: 0 })
    database.close()
    expect(contentOf(file)).toBe(whole)
    expect(sentenceOn(`${file}.format-1`)).toBeNull()
    expect(contentOf(`${file}.format-1`)).toBe(whole)
  })

  test('L10 a step that fails leaves the older format', async () => {
    await (await open()).close()
    const database = new DatabaseSync(file)
    const failing = next((log) => {
      log.exec('DROP TABLE keys')
      throw new Error('no')
    })
    expect(() => migrate(database, file, failing)).toThrow(LogDamaged)
    database.close()
    expect(sentenceOn(file)).toBeNull()
  })
})

describe('one writer', { timeout: 120_000 }, () => {
  test('L11 a second server on the same file is refused, and the first goes on', async () => {
    const log = await open()
    await expect(open()).rejects.toThrow('in use by another server')
    await added(log, [entryOf('1')])
    await log.close()
    expect(bodiesOf(await allOf(await open()))).toEqual(['1'])
  })

  test('P1.3 every append that was answered is there after kill -9', async () => {
    let highest = 0
    for (const atLeast of [50, 500, 1_500]) {
      const child = spawn(process.execPath, [fileURLToPath(new URL('./log-appender.ts', import.meta.url)), file])
      const answered: number[] = []
      let rest = ''
      await new Promise<void>((done) => {
        child.stdout.on('data', (part: Buffer) => {
          const lines = (rest + part).split('\n')
          rest = lines.pop() ?? ''
          answered.push(...lines.map(Number))
          if (answered.length >= atLeast) child.kill('SIGKILL')
        })
        child.once('close', () => done())
      })
      expect(answered.length).toBeGreaterThanOrEqual(atLeast)
      const log = await open()
      const entries = await allOf(log)
      expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
      expect(entries.length).toBeGreaterThanOrEqual(Math.max(highest, ...answered))
      expect(bodiesOf(entries)).toEqual(entries.map((_, index) => `words ${index}`))
      expect((await log.lane(P, TEXT, 5_000_000))?.number).toBe(entries.length)
      highest = entries.length
      await log.close()
    }
  })
})

describe('erasing', () => {
  test('L6 of an erased key nothing is left in the file or its journal', async () => {
    const log = await open()
    const secret = 'AN-EXTREMELY-SECRET-SECRET-VALUE'
    await log.saveKey(P, 'kept', utf8('another'))
    await log.saveKey(P, 'erased', utf8(secret))
    const holders = () => readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(secret))
    expect(holders()).not.toEqual([])
    await log.eraseKey(P, 'erased')
    expect(holders()).toEqual([])
    await log.close()
    expect(holders()).toEqual([])
  })
})

describe('shortage', () => {
  test('L8 a writer that meets damage ends: what it had is refused, and readers go on', async () => {
    const log = await open()
    await added(log, [entryOf('1')])
    const saboteur = new DatabaseSync(file)
    saboteur.exec('DROP TABLE lanes')
    saboteur.close()
    const refused = { ok: false, refusal: { code: 'unavailable', reason: 'unavailable' } }
    const [one, two] = [log.append(P, [frame('2', laneOf(0, 0, 1))], {}), log.append(P, [entryOf('3')], {})]
    expect([await one, await two]).toEqual([refused, refused])
    expect(log.health()).toEqual({ state: 'not-writable', reason: 'unavailable' })
    expect(await log.append(P, [entryOf('4')], {})).toEqual(refused)
    expect(bodiesOf(await allOf(log))).toEqual(['1'])
    await log.close()
    await expect(open()).rejects.toThrow('its tables are not those of a log')
  })

  test('L8 room for withdrawals is held on the disk, given up when needed, and taken again', async () => {
    const log = await open()
    const reserve = `${file}-reserve`
    expect(statSync(reserve).blocks * 512).toBeGreaterThanOrEqual(RESERVE_BYTES)
    await log.restrict('disk-full')
    await fillUp(log)
    let used = 0
    while ((await log.appendNarrowing(P, [entryOf('x'.repeat(16_000))], {})).ok) used += 16_000
    expect(used).toBeGreaterThan(RESERVE_BYTES / 2)
    await log.restrict(null)
    await writable(log)
    expect(existsSync(reserve)).toBe(true)
  })

  const ownDisk = (then: string) => ['-Urm', 'sh', '-c', `mount -t tmpfs -o size=12m none ${folder} && ${then}`]
  const canMount = spawnSync(UNSHARE, ['-Urm', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0

  test.runIf(canMount)(
    'L8 a disk that is really full refuses writers, records a withdrawal, and recovers when room returns',
    { timeout: 120_000 },
    () => {
      const script = `exec ${process.execPath} ${fileURLToPath(new URL('./log-full-disk.ts', import.meta.url))} ${folder}`
      const { stdout, stderr } = spawnSync(UNSHARE, ownDisk(script), { encoding: 'utf8' })
      expect(stdout, stderr).not.toBe('')
      expect(JSON.parse(stdout)).toEqual({
        refusal: { code: 'unavailable', reason: 'disk-full' },
        full: { state: 'not-writable', reason: 'disk-full' },
        narrowing: true,
        narrowed: 1,
        reserve: false,
        readable: 1,
        after: 2,
      })
    },
  )

  test('L8 on a disk with no room for the reserve the log opens, and says that nothing is saved', async () => {
    const log = await open()
    await added(log, [entryOf('1')])
    await log.close()
    rmSync(`${file}-reserve`)
    const script = `
      import { openSqliteLog } from '#server/log/sqlite.ts'
      const log = await openSqliteLog({ file: process.argv[1] })
      console.log(JSON.stringify([log.health(), (await log.processes()).length]))
      await log.close()`
    const limited = `ulimit -f 1024 && exec "$0" --input-type=module-typescript -e "$1" "$2"`
    const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, script, file], { encoding: 'utf8' })
    expect(stdout, stderr).toBe(`[{"state":"not-writable","reason":"disk-full"},1]\n`)
  })
})
