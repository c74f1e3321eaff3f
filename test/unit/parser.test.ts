import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decoder, Encoder, type Packet } from '#shared/protocol/parser.ts'

const [CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR] = [0, 1, 2, 3, 4]

function decoded(...chunks: unknown[]): Packet[] {
  const packets: Packet[] = []
  const decoder = new Decoder()
  decoder.on('decoded', (packet) => packets.push(packet))
  for (const chunk of chunks) decoder.add(chunk)
  return packets
}
const encoded = (packet: Packet): Uint8Array => new Encoder().encode(packet)[0] ?? new Uint8Array()
const control = (type: number, body: string) => Uint8Array.from([type, ...new TextEncoder().encode(body)])
const closes = (packet: Packet | undefined) => packet?.nsp === ''

describe('the parser of both ends', () => {
  test('G1 an app frame is its own packet: not one byte is added, and nothing is copied', () => {
    const frame = Uint8Array.from([16, 1, 2, 3])
    expect(encoded({ type: EVENT, nsp: '/', data: ['f', frame] })).toBe(frame)
    expect(decoded(frame)).toEqual([{ type: EVENT, nsp: '/', data: ['f', frame] }])
  })

  test('G1 every packet of Socket.IO that is used is one binary frame and comes back as it was', () => {
    const packets: Packet[] = [
      { type: CONNECT, nsp: '/', data: { protocol: 1, schema: 1, token: 'x'.repeat(43) } },
      { type: CONNECT, nsp: '/', data: { sid: 'abc' } },
      { type: DISCONNECT, nsp: '/' },
      { type: CONNECT_ERROR, nsp: '/', data: { message: 'draining', data: { code: 'draining', retryAfterMs: 1 } } },
    ]
    for (const packet of packets) {
      expect(new Encoder().encode(packet)).toHaveLength(1)
      expect(decoded(encoded(packet))).toEqual([packet])
    }
    expect(encoded({ type: DISCONNECT, nsp: '/' })).toHaveLength(1)
  })

  test('G1 a browser hands over an ArrayBuffer, Node a Buffer: both are read', () => {
    for (const chunk of [Uint8Array.from([20, 7]).buffer, Buffer.from([20, 7])]) {
      const [packet] = decoded(chunk)
      const [name, frame] = (packet?.data ?? []) as [string, Uint8Array]
      expect([packet?.type, name, ...frame]).toEqual([EVENT, 'f', 20, 7])
    }
  })

  test('G1 our own code cannot send what the other end would not read', () => {
    const encoder = new Encoder()
    expect(() => encoder.encode({ type: EVENT, nsp: '/', data: ['g', Uint8Array.from([16])] })).toThrow()
    expect(() => encoder.encode({ type: EVENT, nsp: '/', data: ['f', 'text'] })).toThrow()
    expect(() => encoder.encode({ type: EVENT, nsp: '/', data: ['f', Uint8Array.from([3])] })).toThrow()
    expect(() => encoder.encode({ type: EVENT, nsp: '/', data: ['f', Uint8Array.from([16])], id: 1 })).toThrow()
    expect(() => encoder.encode({ type: ACK, nsp: '/', data: [] })).toThrow()
  })

  test('G1 P9 broken bytes are a packet of no namespace, upon which the connection is closed', () => {
    const broken = [
      new Uint8Array(),
      '2["f","text frames are not ours"]',
      { base64: true, data: 'AAAA' },
      control(CONNECT, 'null'),
      control(CONNECT, '[]'),
      control(CONNECT, '7'),
      control(CONNECT, '{"a"'),
      control(CONNECT, `{"a":"${'x'.repeat(5000)}"}`),
      Uint8Array.from([CONNECT, 0xff, 0xfe]),
      control(DISCONNECT, '{}'),
      control(EVENT, '["f"]'),
      control(ACK, '[]'),
      control(5, '1-["f",{"_placeholder":true,"num":0}]'),
      control(15, ''),
    ]
    for (const chunk of broken) expect(closes(decoded(chunk)[0]), String(chunk)).toBe(true)
  })

  test('G1 P9 no bytes throw, and none leave anything behind for the next frame', () => {
    const good = Uint8Array.from([16, 9])
    let read = 0
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
        const packets = decoded(...chunks, good)
        read += packets.length
        expect(packets).toHaveLength(chunks.length + 1)
        expect(packets.at(-1)).toEqual({ type: EVENT, nsp: '/', data: ['f', good] })
        for (const packet of packets) if (packet.type === CONNECT) expect(packet.data).toEqual(expect.any(Object))
      }),
    )
    expect(read).toBeGreaterThan(100)
  })

  test('G1 a listener that was taken away hears nothing', () => {
    const decoder = new Decoder()
    let heard = 0
    const listen = () => {
      heard += 1
    }
    decoder.on('decoded', listen)
    decoder.add(Uint8Array.from([16]))
    decoder.off('decoded', listen)
    decoder.add(Uint8Array.from([16]))
    decoder.destroy()
    expect(heard).toBe(1)
  })
})
