import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('promises that are broken on purpose are seen: the first three of npm run mutants', async () => {
  const child = spawn(process.execPath, ['scripts/mutants.ts', '--first', '3'], {
    cwd: join(import.meta.dirname, '../..'),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part))
  const code = await new Promise((done) => child.on('close', done))
  expect(output).toContain('3 of 3 seen')
  expect(code).toBe(0)
})
