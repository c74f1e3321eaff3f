import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Log } from '#server/log/log.ts'
import { openMemoryLog } from '#server/log/memory.ts'
import { type Beside, exportLog, importLog } from '#server/log/moving.ts'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { added, entryOf, frame, laneOf, P, Q, TestClock, utf8 } from './log-build.ts'

const quiet = () => undefined
/** A log that nothing stands beside. */
const none: Beside = {
  list: async () => [],
  read: async () => new Uint8Array(),
  save: async () => undefined,
}
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-moving-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Two processes, one with a key, in a file. */
async function exported(entries: number): Promise<{ log: Log; path: string; bytes: Buffer }> {
  const log = openMemoryLog({ time: new TestClock() })
  for (let number = 0; number < entries; number++)
    await added(log, [frame(`words ${number}`, laneOf(number, number, number + 1)), entryOf('moved')])
  await log.saveKey(P, 'k', utf8('secret'))
  await added(log, [entryOf('other')], {}, Q)
  const path = join(folder, 'talks.log')
  await exportLog(log, none, path, [P, Q], quiet)
  return { log, path, bytes: readFileSync(path) }
}

describe('a log in a file', () => {
  test('L18 goes from log to log byte for byte, and is readable by its owner only', async () => {
    const { log, path, bytes } = await exported(1_200)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const other = await openSqliteLog({ file: join(folder, 'log.db') })
    const done: [string, number, number][] = []
    const taken = await importLog(other, none, path, null, (...progress) => done.push(progress))
    expect(taken.map(({ process, seq, was }) => [process, seq, was])).toEqual([
      [P, 2_400, 'taken'],
      [Q, 1, 'taken'],
    ])
    expect(new Set(done.map(([what]) => what))).toEqual(new Set(['checked', 'taken in', 'compared']))
    expect(await other.stored(P, 0, 10_000)).toEqual(await log.stored(P, 0, 10_000))
    expect(await other.chain(P)).toEqual(await log.chain(P))
    await exportLog(other, none, join(folder, 'again.log'), [P, Q], quiet)
    expect(readFileSync(join(folder, 'again.log')).equals(bytes)).toBe(true)
    await other.close()
  })

  test('L18 what stands beside the log goes with it, before its process is there', async () => {
    const log = openMemoryLog()
    await added(log, [entryOf('one')])
    const annexes = new Map([
      ['a', utf8('first')],
      ['b', new Uint8Array(3_000_000).fill(7)],
    ])
    const beside: Beside = {
      ...none,
      list: async (process) => (process === P ? [...annexes.keys()] : []),
      read: async (_, name) => annexes.get(name) ?? new Uint8Array(),
    }
    const path = join(folder, 'annexes.log')
    await exportLog(log, beside, path, [P], quiet)
    const other = openMemoryLog()
    const saved = new Map<string, Uint8Array>()
    const into: Beside = {
      ...none,
      async save(process, name, bytes) {
        expect([process, await other.processes()]).toEqual([P, []])
        saved.set(name, bytes)
      },
    }
    await importLog(other, into, path, null, quiet)
    expect(saved).toEqual(annexes)
    expect(await other.processes()).toEqual([P])
  })

  test('L18 what is there already and the same is left, what is there otherwise is refused, and one process can be chosen', async () => {
    const { path } = await exported(5)
    const other = openMemoryLog()
    await importLog(other, none, path, Q, quiet)
    expect(await other.processes()).toEqual([Q])
    const both = await importLog(other, none, path, null, quiet)
    expect(both.map(({ was }) => was)).toEqual(['taken', 'there'])
    await added(other, [entryOf('more')], {}, Q)
    await expect(importLog(other, none, path, null, quiet)).rejects.toThrow(
      `Process ${Q} is in this log already, otherwise`,
    )
    const empty = openMemoryLog()
    await added(empty, [entryOf('another')], {}, Q)
    await expect(importLog(empty, none, path, null, quiet)).rejects.toThrow('otherwise: 1 entries, and 1 in the file')
    expect(await empty.processes()).toEqual([Q])
  })

  test('L18 a file that was changed or cut anywhere is refused with the entry at which it is, and nothing is taken in', async () => {
    const { bytes } = await exported(9)
    const path = join(folder, 'damaged.log')
    const log = openMemoryLog()
    let named = 0
    const refused = async (damaged: Uint8Array) => {
      writeFileSync(path, damaged)
      const said = await importLog(log, none, path, null, quiet).catch(({ message }: Error) => message)
      expect(said).toContain(path)
      if (String(said).includes('at entry ')) named++
    }
    for (let at = 0; at < bytes.length; at += 31) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8((changed.readUInt8(at) ^ 0x10) & 0xff, at)
      await refused(changed)
      await refused(bytes.subarray(0, at))
    }
    expect(named).toBeGreaterThan(bytes.length / 31)
    const word = bytes.indexOf('words 7')
    const changed = Buffer.from(bytes)
    changed.write('W', word)
    await expect(refused(changed).then(() => importLog(log, none, path, null, quiet))).rejects.toThrow(
      `damaged at entry 15 of process ${P}: it does not match its sum.`,
    )
    expect(await log.processes()).toEqual([])
  })

  test('L18 a file of a newer format, or of something else, is refused', async () => {
    const { bytes } = await exported(1)
    const path = join(folder, 'newer.log')
    writeFileSync(path, Buffer.concat([Buffer.from('parley-log 2\n'), bytes.subarray(13)]))
    await expect(importLog(openMemoryLog(), none, path, null, quiet)).rejects.toThrow('has format 2')
    writeFileSync(path, 'these are no talks')
    await expect(importLog(openMemoryLog(), none, path, null, quiet)).rejects.toThrow('is not a log that was exported')
    await expect(exportLog(openMemoryLog(), none, path, [], quiet)).rejects.toThrow('nothing is written over')
  })
})
