import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const packageOf = (name: string): { version: string } =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))

test('lib0 is new enough to read hostile updates safely', () => {
  const [major, minor, patch] = packageOf('lib0').version.split('.').map(Number)
  expect([major, minor]).toEqual([0, 2])
  expect(patch).toBeGreaterThanOrEqual(118)
})
