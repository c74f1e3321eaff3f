// A source file over 400 lines or a function over 60 is a finding: nobody reads it in one go.
import { globSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import ts from 'typescript'

const FILE_LINES = 400
const FUNCTION_LINES = 60
const SOURCES = ['{client,server,shared,sample,scripts,test}/**/*.{ts,mjs,js,svelte,css}', '*.{ts,js,mjs}']
/** Tables, not code: a catalogue of sentences has one line a key; the list of failed seeds only grows. */
const TABLES = ['shared/words/*.ts', 'test/fuzz/seeds.ts', '**/fixtures/**']
const TEST_CALLS = new Set(['test', 'it', 'describe'])

/** The text with everything outside its script blocks blanked, so that line numbers stay. */
function scriptOf(path: string, text: string): string {
  if (path.endsWith('.css')) return ''
  if (!path.endsWith('.svelte')) return text
  let script = ''
  let end = 0
  for (const block of text.matchAll(/(<script[^>]*>)([\s\S]*?)<\/script>/g)) {
    const start = block.index + (block[1]?.length ?? 0)
    script += text.slice(end, start).replace(/[^\n]/g, ' ') + block[2]
    end = start + (block[2]?.length ?? 0)
  }
  return script
}

/** The name a call starts from: `test` in `test.each(rows)('...')`. */
function calleeName(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) return calleeName(node.expression)
  return ''
}

/** Whether a function is only the frame around several tests, such as the callback of `describe`. */
function framesTests(body: ts.Node | undefined): boolean {
  if (!body || !ts.isBlock(body)) return false
  return body.statements.some(
    (statement) =>
      ts.isExpressionStatement(statement) &&
      ts.isCallExpression(statement.expression) &&
      TEST_CALLS.has(calleeName(statement.expression)),
  )
}

export function sizeFindings(path: string, text: string): string[] {
  const findings: string[] = []
  const lines = text.trimEnd().split('\n').length
  if (lines > FILE_LINES) findings.push(`${path}: ${lines} lines; a file has at most ${FILE_LINES}`)
  const source = ts.createSourceFile(path, scriptOf(path, text), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body && !framesTests(node.body)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line
      const length = source.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1
      if (length > FUNCTION_LINES)
        findings.push(`${path}:${first + 1}: a function of ${length} lines; a function has at most ${FUNCTION_LINES}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return findings
}

function main(): void {
  const root = new URL('..', import.meta.url)
  const paths = globSync(SOURCES, { cwd: root }).filter((path) => !TABLES.some((table) => matchesGlob(path, table)))
  const findings = paths.sort().flatMap((path) => sizeFindings(path, readFileSync(new URL(path, root), 'utf8')))
  for (const finding of findings) console.error(finding)
  if (findings.length > 0 || paths.length === 0) process.exitCode = 1
  console.log(`${paths.length} files read, ${findings.length} findings`)
}

if (import.meta.main) main()
