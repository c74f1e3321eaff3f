import type { AccessChange } from '#shared/domain/process.ts'
import type { Desk } from '#shared/domain/view.ts'
import type { Speech } from '#shared/words/say.ts'
import { narrows } from './matrix.ts'
import type { ViewState } from './view.svelte.ts'

/** One decision of the log, as a sentence for each of its cells. */
export interface ChangeLine {
  id: string
  at: number
  words: string[]
}

export function changeLines(view: ViewState, speech: Speech): ChangeLine[] {
  const { desk } = view.current
  if (!desk) return []
  return desk.changes.toReversed().map(({ id, at, by, changes }) => {
    const who = by === view.current.me.seat ? speech.say('changes.you') : view.personName(by, view.current.me.party)
    return { id, at, words: changes.map((change) => sentenceOf(change, who, desk, view, speech)) }
  })
}

function sentenceOf(change: AccessChange, who: string, desk: Desk, view: ViewState, { say }: Speech): string {
  const { track, level } = change
  const person = desk.seats.find(({ id }) => id === change.seat)?.name
  const party = person ?? (change.party ? view.partyName(change.party) : '')
  const title = desk.matrix.find(({ id }) => id === track)?.title ?? ''
  const named = { who, party, track: title }
  if (level === 'hidden') return say('changes.hid', named)
  if (narrows(change)) return say('changes.lowered', { ...named, level: say(`level.${level}`) })
  return say('changes.let', { ...named, level: say(`level.${level}`) })
}
