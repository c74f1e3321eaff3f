import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Figure } from '../bench/figures.ts'
import { CHROMIUM } from '../support/browser.ts'

/** The benchmark is code as well: every workload runs once, as small as it gets. Times are not judged: other tests run too. */

const ROOT = join(import.meta.dirname, '../..')
const WORKLOADS = ['busy', 'opening', 'load', 'idle', 'hidden', 'bytes', ...(CHROMIUM ? ['page'] : [])]

test('every workload of the benchmark runs, its replicas end equal, and each figure is a number', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/bench/main.ts', ...WORKLOADS, '--short'], {
    cwd: ROOT,
    timeout: 100_000,
  })
  const { figures } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { figures: Figure[] }
  const measured = new Set(figures.map(({ workload }) => workload.split(':')[0]))
  expect([...measured].sort()).toEqual(WORKLOADS.map((name) => (name === 'load' ? 'first load' : name)).sort())
  expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
  for (const figure of ['durable acknowledgement p95', 'heap and external of each seat', 'join page shell'])
    expect(figures.find((one) => one.figure === figure)?.value).toBeGreaterThan(0)
})
