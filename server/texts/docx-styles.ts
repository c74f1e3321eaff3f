import { readXml } from './xml.ts'

/** What a paragraph's style says of its place in the text. */
export interface Style {
  /** A number is the level of a heading, 0 the highest. */
  heading: 'title' | 'contents' | number | null
  list: ListPlace | null
}
/** A level of a numbered or bulleted list. */
export interface ListPlace {
  list: string
  level: number
}
/** How the numbers of a list level look: `decimal` counts clauses; letters, small numerals and bullets count items. */
export type Counting = 'decimal' | 'item' | 'none'

interface Written {
  name: string
  basedOn: string | null
  outline: number | null
  list: string | null
  level: number | null
}

/** The styles of a document by their id, each with what it takes over from the style it is based on. */
export function readStyles(xml: string | null): (id: string | null) => Style {
  const written = new Map<string, Written>()
  let style: Written | null = null
  if (xml !== null)
    readXml(xml, {
      open: (name, at) => {
        const value = at('val') ?? ''
        if (name === 'style') {
          style = { name: '', basedOn: null, outline: null, list: null, level: null }
          written.set(at('styleId') ?? '', style)
        } else if (!style) return
        else if (name === 'name') style.name = value.toLowerCase()
        else if (name === 'basedOn') style.basedOn = value
        else if (name === 'outlineLvl') style.outline = Number(value)
        else if (name === 'numId') style.list = value
        else if (name === 'ilvl') style.level = Number(value)
      },
      close: (name) => {
        if (name === 'style') style = null
      },
    })
  return (id) => styleOf(written, id)
}

/** A chain of styles that loops or has no end is cut. */
const MAX_CHAIN = 20

function styleOf(written: Map<string, Written>, id: string | null): Style {
  let heading: Style['heading'] = null
  let list: string | null = null
  let level: number | null = null
  let next = id
  for (let steps = 0; next !== null && steps < MAX_CHAIN; steps += 1) {
    const style = written.get(next)
    if (!style) break
    heading ??= headingOf(style)
    list ??= style.list
    level ??= style.level
    next = style.basedOn
  }
  return { heading, list: list === null || list === '0' ? null : { list, level: level ?? 0 } }
}

function headingOf({ name, outline }: Written): Style['heading'] {
  if (name === 'title') return 'title'
  if (/^(?:toc|contents) (?:\d|heading)/.test(name)) return 'contents'
  const level = /^heading (\d)/.exec(name)?.[1]
  if (level !== undefined) return Number(level) - 1
  return outline !== null && outline < 9 ? outline : null
}

/** How each level of each list counts. A level that is not described counts with bullets. */
export function readLists(xml: string | null): (place: ListPlace) => Counting {
  const looks = new Map<string, Map<number, Counting>>()
  const lists = new Map<string, string>()
  let look: Map<number, Counting> | null = null
  let level = 0
  let list = ''
  if (xml !== null)
    readXml(xml, {
      open: (name, at) => {
        if (name === 'abstractNum') {
          look = new Map()
          looks.set(at('abstractNumId') ?? '', look)
        } else if (name === 'lvl') level = Number(at('ilvl'))
        else if (name === 'numFmt') look?.set(level, countingOf(at('val') ?? ''))
        else if (name === 'num') {
          look = null
          list = at('numId') ?? ''
        } else if (name === 'abstractNumId') lists.set(list, at('val') ?? '')
      },
    })
  return ({ list, level }) => looks.get(lists.get(list) ?? '')?.get(level) ?? 'item'
}

const DECIMAL = /^(?:decimal|arabic|hindi|upperRoman|upperLetter|cardinal|ordinal)/
const countingOf = (format: string): Counting =>
  format === 'none'
    ? 'none'
    : DECIMAL.test(format) && format !== 'arabicAlpha' && format !== 'arabicAbjad'
      ? 'decimal'
      : 'item'
