import { ask } from './ask.ts'
import { type Command, done } from './command.ts'

export const confirm: Command = {
  usage: '<process> <seat> <figures>',
  summary:
    'Confirms a device by its six figures, for a party none of whose people is in, after a mediator gave the link.',
  words: [3, 3],
  async run({ words: [process, seat, figures], config }) {
    const answer = await ask(config, '/api/operator/confirm', { process, seat, figures })
    if (!answer.answered) return answer.result
    return done(answer.body, 'The device is confirmed. It has everything that the person sees, caucus included.')
  },
}
