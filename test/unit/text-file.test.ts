import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTextFile } from '#shared/text/markdown.ts'
import { MAX_CLAUSES } from '#shared/text/seed.ts'

describe('a text file', () => {
  const read = (markdown: string) => {
    const result = parseTextFile(markdown)
    return result.ok ? result.value : result.refusal
  }

  test('T10 is a title, articles, clauses and items to three levels', () => {
    const markdown =
      '\uFEFF# Pact\r\n\r\n## Preamble\r\nRecalling\r\nthe past,\r\n\r\n## Water ##\r\nAll shall:\r\n(a) see;\r\n\r\n(i) by day;\r\n(ii) by night;\r\n(b) go.\r\n\r\nNext.\r\n\r\n## Annex A: Maps\r\nOne.'
    expect(read(markdown)).toEqual({
      title: 'Pact',
      articles: [
        { kind: 'preamble', title: 'Preamble', clauses: [{ words: 'Recalling the past,' }] },
        {
          kind: 'article',
          title: 'Water',
          clauses: [
            {
              words: 'All shall:',
              items: [{ words: 'see;', items: [{ words: 'by day;' }, { words: 'by night;' }] }, { words: 'go.' }],
            },
            { words: 'Next.' },
          ],
        },
        { kind: 'annex', title: 'Maps', clauses: [{ words: 'One.' }] },
      ],
    })
  })

  test('T10 tells the ninth letter from the first numeral', () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((letter) => `(${letter}) ${letter};`)
    const text = parseTextFile(`# T\n## A\nAll:\n${items.join('\n')}`)
    const clause = text.ok ? text.value.articles[0]?.clauses[0] : null
    expect(typeof clause === 'object' && clause?.items).toHaveLength(10)
  })

  test('T10 names all mistakes at once, each with its line', () => {
    const mistakes = read('words\n# T\n### deep\n# Again\n##\n- list\n(a) item\n> quote\n#tag')
    expect(mistakes).toMatchObject([1, 3, 4, 5, 6, 7, 8, 9].map((line) => ({ line, where: `line ${line}` })))
  })

  test('T10 has at most 2 MB and 5,000 clauses', () => {
    expect(read(`# T\n## A\n${'x'.repeat(2 * 1024 * 1024)}`)).toMatchObject([{ where: 'text' }])
    expect(read(`# T\n## A\n${'x\n\n'.repeat(MAX_CLAUSES + 1)}`)).toMatchObject([{ where: 'text' }])
    expect(read(`# T\n## A\n${'x\n\n'.repeat(MAX_CLAUSES)}`)).toMatchObject({ title: 'T' })
  })

  test('T10 any words make a text or a list of mistakes, never an exception', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('', '# T', '## A', '(a) x', '(i) y', '(iv) z', '- x', '## Annex'),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const result = parseTextFile(lines.join('\n'))
        if (!result.ok) expect(result.refusal.length).toBeGreaterThan(0)
      }),
    )
  })
})
