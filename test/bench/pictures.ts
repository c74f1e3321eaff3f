import { BYTES } from './bytes.ts'
import { COLD } from './cold.ts'
import { CONTENDERS, isParley } from './contenders.ts'
import { BUSY, MANY } from './contests.ts'
import { HISTORY } from './growth.ts'
import { load } from './installed.ts'
import { CROWD_50, CROWD_200 } from './overload.ts'
import { REPLAY } from './replays.ts'
import { find, middleOf, type Row } from './rows.ts'

/** The result as pictures that a page can show as they are, in its light and in its dark. */

interface Scale {
  (value: number): number
  domain(of: number[]): Scale
  range(of: number[]): Scale
  nice(): Scale
  ticks(count: number): number[]
}
interface Band {
  (value: string): number | undefined
  domain(of: string[]): Band
  range(of: number[]): Band
  padding(of: number): Band
  bandwidth(): number
}
interface Scales {
  scaleLinear(): Scale
  scaleLog(): Scale
  scaleBand(): Band
}
interface Shapes {
  line(): { x(of: (point: Point) => number): ReturnType<Shapes['line']>; y: ReturnType<Shapes['line']>['x'] } & ((
    points: Point[],
  ) => string)
}
type Point = [x: number, y: number]

const WIDTH = 720
const LEFT = 170
const RIGHT = 90
const TOP = 44
const BAR = 30

const BARS: { file: string; title: string; workload: string; figure: string }[] = [
  { file: 'bench-overload-50', title: 'Words a second, 50 people writing', workload: CROWD_50, figure: 'words taken' },
  {
    file: 'bench-overload-200',
    title: 'Words a second, 200 people, 10 writing',
    workload: CROWD_200,
    figure: 'words taken',
  },
  {
    file: 'bench-busy',
    title: 'Processor a delivered word, 50 people',
    workload: BUSY,
    figure: 'processor a delivered word',
  },
  {
    file: 'bench-many',
    title: 'Processor a delivered word, 100 texts',
    workload: MANY,
    figure: 'processor a delivered word',
  },
  {
    file: 'bench-busy-p95',
    title: 'Until 95 of 100 words are seen, 50 people',
    workload: BUSY,
    figure: 'seen by others p95',
  },
  {
    file: 'bench-bytes',
    title: 'Bytes a reader receives for a character',
    workload: BYTES,
    figure: 'each reader receives',
  },
  {
    file: 'bench-replay',
    title: 'Processor of the server, two-author trace',
    workload: REPLAY,
    figure: 'processor of the server',
  },
  { file: 'bench-cold', title: 'Opening a text after a kill', workload: COLD, figure: 'after kill and restart' },
]

/** By file name, without its ending. */
export async function picturesOf(rows: Row[]): Promise<Record<string, string>> {
  const scales = await load<Scales>('d3-scale')
  const shapes = await load<Shapes>('d3-shape')
  const pictures: Record<string, string> = {}
  for (const { file, title, workload, figure } of BARS) {
    const of = (Object.keys(CONTENDERS) as Row['contender'][]).flatMap((one) => find(rows, workload, one, figure) ?? [])
    if (of.length > 1) pictures[file] = bars(scales, title, of)
  }
  const history = rows.filter(({ workload }) => workload === HISTORY)
  if (history.length > 1) pictures['bench-history'] = lines(scales, shapes, history)
  return pictures
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`

function picture(height: number, title: string, parts: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    '<style>text{font:13px system-ui,sans-serif;fill:#1f2933}.h{font-size:15px;font-weight:600}.o{fill:#8a98a8}.p{fill:#1b6e6a}.l{fill:none;stroke:#8a98a8;stroke-width:2}.q{stroke:#1b6e6a}.g{stroke:#8a98a8;stroke-opacity:.3}',
    '@media (prefers-color-scheme:dark){text{fill:#e4e9ee}.p{fill:#4fb3ab}.q{stroke:#4fb3ab}}</style>',
    text(12, 24, title, 'class="h"'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function bars({ scaleBand, scaleLinear }: Scales, title: string, rows: Row[]): string {
  const height = TOP + rows.length * BAR + 12
  const y = scaleBand()
    .domain(rows.map(({ contender }) => contender))
    .range([TOP, height - 12])
    .padding(0.25)
  const x = scaleLinear()
    .domain([0, Math.max(...rows.map(middleOf))])
    .range([LEFT, WIDTH - RIGHT])
  const parts = rows.map((row) => {
    const value = middleOf(row)
    const top = y(row.contender) ?? 0
    const middle = top + y.bandwidth() / 2 + 4
    return [
      text(LEFT - 8, middle, CONTENDERS[row.contender].title, 'text-anchor="end"'),
      `<rect class="${isParley(row.contender) ? 'p' : 'o'}" x="${LEFT}" y="${top.toFixed(1)}" width="${(x(value) - LEFT).toFixed(1)}" height="${y.bandwidth().toFixed(1)}" rx="2"/>`,
      text(x(value) + 6, middle, `${row.isLoadBound ? '≥ ' : ''}${value.toLocaleString('en')} ${row.unit}`),
    ].join('')
  })
  return picture(height, title, parts)
}

function lines({ scaleLinear, scaleLog }: Scales, { line }: Shapes, rows: Row[]): string {
  const height = 300
  const editsOf = ({ figure }: Row) => Number(figure.replaceAll(/\D/g, ''))
  const edits = rows.map(editsOf)
  const x = scaleLog()
    .domain([Math.min(...edits), Math.max(...edits)])
    .range([60, WIDTH - 150])
  const y = scaleLinear()
    .domain([0, Math.max(...rows.map(middleOf))])
    .range([height - 40, TOP])
    .nice()
  const draw = line()
    .x(([at]) => x(at))
    .y(([, cost]) => y(cost))
  const ticks = y
    .ticks(5)
    .map(
      (tick) =>
        `<line class="g" x1="60" x2="${WIDTH - 150}" y1="${y(tick)}" y2="${y(tick)}"/>${text(52, y(tick) + 4, String(tick), 'text-anchor="end"')}`,
    )
  const below = [...new Set(edits)].map((at) =>
    text(x(at), height - 18, at.toLocaleString('en'), 'text-anchor="middle"'),
  )
  const drawn = [...Map.groupBy(rows, ({ contender }) => contender)].map(([contender, of]) => {
    const points = of.map((row): Point => [editsOf(row), middleOf(row)])
    const [lastX, lastY] = points.at(-1) ?? [0, 0]
    return `<path class="l ${isParley(contender) ? 'q' : ''}" d="${draw(points)}"/>${text(x(lastX) + 8, y(lastY) + 4, CONTENDERS[contender].title)}`
  })
  return picture(height, 'Processor of the server for an edit, us, after so many edits of history', [
    ...ticks,
    ...below,
    ...drawn,
  ])
}
