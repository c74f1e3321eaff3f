import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyFiles } from '#server/files/copies.ts'
import { openFolderStore } from '#server/files/folder-store.ts'
import { openRedisStore } from '#server/files/redis-store.ts'
import { type FileStore, FilesDamaged, StoreUnavailable, storedName } from '#server/files/store.ts'
import type { AnnexId, Hash, ProcessId } from '#shared/ids.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { RedisServer } from '../support/redis.ts'

/** One contract for the bytes of annexes; every store answers to it. */

const folder = mkdtempSync(join(tmpdir(), 'parley-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const process = (letter: string) => letter.repeat(22) as ProcessId
function named(bytes: Uint8Array, id = 'annex') {
  const stored = createHash('sha256').update(bytes).digest('hex') as Hash
  return storedName({ id: id as AnnexId, stored })
}

/** The test's own comparison takes seconds for this much. */
const same = (one: Uint8Array | null, other: Uint8Array): boolean => one !== null && Buffer.from(one).equals(other)

function contract(open: () => Promise<FileStore>): void {
  test('O12 what is stored is read again, whole and in parts, by every store on the same place', async () => {
    const store = await open()
    const bytes = new Uint8Array(randomBytes(3_000_000))
    const name = named(bytes)
    expect(await store.read(process('a'), name, 0, 10)).toBeNull()
    await store.save(process('a'), name, bytes)
    await store.save(process('a'), name, bytes)
    const other = await open()
    expect(same(await other.read(process('a'), name, 0, 4_000_000), bytes)).toBe(true)
    expect(await other.read(process('a'), name, 1_000_000, 1_000_100)).toEqual(bytes.slice(1_000_000, 1_000_100))
    expect(await other.read(process('a'), name, 2_999_990, 3_000_500)).toEqual(bytes.slice(2_999_990))
    expect((await other.read(process('a'), name, 3_000_000, 3_000_100))?.length).toBe(0)
    expect(await other.read(process('b'), name, 0, 10)).toBeNull()
    await store.forget(process('a'), name)
    await store.forget(process('a'), name)
    expect(await other.read(process('a'), name, 0, 10)).toBeNull()
    await Promise.all([store.close(), other.close()])
  })

  test('O12 all files of a process are copied to any other store; one that is not what was stored stops it', async () => {
    const store = await open()
    const to = openFolderStore(join(folder, randomBytes(8).toString('hex')))
    const good = new Uint8Array(randomBytes(1_000))
    await store.save(process('a'), named(good), good)
    await store.save(process('a'), named(good, 'second'), good)
    await store.save(process('b'), named(good), good)
    expect(await copyFiles(store, to, [process('a')])).toEqual({ files: 2, bytes: 2_000 })
    expect(await to.list(process('b'))).toEqual([])
    expect((await to.list(process('a'))).sort()).toEqual([named(good), named(good, 'second')].sort())
    await store.save(process('b'), named(good, 'third'), good.slice(1))
    await expect(copyFiles(store, to, [process('b')])).rejects.toThrow(FilesDamaged)
    await store.close()
  })
}

describe('a folder', () => contract(async () => openFolderStore(join(folder, 'kept'))))

describe.skipIf(!findRedisServer())('a Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis.end())
  contract(() => openRedisStore(redis.url, () => undefined))

  test('O12 that is away, or full, is said to be', async () => {
    const store = await openRedisStore(redis.url, () => undefined)
    const bytes = new Uint8Array(randomBytes(1_000))
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
    await expect(store.save(process('c'), named(bytes), bytes)).rejects.toMatchObject({ reason: 'disk-full' })
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
    await store.save(process('c'), named(bytes), bytes)
    await store.close()
    await expect(store.read(process('c'), named(bytes), 0, 1)).rejects.toThrow(StoreUnavailable)
  })
})
