import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, isParley } from './contenders.ts'
import { addressOf } from './lines/line.ts'
import { Part, type PartName } from './parts.ts'

/** A started process file: a token for each seat. */
export interface Talks {
  process: string
  tokens: Record<string, string>
}
export interface ServerOptions {
  contender?: Contender
  /** A folder for processor profiles. */
  profile?: string | undefined
  /** Another build of the page than `dist`. */
  client?: string | undefined
}

/** Its better-sqlite3 may end the process with an assertion when it ends by itself (`keepStatements`). */
const FALLS_OVER: Contender = 'hocuspocus-sqlite'

/** A server in a process of its own, with a data folder that is removed at the end. */
export class MeasuredServer {
  readonly contender: Contender
  readonly #options: ServerOptions
  readonly #folder: string
  readonly #loads: Part[] = []
  #part: Part
  url = ''
  #redeemed = 0

  private constructor(options: ServerOptions, folder: string, part: Part) {
    this.#options = options
    this.contender = options.contender ?? 'parley'
    this.#folder = folder
    this.#part = part
  }

  static async start(options: ServerOptions = {}): Promise<MeasuredServer> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
    const server = new MeasuredServer(options, folder, await startPart(options, folder))
    server.url = await server.part.ask<string>('address')
    return server
  }
  get part(): Part {
    return this.#part
  }

  /** Kills it as a power cut would and starts it again on what it left on disk; at another address. */
  async killAndStart(): Promise<void> {
    await this.#part.kill()
    this.#part = await startPart(this.#options, this.#folder)
    this.url = await this.part.ask<string>('address')
  }

  /** Parley only: starts a process, and signs its seats in. */
  async talks(file: unknown, seats?: string[]): Promise<Talks> {
    const { process, codes } = await this.part.ask<{ process: string; codes: Record<string, string> }>('start', file)
    const tokens: Record<string, string> = {}
    for (const seat of seats ?? Object.keys(codes)) tokens[seat] = await this.#redeem(codes[seat] ?? '')
    return { process, tokens }
  }

  /** Everyone from an address of their own: what one address may do is not what is measured. */
  async #redeem(code: string): Promise<string> {
    this.#redeemed += 1
    const { status, body } = await post(`${this.url}/api/invitations/redeem`, addressOf(this.#redeemed), { code })
    if (status !== 200) throw new Error(`not redeemed: ${status} ${body}`)
    return (JSON.parse(body) as { token: string }).token
  }

  /** Load for this server, ended with it. */
  async load(name: PartName, settings: object): Promise<Part> {
    const part = await Part.start(name, { url: this.url, contender: this.contender, ...settings })
    this.#loads.push(part)
    return part
  }
  async endLoads(): Promise<void> {
    await Promise.all(this.#loads.splice(0).map((part) => part.end()))
  }

  async end(): Promise<void> {
    await this.endLoads()
    if (this.contender === FALLS_OVER) await this.part.kill()
    else {
      await this.part.ask('end').catch(() => undefined)
      await this.part.end()
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function startPart({ contender = 'parley', profile, client }: ServerOptions, folder: string): Promise<Part> {
  const flags = ['--expose-gc', ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])]
  const settings = { contender, folder, client }
  return Part.start(isParley(contender) ? 'server' : 'peer-server', settings, flags)
}

function post(url: string, from: string, body: object): Promise<{ status: number; body: string }> {
  return new Promise((done, failed) => {
    const sent = request(url, { method: 'POST', localAddress: from, headers: { 'content-type': 'application/json' } })
    sent.on('error', failed)
    sent.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => done({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }))
    })
    sent.end(JSON.stringify(body))
  })
}
