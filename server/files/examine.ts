import type { AnnexKind } from '#shared/domain/process.ts'
import { type Outcome, ok } from '#shared/outcome.ts'
import { type FileRefusal, FileRefused, refusedFile, whyOf } from '../texts/file-refused.ts'
import { examinePdf } from './pdf.ts'

/** A picture of 100 million points is 400 MB where it is shown. */
const MAX_POINTS = 100_000_000

/**
 * What an annex is, by its bytes and not by its name; refused when it is none of the kinds, is broken in its frame, or does
 * anything but show. Throws nothing. Work of up to seconds: run it in a thread.
 */
export function examine(bytes: Uint8Array): Outcome<AnnexKind, FileRefusal> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return ok(kindOf(file))
  } catch (cause) {
    return refusedFile(whyOf(cause, 'damaged'))
  }
}

function kindOf(file: Buffer): AnnexKind {
  const start = file.toString('latin1', 0, 16)
  if (start.startsWith('%PDF-')) {
    examinePdf(file)
    return 'pdf'
  }
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return picture('png', pngPoints(file))
  if (start.startsWith('\xff\xd8\xff')) return picture('jpeg', jpegPoints(file))
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return picture('webp', webpPoints(file))
  throw new FileRefused('kind')
}

function picture(kind: AnnexKind, points: number): AnnexKind {
  if (points === 0) throw new FileRefused('damaged')
  if (points > MAX_POINTS) throw new FileRefused('bomb')
  return kind
}

/** Every chunk in its place, the last one at the end of the file: nothing is hidden behind the picture. */
function pngPoints(file: Buffer): number {
  let points = 0
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at)
    const name = file.toString('latin1', at + 4, at + 8)
    if (at === 8 && (name !== 'IHDR' || length !== 13)) break
    if (at === 8) points = file.readUInt32BE(16) * file.readUInt32BE(20)
    at += 12 + length
    if (name === 'IEND') return at === file.length ? points : 0
  }
  return 0
}

const STANDS_ALONE = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
const IS_FRAME = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** The size that its frame announces before its points begin. */
function jpegPoints(file: Buffer): number {
  if (file.lastIndexOf(Buffer.from([0xff, 0xd9])) < 0) return 0
  for (let at = 2; at + 9 <= file.length; ) {
    if (file[at] !== 0xff) return 0
    const marker = file[at + 1] ?? 0
    if (marker === 0xff) at += 1
    else if (STANDS_ALONE(marker)) at += 2
    else if (IS_FRAME(marker)) return file.readUInt16BE(at + 5) * file.readUInt16BE(at + 7)
    else at += 2 + file.readUInt16BE(at + 2)
  }
  return 0
}

function webpPoints(file: Buffer): number {
  const size = file.readUInt32LE(4) + 8
  if (size !== file.length && size + (size % 2) !== file.length) return 0
  const first = file.toString('latin1', 12, 16)
  if (first === 'VP8X') return (1 + file.readUIntLE(24, 3)) * (1 + file.readUIntLE(27, 3))
  if (first === 'VP8 ') return (file.readUInt16LE(26) & 0x3fff) * (file.readUInt16LE(28) & 0x3fff)
  if (first !== 'VP8L' || file[20] !== 0x2f) return 0
  const packed = file.readUInt32LE(21)
  return (1 + (packed & 0x3fff)) * (1 + ((packed >>> 14) & 0x3fff))
}
