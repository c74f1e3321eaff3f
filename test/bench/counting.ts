import { connect, createServer, type Server } from 'node:net'

/** Passes connections on to a server and counts what crosses, as TCP payload. */
export interface Counting {
  readonly url: string
  /** Bytes so far of the connections in the order they came. */
  counts(): { up: number; down: number }[]
  close(): void
}

export async function countingProxy(target: string): Promise<Counting> {
  const { hostname, port } = new URL(target)
  const counts: { up: number; down: number }[] = []
  const ends = new Set<() => void>()
  const proxy: Server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true })
    near.setNoDelay(true)
    const count = { up: 0, down: 0 }
    counts.push(count)
    near.on('data', (part) => {
      count.up += part.length
      far.write(part)
    })
    far.on('data', (part) => {
      count.down += part.length
      near.write(part)
    })
    const end = () => {
      near.destroy()
      far.destroy()
    }
    ends.add(end)
    for (const side of [near, far]) side.on('close', end).on('error', end)
  })
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready))
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('a proxy without a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    counts: () => counts.map((count) => ({ ...count })),
    close() {
      for (const end of ends) end()
      proxy.close()
    },
  }
}
