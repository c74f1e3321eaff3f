import type { Config } from '../config.ts'
import { readOperatorToken, runningServer } from '../folder.ts'
import { failed, type Result } from './command.ts'

/** A backup of a long negotiation, or a process with all its texts, is answered well within. */
const ANSWER_MS = 120_000

type Answer = { answered: true; body: Record<string, unknown> } | { answered: false; result: Result }

/** Asks the server that runs on the data folder, as its operator. Everything that can go wrong is said in a sentence. */
export async function ask(config: Config, path: string, body: unknown): Promise<Answer> {
  const no = (...lines: string[]): Answer => ({ answered: false, result: failed(...lines) })
  const server = runningServer(config.folder)
  const token = readOperatorToken(config.folder)
  if (!server || !token) return no(`No server runs on ${config.folder}. Start it with npm start, or set PARLEY_DATA.`)
  let response: Response
  try {
    response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  } catch (cause) {
    return no(`The server at ${server.url} did not answer: ${cause instanceof Error ? cause.message : String(cause)}.`)
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  return response.ok ? { answered: true, body: answer } : no(...sentencesOf(response.status, answer))
}

const SENTENCES: Record<string, string> = {
  'no-such-thing': 'There is no process or seat of that name. `parley seats <process>` lists them.',
  'not-operator': 'The server does not take this operator token. Is PARLEY_DATA the folder it runs on?',
  'nothing-to-change': 'Nothing is left to do: it was done before.',
  'not-saved': 'The log takes no writes now, so nothing was changed. `parley doctor` says why.',
  draining: 'The server is stopping. Try again when it is back.',
  'too-large': 'The file is too large.',
}

function sentencesOf(status: number, answer: Record<string, unknown>): string[] {
  const code = String(answer['code'] ?? status)
  if (code !== 'mistakes' || !Array.isArray(answer['mistakes']))
    return [SENTENCES[code] ?? `The server refused: ${code}.`]
  return answer['mistakes'].map(({ where, problem }) => `${where}: ${problem}`)
}
