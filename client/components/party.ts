import { SHAPES } from './icons.ts'

/** A party as it is drawn: shape and name first, colour third. `slot` counts from 1 in the mediators' order and stays. */
export interface PartyLook {
  slot: number
  name: string
  short: string
}

const COLOURS = 6

/** Classes that give an element the party's colours; past six parties a colour comes again with another shape and line. */
export const partyClass = (slot: number): string =>
  `p p--${((slot - 1) % COLOURS) + 1}${slot > COLOURS ? ' p--again' : ''}`

/** The path of the party's shape on a 16 by 16 grid. */
export const shapeOf = (slot: number): string => SHAPES[(slot - 1) % SHAPES.length] ?? SHAPES[0]

/** “D. Venn”, where there is little room: the whole name is said beside it. */
export function shortName(name: string): string {
  const [first, last] = name.trim().split(/\s+/u).slice(-2)
  const initial = [...(first ?? '')][0]
  return initial && last ? `${initial.toLocaleUpperCase()}. ${last}` : name
}

const JOINED = /\p{Script=Arabic}/u
/** First letters of the last two names: titles come first. */
export function initials(name: string): string {
  const names = name.trim().split(/\s+/u)
  const letters = names.slice(-2).map((part) => [...part][0]?.toLocaleUpperCase() ?? '')
  // Letters of a joined script would become one word.
  return letters.join(letters.some((letter) => JOINED.test(letter)) ? ' ' : '')
}
