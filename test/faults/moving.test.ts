import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import type { Room } from '#client/room/room.ts'
import { openFolderStore } from '#server/files/folder-store.ts'
import { type StoredName, storedName } from '#server/files/store.ts'
import { ANNEX_FOLDER } from '#server/folder.ts'
import { type AnnexId, type Hash, type ProcessId, parseProcessId, type TrackId } from '#shared/ids.ts'
import { findRedisServer } from '../../scripts/ensure.mjs'
import { parley, parleyIn, type Ran } from '../support/command-line.ts'
import { RedisServer } from '../support/redis.ts'
import { cleanUp, newFolder, type StartedServer, startServer } from '../support/server.ts'

const ANNEX: StoredName = storedName({ id: 'a'.repeat(22) as AnnexId, stored: 'b'.repeat(64) as Hash })
const TRACKS = ['plenary', 'caucus-north'] as TrackId[]

let redis: RedisServer | null = null
afterEach(async () => {
  await cleanUp()
  await redis?.end()
  redis = null
})

/** Writes into both texts of the seat, and tells what stands there. */
async function writes(server: StartedServer, token: string, word: string): Promise<string[]> {
  const room: Room = await enterRoom({ url: server.url, token })
  const shown: string[] = []
  for (const track of TRACKS) {
    const text = await room.open(track)
    const clause = text.structure.articles[0]?.clauses[0]
    if (clause) {
      await text.insert({ leaf: clause.leaf, index: 0 }, word)
      await text.saved()
      shown.push(text.plain(clause.id))
    }
  }
  await room.close()
  return shown
}

const fine = ({ code, out, err }: Ran) => expect(code, `${out}${err}`).toBe(0)

/** Three servers and seven runs of the command line: eight seconds alone. */
const PATIENCE_MS = 240_000

describe.skipIf(!findRedisServer())('a log that moves', { timeout: PATIENCE_MS }, () => {
  test('O8 from the data folder to Redis and back: every entry the same, and people go on with the sessions and links they have', async () => {
    redis = await RedisServer.start()
    const onRedis = { REDIS_URL: redis.url }
    const first = await startServer()
    const started = await first.newProcess()
    const { codes } = started
    const { token } = await first.redeem(codes['north-head'] ?? '')
    await writes(first, token, 'One. ')
    const files = newFolder()
    const fileOf = (name: string) => join(files, name)
    const early = await parley(first.folder, 'export', '--log', fileOf('early'))
    expect([early.code, early.err]).toEqual([1, expect.stringContaining('in use by another server')])
    await first.end('SIGTERM')
    const annex = openFolderStore(join(first.folder, ANNEX_FOLDER))
    const process = parseProcessId(started.process) as ProcessId
    await annex.save(process, ANNEX, new Uint8Array(2_500_000).fill(3))

    fine(await parley(first.folder, 'export', '--log', fileOf('one')))
    fine(await parleyIn(onRedis, newFolder(), 'import', '--log', fileOf('one')))
    fine(await parleyIn(onRedis, newFolder(), 'export', '--log', fileOf('two')))
    expect(readFileSync(fileOf('two')).equals(readFileSync(fileOf('one')))).toBe(true)

    const second = await startServer({ environment: onRedis })
    expect(await writes(second, token, 'Two. ')).toEqual(
      expect.arrayContaining([expect.stringMatching(/Two\. .*One\. /)]),
    )
    expect((await second.redeem(codes['south-head'] ?? '')).seat).toBe('south-head')
    const again = await parleyIn(onRedis, newFolder(), 'import', '--log', fileOf('one'))
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('in this log already, otherwise')])
    await second.end('SIGTERM')

    fine(await parleyIn(onRedis, newFolder(), 'export', '--log', fileOf('three')))
    const folder = newFolder()
    fine(await parley(folder, 'import', '--log', fileOf('three')))
    fine(await parley(folder, 'export', '--log', fileOf('four')))
    expect(readFileSync(fileOf('four')).equals(readFileSync(fileOf('three')))).toBe(true)
    const back = await openFolderStore(join(folder, ANNEX_FOLDER)).read(process, ANNEX, 0, 9_000_000)
    expect(back && Buffer.from(back).equals(new Uint8Array(2_500_000).fill(3))).toBe(true)
    const third = await startServer({ folder })
    expect((await writes(third, token, 'Three. '))[0]).toMatch(/Three\. .*Two\. .*One\. /)
  })
})
