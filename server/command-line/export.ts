import { resolve } from 'node:path'
import { exportLog } from '../log/moving.ts'
import { type Command, done, failed } from './command.ts'
import { placeOf, processNamed, withLog } from './moving.ts'

export const exportTo: Command = {
  usage: '[process] --log <file>',
  summary:
    'Writes the log, or one process of it, to a file that `import` reads; a log in the data folder must be at rest.',
  words: [0, 1],
  run(line) {
    return withLog(line, 'export', async (log, beside, name, onProgress) => {
      const path = resolve(name)
      const only = processNamed(line.words)
      const all = await log.processes()
      const chosen = all.filter((process) => only === null || process === only)
      if (chosen.length === 0) return failed(only ? `There is no process ${only}.` : 'There is no process yet.')
      const processes = await exportLog(log, beside, path, chosen, onProgress)
      return done(
        { file: path, from: placeOf(line.config), processes },
        ...processes.map(({ process, seq }) => `Process ${process}: ${seq} entries`),
        `Written from ${placeOf(line.config)} to ${path}, and read again. Its keys are in it: keep it as secret as the room itself.`,
        'What is written to the log from now on is not in the file. Let no server run on this log any more once another took it in.',
      )
    })
  },
}
