const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u
const LEFT_TO_RIGHT = /\p{Script=Latin}|\p{Script=Greek}|\p{Script=Cyrillic}/u

/** Where words run, by their first letter; null when they have none. */
export function directionOf(words: string): 'ltr' | 'rtl' | null {
  const letter = /\p{L}/u.exec(words)?.[0]
  if (letter === undefined) return null
  return RIGHT_TO_LEFT.test(letter) ? 'rtl' : 'ltr'
}

/** Whether words run both ways. */
export const isMixed = (words: string): boolean => RIGHT_TO_LEFT.test(words) && LEFT_TO_RIGHT.test(words)
