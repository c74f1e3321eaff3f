import { pages } from '../support/files.ts'
import { clock } from './clock.ts'
import { type Figure, median, round } from './figures.ts'
import { MeasuredServer } from './measured.ts'
import { TABLE, talks } from './talks.ts'
import type { Workload } from './workloads.ts'

const PAGES = 200
const TIMES = 9

/** A Word document becomes a new track: brought, read in its thread, confirmed; and how long others waited for an answer meanwhile. */
export const documents: Workload = async ({ short, profile }) => {
  const server = await MeasuredServer.start({ profile })
  try {
    const size = { clauses: 2, length: 50 }
    const file = talks({ north: 1, south: 1, team: 1 }, [{ id: 'plenary', size, access: TABLE }])
    const { tokens } = await server.talks(file)
    const count = short ? 2 : PAGES
    const document = new Uint8Array(pages(count))
    const line = { url: server.url, token: tokens['team-0'] ?? '' }
    const taken: Taken[] = []
    for (let left = short ? 1 : TIMES; left > 0; left -= 1) taken.push(await bring(line, document))
    const workload = `documents: ${count} pages of Word into a new track`
    const of = (figure: string, values: number[], target?: number): Figure => ({
      workload,
      figure,
      value: round(median(values)),
      unit: 'ms',
      ...(target === undefined ? {} : { target }),
    })
    return {
      figures: [
        of(
          'brought, read and made p50',
          taken.map(({ read, made }) => read + made),
          5_000,
        ),
        of(
          'longest wait of another request while it is read p50',
          taken.map(({ waitedReading }) => waitedReading),
          50,
        ),
        of(
          'longest wait of another request while it is made p50',
          taken.map(({ waitedMaking }) => waitedMaking),
        ),
      ],
    }
  } finally {
    await server.end()
  }
}

interface Taken {
  read: number
  made: number
  waitedReading: number
  waitedMaking: number
}

async function bring(line: { url: string; token: string }, document: Uint8Array<ArrayBuffer>): Promise<Taken> {
  const headers = { authorization: `Bearer ${line.token}` }
  const post = async (path: string, body: BodyInit): Promise<unknown> => {
    const answer = await fetch(`${line.url}${path}`, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  const [read, waitedReading, said] = await watched(line.url, () => post('/api/texts/read?name=Pact.docx', document))
  const { text } = said as { text: object }
  const command = { type: 'OpenTrack', title: 'Pact', kind: 'group', access: {}, text }
  const ask = crypto.randomUUID().replaceAll('-', '').slice(0, 22)
  const [made, waitedMaking] = await watched(line.url, () => post('/api/acts', JSON.stringify({ ask, command })))
  return { read, made, waitedReading, waitedMaking }
}

/** How long the work took, and the longest that somebody else waited for an answer to something small. */
async function watched(url: string, work: () => Promise<unknown>): Promise<[took: number, waited: number, unknown]> {
  let isDone = false
  let waited = 0
  const asking = (async () => {
    while (!isDone) {
      const asked = clock()
      await (await fetch(`${url}/healthz`)).text()
      waited = Math.max(waited, clock() - asked)
    }
  })()
  const began = clock()
  const value = await work().finally(() => {
    isDone = true
  })
  const took = clock() - began
  await asking
  return [took, waited, value]
}
