import { resolve } from 'node:path'
import { openFolder } from '../folder.ts'
import { importLog } from '../log/moving.ts'
import { type Command, done } from './command.ts'
import { placeOf, processNamed, withLog } from './moving.ts'

export const importFrom: Command = {
  usage: '[process] --log <file>',
  summary:
    'Takes the processes of an exported log in, where they are not there yet; a log in the data folder must be at rest.',
  words: [0, 1],
  run(line) {
    openFolder(line.config.folder)
    return withLog(line, 'import', async (log, beside, name, onProgress) => {
      const path = resolve(name)
      const processes = await importLog(log, beside, path, processNamed(line.words), onProgress)
      return done(
        { file: path, into: placeOf(line.config), processes },
        ...processes.map(({ process, seq, was }) => {
          return `Process ${process}: ${seq} entries ${was === 'there' ? 'were there already, the same' : 'taken in'}`
        }),
        `All of it is in ${placeOf(line.config)}, compared entry by entry with ${path}. Sessions and links open as before.`,
      )
    })
  },
}
