import { crc32, deflateSync } from 'node:zlib'
import { zip } from './zip.ts'

/** Small files of the kinds that the room takes in, and of those it does not. */

const RELATION = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const RELS = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="${RELATION}/officeDocument" Target="word/document.xml"/></Relationships>`
const W = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
const STYLES = `<w:styles xmlns:w="${W}"><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>`
const STYLED = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="s" Type="${RELATION}/styles" Target="styles.xml"/></Relationships>`

/** A document of articles and their clauses. `more`: markup at its end. */
export function docx(articles: { title: string; clauses: string[] }[], more = ''): Buffer {
  const paragraph = (words: string, style = '') => `<w:p><w:pPr>${style}</w:pPr><w:r><w:t>${words}</w:t></w:r></w:p>`
  const body = articles.map(
    ({ title, clauses }) =>
      paragraph(title, '<w:pStyle w:val="H"/>') + clauses.map((words) => paragraph(words)).join(''),
  )
  return zip({
    '_rels/.rels': RELS,
    'word/_rels/document.xml.rels': STYLED,
    'word/styles.xml': STYLES,
    'word/document.xml': `<w:document xmlns:w="${W}"><w:body>${body.join('')}${more}</w:body></w:document>`,
  })
}

/** A document of so many pages of 500 words. */
export function pages(count: number): Buffer {
  const words = (seed: number) =>
    Array.from({ length: 50 }, (_, at) => `w${((seed * 31 + at) * 2654435761) % 99_991}`).join(' ')
  const articles = Array.from({ length: count }, (_, page) => ({
    title: `Matter ${page + 1}`,
    clauses: Array.from({ length: 10 }, (_, clause) => words(page * 10 + clause)),
  }))
  return docx(articles)
}

/** A PDF of one empty page. `extra`: more objects; `packed`: objects that stand packed in a stream. */
export function pdf(extra = '', packed?: string): Buffer {
  const parts = [
    Buffer.from(
      `%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n${extra}\n`,
    ),
  ]
  if (packed !== undefined) {
    const body = deflateSync(Buffer.from(packed))
    parts.push(
      Buffer.from(`9 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length ${body.length}>>\nstream\n`),
      body,
      Buffer.from('\nendstream\nendobj\n'),
    )
  }
  return Buffer.concat([...parts, Buffer.from('trailer\n<</Root 1 0 R>>\n%%EOF\n')])
}

/** A PDF of about so many bytes. */
export const largePdf = (bytes: number): Buffer => pdf(`% ${'the same line again\n% '.repeat(Math.ceil(bytes / 22))}`)

/** A PNG that announces a size. */
export function png(width = 1, height = 1): Buffer {
  const chunk = (name: string, body: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(name, 'latin1'), body])
    const out = Buffer.alloc(named.length + 8)
    out.writeUInt32BE(body.length, 0)
    named.copy(out, 4)
    out.writeUInt32BE(crc32(named), named.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 0, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(2))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
