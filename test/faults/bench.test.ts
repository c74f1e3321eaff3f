import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findRedisServer } from '../../scripts/ensure.mjs'
import type { Report } from '../bench/report.ts'
import { CHROMIUM } from '../support/browser.ts'

/** The benchmark is code as well: every workload runs once, as small as it gets. Times are not judged: other tests run too. */

const ROOT = join(import.meta.dirname, '../..')
/** By name: how their results begin. */
const COMPARED = {
  light: 'light',
  busy: 'busy',
  many: 'many',
  overload: 'overload',
  overload200: 'overload',
  bytes: 'bytes',
  replay: 'replay',
  cold: 'opening',
  idle: 'memory',
  observers: 'observers',
  growth: 'growth',
}
const ALONE = {
  client: 'client',
  hidden: 'hidden',
  opening: 'opening',
  load: 'first',
  ...(CHROMIUM ? { page: 'page' } : {}),
}
/** A machine that does much else takes long; a bench that hangs takes longer. */
const PATIENCE_MS = 240_000

async function bench(...asked: string[]): Promise<Report> {
  const args = ['test/bench/main.ts', ...asked, '--against', 'none', '--short']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: PATIENCE_MS - 5_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report
}

const titlesOf = (of: { workload: string }[]): string[] =>
  [...new Set(of.map(({ workload }) => /^\w+/.exec(workload)?.[0] ?? ''))].sort()

test(
  'every workload that others are measured by too runs, its replicas end equal, and each figure is a number',
  async () => {
    const { rows } = await bench(...Object.keys(COMPARED))
    expect(titlesOf(rows)).toEqual([...new Set(Object.values(COMPARED))].sort())
    expect(rows.filter(({ runs }) => runs.length === 0 || !runs.every(Number.isFinite))).toEqual([])
    for (const figure of ['seen by others p95', 'heap and external', 'words taken', 'from first to last'])
      expect(rows.find((row) => row.figure === figure)?.runs[0]).toBeGreaterThan(0)
  },
  PATIENCE_MS,
)

test(
  'every workload of Parley alone runs, its replicas end equal, and each figure is a number',
  async () => {
    const { figures } = await bench(...Object.keys(ALONE))
    expect(titlesOf(figures)).toEqual([...new Set(Object.values(ALONE))].sort())
    expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
    for (const figure of ["saved in the room's own client p95", 'join page shell'])
      expect(figures.find((one) => one.figure === figure)?.value).toBeGreaterThan(0)
  },
  PATIENCE_MS,
)

test.skipIf(!findRedisServer())(
  'several nodes on one Redis are measured too, and their replicas end equal',
  async () => {
    const { figures } = await bench('nodes')
    expect(titlesOf(figures)).toEqual(['nodes'])
    expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
    expect(figures.find(({ figure }) => figure.startsWith('readers'))?.value).toBeGreaterThan(0)
  },
  PATIENCE_MS,
)
