import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { testEnvironment } from './server.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Ran {
  code: number | null
  out: string
  err: string
}

/** Runs the operator's command line on a data folder. */
export const parley = (folder: string, ...args: string[]): Promise<Ran> => parleyIn({}, folder, ...args)

/** As `parley`, with more in its environment. */
export function parleyIn(environment: Record<string, string>, folder: string, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, ['server/command-line/main.ts', ...args], {
    cwd: ROOT,
    env: testEnvironment(folder, environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (part: Buffer) => {
    out += part
  })
  child.stderr.on('data', (part: Buffer) => {
    err += part
  })
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })))
}
