import type { FileReason } from '#shared/refusals.ts'
import type { LeftOut } from '#shared/text/reading.ts'
import type { FileRefusal } from './file-refused.ts'

/** What is said of a document to an operator, at the command line. The screens have words of their own. */

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
  fetched: 'Templates, pictures or data from elsewhere, which are never fetched',
  'deep-item': 'Items deeper than three levels, which would stand on the third',
}

/** What would not come along, for the operator: what, how often, where, and how to go on all the same. */
export function leftSentence({ kind, count, near }: LeftOut): string {
  const where = near.length > 0 ? ` near ${near.map((one) => `"${one}"`).join(', ')}` : ''
  return `${SAID[kind]} (${count})${where} have no place in a text. Take them out, or go on without them: --leave-out.`
}

const REFUSED: Partial<Record<FileReason, string>> = {
  kind: 'The file is no Word document.',
  damaged: 'The file is no readable .docx document.',
  password: 'The file is protected by a password.',
  macros: 'The file carries macros. Save it as a document without them (.docx), and bring that one.',
  bomb: 'The file is packed so that it unpacks past every sense.',
  'broken-xml': 'The document is broken XML, or nested deeper than any office program nests.',
  entities: 'The document declares a document type of its own.',
  paragraphs: 'The document has more paragraphs than are read:',
  clauses: 'The document has more clauses and items than a text holds:',
  'no-words': 'The document has no words in its main text.',
  'too-many-words': 'The document has more words than a text, or one paragraph more than a clause, holds.',
}

export const refusedSentence = ({ why, count }: FileRefusal): string =>
  `${REFUSED[why] ?? 'The document cannot be read.'}${count === undefined ? '' : ` ${count}.`}`
