import type { View } from '#shared/domain/view.ts'
import type { Level } from '#shared/refusals.ts'
import type { Speech } from '#shared/words/say.ts'
import type { Consequence } from '../components/AccessPopover.svelte'
import { grantAt, levelAt, narrows, rankOf, reachOf, readersIn, type Target } from './matrix.ts'
import type { ViewState } from './view.svelte.ts'

/** What the desk says about a change of one cell, before it is made. */
export interface Asked extends Target {
  level: Level
  /** Other terms than the cell has: until when, what comes with it. */
  terms: boolean
}
type Place = { view: ViewState; speech: Speech }

const rowOf = (view: View, track: string) => view.desk?.matrix.find(({ id }) => id === track) ?? null

/** Who a target is, in a sentence. */
function nameOf({ party, seat }: Pick<Target, 'party' | 'seat'>, { view }: Place): string {
  const person = seat ? view.current.desk?.seats.find(({ id }) => id === seat)?.name : null
  return person ?? view.partyName(party)
}

export function consequenceOf(asked: Asked, place: Place): Consequence | null {
  const { view, speech } = place
  const row = rowOf(view.current, asked.track)
  if (!row) return null
  const was = levelAt(row, asked)
  if (asked.level === was) return null
  if (narrows({ level: asked.level, was })) {
    const words =
      asked.level === 'hidden'
        ? speech.say('access.hide')
        : speech.say('access.lower', { level: speech.say(`level.${asked.level}`) })
    return { tone: 'closes', icon: asked.level === 'hidden' ? 'eye-off' : 'down', words }
  }
  return { tone: 'opens', icon: 'eye', words: opens(asked, was, place) }
}

function opens(asked: Asked, was: Level, place: Place): string {
  const { view, speech } = place
  const { say } = speech
  const { desk } = view.current
  const row = rowOf(view.current, asked.track)
  if (!desk || !row) return ''
  const count = reachOf(row, desk, asked)
  const party = view.partyName(asked.party)
  if (was !== 'hidden') {
    const level = say(`level.${asked.level}`)
    return asked.seat
      ? say('access.more-person', { name: nameOf(asked, place), level })
      : say('access.more', { count, party, level })
  }
  const clauses = clausesOf(asked.track, place)
  const sees = asked.seat
    ? say('access.see-person', { name: nameOf(asked, place), clauses })
    : say('access.see', { count, party, clauses })
  const told = [...readersIn(row, desk)].filter((id) => id !== asked.party)
  const readers = view.current.parties.filter(({ id }) => told.includes(id)).map(({ name }) => name)
  return `${sees} ${readers.length > 0 ? say('access.told', { readers: speech.list(readers) }) : say('access.told-nobody')}`
}

function clausesOf(track: string, { view, speech }: Place): string {
  const text = view.track(track)?.text
  return text ? speech.say('access.clauses', { count: text.clauses }) : speech.say('access.clauses-unknown')
}

/** The main button's words, or null when nothing would change. */
export function mainWordsOf(asked: Asked, place: Place): string | null {
  const { say } = place.speech
  const row = rowOf(place.view.current, asked.track)
  const was = row ? levelAt(row, asked) : 'hidden'
  const party = nameOf(asked, place)
  if (asked.level === was) return asked.terms && was !== 'hidden' ? say('access.change-terms', { party }) : null
  if (asked.level === 'hidden') return say('access.hide-from', { party })
  if (narrows({ level: asked.level, was })) return say('access.lower-to', { level: say(`level.${asked.level}`) })
  return say(`access.let.${asked.level}`, { party })
}

/** The terms of a grant as the desk offers them. */
export interface Terms {
  /** With what was written and taken out before, not only the text as it stands. */
  history: boolean
  until: number | null
  annotations: boolean
  offline: boolean
}
export function termsAt(view: View, target: Target): Terms {
  const row = rowOf(view, target.track)
  const grant = row && rankOf(levelAt(row, target)) > 0 ? grantAt(row, target) : null
  return {
    history: grant?.history === 'full',
    until: grant?.until ?? null,
    annotations: grant?.annotations ?? false,
    offline: grant?.offline ?? false,
  }
}
export const sameTerms = (one: Terms, other: Terms): boolean =>
  one.history === other.history &&
  one.until === other.until &&
  one.annotations === other.annotations &&
  one.offline === other.offline
