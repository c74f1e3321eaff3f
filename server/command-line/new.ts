import { resolve } from 'node:path'
import { readProcessFile, sentenceOf } from '../process-file.ts'
import { ask } from './ask.ts'
import { type Command, done, failed } from './command.ts'

export const newProcess: Command = {
  usage: '<process.yaml|json> [--leave-out]',
  summary: 'Starts a process and prints one invitation for each seat.',
  words: [1, 1],
  async run({ words: [path = ''], leaveOut, config }) {
    const file = await readProcessFile(resolve(path), { leaveOut })
    if (!file.ok) return failed(...file.refusal.map(sentenceOf))
    const answer = await ask(config, '/api/processes', file.value)
    if (!answer.answered) return answer.result
    const { process, seats } = answer.body
    const rows = (Array.isArray(seats) ? seats : []) as {
      name: string
      party: string
      role: string
      invitation: string
    }[]
    return done(
      answer.body,
      `Process ${process}`,
      ...rows.map(({ name, party, role, invitation }) => `${name} (${party}, ${role})\n  ${invitation}`),
      'Each link opens once. Hand each one over by a way you trust; they are not shown again.',
    )
  },
}
