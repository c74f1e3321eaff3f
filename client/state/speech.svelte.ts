import { first } from '#shared/words/en/first.ts'
import { refusals } from '#shared/words/en/refusals.ts'
import { createSpeech, type Say, type Speech } from '#shared/words/say.ts'

/** The language the page speaks now. A change is seen wherever a sentence is read. */
export class SpeechState implements Speech {
  #speech = $state.raw(createSpeech('en', first, refusals))

  get language() {
    return this.#speech.language
  }
  get direction() {
    return this.#speech.direction
  }
  // One function for the life of the page, which speaks whatever language is set when it is called. The compiler cannot
  // follow a generic rest tuple through, so the arguments pass as one opaque value.
  say = ((key: 'app.name', ...values: []) => this.#speech.say(key, ...values)) as Say
  refusal: Speech['refusal'] = (refusal, nameOf) => this.#speech.refusal(refusal, nameOf)
  clock: Speech['clock'] = (at) => this.#speech.clock(at)
  moment: Speech['moment'] = (at, now) => this.#speech.moment(at, now)
  day: Speech['day'] = (at) => this.#speech.day(at)
  list: Speech['list'] = (items) => this.#speech.list(items)
  number: Speech['number'] = (value) => this.#speech.number(value)
  learn: Speech['learn'] = (parts) => this.#speech.learn(parts)
}
