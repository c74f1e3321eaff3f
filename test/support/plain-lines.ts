import { connect } from 'node:net'

/** Requests over sockets of a test's own, which read and write as no browser does. */

/** Whom to ask, and as whom. */
interface At {
  url: string
  token: string
}

/** Announces a body of so many bytes, sends one of them, and gives what is answered. */
export function refusedEarly({ url, token }: At, path: string, bytes: number): Promise<string> {
  return new Promise((done, failed) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let said = ''
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${bytes}\r\n\r\nx`,
    )
    socket.on('data', (part) => (said += part.toString('latin1')))
    socket.on('close', () => done(said))
    socket.on('error', failed)
  })
}

/** Reads what comes first, and no more until it is told to. */
export function slowDownload({ url, token }: At, body: unknown) {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, highWaterMark: 4_096 } as never)
  const sent = JSON.stringify(body)
  let bytes = 0
  let heads = 0
  let wasReset = false
  const asked = `POST /api/annexes/read HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`
  socket.write(asked)
  const count = (part: Buffer) => {
    bytes += part.length
    if (part.includes('HTTP/1.1 ')) heads += 1
    if (!isReading) socket.pause()
  }
  let isReading = false
  socket.on('data', count)
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    wasReset = cause.code === 'ECONNRESET' || cause.code === 'EPIPE'
  })
  const ended = new Promise<void>((done) => socket.on('close', () => done()))
  return {
    bytes: () => bytes,
    heads: () => heads,
    askAgain: () => socket.write(asked),
    wasReset: () => wasReset,
    resume: () => {
      isReading = true
      socket.resume()
    },
    ended,
  }
}
