import type { Instant, PartyId, SeatId, TrackId } from '../ids.ts'
import { parseInstant } from './calendar.ts'
import type { Mistake } from './mistake.ts'

/** Reads plain values from outside, noting every mistake with its place instead of stopping at the first. */
export class Reading {
  readonly mistakes: Mistake[] = []

  mistake(where: string, problem: string): null {
    this.mistakes.push({ where, problem })
    return null
  }

  /** A record with no keys but these. Null, and noted, when it is none. */
  record(value: unknown, where: string, keys: readonly string[]): Record<string, unknown> | null {
    const found = this.entries(value, where)
    if (!found) return null
    for (const [key] of found) {
      if (keys.includes(key)) continue
      this.mistake(join(where, key), `There is no "${clip(key)}" here. Known are: ${keys.join(', ')}.`)
    }
    return Object.fromEntries(found.filter(([key, part]) => keys.includes(key) && part !== undefined && part !== null))
  }

  /** The entries of a record whose keys are names of the writer's own. */
  entries(value: unknown, where: string): [string, unknown][] | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.mistake(where, value === undefined ? 'This is missing.' : 'Names and values belong here.')
    }
    return Object.entries(value)
  }

  list(value: unknown, where: string, limit: number): unknown[] {
    if (value === undefined) return this.mistake(where, 'This is missing.') ?? []
    if (!Array.isArray(value)) return this.mistake(where, 'A list belongs here.') ?? []
    if (value.length > limit) return this.mistake(where, `${limit} are the most; there are ${value.length}.`) ?? []
    return value
  }

  /** One line of words, trimmed. '' when it is none; an empty one is a mistake unless `mayBeEmpty`. */
  line(value: unknown, where: string, limit: number, mayBeEmpty = false): string {
    const words = this.words(value, where, limit, mayBeEmpty)
    if (!/[\r\n\u2028\u2029]/u.test(words)) return words
    this.mistake(where, 'One line belongs here.')
    return ''
  }

  words(value: unknown, where: string, limit: number, mayBeEmpty = false): string {
    const words = typeof value === 'string' ? value.trim() : null
    if (words === null) this.mistake(where, value === undefined ? 'This is missing.' : 'Words belong here.')
    else if (words === '' && !mayBeEmpty) this.mistake(where, 'This is empty.')
    else if (words.length > limit) this.mistake(where, `${limit} characters are the most; there are ${words.length}.`)
    else if (!words.isWellFormed() || hasControls(words))
      this.mistake(where, 'There are characters that cannot be shown.')
    else return words
    return ''
  }

  flag(value: unknown, where: string, otherwise: boolean): boolean {
    if (value === undefined) return otherwise
    if (typeof value === 'boolean') return value
    this.mistake(where, 'true or false belongs here.')
    return otherwise
  }

  oneOf<T extends string>(value: unknown, where: string, choices: readonly T[], otherwise?: T): T | null {
    if (value === undefined && otherwise !== undefined) return otherwise
    const found = choices.find((choice) => choice === value)
    if (found !== undefined) return found
    const said = typeof value === 'string' ? `"${clip(value)}" is not known` : 'This is missing'
    return this.mistake(where, `${said}. One of these belongs here: ${choices.join(', ')}.`)
  }
}

/** A place in the writer's own file. */
export const join = (where: string, key: string): string => (where === '' ? clip(key) : `${where}.${clip(key)}`)
const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function hasControls(words: string): boolean {
  for (let at = 0; at < words.length; at++) {
    const code = words.charCodeAt(at)
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127) return true
  }
  return false
}

/** An id of the writer's own. `taken` has those in use, and gets this one. */
export function readId<T extends PartyId | SeatId | TrackId>(
  reading: Reading,
  value: unknown,
  where: string,
  parse: (text: string) => T | null,
  taken: Set<string>,
): T | null {
  const text = reading.line(value, where, 40)
  if (text === '') return null
  const id = parse(text)
  if (!id || text in Object.prototype) {
    return reading.mistake(where, 'An id is 1 to 40 of the letters A-Z and a-z, digits, _ and -.')
  }
  if (taken.has(id)) return reading.mistake(where, `"${id}" is in use already.`)
  taken.add(id)
  return id
}

/** Null when there is none, or none that can be read. */
export function readInstant(reading: Reading, value: unknown, where: string): Instant | null {
  if (value === undefined) return null
  const found = typeof value === 'string' ? parseInstant(value) : null
  return found ?? reading.mistake(where, 'A date and time with its zone belongs here, as 2027-03-01T12:00:00Z.')
}
