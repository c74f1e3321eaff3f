import type { LeftKind } from '#shared/text/reading.ts'
import type { ListPlace } from './docx-styles.ts'
import { FileRefused } from './file-refused.ts'
import { readXml } from './xml.ts'

/** A paragraph as it stands in the document's body, outside tables. */
export interface Paragraph {
  style: string | null
  list: ListPlace | null
  /** An outline level of its own makes a heading of any paragraph; 0 is the highest. */
  outline: number | null
  isRightToLeft: boolean
  words: string
}

export interface Body {
  paragraphs: Paragraph[]
  /** Each with the number of paragraphs before it. */
  left: { kind: LeftKind; after: number }[]
}

/** Elements whose content is not read, and what is said of each. */
const SKIPPED: Record<string, LeftKind | null> = {
  tbl: 'table',
  drawing: 'picture',
  pict: 'picture',
  AlternateContent: 'picture',
  object: 'embedded',
  altChunk: 'embedded',
  oMath: 'formula',
  oMathPara: 'formula',
  del: 'deletion',
  moveFrom: 'deletion',
  instrText: null,
  pPrChange: null,
  rPrChange: null,
}
/** Elements that are read through, and named. */
const NAMED: Record<string, LeftKind> = {
  ins: 'insertion',
  moveTo: 'insertion',
  footnoteReference: 'footnote',
  endnoteReference: 'footnote',
  commentReference: 'comment',
  sym: 'symbol',
  headerReference: 'header',
  footerReference: 'header',
}
const SPACES: Record<string, string> = { tab: '\t', br: ' ', cr: ' ', noBreakHyphen: '\u2011', ptab: '\t' }

/** Reads the body of a document. Throws on broken XML, and when there are more than `most` paragraphs. */
export function readBody(xml: string, most: number): Body {
  const reader = new BodyReader(most)
  readXml(xml, reader)
  return { paragraphs: reader.paragraphs, left: reader.left }
}

class BodyReader {
  readonly paragraphs: Paragraph[] = []
  readonly left: Body['left'] = []
  readonly #most: number
  #skipping = 0
  #paragraph: Paragraph | null = null
  #isInProperties = false
  #run: { isHidden: boolean; hasWords: boolean } | null = null
  #isInWords = false

  constructor(most: number) {
    this.#most = most
  }

  open(name: string, at: (name: string) => string | undefined): void {
    if (this.#skipping > 0) {
      this.#skipping += 1
      return
    }
    if (Object.hasOwn(SKIPPED, name)) {
      this.#skip(SKIPPED[name] ?? null)
      return
    }
    const named = NAMED[name]
    if (named) this.#leave(named)
    if (name === 'p') this.#begin()
    else if (name === 'pPr') this.#isInProperties = true
    else if (name === 'r') this.#run = { isHidden: false, hasWords: false }
    else if (name === 't') this.#isInWords = true
    else if (name in SPACES && !this.#isInProperties) this.#add(SPACES[name] ?? '')
    else if (this.#isInProperties) this.#property(name, at('val'))
    else if (name === 'vanish' && this.#run && isOn(at('val'))) this.#run.isHidden = true
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping -= 1
      return
    }
    if (name === 'p' && this.#paragraph) {
      this.paragraphs.push(this.#paragraph)
      this.#paragraph = null
    } else if (name === 'pPr') this.#isInProperties = false
    else if (name === 't') this.#isInWords = false
    else if (name === 'r') {
      if (this.#run?.isHidden && this.#run.hasWords) this.#leave('hidden-words')
      this.#run = null
    }
  }

  words(words: string): void {
    if (this.#skipping === 0 && this.#isInWords) this.#add(words)
  }

  #begin(): void {
    if (this.paragraphs.length >= this.#most) throw new FileRefused('paragraphs', this.#most)
    this.#paragraph = { style: null, list: null, outline: null, isRightToLeft: false, words: '' }
  }

  #property(name: string, value: string | undefined): void {
    const paragraph = this.#paragraph
    if (!paragraph) return
    if (name === 'pStyle') paragraph.style = value ?? null
    else if (name === 'numId') paragraph.list = { list: value ?? '0', level: paragraph.list?.level ?? 0 }
    else if (name === 'ilvl') paragraph.list = { list: paragraph.list?.list ?? '', level: Number(value) || 0 }
    else if (name === 'outlineLvl') paragraph.outline = Number(value) < 9 ? Number(value) : null
    else if (name === 'bidi') paragraph.isRightToLeft = isOn(value)
  }

  #add(words: string): void {
    if (this.#run) this.#run.hasWords = true
    if (this.#paragraph && !this.#run?.isHidden) this.#paragraph.words += words.replaceAll(UNSHOWN, '')
  }

  /** A mark in a paragraph's properties is about its end, not about words. */
  #leave(kind: LeftKind): void {
    if (!this.#isInProperties || kind === 'header') this.left.push({ kind, after: this.paragraphs.length })
  }

  #skip(kind: LeftKind | null): void {
    this.#skipping = 1
    if (kind) this.#leave(kind)
  }
}

/** No screen shows them, and no text holds them. */
const UNSHOWN = /(?!\s)\p{Cc}/gu

const isOn = (value: string | undefined): boolean => value !== '0' && value !== 'false' && value !== 'off'
