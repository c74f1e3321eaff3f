import { ask } from './ask.ts'
import { type Command, done } from './command.ts'

export const invite: Command = {
  usage: '<process> <seat>',
  summary: 'Gives a seat a new link. It opens no caucus until the delegation confirms the person.',
  words: [2, 2],
  async run({ words: [process, seat], config }) {
    const answer = await ask(config, '/api/operator/invite', { process, seat })
    if (!answer.answered) return answer.result
    return done(
      answer.body,
      String(answer.body['invitation']),
      'The link opens once, within 24 hours; an older one no longer opens. The delegation was told.',
      'Caucus and backchannels stay closed on the new device until the delegation confirms the person by six figures, by voice.',
    )
  },
}
