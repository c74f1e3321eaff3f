import type { LeftOut } from './docx.ts'

const SAID: Record<LeftOut['kind'], string> = {
  table: 'Tables',
  picture: 'Pictures and drawings',
  formula: 'Formulas',
  footnote: 'Footnotes and endnotes',
  comment: 'Comments',
  deletion: 'Tracked deletions, which count as accepted',
  insertion: 'Tracked insertions, which count as accepted',
  'hidden-words': 'Hidden words',
  header: 'Headers and footers',
  symbol: 'Signs of a symbol font',
  embedded: 'Embedded objects',
  link: 'Links, whose words stay',
  'deep-item': 'Items deeper than three levels, which would stand on the third',
}

/** What would not come along, for the operator: what, how often, where, and how to go on all the same. */
export function leftSentence({ kind, count, near }: LeftOut): string {
  const where = near.length > 0 ? ` near ${near.map((one) => `"${one}"`).join(', ')}` : ''
  return `${SAID[kind]} (${count})${where} have no place in a text. Take them out, or go on without them: --leave-out.`
}
