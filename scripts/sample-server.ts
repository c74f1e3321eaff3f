import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
/** The sample's people type for some seconds before the room is ready. */
const START_MS = 90_000

/** A server of its own with the sample process, on a free port. */
export interface SampleServer {
  url: string
  environment: Record<string, string>
  operatorToken(): string
  /** Ends it and removes what it kept. */
  end(): Promise<void>
}

export async function startSample(): Promise<SampleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-pictures-'))
  const environment = { PATH: process.env['PATH'] ?? '', PORT: '0', PARLEY_DATA: folder, LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, ['server/main.ts'], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const url = await ready(child)
    return { url, environment, end, operatorToken: () => readFileSync(join(folder, 'operator-token'), 'utf8').trim() }
  } catch (error) {
    await end()
    throw error
  }
}

function ready(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let printed = ''
    const late = setTimeout(() => failed(new Error(`the room did not start:\n${printed}`)), START_MS)
    child.stdout?.on('data', (part: Buffer) => {
      printed += part.toString()
      const address = /^Parley is ready: (\S+)\/$/m.exec(printed)?.[1]
      if (!address) return
      clearTimeout(late)
      found(address)
    })
    child.once('close', (code) => failed(new Error(`the room ended with ${code}:\n${printed}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((done) => child.once('close', done))
  child.kill('SIGTERM')
  await closed
}
