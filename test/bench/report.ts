import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { type Figure, isMet, tableOf } from './figures.ts'
import { picturesOf } from './pictures.ts'
import { type Row, tablesOf } from './rows.ts'

/** What a run of the benchmark says, for a terminal, for programs, and for `docs/performance.md`. */

export interface Report {
  at: string
  machine: string
  /** How it was run: arguments that change what is measured. */
  form: string
  /** The machine's load before and after: above 2 at the start, others were measured too. */
  load: [before: number, after: number]
  figures: Figure[]
  rows: Row[]
}

const DOCS = join(import.meta.dirname, '../../docs')
const PAGE = join(DOCS, 'performance.md')
const FROM = '<!-- measured: written by `npm run bench -- --write` -->'
const TO = '<!-- end of what is measured -->'

export const loadNow = (): number => Math.round((loadavg()[0] ?? 0) * 10) / 10

export function printed({ at, machine, form, figures, rows }: Report): string {
  const missed = figures.filter((figure) => !isMet(figure))
  return [
    `${at}, ${machine}${form ? `, ${form}` : ''}`,
    tablesOf(rows),
    tableOf(figures),
    missed.length > 0 ? `Not met: ${missed.map(({ workload, figure }) => `${workload}, ${figure}`).join('; ')}.` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Puts tables, pictures and the same as JSON into `docs/`. What is written by hand around them stays. */
export async function writeDocs(report: Report): Promise<void> {
  const { at, machine, form, load, figures, rows } = report
  const pictures = await picturesOf(rows)
  for (const [name, svg] of Object.entries(pictures)) writeFileSync(join(DOCS, 'pictures', `${name}.svg`), svg)
  writeFileSync(join(DOCS, 'bench.json'), `${JSON.stringify(report)}\n`)
  const written = [
    FROM,
    '',
    `${at.replace('T', ' ')}, ${machine}${form ? `, ${form}` : ''}; the machine's load was ${load[0]} before and ${load[1]} after.`,
    'Medians of the runs, in brackets the least and the most. The same as JSON: [bench.json](bench.json).',
    '',
    tableOf(figures),
    '',
    ...Object.keys(pictures).flatMap((name) => [`![${name}](pictures/${name}.svg)`, '']),
    tablesOf(rows),
    '',
    TO,
  ].join('\n')
  const page = readFileSync(PAGE, 'utf8')
  const from = page.indexOf(FROM)
  const to = page.indexOf(TO)
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for what is measured`)
  writeFileSync(PAGE, page.slice(0, from) + written + page.slice(to + TO.length))
}
