import { BlockList, isIP } from 'node:net'
import { resolve } from 'node:path'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { type Language, preferredOf } from '#shared/words/languages.ts'

/** What an operator can set. Read once, by `main.ts` and the command line. */
export interface Config {
  /** 0: any free port. */
  port: number
  host: string
  /** The one folder to mount and to back up. */
  folder: string
  /** Where people reach the room, without a slash at the end; null: at host and port. */
  publicUrl: string | null
  /** One address, or several of one Redis and its replicas, with commas between. */
  redisUrl: string | null
  logLevel: LogLevel
  /** Whether a first start on loopback makes the sample process. */
  sample: boolean
  /** What whoever started the server speaks, as far as the screens do: the sample's language. */
  language: Language
  trust: Trust
}

/** Whose `X-Forwarded-For` says where a request comes from. */
export type Trust =
  | { proxies: 'none' }
  /** So many proxies stand between people and this server, and nobody reaches it but through them. */
  | { proxies: 'count'; count: number }
  /** These addresses are proxies. */
  | { proxies: 'list'; list: BlockList }

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

/** Everything wrong with the environment at once, one sentence a mistake, each naming its variable. */
export function readConfig(environment: Record<string, string | undefined>): Outcome<Config, string[]> {
  const mistakes: string[] = []
  const read = <T>(name: string, fallback: T, parse: (text: string) => T | null, wanted: string): T => {
    const text = environment[name]
    if (text === undefined || text === '') return fallback
    const value = parse(text)
    if (value === null) mistakes.push(`${name}: ${wanted}.`)
    return value ?? fallback
  }
  const config: Config = {
    port: read('PORT', 8080, parsePort, 'a number from 0 to 65535, such as 8080'),
    host: read('HOST', '127.0.0.1', parseHost, 'a name or an address to listen on, such as 127.0.0.1'),
    folder: read('PARLEY_DATA', resolve('data'), (text) => resolve(text), 'a folder'),
    publicUrl: read(
      'PUBLIC_URL',
      null,
      parsePublicUrl,
      'an http or https address without a path, such as https://talks.example.org',
    ),
    redisUrl: read(
      'REDIS_URL',
      null,
      parseRedisUrl,
      'a redis or rediss address, such as redis://127.0.0.1:6379, or several of one Redis and its replicas with commas between',
    ),
    sample: read('PARLEY_SAMPLE', true, parseSwitch, 'on or off'),
    // As every program reads it: the first of them that is set counts.
    language: preferredOf([environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '']),
    trust: read<Trust>(
      'TRUST_PROXY',
      { proxies: 'none' },
      parseTrust,
      'the number of proxies before this server, or their addresses, such as 1 or 127.0.0.1,10.0.0.0/8',
    ),
    logLevel: read('LOG_LEVEL', 'info', parseLogLevel, `one of ${LOG_LEVELS.join(', ')}`),
  }
  return mistakes.length > 0 ? refuse(mistakes) : ok(config)
}

const parsePort = (text: string): number | null =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null

const parseHost = (text: string): string | null =>
  isIP(text) !== 0 || /^(?=.{1,253}$)[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(text) ? text : null

function parsePublicUrl(text: string): string | null {
  const url = parseUrl(text, ['http:', 'https:'])
  return url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password ? url.origin : null
}

function parseRedisUrl(text: string): string | null {
  const all = text.split(',').map((address) => address.trim())
  return all.every((address) => parseUrl(address, ['redis:', 'rediss:'])) ? all.join(',') : null
}

function parseUrl(text: string, protocols: string[]): URL | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  return protocols.includes(url.protocol) && url.hostname !== '' ? url : null
}

const MAX_PROXIES = 9

function parseTrust(text: string): Trust | null {
  if (text === 'off' || text === '0') return { proxies: 'none' }
  if (/^\d$/.test(text) && Number(text) <= MAX_PROXIES) return { proxies: 'count', count: Number(text) }
  const list = new BlockList()
  const all = text.split(',').map((row) => row.trim())
  return all.every((row) => addProxy(list, row)) ? { proxies: 'list', list } : null
}

function addProxy(list: BlockList, row: string): boolean {
  const [address = '', bits, ...more] = row.split('/')
  const kind = isIP(address)
  if (kind === 0 || more.length > 0) return false
  const family = kind === 6 ? 'ipv6' : 'ipv4'
  if (bits === undefined) list.addAddress(address, family)
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 6 ? 128 : 32))
    list.addSubnet(address, Number(bits), family)
  else return false
  return true
}

const parseSwitch = (text: string): boolean | null => (text === 'on' ? true : text === 'off' ? false : null)

const parseLogLevel = (text: string): LogLevel | null => LOG_LEVELS.find((level) => level === text) ?? null

/** Whether a name or address is this machine and no other. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host)

/** The address people open: `PUBLIC_URL`, else host and port as they are. */
export function addressOf(config: Config, port: number): string {
  if (config.publicUrl) return config.publicUrl
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
