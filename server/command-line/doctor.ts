import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LOG_FILE, readOperatorToken, runningServer } from '../folder.ts'
import { type Command, done } from './command.ts'

/** Under this the log may soon be full: a week of ten rooms writes less. */
const LOW_BYTES = 512 * 1024 * 1024
const ANSWER_MS = 5_000

interface Finding {
  what: string
  fine: boolean
  said: string
}

export const doctor: Command = {
  usage: '',
  summary: 'Looks at the data folder, the disk and the running server, and says what is wrong.',
  words: [0, 0],
  async run({ config }) {
    const findings = [...folderFindings(config.folder), ...(await serverFindings(config.folder))]
    const lines = findings.map(({ what, fine, said }) => `${fine ? 'fine' : 'LOOK'}  ${what}: ${said}`)
    return { ...done({ findings }, ...lines), done: findings.every(({ fine }) => fine) }
  },
}

function folderFindings(folder: string): Finding[] {
  if (!existsSync(folder)) return [{ what: 'data folder', fine: true, said: `${folder} is made at the first start` }]
  const mode = statSync(folder).mode & 0o077
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const file = join(folder, LOG_FILE)
  return [
    {
      what: 'data folder',
      fine: mode === 0,
      said: mode === 0 ? folder : `others on this machine may read ${folder}; chmod 700 closes it`,
    },
    { what: 'disk', fine: free > LOW_BYTES, said: `${Math.round(free / 1024 / 1024)} MB free` },
    { what: 'log', fine: true, said: existsSync(file) ? `${statSync(file).size} bytes` : 'not made yet' },
    { what: 'operator token', fine: true, said: readOperatorToken(folder) ? 'there' : 'made at the first start' },
  ]
}

async function serverFindings(folder: string): Promise<Finding[]> {
  const server = runningServer(folder)
  if (!server) return [{ what: 'server', fine: true, said: 'not running' }]
  try {
    const response = await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) })
    const { reason } = (await response.json()) as { reason?: string }
    const said = response.ok ? `ready at ${server.url}` : `runs at ${server.url}, but takes no writes: ${reason}`
    return [{ what: 'server', fine: response.ok, said }]
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return [{ what: 'server', fine: false, said: `process ${server.pid} does not answer at ${server.url}: ${why}` }]
  }
}
