// What `npm run soak` and `npm run fuzz` share: numbers from the command line go to the tests as environment, and the tests are run.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

interface Option {
  /** The variable that the tests read. */
  variable: string
  /** What the option may be; a whole number when absent. */
  oneOf?: string[]
  fallback?: string
  help: string
}

export interface LongRun {
  name: string
  about: string
  options: Record<string, Option>
  /** The test files, from what was asked. */
  files(asked: Record<string, string>): string[]
}

function mistakesIn(options: LongRun['options'], asked: Record<string, string>): string[] {
  return Object.entries(asked).flatMap(([name, value]) => {
    const { oneOf } = options[name] ?? {}
    if (oneOf ? oneOf.includes(value) : /^\d{1,9}$/.test(value)) return []
    return [`--${name}: ${oneOf ? oneOf.join(' or ') : 'a whole number'}, not "${value}".`]
  })
}

function helpOf({ name, about, options }: LongRun): string {
  const lines = Object.entries(options).map(([option, { help, oneOf, fallback }]) => {
    const value = oneOf ? oneOf.join('|') : 'N'
    return `  --${option} ${value}${' '.repeat(Math.max(1, 26 - option.length - value.length))}${help}${fallback ? ` (${fallback})` : ''}`
  })
  return [`npm run ${name} -- [options]`, about, ...lines].join('\n')
}

/** Runs the tests with what the command line says; ends with their exit code. */
export function longRun(run: LongRun, given: string[]): void {
  const options = Object.fromEntries(
    ['help', ...Object.keys(run.options)].map((name) => [
      name,
      { type: name === 'help' ? 'boolean' : 'string' } as const,
    ]),
  )
  let values: Record<string, unknown>
  try {
    values = parseArgs({ args: given, options }).values
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause)
    process.exitCode = 2
    return
  }
  if (values['help']) {
    console.log(helpOf(run))
    return
  }
  const asked: Record<string, string> = {}
  for (const [name, { fallback }] of Object.entries(run.options)) {
    const value = values[name] ?? fallback
    if (value !== undefined) asked[name] = String(value)
  }
  const mistakes = mistakesIn(run.options, asked)
  if (mistakes.length > 0) {
    console.error(mistakes.join('\n'))
    process.exitCode = 2
    return
  }
  const environment = Object.entries(asked).map(([name, value]) => [run.options[name]?.variable ?? '', value])
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=86400000', '--disableConsoleIntercept']
  const child = spawn(process.execPath, [...vitest, ...run.files(asked)], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, ...Object.fromEntries(environment) },
    stdio: 'inherit',
  })
  child.on('close', (code) => {
    process.exitCode = code ?? 1
  })
}
