import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { findRedisServer } from '../../scripts/ensure.mjs'

const WAIT_MS = 10

/** A Redis of the test's own: on loopback, in a folder of its own, keeping what it acknowledged. */
export class RedisServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  readonly port: number
  #child: ChildProcess | null = null

  private constructor(port: number) {
    this.port = port
  }

  static async start(...settings: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    await server.startAgain(...settings)
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** On the same folder and port. */
  async startAgain(...settings: string[]): Promise<void> {
    const command = findRedisServer()
    if (!command) throw new Error('no redis-server on this machine')
    const where = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '']
    const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--repl-diskless-sync-delay', '0']
    this.#child = spawn(command, [...where, ...kept, ...settings], { stdio: 'ignore' })
    await this.until('PING', (reply) => reply === 'PONG')
  }

  /** One command, on a line of its own. */
  async ask(...words: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }

  /** Asks until the answer is the one that is waited for. */
  async until(command: string, isSo: (reply: unknown) => boolean): Promise<void> {
    for (;;) {
      const reply = await this.ask(...command.split(' ')).catch(() => null)
      if (isSo(reply)) return
      if (this.#child === null || this.#child.exitCode !== null) throw new Error('redis-server ended by itself')
      await new Promise((done) => setTimeout(done, WAIT_MS))
    }
  }

  /** Follows the other; resolves when it has all of it. */
  async replicate(master: RedisServer): Promise<void> {
    await this.ask('REPLICAOF', '127.0.0.1', `${master.port}`)
    await this.until('INFO replication', (reply) => String(reply).includes('master_link_status:up'))
  }

  /** Stands still, its connections open, until it is sent SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((done) => child.once('close', done))
    child.kill('SIGKILL')
    await closed
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? done(address.port) : failed(new Error('no port'))))
    })
  })
}
