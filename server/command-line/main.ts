import { parseArgs } from 'node:util'
import { readConfig } from '../config.ts'
import { backup } from './backup.ts'
import { type Command, failed, type Line, type Result } from './command.ts'
import { confirm } from './confirm.ts'
import { doctor } from './doctor.ts'
import { endSession } from './end-session.ts'
import { exportTo } from './export.ts'
import { importFrom } from './import.ts'
import { invite } from './invite.ts'
import { newProcess } from './new.ts'
import { restore } from './restore.ts'
import { seats } from './seats.ts'

const COMMANDS: Record<string, Command> = {
  new: newProcess,
  seats,
  invite,
  confirm,
  'end-session': endSession,
  backup,
  restore,
  export: exportTo,
  import: importFrom,
  doctor,
}

const NOT_DONE = 1
const NOT_UNDERSTOOD = 2

function helpFor(name?: string): string[] {
  const rows = Object.entries(COMMANDS).filter(([known]) => name === undefined || known === name)
  const asked = rows.map(([known, { usage }]) => `${known} ${usage}`)
  const width = Math.max(...asked.map((one) => one.length)) + 2
  const lines = rows.map(([, { summary }], at) => `  ${(asked[at] ?? '').padEnd(width)}${summary}`)
  return [
    'npm run parley -- <command>',
    '',
    ...lines,
    '',
    '  --json    prints only JSON',
    '  --help    this, or one command',
    '',
    'Talks to the server that runs on PARLEY_DATA (./data), as its operator.',
  ]
}

async function answer(name: string | undefined, line: Omit<Line, 'config'>): Promise<Result & { code?: number }> {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    return {
      ...failed(name ? `There is no command ${name}.` : 'Name a command.', '', ...helpFor()),
      code: NOT_UNDERSTOOD,
    }
  }
  const [least, most] = command.words
  const { words } = line
  if (words.length < least || words.length > most) return { ...failed(...helpFor(name)), code: NOT_UNDERSTOOD }
  const config = readConfig(process.env)
  if (!config.ok) return { ...failed(...config.refusal), code: NOT_UNDERSTOOD }
  return command.run({ ...line, config: config.value })
}

async function main(): Promise<void> {
  const options = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    'leave-out': { type: 'boolean' },
    log: { type: 'string' },
  } as const
  let line: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>
  try {
    line = parseArgs({ options, allowPositionals: true })
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : String(cause))
    process.exitCode = NOT_UNDERSTOOD
    return
  }
  const [name, ...words] = line.positionals
  if (line.values.help) {
    console.log(helpFor(name).join('\n'))
    return
  }
  const { json, log } = line.values
  const tell = (sentence: string): void => (json ? undefined : console.error(sentence))
  const leaveOut = line.values['leave-out'] ?? false
  const result = await answer(name, { words, leaveOut, logFile: log ?? null, tell })
  if (json) console.log(JSON.stringify(result.json))
  else for (const sentence of result.lines) (result.done ? console.log : console.error)(sentence)
  if (!result.done) process.exitCode = result.code ?? NOT_DONE
}

await main()
