import { CONTENDERS, type Contender } from './contenders.ts'
import { median, round } from './figures.ts'

/** One figure of one contender in one workload, of every run. */
export interface Row {
  workload: string
  contender: Contender
  figure: string
  unit: string
  runs: number[]
  /** The load could not make more: the server may do better than this. */
  isLoadBound?: boolean
}

/** Collects the figures of runs that are made in turns. */
export class Rows {
  readonly #rows = new Map<string, Row>()
  readonly #workload: string

  constructor(workload: string) {
    this.#workload = workload
  }
  add(contender: Contender, figures: Record<string, [value: number, unit: string]>, isLoadBound = false): void {
    for (const [figure, [value, unit]] of Object.entries(figures)) {
      if (Number.isNaN(value)) continue
      const key = `${contender}/${figure}`
      const row = this.#rows.get(key) ?? { workload: this.#workload, contender, figure, unit, runs: [] }
      row.runs.push(round(value))
      if (isLoadBound) row.isLoadBound = true
      this.#rows.set(key, row)
    }
  }
  get all(): Row[] {
    return [...this.#rows.values()]
  }
}

export const middleOf = ({ runs }: Row): number => median(runs)

export function find(rows: Row[], workload: string, contender: Contender, figure: string): Row | undefined {
  return rows.find((row) => row.workload === workload && row.contender === contender && row.figure === figure)
}

/** One table a workload: who by what; medians, with the least and the most where there were several runs. */
export function tablesOf(rows: Row[]): string {
  return [...Map.groupBy(rows, ({ workload }) => workload)]
    .map(([workload, of]) => `### ${workload}\n\n${tableOf(of)}`)
    .join('\n\n')
}

function tableOf(rows: Row[]): string {
  const figures = [...new Set(rows.map(({ figure }) => figure))]
  const unitOf = (figure: string) => rows.find((row) => row.figure === figure)?.unit
  const head = ['', ...figures.map((figure) => `${figure}, ${unitOf(figure)}`)]
  const body = [...Map.groupBy(rows, ({ contender }) => contender)].map(([contender, of]) => [
    CONTENDERS[contender].title,
    ...figures.map((figure) => cellOf(of.find((row) => row.figure === figure))),
  ])
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

function cellOf(row: Row | undefined): string {
  if (!row) return '-'
  const spread = row.runs.length > 1 ? ` [${Math.min(...row.runs)}..${Math.max(...row.runs)}]` : ''
  return `${row.isLoadBound ? '≥ ' : ''}${middleOf(row)}${spread}${row.isLoadBound ? ' (load-bound)' : ''}`
}
