import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ask } from './ask.ts'
import { type Command, done, failed } from './command.ts'

export const backup: Command = {
  usage: '<file>',
  summary: 'Copies everything to a file while the room is in use.',
  words: [1, 1],
  async run({ words: [path = ''], config }) {
    const file = resolve(path)
    if (existsSync(file))
      return failed(`${file} is there already. Choose another name: a backup is never written over.`)
    const answer = await ask(config, '/api/operator/backup', { file })
    if (!answer.answered) return answer.result
    const { size: bytes } = statSync(file)
    return done({ file, bytes }, `Everything is in ${file} (${bytes} bytes). Keep it as secret as the room itself.`)
  },
}
