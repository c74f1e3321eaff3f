import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

/** One address before several servers: each new connection goes to the next one that takes it. */
export class Balancer {
  readonly url: string
  /** Ports behind it. */
  targets: number[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #turn = 0

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => this.#carry(socket, this.targets.length))
  }

  static start(): Promise<Balancer> {
    return new Promise((done) => {
      const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
      server.listen(0, '127.0.0.1', () => done(new Balancer(server)))
    })
  }

  #carry(client: Socket, tries: number): void {
    const port = this.targets[this.#turn++ % Math.max(1, this.targets.length)]
    client.on('error', () => client.destroy())
    if (port === undefined || tries === 0) {
      client.destroy()
      return
    }
    const server = dial({ port, host: '127.0.0.1', allowHalfOpen: true })
    server.once('connect', () => {
      for (const socket of [client, server]) this.#sockets.add(socket.once('close', () => this.#sockets.delete(socket)))
      client.pipe(server).pipe(client)
      server.once('close', () => client.destroy())
      client.once('close', () => server.destroy())
    })
    server.on('error', () => {
      server.destroy()
      if (server.connecting || server.bytesRead === 0) this.#carry(client, tries - 1)
      else client.destroy()
    })
  }

  end(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
