import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { HISTORY, PROTOCOL, PROTOCOL_FLOOR } from '#shared/protocol/version.ts'

/** The files whose words are what crosses the wire. */
const DEFINING = [
  'protocol/frames.ts',
  'protocol/typed.ts',
  'protocol/parser.ts',
  'protocol/command-schema.ts',
  'domain/commands.ts',
  'refusals.ts',
]

/** The files' tokens without comments and layout: what is said, not how it is written. */
function digest(): string {
  const hash = createHash('sha256')
  for (const name of DEFINING) {
    const source = readFileSync(new URL(`../../shared/${name}`, import.meta.url), 'utf8')
    const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, source)
    while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) hash.update(`${scanner.getTokenText()}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

test('G5 whoever changes a frame, a command or a refusal raises the version and says what changed', () => {
  expect(HISTORY[PROTOCOL], `no line about version ${PROTOCOL}`).toBeDefined()
  expect(digest(), 'what crosses the wire changed: raise PROTOCOL, and give its line in HISTORY this digest').toBe(
    HISTORY[PROTOCOL]?.digest,
  )
  expect(Object.keys(HISTORY).map(Number)).toEqual(Array.from({ length: PROTOCOL }, (_, i) => i + 1))
  expect(PROTOCOL_FLOOR).toBeLessThanOrEqual(PROTOCOL)
})
