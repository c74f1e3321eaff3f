import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { BUDGETS, filesOf, measure } from '../../scripts/check-budget.ts'
import { sizeFindings } from '../../scripts/check-size.ts'
import { rulesCitedBy, specFindings, testNamesIn } from '../../scripts/check-spec.ts'

const ROOT = join(import.meta.dirname, '../..')
const SLOW = 90_000
const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A folder of its own with copies of the named files of the checkout, its packages, and `files`. */
async function folderWith(copies: string[], files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-house-'))
  folders.push(folder)
  for (const copy of copies) await cp(join(ROOT, copy), join(folder, copy), { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

async function withPackages(copies: string[], files: Record<string, string>): Promise<string> {
  const folder = await folderWith(['package.json', ...copies], files)
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function run(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } })
    let output = ''
    child.stdout.on('data', (part) => (output += part))
    child.stderr.on('data', (part) => (output += part))
    child.on('close', (code) => done({ code: code ?? 1, output }))
  })
}

const tool = (path: string): string => join(ROOT, 'node_modules', path)
const typeCheck = (folder: string) =>
  run(folder, [tool('svelte-check/bin/svelte-check'), '--tsgo', '--fail-on-warnings', '--tsconfig', './tsconfig.json'])

describe('type-checking', () => {
  const component = (type: string) => `<script lang="ts">\n  let open: ${type} = $state(false)\n</script>\n\n{open}\n`

  test('passes what is right', { timeout: SLOW }, async () => {
    const files = { 'server/a.ts': 'export const one: number = 1\n', 'client/A.svelte': component('boolean') }
    expect(await typeCheck(await withPackages(['tsconfig.json'], files))).toMatchObject({ code: 0 })
  })

  test('finds a wrong type in a .ts file and in a component', { timeout: SLOW }, async () => {
    const files = { 'server/a.ts': "export const one: number = 'one'\n", 'client/A.svelte': component('number') }
    const { code, output } = await typeCheck(await withPackages(['tsconfig.json'], files))
    expect(code).not.toBe(0)
    expect(output).toMatch(/server\/a\.ts/)
    expect(output).toMatch(/client\/A\.svelte/)
  })

  test('finds syntax that Node cannot strip', { timeout: SLOW }, async () => {
    const files = { 'server/a.ts': 'export enum Colour {\n  Red,\n}\n' }
    const { output } = await typeCheck(await withPackages(['tsconfig.json'], files))
    expect(output).toMatch(/erasableSyntaxOnly/)
  })

  const inShared = async (line: string) => {
    const copies = ['tsconfig.json', 'shared/tsconfig.json', 'shared/globals.d.ts']
    const folder = await withPackages(copies, { 'shared/a.ts': `export const a = ${line}\n` })
    return run(folder, [tool('@typescript/native/bin/tsc'), '-p', 'shared/tsconfig.json'])
  }

  test.for(['setTimeout', 'process', 'document', 'fetch'])('shared/ has no `%s`', async (name) => {
    expect((await inShared(name)).output).toMatch(`Cannot find name '${name}'`)
  })

  test("shared/ has TextEncoder, URL and the packages' types", async () => {
    expect(await inShared("[new TextEncoder().encode('a'), new URL('https://example.org').host]")).toMatchObject({
      code: 0,
    })
  })
})

describe('linting', () => {
  const lint = async (path: string, text: string) => {
    const copies = ['biome.json', 'scripts/check-chance.grit', 'scripts/check-brands.grit', '.gitignore']
    const folder = await withPackages(copies, { [path]: text })
    return run(folder, [tool('@biomejs/biome/bin/biome'), 'lint', '--vcs-enabled=false', path])
  }

  test.for(['Date.now()', 'Math.random()', 'new Date()', 'performance.now()', 'crypto.randomUUID()'])(
    'in the domain, `%s` is a finding',
    async (call) => {
      expect((await lint('shared/domain/a.ts', `export const a = ${call}\n`)).code).not.toBe(0)
      expect((await lint('server/a.ts', `export const a = ${call}\n`)).code).toBe(0)
    },
  )

  test('only shared/ids.ts may brand an id', async () => {
    const text = 'export const a = (text: string) => text as ProcessId\n'
    expect((await lint('server/a.ts', text)).code).not.toBe(0)
    expect((await lint('shared/ids.ts', text)).code).toBe(0)
  })
})

describe('imports', () => {
  test('that point the wrong way are findings, in components too', { timeout: SLOW }, async () => {
    const folder = await withPackages(['tsconfig.json', '.dependency-cruiser.mjs'], {
      'client/main.ts': "import '../server/app.ts'\nimport './components/A.svelte'\n",
      'client/components/A.svelte': '<script lang="ts">\n  import { y } from \'../state/y.ts\'\n</script>\n\n{y}\n',
      'client/state/y.ts': 'export const y = 1\n',
      'client/room/index.ts': "import { EditorView } from 'prosemirror-view'\nexport const a = EditorView\n",
      'server/app.ts': "import './log/sqlite.ts'\nimport type { T } from '../test/t.ts'\nexport type S = T\n",
      'server/log/sqlite.ts': "import { b } from './b.ts'\nexport const a = b\n",
      'server/log/b.ts': "import { a } from './sqlite.ts'\nexport const b = a\n",
      'shared/domain/a.ts': "import '../protocol/join.ts'\nimport { map } from 'lib0/map'\nexport const a = map\n",
      'shared/protocol/join.ts': "import { readFileSync } from 'node:fs'\nexport const a = readFileSync\n",
      'test/t.ts': 'export type T = 1\n',
    })
    const cruise = [tool('dependency-cruiser/bin/dependency-cruiser.mjs'), '--config', '.dependency-cruiser.mjs', '.']
    const { output } = await run(folder, cruise)
    const found = new Set([...output.matchAll(/error ([\w-]+):/g)].map((match) => match[1]))
    expect([...found].sort()).toEqual([
      'client-knows-no-server',
      'components-get-props',
      'domain-knows-the-core-only',
      'main-alone-names-an-engine',
      'no-cycles',
      'nothing-imports-test',
      'production-has-no-dev-packages',
      'room-is-framework-free',
      'server-knows-no-client',
      'shared-runs-anywhere',
    ])
  })
})

describe('sizes', () => {
  const functionOf = (lines: number) => `function f() {\n${'  g()\n'.repeat(lines - 2)}}\n`

  test('a function has at most 60 lines', () => {
    expect(sizeFindings('a.ts', functionOf(60))).toEqual([])
    expect(sizeFindings('a.ts', `\n${functionOf(61)}`)).toEqual([
      'a.ts:2: a function of 61 lines; a function has at most 60',
    ])
  })

  test('a function in a component is counted, and named by its line there', () => {
    const text = `<p>\n</p>\n<script lang="ts">\n${functionOf(61)}</script>\n`
    expect(sizeFindings('A.svelte', text)).toEqual(['A.svelte:4: a function of 61 lines; a function has at most 60'])
  })

  test('a group of tests may be longer, a file may not', () => {
    const group = (tests: number) => `describe('a', () => {\n${"  test('b', () => {})\n".repeat(tests)}})\n`
    expect(sizeFindings('a.ts', group(398))).toEqual([])
    expect(sizeFindings('a.ts', group(399))).toEqual(['a.ts: 401 lines; a file has at most 400'])
  })
})

describe('the specification', () => {
  const spec = '# Rules\n\n- **P2.3** text\n- **I1** more\n'
  const testsOf = (text: string) => [{ path: 'test/a.test.ts', text }]

  test('a rule without a test and a test without a rule are findings', () => {
    expect(specFindings(spec, testsOf("test('P2.3 a', f)\ntest.each(rows)(`I1 b`, f)"))).toEqual([])
    expect(specFindings(spec, testsOf("describe('P2.3 I2 a', f)"))).toEqual([
      'SPEC.md: no test cites I1',
      'test/a.test.ts: I2 is not in SPEC.md',
    ])
    expect(specFindings('', [])).toHaveLength(1)
  })

  test('a test that never runs cites nothing', () => {
    expect(testNamesIn('a.ts', "test.skip('P1 a', f)\ntest.todo('P1 b')\ntest.skipIf(x)('P2 c', f)")).toEqual(['P2 c'])
  })

  test('rules stand at the start of a name', () => {
    expect(rulesCitedBy('P2.3, I1: what P4 says')).toEqual(['P2.3', 'I1'])
    expect(rulesCitedBy('E2E runs')).toEqual([])
  })
})

describe('the closing line', () => {
  test('counts passed, failed and skipped tests and files that cannot be loaded', { timeout: SLOW }, async () => {
    const folder = await withPackages(['test/plain-reporter.ts'], {
      'a.test.ts': "import { test } from 'vitest'\ntest('a', () => {})\ntest('b', () => { throw new Error('b') })\n",
      'b.test.ts': "import { test } from 'vitest'\ntest.skip('c', () => {})\ntest.todo('d')\n",
      'c.test.ts': "import './absent.ts'\n",
    })
    const args = ['run', '--root', '.', '--reporter', 'default', '--reporter', './test/plain-reporter.ts']
    const { code, output } = await run(folder, [tool('vitest/vitest.mjs'), ...args])
    expect(code).toBe(1)
    expect(output.trimEnd().split('\n').at(-1)).toBe('1 passed, 2 failed, 2 skipped')
  })
})

describe('packages', () => {
  const read = async (path: string) => JSON.parse(await readFile(join(ROOT, path), 'utf8'))

  test('lib0 reads hostile updates in bounds', async () => {
    const { version } = await read('node_modules/lib0/package.json')
    expect(version).toMatch(/^0\.2\.\d+$/)
    expect(Number(version.split('.')[2])).toBeGreaterThanOrEqual(118)
  })

  test('are pinned exactly, and the lock file names no registry', async () => {
    const { dependencies, devDependencies, optionalDependencies } = await read('package.json')
    const versions: string[] = [dependencies, devDependencies, optionalDependencies].flatMap(Object.values)
    expect(versions.filter((version) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect((await readFile(join(ROOT, 'package-lock.json'), 'utf8')).includes('"resolved"')).toBe(false)
  })
})

describe('setting up', () => {
  /** Stands in for npm: notes each run, takes its time, leaves a node_modules. */
  const npm = `
    const { appendFileSync, mkdirSync } = require('node:fs')
    appendFileSync('runs', process.argv[2] + ' ')
    setTimeout(() => mkdirSync('node_modules', { recursive: true }), 300)
  `
  const ensure = (folder: string) => {
    const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`
    return run(folder, ['scripts/ensure.mjs', 'deps'], { PATH, npm_execpath: join(folder, 'npm-cli.cjs') })
  }
  const fresh = () => folderWith(['scripts/ensure.mjs', 'package.json', 'package-lock.json'], { 'npm-cli.cjs': npm })

  test('two starts at once install once, and the next one not at all', { timeout: SLOW }, async () => {
    const folder = await fresh()
    const [one, two] = await Promise.all([ensure(folder), ensure(folder)])
    expect([one.code, two.code]).toEqual([0, 0])
    expect(await ensure(folder)).toEqual({ code: 0, output: '' })
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('ci ')
    expect(existsSync(join(folder, '.parley-lock'))).toBe(false)
  })

  test('the lock of a start that was killed holds nobody up', { timeout: SLOW }, async () => {
    const folder = await fresh()
    const gone = spawn(process.execPath, ['--version'])
    await new Promise((done) => gone.once('close', done))
    await writeFile(join(folder, '.parley-lock'), String(gone.pid))
    await Promise.all([ensure(folder), ensure(folder), ensure(folder)])
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('ci ')
  })
})

describe('what people download', () => {
  test('a page needs its static imports, all levels, and the dynamic ones that are asked for', () => {
    const manifest = {
      'index.html': { file: 'main.js', isEntry: true, css: ['main.css'], imports: ['a'], dynamicImports: ['Room'] },
      a: { file: 'a.js', imports: ['index.html'] },
      Room: { file: 'room.js', imports: ['a'] },
    }
    expect([...filesOf(manifest, ['index.html'], () => false)]).toEqual(['main.js', 'main.css', 'a.js'])
    expect([...filesOf(manifest, ['index.html'], (key) => key === 'Room')]).toContain('room.js')
  })

  test.runIf(existsSync(join(ROOT, 'client/index.html')))('is within its budget', () => {
    // Without a build this fails: `npm run build` makes it, and `npm test` runs that first.
    const sizes = measure(new URL('../../dist/', import.meta.url))
    expect(sizes['join page shell']).toBeGreaterThan(0)
    expect(sizes['join page shell']).toBeLessThanOrEqual(BUDGETS['join page shell'])
    expect(sizes['editable room']).toBeLessThanOrEqual(BUDGETS['editable room'])
    expect(sizes['a language']).toBeGreaterThan(5_000)
    expect(sizes['a language']).toBeLessThanOrEqual(BUDGETS['a language'])
  })
})
