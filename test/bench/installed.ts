import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { progress } from './progress.ts'

/**
 * The peers are packages of a package of their own (`peers/package.json` and its lock), installed when they are first
 * measured, outside of what the checks look at.
 */

const PEERS = join(import.meta.dirname, 'peers')
const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/parley-bench')
const FILES = ['package.json', 'package-lock.json']
const STAMP = join(FOLDER, '.installed')
const LOADER = join(FOLDER, 'load.mjs')
/** Only this package is compiled on installing: a minute of a core. */
const NATIVE = 'better-sqlite3'
const BUILT = join(FOLDER, 'node_modules', NATIVE, 'build/Release/better_sqlite3.node')

function npm(...args: string[]): boolean {
  const cli = process.env['npm_execpath']
  const [command, first] = cli && /npm-cli\.c?js$/.test(cli) ? [process.execPath, [cli]] : ['npm', []]
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund']
  return spawnSync(command, [...first, ...args, ...quiet], { cwd: FOLDER, stdio: ['ignore', 2, 2] }).status === 0
}

/** Installs what the lock names if it is not there. `native`: the SQLite of Hocuspocus's extension too. Throws when it cannot. */
export function installPeers({ native }: { native: boolean }): void {
  const locked = FILES.map((file) => readFileSync(join(PEERS, file), 'utf8')).join('\n')
  const hash = createHash('sha256').update(`${locked}${process.platform}${process.arch}`).digest('hex')
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== hash) {
    progress('installing the peers (once)')
    mkdirSync(FOLDER, { recursive: true })
    for (const file of FILES) copyFileSync(join(PEERS, file), join(FOLDER, file))
    if (!npm('ci', '--ignore-scripts')) throw new Error('the peers could not be installed; what npm says is above')
    writeFileSync(LOADER, 'export const load = (name) => import(name)\n')
    writeFileSync(STAMP, hash)
  }
  if (!native || existsSync(BUILT)) return
  progress(`compiling ${NATIVE} for Hocuspocus (once, a minute)`)
  // The headers of the very Node that will load it, where it brings them.
  const home = join(realpathSync(process.execPath), '../..')
  const headers = existsSync(join(home, 'include/node/node.h')) ? [`--nodedir=${home}`] : []
  if (!npm('rebuild', NATIVE, ...headers)) throw new Error(`${NATIVE} could not be compiled; what npm says is above`)
}

/** An installed package of the peers' own, in their own copy. */
export async function load<T>(name: string): Promise<T> {
  const { load: loaded } = (await import(pathToFileURL(LOADER).href)) as { load(name: string): Promise<T> }
  return loaded(name)
}
