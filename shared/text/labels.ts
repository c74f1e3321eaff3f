/** Numbers that a person wrote by hand: the room counts clauses and items itself, for each viewer. */

/** `(a)` or `(iv)` before the words of an item: the label, then the words. */
export const ITEM_LABEL = /^\s*\(([A-Za-z]{1,6})\)\s+(.*)$/s
const ROMAN = /^(?=[ivxlc])c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})$/

/**
 * Whether the label counts below the last of `items` items, of which the last has `below` items of its own: `(i)` is a
 * numeral when it is the next one there; but after `(h)` without numerals it is the ninth letter.
 */
export function isNumeral(label: string, items: number, below: number): boolean {
  if (!ROMAN.test(label) || numeralOf(label) !== below + 1) return false
  return label !== letterOf(items + 1) || below > 0
}
const letterOf = (n: number): string => (n <= 26 ? String.fromCharCode(96 + n) : '')
function numeralOf(label: string): number {
  const values: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100 }
  let sum = 0
  for (let i = 0; i < label.length; i++) {
    const own = values[label[i] ?? ''] ?? 0
    sum += own < (values[label[i + 1] ?? ''] ?? 0) ? -own : own
  }
  return sum
}

/** Headings of their own kind, in the languages of the room. */
export const PREAMBLE = /^(?:preamble|pr\u00e9ambule|(?:\u0627\u0644)?\u062f\u064a\u0628\u0627\u062c\u0629)$/i
export const ANNEX =
  /^(?:annexe?|appendix|(?:\u0627\u0644)?(?:\u0645\u0644\u062d\u0642|\u0645\u0631\u0641\u0642))(?=[\s:.\d]|$)/i

/** The letter of an annex is counted, so `Annex A: Maps` is called `Maps`; a bare `Annex A` keeps its name. */
export function annexTitle(title: string): string {
  const rest = title.replace(
    /^(?:[Aa]nnexe?|ANNEXE?)(?:\s+(?:[A-Z]|\d{1,2}|[IVX]{2,4})(?![\w]))?(?:\s*[:.\u2013\u2014-]\s*|\s+|$)/,
    '',
  )
  return rest === '' ? title : rest
}
