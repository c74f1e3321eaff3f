import { crc32, deflateRawSync } from 'node:zlib'

/** Packs files as a ZIP archive. `claims` says another unpacked size than the true one. */
export function zip(files: Record<string, string | Uint8Array>, claims: Record<string, number> = {}): Buffer {
  const pieces: Buffer[] = []
  const listed: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content as Uint8Array)
    const packed = deflateRawSync(bytes)
    const label = Buffer.from(name)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(0x800, 2)
    shared.writeUInt16LE(8, 4)
    shared.writeUInt32LE(crc32(bytes), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(claims[name] ?? bytes.length, 18)
    shared.writeUInt16LE(label.length, 22)
    pieces.push(Buffer.from('PK\x03\x04', 'latin1'), shared, label, packed)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    listed.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), shared, rest, label)
    offset += 30 + label.length + packed.length
  }
  const directory = Buffer.concat(listed)
  const end = Buffer.alloc(18)
  const count = Object.keys(files).length
  end.writeUInt16LE(count, 4)
  end.writeUInt16LE(count, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...pieces, directory, Buffer.from('PK\x05\x06', 'latin1'), end])
}
