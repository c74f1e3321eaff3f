import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testNamesIn } from '../../scripts/check-spec.ts'
import { mutated } from '../../scripts/mutants.ts'
import { MUTATIONS } from '../../scripts/mutations.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe('the lines that npm run mutants changes', () => {
  test.each(MUTATIONS)('$promise $what: the line is there once, and another afterwards', (mutation) => {
    const text = read(mutation.file)
    expect(mutated(mutation, text)).not.toBe(text)
  })

  test.each(MUTATIONS)('$promise $what: its test is there', ({ test: path, name }) => {
    expect(existsSync(join(ROOT, path))).toBe(true)
    // The contract's tests are in a file that each engine's own runs.
    const texts = [read(path), ...(path.startsWith('test/contract/') ? [read('test/contract/log.contract.ts')] : [])]
    expect(texts.flatMap((text) => testNamesIn(path, text)).filter((found) => found.includes(name))).not.toEqual([])
  })

  test('break every promise that is kept', () => {
    const promises = new Set(MUTATIONS.map(({ promise }) => promise))
    const kept = [...read('SPEC.md').matchAll(/^- \*\*(P\d+)\*\*/gm)].map(([, promise]) => promise)
    expect(kept.filter((promise) => !promises.has(promise ?? ''))).toEqual([])
    expect(kept.length).toBeGreaterThan(9)
  })

  test('a line that is gone or stands twice is a mistake', () => {
    const [one] = MUTATIONS
    if (!one) throw new Error('no mutation')
    expect(() => mutated(one, 'nothing of it')).toThrow('occurs 0 times')
    expect(() => mutated(one, one.from + one.from)).toThrow('occurs 2 times')
  })
})
