import type { SeedText } from './structure.ts'

/** What a document may hold that a negotiating text has no place for, and what becomes of it where that is not plain. */
export const LEFT_KINDS = [
  'table',
  'picture',
  'formula',
  'footnote',
  'comment',
  'deletion',
  'insertion',
  'hidden-words',
  'header',
  'symbol',
  'embedded',
  /** Their words stay. */
  'link',
  /** Templates, pictures and data that the document would fetch from elsewhere. */
  'fetched',
  /** Items deeper than three levels: they stand on the third. */
  'deep-item',
] as const
export type LeftKind = (typeof LEFT_KINDS)[number]

/** Something of a document that is not in the text: what, how often, and under which headings (five at most). */
export interface LeftOut {
  kind: LeftKind
  count: number
  near: string[]
}

/** A document as it would stand in a track. Nothing is made yet. */
export interface ReadText {
  text: SeedText
  left: LeftOut[]
}
