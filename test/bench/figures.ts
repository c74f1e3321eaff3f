/** One line of the result. `target` is the most the figure may be; figures without one are told, not judged. */
export interface Figure {
  workload: string
  figure: string
  value: number
  unit: string
  target?: number
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

export const isMet = ({ value, target }: Figure): boolean => target === undefined || value <= target

/** A table that reads in a terminal and in Markdown. */
export function tableOf(figures: Figure[]): string {
  const rows = figures.map((figure) => [
    figure.workload,
    figure.figure,
    `${figure.value} ${figure.unit}`.trim(),
    figure.target === undefined ? '' : `${figure.target} ${figure.unit}`.trim(),
    figure.target === undefined ? '' : isMet(figure) ? 'yes' : 'NO',
  ])
  const all = [['workload', 'figure', 'measured', 'at most', 'met'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = all
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

export const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`)
}
