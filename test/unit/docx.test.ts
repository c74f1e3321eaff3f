import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readProcessFile } from '#server/process-file.ts'
import { readDocx } from '#server/texts/docx.ts'
import { seeded } from '../support/seeded.ts'
import { zip } from '../support/zip.ts'

const DOCUMENTS = join(import.meta.dirname, '../support/documents')
const fixture = (name: string) => readFile(join(DOCUMENTS, `${name}.docx`))

const RELATION = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const RELS = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="${RELATION}/officeDocument" Target="word/document.xml"/></Relationships>`
const W = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
const documentOf = (body: string) => `<w:document xmlns:w="${W}"><w:body>${body}</w:body></w:document>`
const p = (words: string, properties = '') => `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t>${words}</w:t></w:r></w:p>`
const packed = (body: string, more: Record<string, string> = {}) =>
  zip({ '_rels/.rels': RELS, 'word/document.xml': documentOf(body), ...more })
const many = (count: number) => Array.from({ length: count }, (_, at) => p(`${at ** 3}`)).join('')
const whyNot = async (bytes: Uint8Array): Promise<unknown> => {
  const read = await readDocx(bytes, 'Text')
  return read.ok
    ? null
    : [read.refusal.why, ...(read.refusal.count === undefined ? [] : [read.refusal.count])].join(' ')
}

describe('a Word document', () => {
  test('T13 its headings are articles, its numbered paragraphs clauses, its lists items to three levels', async () => {
    const read = await readDocx(await fixture('pact'), 'Text')
    expect(read).toMatchObject({
      ok: true,
      value: {
        text: {
          title: 'Framework Agreement on the Lower Tamar',
          articles: [
            { kind: 'preamble', clauses: [{ words: /recalling/ }, { words: 'Have agreed as follows:' }] },
            {
              kind: 'article',
              title: 'Definitions',
              clauses: [
                { words: /basin/ },
                {
                  words: 'The Parties shall:',
                  items: [
                    { words: 'publish the readings of every gauge;' },
                    { words: 'inform each other of', items: [{ words: 'floods;' }, { words: 'spills;' }] },
                    { words: 'answer within three days.' },
                  ],
                },
                { words: 'No reading is secret.' },
              ],
            },
            {
              title: 'Allocation',
              clauses: [{ words: 'Water is shared by season.' }, { words: 'The shares are reviewed every two years.' }],
            },
            { kind: 'annex', title: 'Maps' },
          ].map(withPatterns),
        },
        left: [
          { kind: 'table', count: 1, near: ['Allocation'] },
          { kind: 'link', count: 1 },
        ],
      },
    })
  })

  test('T13 an Arabic document keeps its language, its preamble and its articles', async () => {
    const read = await readDocx(await fixture('arabic'), 'Text')
    const text = read.ok ? read.value.text : null
    expect(text?.language).toBe('ar')
    expect(text?.title).toBe('اتفاق إطاري بشأن حوض البحيرة')
    expect(text?.articles.map(({ kind, title }) => [kind, title])).toEqual([
      ['preamble', 'الديباجة'],
      ['article', 'التعاريف'],
      ['article', 'المياه'],
    ])
    expect(text?.articles[1]?.clauses[1]).toMatchObject({
      items: [{ words: 'تنشر القياسات؛' }, { words: 'تتبادل المعلومات.' }],
    })
  })

  test('T13 tracked changes count as accepted, and all that has no place is named', async () => {
    const read = await readDocx(await fixture('tracked'), 'Text')
    expect(read).toMatchObject({
      value: {
        text: {
          title: 'Ceasefire Understanding',
          articles: [
            {
              title: 'Cessation',
              clauses: [
                {
                  words: 'The Parties cease hostilities at noon.',
                  items: [{ words: 'by land;' }, { words: 'by air.' }],
                },
              ],
            },
            { title: 'Monitoring', clauses: [{ words: 'A commission meets weekly.' }] },
          ],
        },
        left: ['deletion', 'insertion', 'footnote', 'comment'].map((kind) => ({ kind, count: 1 })),
      },
    })
  })

  test('T13 hidden words, pictures, formulas and signs are named, and words are kept as written', async () => {
    const body = [
      p('Water'),
      '<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:t>15 days </w:t><w:tab/><w:t>after</w:t></w:r></w:p>',
      '<w:p><w:r><w:drawing><w:p><w:r><w:t>caption</w:t></w:r></w:p></w:drawing><w:sym w:char="F0"/></w:r></w:p>',
      p('1.2.\u00a0Third'),
    ].join('')
    const read = await readDocx(packed(body), 'Name')
    expect(read).toMatchObject({
      value: {
        text: {
          title: 'Name',
          articles: [{ title: 'Name', clauses: ['Water', '15 days after', 'Third'].map((words) => ({ words })) }],
        },
        left: ['hidden-words', 'picture', 'symbol'].map((kind) => ({ kind, count: 1 })),
      },
    })
  })

  test('T13.1 refuses what would unpack past every sense, carries macros, or declares entities', async () => {
    const bomb = zip({ '_rels/.rels': RELS, 'word/document.xml': new Uint8Array(30 * 1024 * 1024) })
    expect(await whyNot(bomb)).toBe('bomb')
    const liar = zip(
      { '_rels/.rels': RELS, 'word/document.xml': documentOf(p('x').repeat(900)) },
      { 'word/document.xml': 300 },
    )
    expect(await whyNot(liar)).toBe('damaged')
    expect(await whyNot(packed(p('x'), { 'word/vbaProject.bin': 'x' }))).toBe('macros')
    const lol = `<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${documentOf(p('&b;'))}`
    expect(await whyNot(packed('', { 'word/document.xml': lol }))).toBe('entities')
    expect(await whyNot(packed('<w:sdt>'.repeat(300)))).toBe('broken-xml')
    expect(await whyNot(packed('<w:p><w:r>'))).toBe('broken-xml')
    expect(await whyNot(packed(many(20_001)))).toBe('paragraphs 20000')
    expect(await whyNot(packed(many(6_000)))).toBe('clauses 6000')
    expect(await whyNot(packed(p(Array.from({ length: 9_000 }, (_, at) => at ** 3).join(' '))))).toBe('too-many-words')
    expect(await whyNot(packed(p(' ')))).toBe('no-words')
    expect(await whyNot(zip({ 'a.txt': 'x' }))).toBe('kind')
    expect(await whyNot(Buffer.from('%PDF-1.7'))).toBe('kind')
    const locked = Buffer.concat([Buffer.from('d0cf11e0', 'hex'), Buffer.from('EncryptedPackage', 'utf16le')])
    expect(await whyNot(locked)).toBe('password')
  })

  test('T13.1 what it would fetch from elsewhere is never fetched, and is named beside the links whose words stay', async () => {
    const outside = (id: string, kind: string) =>
      `<Relationship Id="${id}" Type="${RELATION}/${kind}" Target="https://elsewhere.example/${id}" TargetMode="External"/>`
    const relations = (...all: string[]) =>
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all.join('')}</Relationships>`
    const read = await readDocx(
      packed(p('Words'), {
        'word/_rels/document.xml.rels': relations(outside('a', 'hyperlink'), outside('b', 'image')),
        'word/_rels/settings.xml.rels': relations(outside('c', 'attachedTemplate')),
      }),
      'Text',
    )
    expect(read).toMatchObject({
      value: {
        left: [
          { kind: 'link', count: 1 },
          { kind: 'fetched', count: 2 },
        ],
      },
    })
  })

  test('T13.1 any damage to a document makes a text or a sentence, never an exception', async () => {
    const chance = seeded(20261124)
    const at = (length: number) => chance.below(length)
    let read = 0
    for (const name of ['pact', 'arabic', 'tracked']) {
      const whole = await fixture(name)
      for (let run = 0; run < 80; run += 1) {
        const bytes = Uint8Array.from(whole.subarray(0, run % 5 === 0 ? at(whole.length) : whole.length))
        for (let flips = 1 + at(4); flips > 0 && bytes.length > 0; flips -= 1) bytes[at(bytes.length)] = at(256)
        if ((await readDocx(bytes, 'Text')).ok) read += 1
      }
    }
    const body = `${p('One')}${p('Two', '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>')}<w:tbl/>`
    for (let run = 0; run < 300; run += 1) {
      const cut = at(body.length)
      const mangled = body.slice(0, cut) + body.slice(cut + at(30)) + (run % 2 ? body.slice(at(cut + 1)) : '')
      if ((await readDocx(packed(mangled), 'Text')).ok) read += 1
    }
    expect(read).toBeGreaterThan(0)
  })

  test('T13.2 a process file takes a Word document beside it, and names what would be left out before anything is made', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-'))
    await writeFile(join(folder, 'pact.docx'), await fixture('pact'))
    const file = join(folder, 'talks.yaml')
    await writeFile(
      file,
      [
        'title: T',
        'languages: [en]',
        'charter: { text: Be fair., decisionRule: consensus }',
        'secretariat: { name: S, phone: "1", email: s@example.org }',
        'parties: [{ id: a, name: A, short: A, kind: delegation }, { id: m, name: M, short: M, kind: mediation }]',
        'seats: [{ id: h, party: a, role: head, name: H }, { id: x, party: m, role: mediator, name: X }]',
        'tracks: [{ id: plenary, title: P, kind: plenary, text: pact.docx, access: { a: suggest, m: edit } }]',
      ].join('\n'),
    )
    const refused = await readProcessFile(file)
    expect(refused.ok ? [] : refused.refusal.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('Tables (1) near "Allocation"'),
      expect.stringContaining('Links'),
    ])
    const read = await readProcessFile(file, { leaveOut: true })
    expect(read).toMatchObject({
      ok: true,
      value: { tracks: [{ text: { title: 'Framework Agreement on the Lower Tamar' } }] },
    })
  })
})

/** Lets a pattern stand where words are. */
function withPatterns<T>(value: T): unknown {
  if (value instanceof RegExp) return expect.stringMatching(value)
  if (Array.isArray(value)) return value.map(withPatterns)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withPatterns(one)]))
}
