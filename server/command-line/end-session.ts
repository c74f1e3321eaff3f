import { ask } from './ask.ts'
import { type Command, done } from './command.ts'

export const endSession: Command = {
  usage: '<process> <seat> [session]',
  summary: 'Ends one session of a seat, or all of them. The seat stays.',
  words: [2, 3],
  async run({ words: [process, seat, session], config }) {
    const answer = await ask(config, '/api/operator/end-session', session ? { process, session } : { process, seat })
    if (!answer.answered) return answer.result
    const ended = Number(answer.body['ended'])
    return done(
      answer.body,
      ended === 0 ? 'The seat has no open session.' : `Ended: ${ended}. Every device of it is closed.`,
    )
  },
}
