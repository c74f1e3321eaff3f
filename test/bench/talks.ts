/** Process files of any size for measuring: two delegations that suggest, a mediation team that edits. */

const WORDS =
  'the parties shall keep every gate of the weir open from dawn until the flow at the lower bridge is measured and told to both shores in writing'.split(
    ' ',
  )

/** About `length` characters of words, another sentence for every number. */
function sentence(number: number, length: number): string {
  let words = `Clause ${number}:`
  for (let index = number; words.length < length - 1; index += 1) words += ` ${WORDS[(index * 7) % WORDS.length]}`
  return `${words.slice(0, length - 1).trimEnd()}.`
}

export interface TextSize {
  clauses: number
  /** Characters of each clause. */
  length: number
}
const CLAUSES_AN_ARTICLE = 40

function seedText({ clauses, length }: TextSize) {
  const articles = []
  for (let from = 0; from < clauses; from += CLAUSES_AN_ARTICLE) {
    const count = Math.min(CLAUSES_AN_ARTICLE, clauses - from)
    const words = Array.from({ length: count }, (_, index) => sentence(from + index + 1, length))
    articles.push({ title: `Article ${articles.length + 1}`, clauses: words })
  }
  return { title: 'Agreement on the Weir', articles }
}

type Level = 'hidden' | 'read' | 'comment' | 'suggest' | 'edit'
export interface TrackFile {
  id: string
  size: TextSize
  access: Record<string, Level>
}
export const TABLE: TrackFile['access'] = { north: 'suggest', south: 'suggest', team: 'edit' }
/** Nobody's words stand in brackets. */
export const EDITORS: TrackFile['access'] = { north: 'edit', south: 'edit', team: 'edit' }

/** `seats`: how many of each party. The first of a delegation is its head. */
export function talks(seats: Record<'north' | 'south' | 'team', number>, tracks: TrackFile[]) {
  const roles = { north: ['head', 'adviser'], south: ['head', 'adviser'], team: ['mediator', 'mediator'] } as const
  return {
    title: 'Talks that are measured',
    languages: ['en'],
    charter: { text: 'Nothing is agreed until all is.', decisionRule: 'consensus', acceptance: 'waived' },
    secretariat: { name: 'Secretariat', phone: '+00 555 0100', email: 'secretariat@weir.example' },
    parties: [
      { id: 'north', name: 'North Shore', short: 'NOR', kind: 'delegation' },
      { id: 'south', name: 'South Shore', short: 'SOU', kind: 'delegation' },
      { id: 'team', name: 'Mediation Team', short: 'MED', kind: 'mediation' },
    ],
    seats: (['north', 'south', 'team'] as const).flatMap((party) =>
      Array.from({ length: seats[party] }, (_, index) => ({
        id: `${party}-${index}`,
        party,
        role: roles[party][index === 0 ? 0 : 1],
        name: `Person ${index} of ${party}`,
      })),
    ),
    tracks: tracks.map(({ id, size, access }) => ({
      id,
      title: `Track ${id}`,
      kind: 'plenary',
      text: seedText(size),
      access,
    })),
  }
}

/** The same words as one string. */
export const wordsOf = ({ clauses, length }: TextSize): string =>
  Array.from({ length: clauses }, (_, index) => sentence(index + 1, length)).join('\n')
