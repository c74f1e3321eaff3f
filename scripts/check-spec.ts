// SPEC.md and the tests name the same rules: each rule is cited by a test, each cited rule exists.
import { existsSync, globSync, readFileSync } from 'node:fs'
import ts from 'typescript'

const RULE = /^\s*[-*]\s+\*\*([A-Z]{1,3}\d+(?:\.\d+)*)\.?\*\*/
const CITATION = /^\s*([A-Z]{1,3}\d+(?:\.\d+)*)(?=$|[\s,;:])[,;]?/
const TEST_CALLS = new Set(['test', 'it', 'describe'])
/** A test that never runs proves nothing. */
const NEVER_RUN = new Set(['skip', 'todo'])

/** The rules a specification defines, in order, repeats included. */
export function rulesIn(spec: string): string[] {
  return spec.split('\n').flatMap((line) => RULE.exec(line)?.[1] ?? [])
}

/** The rules at the start of a test's name: `P2.3 I1 what the test says` cites two. */
export function rulesCitedBy(name: string): string[] {
  const rules: string[] = []
  let rest = name
  for (let found = CITATION.exec(rest); found?.[1]; found = CITATION.exec(rest)) {
    rules.push(found[1])
    rest = rest.slice(found[0].length)
  }
  return rules
}

/** `['test', 'each']` for `test.each(rows)(...)`. */
function calleePath(node: ts.Expression): string[] {
  if (ts.isIdentifier(node)) return [node.text]
  if (ts.isPropertyAccessExpression(node)) return [...calleePath(node.expression), node.name.text]
  if (ts.isCallExpression(node) || ts.isTaggedTemplateExpression(node))
    return calleePath(ts.isCallExpression(node) ? node.expression : node.tag)
  return []
}

/** Names of the tests and groups in a test file; of a template, what stands before its first `${`. */
export function testNamesIn(path: string, text: string): string[] {
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first, ...rest] = calleePath(node.expression)
      const name = node.arguments[0]
      if (first && TEST_CALLS.has(first) && name && !rest.some((part) => NEVER_RUN.has(part))) {
        if (ts.isStringLiteralLike(name)) names.push(name.text)
        else if (ts.isTemplateExpression(name)) names.push(name.head.text)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS))
  return names
}

export function specFindings(spec: string, tests: { path: string; text: string }[]): string[] {
  const rules = rulesIn(spec)
  const known = new Set(rules)
  const cited = new Map<string, string>()
  for (const { path, text } of tests)
    for (const name of testNamesIn(path, text)) for (const rule of rulesCitedBy(name)) cited.set(rule, path)
  const repeated = rules.filter((rule, index) => rules.indexOf(rule) !== index)
  return [
    ...(rules.length === 0 ? ['SPEC.md has no rule; a rule is a line like "- **P2.3** text"'] : []),
    ...repeated.map((rule) => `SPEC.md: ${rule} is defined twice`),
    ...[...known].filter((rule) => !cited.has(rule)).map((rule) => `SPEC.md: no test cites ${rule}`),
    ...[...cited].filter(([rule]) => !known.has(rule)).map(([rule, path]) => `${path}: ${rule} is not in SPEC.md`),
  ]
}

function main(): void {
  const root = new URL('..', import.meta.url)
  const spec = new URL('SPEC.md', root)
  const paths = globSync('test/**/*.ts', { cwd: root }).sort()
  const tests = paths.map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }))
  const findings = specFindings(existsSync(spec) ? readFileSync(spec, 'utf8') : '', tests)
  for (const finding of findings) console.error(finding)
  if (findings.length > 0) process.exitCode = 1
  console.log(`${paths.length} test files read, ${findings.length} findings`)
}

if (import.meta.main) main()
