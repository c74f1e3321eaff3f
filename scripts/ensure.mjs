// Makes what the next script needs: `node scripts/ensure.mjs [stamp|deps|build|tools]...`.
// Plain JavaScript without dependencies, so that it runs before anything is installed and on Node 20.
// Everything it says goes to stderr: the script that follows owns stdout.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OLDEST_NODE = 24
const DEPS_STAMP = join(ROOT, 'node_modules/.parley-deps')
const BUILD_STAMP = join(ROOT, 'dist/.stamp')
const BUNDLED_NODE = join(ROOT, 'node_modules/.bin/node')
/** Outside node_modules, which an installation deletes. */
const LOCK = join(ROOT, '.parley-lock')
/** What a built client depends on. */
const BUILD_SOURCES = ['client', 'shared', 'vite.config.ts', 'svelte.config.js', 'tsconfig.json', 'package-lock.json']

/** @param {string} line */
const say = (line) => process.stderr.write(`parley: ${line}\n`)

/** Ends the run with one sentence. */
class Stop extends Error {}

/** @param {number} ms */
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** @param {string} file */
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

/**
 * Runs a command with its output on stderr; false when it failed.
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] })
  return done.status === 0
}

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Takes the lock file or says who holds it: a process id, or 0 when its file is gone or still being written. */
function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return process.pid
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return Number(read(LOCK))
  }
}

/** Removes the lock of a dead process. The rename lets only one of several waiting processes do it. */
function breakLock() {
  const aside = `${LOCK}-${process.pid}`
  try {
    renameSync(LOCK, aside)
  } catch {
    return // another process was first
  }
  const holder = Number(read(aside))
  if (holder && alive(holder)) renameSync(aside, LOCK)
  else rmSync(aside, { force: true })
}

/**
 * Runs `task` while no other ensure of this checkout runs one.
 * @param {() => void} task
 */
function alone(task) {
  let said = false
  for (let holder = takeLock(); holder !== process.pid; holder = takeLock()) {
    if (holder && !alive(holder)) breakLock()
    else {
      if (!said && holder) say(`waiting for process ${holder}, which is setting up this folder`)
      said = said || holder > 0
      pause(100)
    }
  }
  const release = () => rmSync(LOCK, { force: true })
  process.once('exit', release)
  try {
    task()
  } finally {
    release()
    process.removeListener('exit', release)
  }
}

/** The lock file names all that package.json asks for: another script there asks for nothing. */
function depsHash() {
  const hash = createHash('sha256').update(read(join(ROOT, 'package-lock.json')))
  return hash.update(`${process.platform}-${process.arch}`).digest('hex')
}

/** Says that node_modules is what package.json asks for. npm runs this after every installation. */
function stamp() {
  writeFileSync(DEPS_STAMP, depsHash())
}

const depsAreRight = () => read(DEPS_STAMP) === depsHash()

/** Installs what is missing, then proves that a Node that can run the server is first in the path of npm scripts. */
function deps() {
  if (!depsAreRight()) alone(() => depsAreRight() || install())
  const bundled = spawnSync(BUNDLED_NODE, ['--version'], { encoding: 'utf8' })
  if (bundled.status === 0) return refuseOld(bundled.stdout)
  // On musl the link exists and cannot run; left in place it would hide a Node that can.
  if (lstatSync(BUNDLED_NODE, { throwIfNoEntry: false })) rmSync(BUNDLED_NODE)
  const own = spawnSync('node', ['--version'], { encoding: 'utf8' })
  refuseOld(own.status === 0 ? own.stdout : process.version)
}

/** @param {string} version */
function refuseOld(version) {
  const major = Number(/^v(\d+)/.exec(version)?.[1])
  if (major >= OLDEST_NODE) return
  throw new Stop(
    `this machine cannot run the bundled Node, and its own is ${version.trim()}: install Node ${OLDEST_NODE} or newer.`,
  )
}

function install() {
  say('installing what package-lock.json names (once)')
  // The Node and the npm of the caller: the bundled ones are deleted while this runs.
  const npm = process.env['npm_execpath']
  const node = process.env['npm_node_execpath'] ?? process.execPath
  const args = ['ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund']
  const done = npm && /npm-cli\.c?js$/.test(npm) ? run(node, [npm, ...args]) : run('npm', args)
  if (!done) throw new Stop('the installation failed; what npm says is above. Run the same command again to retry.')
  stamp() // also where install scripts are switched off
}

/**
 * Every file below `path`, in a fixed order.
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  if (!stat.isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}

function buildHash() {
  const hash = createHash('sha256')
  for (const source of BUILD_SOURCES)
    for (const file of filesBelow(join(ROOT, source)))
      hash
        .update(`${file.slice(ROOT.length)}\0`)
        .update(readFileSync(file))
        .update('\0')
  return hash.digest('hex')
}

const buildIsRight = () => read(BUILD_STAMP) === buildHash()

/** Builds the client's files into dist/ when a source changed. */
function build() {
  if (!existsSync(join(ROOT, 'client/index.html'))) return
  if (!buildIsRight()) alone(() => buildIsRight() || buildNow())
}

function buildNow() {
  say('building the client')
  const before = buildHash()
  const node = existsSync(BUNDLED_NODE) ? BUNDLED_NODE : 'node'
  if (!run(node, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']))
    throw new Stop('the client could not be built; what vite says is above.')
  writeFileSync(BUILD_STAMP, before)
}

/**
 * The first of `names` in the path that can be run, or null.
 * @param {string[]} names
 */
function inPath(names) {
  for (const name of names)
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // not there: the next folder may have it
      }
    }
  return null
}

/** The browser the end-to-end tests drive, or null: CHROMIUM_PATH, else the path. */
export function findChromium() {
  return (
    process.env['CHROMIUM_PATH'] || inPath(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
  )
}

/** The Redis the fault tests start, or null: REDIS_SERVER_PATH, else the path. */
export function findRedisServer() {
  return process.env['REDIS_SERVER_PATH'] || inPath(['redis-server', 'valkey-server'])
}

const TOOLS = [
  { name: 'Chromium', find: findChromium, packages: ['chromium', 'fonts-noto-core'], variable: 'CHROMIUM_PATH' },
  { name: 'Redis', find: findRedisServer, packages: ['redis-server'], variable: 'REDIS_SERVER_PATH' },
]

/** Looks for what the tests need beside npm packages; installs it where it may, else says how. */
function tools() {
  if (TOOLS.every((tool) => tool.find())) return
  alone(installTools)
  const missing = TOOLS.filter((tool) => !tool.find())
  if (missing.length === 0) return
  const names = missing.map((tool) => tool.name).join(' and ')
  const packages = missing.flatMap((tool) => tool.packages).join(' ')
  const variables = missing.map((tool) => tool.variable).join(', ')
  const advice = `${names} not found. On Debian: apt-get install ${packages}; or name the program in ${variables}.`
  if (process.env['CI']) throw new Stop(advice)
  say(`${advice} The tests that need it are skipped.`)
}

function installTools() {
  const packages = TOOLS.filter((tool) => !tool.find()).flatMap((tool) => tool.packages)
  const mayInstall = process.getuid?.() === 0 && inPath(['apt-get']) && !process.env['PARLEY_NO_APT']
  if (packages.length === 0 || !mayInstall) return
  say(`installing ${packages.join(', ')} for the tests (PARLEY_NO_APT=1 forbids it)`)
  process.env['DEBIAN_FRONTEND'] = 'noninteractive'
  // A failed update may still leave a usable list; the installation is what counts.
  run('apt-get', ['update', '-qq'])
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
}

/** @type {Record<string, () => void>} */
const STEPS = { stamp, deps, build, tools }

function main() {
  try {
    for (const name of process.argv.slice(2)) {
      const step = STEPS[name]
      if (!step) throw new Stop(`scripts/ensure.mjs knows ${Object.keys(STEPS).join(', ')}, not "${name}".`)
      step()
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    say(error.message)
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
