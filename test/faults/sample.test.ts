import { afterEach, expect, test } from 'vitest'
import { enterRoom } from '#client/room/index.ts'
import { readProcessFile } from '#server/process-file.ts'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { SeedClause } from '#shared/text/structure.ts'
import { seatToken } from '../support/sample-room.ts'
import { cleanUp, startServer } from '../support/server.ts'

afterEach(cleanUp)

const itemsIn = (clause: SeedClause): unknown[] => (typeof clause === 'string' ? [] : (clause.items ?? []).map(itemsIn))

test('S43 the sample in another language has the same seats, tracks and clauses', async () => {
  const shapeOf = async (path: string) => {
    const read = await readProcessFile(path)
    const file = read.ok ? parseProcessFile(read.value) : read
    if (!file.ok) throw new Error(`mistakes in ${path}`)
    const { seats, tracks } = file.value
    return [
      seats.map(({ id, party, role }) => `${id} ${party} ${role}`),
      tracks.map(({ id, kind, access, text }) => [
        id,
        kind,
        access,
        text?.articles.map((article) => [article.kind, ...article.clauses.map(itemsIn)]),
      ]),
    ]
  }
  expect(await shapeOf('sample/fr/lake-maren.yaml')).toEqual(await shapeOf('sample/lake-maren.yaml'))
})

test('S43 whoever starts the server in French meets a French sample, whose people have acted', async () => {
  const server = await startServer({ environment: { PARLEY_SAMPLE: 'on', LANG: 'fr_FR.UTF-8' } })
  expect(server.output()).not.toMatch(/do not fit/)
  const room = await enterRoom({ url: server.url, token: await seatToken(server, 'tavira-head') })
  expect(room.view.process.title).toBe('Pourparlers du bassin du lac Maren')
  const text = await room.open('plenary')
  const clause = text.structure.articles.flatMap(({ clauses }) => clauses).find(({ number }) => number === '5.2')
  expect(text.plain(clause?.id ?? '')).toMatch(/\[ dans un délai de trente jours - CNM\]/)
  expect(room.view.comments.length).toBeGreaterThan(5)
  await room.close()
})
