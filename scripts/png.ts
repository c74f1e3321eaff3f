import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * The same picture in fewer bytes: a screen of text compresses better without the filters that suit photographs.
 * Takes what a browser's screenshot is: 8 bits a channel, RGB or RGBA, not interlaced.
 */
export function withoutFilters(png: Buffer): Buffer {
  const chunks = chunksOf(png)
  const header = chunks.find(({ type }) => type === 'IHDR')?.body
  if (header?.[8] !== 8 || header[12] !== 0) throw new Error('not a screenshot')
  const data = chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body)
  const bare = bareRows(inflateSync(Buffer.concat(data)), header.readUInt32BE(0), header[9] === 6 ? 4 : 3)
  const packed = deflateSync(bare, { level: 9 })
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunksOf(png: Buffer): { type: string; body: Buffer }[] {
  const chunks: { type: string; body: Buffer }[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), body: png.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return chunks
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(body.length, 0)
  ends.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)])
}

/** Each row is a byte that names its filter, then its pixels; see the PNG specification, section 9. */
function bareRows(rows: Buffer, width: number, channels: number): Buffer {
  const stride = width * channels + 1
  const bare = Buffer.alloc(rows.length)
  const at = (row: number, column: number): number => (row < 0 || column < 1 ? 0 : (bare[row * stride + column] ?? 0))
  for (let row = 0; row < rows.length / stride; row++) {
    const filter = rows[row * stride] ?? 0
    for (let column = 1; column < stride; column++) {
      const left = at(row, column - channels)
      const above = at(row - 1, column)
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, at(row - 1, column - channels))][filter]
      bare[row * stride + column] = (rows[row * stride + column] ?? 0) + (guess ?? 0)
    }
  }
  return bare
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)]
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}
