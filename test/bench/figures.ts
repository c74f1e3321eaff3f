/** A load process that takes more of a core than this was the limit, not the server. */
export const LOAD_IS_FULL = 0.9

/** One line of the result. `target` is the most the figure may be, `atLeast` the least; figures with neither are told, not judged. */
export interface Figure {
  workload: string
  figure: string
  value: number
  unit: string
  target?: number
  atLeast?: number
}

/** The value that a share of all samples does not exceed; NaN without samples. */
export function quantile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export const median = (samples: ArrayLike<number>): number => quantile(samples, 0.5)

export const round = (value: number): number => {
  const digits = Math.abs(value) < 10 ? 100 : Math.abs(value) < 1000 ? 10 : 1
  return Math.round(value * digits) / digits
}

export const isMet = ({ value, target, atLeast }: Figure): boolean =>
  (target === undefined || value <= target) && (atLeast === undefined || value >= atLeast)

const goalOf = ({ target, atLeast, unit }: Figure): string =>
  target !== undefined ? `≤ ${target} ${unit}`.trim() : atLeast !== undefined ? `≥ ${atLeast} ${unit}`.trim() : ''

/** A table that reads in a terminal and in Markdown. */
export function tableOf(figures: Figure[]): string {
  const rows = figures.map((figure) => [
    figure.workload,
    figure.figure,
    `${figure.value} ${figure.unit}`.trim(),
    goalOf(figure),
    goalOf(figure) === '' ? '' : isMet(figure) ? 'yes' : '**no**',
  ])
  const all = [['workload', 'figure', 'measured', 'goal', 'met'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = all
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
