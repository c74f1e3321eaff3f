// `npm run check`: every check that needs no running program; all findings, not only the first.
// `npm run check -- types lint` runs the named ones.
import { spawn } from 'node:child_process'

const NODE = process.execPath
const BIOME = 'node_modules/@biomejs/biome/bin/biome'
const ROOT = new URL('..', import.meta.url)

/** What each check runs. The node tools are named by file: their links would need a `node` of the right age in PATH. */
const CHECKS: Record<string, [command: string, ...args: string[]]> = {
  types: [
    NODE,
    'node_modules/svelte-check/bin/svelte-check',
    '--tsgo',
    '--fail-on-warnings',
    '--tsconfig',
    './tsconfig.json',
  ],
  'types-shared': [NODE, 'node_modules/@typescript/native/bin/tsc', '-p', 'shared/tsconfig.json'],
  lint: [NODE, BIOME, 'ci', '--colors=off', '--formatter-enabled=false', '--error-on-warnings', '.'],
  format: [NODE, BIOME, 'format', '--colors=off', '--reporter=summary', '.'],
  imports: [
    NODE,
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'err-long',
    '.',
  ],
  'dead-code': [NODE, 'node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  size: [NODE, 'scripts/check-size.ts'],
  spec: [NODE, 'scripts/check-spec.ts'],
}

/** Runs one check; its output is printed only when it fails. */
function run(name: string): Promise<boolean> {
  const [command, ...args] = CHECKS[name] ?? ['false']
  const started = performance.now()
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => output.push(part))
    child.stderr.on('data', (part: Buffer) => output.push(part))
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      if (code !== 0) process.stdout.write(`\n== ${name}: findings ==\n${Buffer.concat(output)}\n`)
      else console.log(`${name}: fine (${seconds} s)`)
      done(code === 0)
    })
  })
}

async function main(asked: string[]): Promise<void> {
  const unknown = asked.filter((name) => !(name in CHECKS))
  if (unknown.length > 0) {
    console.error(`No check is called ${unknown.join(' or ')}. There are: ${Object.keys(CHECKS).join(', ')}.`)
    process.exitCode = 2
    return
  }
  const names = asked.length > 0 ? asked : Object.keys(CHECKS)
  const failed: string[] = []
  const waiting = [...names]
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) if (!(await run(name))) failed.push(name)
  }
  await Promise.all([worker(), worker()])
  if (failed.length > 0) process.exitCode = 1
  console.log(failed.length > 0 ? `Findings in: ${failed.join(', ')}.` : `No findings in ${names.length} checks.`)
}

await main(process.argv.slice(2))
