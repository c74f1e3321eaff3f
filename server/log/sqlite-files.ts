import { randomFillSync } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { LogDamaged } from './log.ts'

/** About 250 withdrawals of 16 kB each in SQLite's journal: what may still be written when the disk is full. */
export const RESERVE_BYTES = 4 * 1024 * 1024

/** Room on the disk that nothing uses, given up so that a withdrawal can be recorded when the disk is full. */
export class Reserve {
  readonly #file: string

  constructor(log: string) {
    this.#file = `${log}-reserve`
  }

  /** Takes the room if it is not held. Throws what the file system says. */
  hold(): void {
    if (existsSync(this.#file) && statSync(this.#file).size === RESERVE_BYTES) return
    const file = openSync(this.#file, 'w')
    try {
      // Chance, because some file systems store zeros in no room at all.
      const room = randomFillSync(Buffer.alloc(RESERVE_BYTES))
      for (let at = 0; at < room.length; ) at += writeSync(file, room, at)
      fsyncSync(file)
    } catch (error) {
      rmSync(this.#file, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives the room up; false when it was not held. */
  release(): boolean {
    const held = existsSync(this.#file)
    rmSync(this.#file, { force: true })
    return held
  }
}

const MARK_BYTES = 16

/**
 * How many commits were durable, in a file of its own, written after each of them and never waited for: a lower bound.
 * A log with fewer commits has lost some, which SQLite cannot notice: it takes a torn or damaged journal for a shorter one.
 */
export class Mark {
  readonly #file: string
  readonly #bytes = Buffer.alloc(MARK_BYTES)
  #descriptor: number | null = null

  constructor(log: string) {
    this.#file = `${log}-mark`
  }

  /** 0 when there is no mark or it cannot be read. */
  read(): number {
    if (!existsSync(this.#file)) return 0
    const bytes = readFileSync(this.#file)
    const whole = bytes.length === MARK_BYTES && bytes.readUInt32BE(8) === crc32(bytes.subarray(0, 8))
    return whole ? Number(bytes.readBigUInt64BE(0)) : 0
  }

  /** Never throws: a mark that is too low is still true. */
  write(commits: number): void {
    this.#bytes.writeBigUInt64BE(BigInt(commits))
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, 8)), 8)
    try {
      this.#descriptor ??= openSync(this.#file, existsSync(this.#file) ? 'r+' : 'w+')
      writeSync(this.#descriptor, this.#bytes, 0, MARK_BYTES, 0)
    } catch {
      this.close()
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}

/** Keeps a second server off the same file for as long as it is open; ends with this thread or process, however it ends. */
export function lockLog(file: string): DatabaseSync {
  const lock = new DatabaseSync(`${file}-lock`)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new LogDamaged(`${file} is in use by another server. Stop that one, or choose another data folder.`, {
      cause,
    })
  }
}

/** Removes what belongs to the log that stood at `file` before another one is put there. The log must not be open. */
export function forgetLog(file: string): void {
  for (const part of ['', '-wal', '-shm', '-mark', '-reserve', '-lock']) rmSync(`${file}${part}`, { force: true })
}
