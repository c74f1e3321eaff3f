import { randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf } from './access/secrets.ts'

/** The data folder beside the log: what the operator's command line needs to find and to be believed by the server. */

const TOKEN_FILE = 'operator-token'
const RUNNING_FILE = 'running.json'
const SAMPLE_FILE = 'sample-process'
export const LOG_FILE = 'parley.db'
/** The bytes of annexes, one folder a process. */
export const ANNEX_FOLDER = 'annexes'

/** Makes the folder; nobody but its owner reads it. Throws with the system's reason when it cannot. */
export function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** The operator's token, made at the first start and readable by the server's own user only. */
export function operatorToken(folder: string): string {
  const known = readOperatorToken(folder)
  if (known) return known
  const token = randomBytes(32).toString('base64url')
  writeFileSync(join(folder, TOKEN_FILE), `${token}\n`, { mode: 0o600, flag: 'wx' })
  return token
}

/** Null when no server has run on this folder. */
export const readOperatorToken = (folder: string): string | null => readIf(join(folder, TOKEN_FILE))?.trim() || null

/** Compares in a time that does not depend on where they differ. */
export function isSameToken(token: string, other: string | null): boolean {
  return other !== null && timingSafeEqual(Buffer.from(hashOf(token)), Buffer.from(hashOf(other)))
}

/** Where the server of a folder listens while it runs. */
export interface RunningServer {
  pid: number
  /** On this machine, whatever name the room is published under. */
  url: string
}

export function sayRunning(folder: string, server: RunningServer): void {
  writeFileSync(join(folder, RUNNING_FILE), JSON.stringify(server), { mode: 0o600 })
}
export function sayStopped(folder: string): void {
  rmSync(join(folder, RUNNING_FILE), { force: true })
}

/** Null when no server runs on the folder. Not a lock: the number of one that was killed may be another's by now. */
export function runningServer(folder: string): RunningServer | null {
  const text = readIf(join(folder, RUNNING_FILE))
  if (!text) return null
  try {
    const { pid, url } = JSON.parse(text)
    if (typeof pid !== 'number' || typeof url !== 'string') return null
    process.kill(pid, 0)
    return { pid, url }
  } catch {
    return null
  }
}

/** The id of the sample process, as it was written. */
export const readSample = (folder: string): string => readIf(join(folder, SAMPLE_FILE))?.trim() ?? ''
export const saySample = (folder: string, process: string): void => writeFileSync(join(folder, SAMPLE_FILE), process)

function readIf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw cause
  }
}
