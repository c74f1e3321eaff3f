// `npm run mutants`: breaks each promise once by one changed line, in a copy of the tree, and sees a test fail because of it.
// `--list` says which; `--only P2` or `--only <file>` plays some; `--first 3` plays three that are quick.
import { spawn } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './mutations.ts'

const ROOT = join(import.meta.dirname, '..')
const COPIED = ['client', 'sample', 'scripts', 'server', 'shared', 'test', ...globSync('*.{json,js,ts}', { cwd: ROOT })]
/** A test that waits for what never comes ends by its own limit before this. */
const MOST_MS = 240_000

/** The code as it would be; throws when the line is not there, or not once. */
export function mutated({ file, from, to, what }: Mutation, text: string): string {
  const times = text.split(from).length - 1
  if (times !== 1) throw new Error(`${file}: the line of "${what}" occurs ${times} times: ${from}`)
  return text.replace(from, () => to)
}

/** How many tests ran, and how many of them failed. */
interface Ran {
  passed: number
  failed: number
  output: string
}

function play(folder: string, { test, name }: Pick<Mutation, 'test' | 'name'>): Promise<Ran> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', test, '--bail=1', ...(name ? ['-t', escaped(name)] : [])]
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, CI: '1' } })
    let output = ''
    const late = setTimeout(() => child.kill('SIGKILL'), MOST_MS)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part))
    child.on('close', () => {
      clearTimeout(late)
      const [, passed, failed] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? []
      done({ passed: Number(passed ?? 0), failed: Number(failed ?? 0), output })
    })
  })
}
const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function copyOfTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-mutants-'))
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Why the mutation was not seen, or null. */
async function judge(folder: string, mutation: Mutation): Promise<string | null> {
  const path = join(folder, mutation.file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(mutation, text))
  try {
    const { passed, failed, output } = await play(folder, mutation)
    if (failed > 0) return null
    return passed > 0 ? 'the test passes all the same' : `no test ran:\n${output.slice(-2000)}`
  } finally {
    writeFileSync(path, text)
  }
}

/** Whether the tests pass on the code as it is: else their failing proves nothing. */
async function areSound(folder: string, mutations: Mutation[]): Promise<boolean> {
  let sound = true
  const tests = new Map(mutations.map(({ test, name }) => [`${test} ${name}`, { test, name }]))
  for (const one of tests.values()) {
    const { passed, failed, output } = await play(folder, one)
    if (failed === 0 && passed > 0) continue
    sound = false
    console.error(`${one.test}, "${one.name}", does not pass on the code as it is:\n${output.slice(-2000)}`)
  }
  return sound
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      first: { type: 'string' },
      list: { type: 'boolean' },
      trust: { type: 'boolean' },
    },
  })
  const wanted = MUTATIONS.filter(
    ({ promise, file, what }) => !values.only || values.only.some((one) => [promise, file, what].includes(one)),
  ).slice(0, Number(values.first ?? MUTATIONS.length))
  if (values.list) {
    for (const { promise, what, file, test } of wanted)
      console.log(`| ${promise} | ${what} | \`${file}\` | \`${test}\` |`)
    return
  }
  const folder = copyOfTree()
  process.once('SIGINT', () => process.exit(130))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  if (!values.trust && !(await areSound(folder, wanted))) {
    process.exitCode = 1
    return
  }
  let unseen = 0
  for (const mutation of wanted) {
    const began = performance.now()
    const why = await judge(folder, mutation)
    if (why) unseen += 1
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(
      `${why ? 'NOT SEEN' : 'seen'} ${mutation.promise} ${mutation.what} (${seconds} s)${why ? `: ${why}` : ''}`,
    )
  }
  console.log(`${wanted.length - unseen} of ${wanted.length} seen`)
  if (unseen > 0 || wanted.length === 0) process.exitCode = 1
}

if (import.meta.main) await main()
