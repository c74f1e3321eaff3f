import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { examine } from '#server/files/examine.ts'
import { pdf, png } from '../support/files.ts'
import { seeded } from '../support/seeded.ts'

const said = (bytes: Uint8Array): string => {
  const found = examine(bytes)
  return found.ok ? found.value : found.refusal.why
}
const jpeg = (width: number, height: number): Buffer => {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0])
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0]), frame, Buffer.from([0xff, 0xd9])])
}
function webp(width: number, height: number): Buffer {
  const file = Buffer.alloc(30)
  file.write('RIFF\x16\0\0\0WEBPVP8X', 'latin1')
  file.writeUInt32LE(10, 16)
  file.writeUIntLE(width - 1, 24, 3)
  file.writeUIntLE(height - 1, 27, 3)
  return file
}

test('T15 an annex is what its bytes say: a PDF or a picture, whole, and of a size that can be shown', () => {
  expect([pdf(), png(), jpeg(2, 2), webp(2, 2)].map(said)).toEqual(['pdf', 'png', 'jpeg', 'webp'])
  expect(said(readFileSync('docs/pictures/room.png'))).toBe('png')
  expect([png(20_000, 20_000), jpeg(60_000, 60_000), webp(16_000_000, 2_000)].map(said)).toEqual(Array(3).fill('bomb'))
  const behind = Buffer.concat([png(), Buffer.from('<script>')])
  expect([behind, png().subarray(0, 40), jpeg(2, 2).subarray(0, 12), webp(2, 2).subarray(0, 28)].map(said)).toEqual(
    Array(4).fill('damaged'),
  )
  const others = [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<!DOCTYPE html>',
    'GIF89a',
    'PK\x03\x04',
    '',
    ' %PDF-1.7',
  ]
  expect(others.map((words) => said(Buffer.from(words, 'latin1')))).toEqual(Array(6).fill('kind'))
})

test.each([
  ['a script', '3 0 obj <</S/JavaScript/JS(app.alert(1))>> endobj'],
  ['a script whose name is written with escapes', '3 0 obj <</S/J#61vaScript/JS(1)>> endobj'],
  ['a script by its short name alone', '3 0 obj <</S/X/JS 4 0 R>> endobj'],
  ['a program to start', '3 0 obj <</S/Launch/F(x.exe)>> endobj'],
  ['a file inside', '3 0 obj <</Type/Filespec/EF<</F 4 0 R>>>> endobj'],
  ['a file inside, by its stream', '3 0 obj <</Type/EmbeddedFile>> stream\nx\nendstream endobj'],
  ['a form that sends', '3 0 obj <</S/SubmitForm/F(http://elsewhere.example)>> endobj'],
  ['a form of the other kind', '3 0 obj <</XFA 4 0 R>> endobj'],
  ['a film', '3 0 obj <</Subtype/RichMedia>> endobj'],
  ['a script behind a stream that lies about its end', '3 0 obj <<>> stream\nendstream <</S/JavaScript>> endobj'],
])('T15.1 a PDF with %s is refused, plain and packed', (_what, objects) => {
  expect(said(pdf(objects))).toBe('active')
  expect(said(pdf('', objects))).toBe('active')
})

test.each([
  ['a string that looks as if an object began', '/Type/ObjStm/Filter/FlateDecode/Pad( obj)'],
  ['much between its type and its bytes', `/Type/ObjStm/Filter/FlateDecode/Pad(${'x'.repeat(8_000)})`],
  ['a type and a filter that stand elsewhere', '/Type 8 0 R/Filter 7 0 R'],
])('T15.1 a PDF whose packed objects are hidden by %s is looked through all the same', (_what, dictionary) => {
  const packing = (objects: string) => {
    const body = deflateSync(Buffer.from(objects)).toString('latin1')
    return Buffer.from(
      pdf()
        .toString('latin1')
        .replace('trailer', `9 0 obj\n<<${dictionary}>>\nstream\n${body}\nendstream endobj\ntrailer`),
      'latin1',
    )
  }
  expect(said(packing('3 0 <</S/JavaScr#69pt/JS(1)>>'))).toBe('active')
  expect(said(packing('3 0 <</S/X/JS 4 0 R>>'))).toBe('active')
  expect(said(packing('3 0 <</A/B>>'))).toBe('pdf')
})

test('T15.1 a PDF that cannot be looked through is refused; links and destinations are none of this', () => {
  expect(said(pdf('3 0 obj <</Filter/Standard>> endobj trailer <</Encrypt 3 0 R>>'))).toBe('password')
  const otherwise = '3 0 obj\n<</Type/ObjStm/Filter[/ASCIIHexDecode/FlateDecode]>>\nstream\n00>\nendstream endobj'
  expect(said(pdf(otherwise))).toBe('active')
  expect(said(pdf('3 0 obj\n<</Type/ObjStm/Filter/FlateDecode>>\nstream\nxx\nendstream endobj'))).toBe('damaged')
  expect(said(Buffer.from('%PDF-1.7\nnothing'))).toBe('damaged')
  const link =
    '3 0 obj <</S/URI/URI(https://a.example)>> endobj 4 0 obj <</OpenAction[2 0 R/Fit]/Names<</Dests 5 0 R>>>> endobj'
  expect(said(pdf(link, link))).toBe('pdf')
})

test('T15.1 a PDF that packs a hundred megabytes into a stream is refused before it is unpacked', () => {
  expect(said(pdf('', ' '.repeat(100 * 1024 * 1024)))).toBe('bomb')
})

test('T15.2 any damage to a file makes a kind or a refusal, never an exception', () => {
  const chance = seeded(20261125)
  let taken = 0
  for (const whole of [pdf('3 0 obj <<>> endobj', '4 0 <</A/B>>'), png(4, 4), jpeg(4, 4), webp(4, 4)]) {
    for (let run = 0; run < 400; run++) {
      const bytes = Uint8Array.from(whole.subarray(0, run % 4 === 0 ? chance.below(whole.length) : whole.length))
      for (let flips = 1 + chance.below(4); flips > 0 && bytes.length > 0; flips--)
        bytes[chance.below(bytes.length)] = chance.below(256)
      if (examine(bytes).ok) taken++
    }
  }
  expect(taken).toBeGreaterThan(0)
})
