import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { besideLog, type Copied } from '../files/copies.ts'
import { ask } from './ask.ts'
import { type Command, done, failed } from './command.ts'

export const backup: Command = {
  usage: '<file>',
  summary: 'Copies everything to a file while the room is in use.',
  words: [1, 1],
  async run({ words: [path = ''], config }) {
    const file = resolve(path)
    const taken = [file, besideLog(file)].find((path) => existsSync(path))
    if (taken) return failed(`${taken} is there already. Choose another name: a backup is never written over.`)
    const answer = await ask(config, '/api/operator/backup', { file })
    if (!answer.answered) return answer.result
    const { size: bytes } = statSync(file)
    const annexes = annexesIn(answer.body)
    const beside =
      annexes.files > 0
        ? [`Its ${annexes.files} annexes are in ${besideLog(file)} (${annexes.bytes} bytes): keep both together.`]
        : []
    return done(
      { file, bytes, annexes: annexes.files },
      `Everything is in ${file} (${bytes} bytes). Keep it as secret as the room itself.`,
      ...beside,
    )
  },
}

function annexesIn({ annexes }: Record<string, unknown>): Copied {
  const said = typeof annexes === 'object' && annexes !== null ? annexes : {}
  return { files: Number(Reflect.get(said, 'files') ?? 0), bytes: Number(Reflect.get(said, 'bytes') ?? 0) }
}
