import type { Config } from '../config.ts'

/** One thing the operator can ask. `main.ts` reads the line, prints, and sets the exit code. */
export interface Command {
  /** After the name, such as `<process> <seat>`. */
  usage: string
  /** One sentence for `--help`. */
  summary: string
  /** How many words follow the name: at least and at most. */
  words: [least: number, most: number]
  run(line: Line): Promise<Result>
}

export interface Line {
  words: string[]
  /** `--leave-out`: what a document holds and a text has no place for is left out. */
  leaveOut: boolean
  /** `--log`: the file a log goes to or comes from. */
  logFile: string | null
  /** Tells a person how far long work has come. */
  tell(sentence: string): void
  config: Config
}

/** `lines` for a person, `json` for a program. Codes of invitations are in both: they are made to be handed on. */
export interface Result {
  done: boolean
  lines: string[]
  json: unknown
}

export const done = (json: unknown, ...lines: string[]): Result => ({ done: true, lines, json })
export const failed = (...lines: string[]): Result => ({ done: false, lines, json: { problems: lines } })
