import type { IncomingMessage } from 'node:http'
import { type BlockList, isIP } from 'node:net'
import type { Trust } from '../config.ts'

/**
 * Where a request comes from: the other end of its connection, or, when that is a proxy that the operator trusts, whom
 * the proxy says it speaks for. What a client itself writes into `X-Forwarded-For` stands left of what a trusted proxy
 * adds, and is never reached.
 */
export function addressOf(request: Pick<IncomingMessage, 'headers' | 'socket'>, trust: Trust): string {
  const own = plainAddress(request.socket.remoteAddress ?? '') ?? ''
  if (trust.proxies === 'none') return own
  const header = request.headers['x-forwarded-for'] ?? []
  const said = [header].flat().join(',').split(',')
  return trust.proxies === 'count' ? behind(own, said, trust.count) : behindListed(own, said, trust.list)
}

/** Whether the other end of a connection may be a proxy that speaks for many. */
export function mayBeProxy({ remoteAddress }: { remoteAddress?: string | undefined }, trust: Trust): boolean {
  if (trust.proxies === 'list') return isListed(trust.list, plainAddress(remoteAddress ?? '') ?? '')
  return trust.proxies === 'count'
}

/** So many proxies stand before this server, each of which added one address. */
function behind(own: string, said: string[], count: number): string {
  let address = own
  for (const next of said.slice(-count).reverse()) {
    const known = plainAddress(next)
    if (!known) break
    address = known
  }
  return address
}

/** The first address, from this server outwards, that is no proxy of the list. */
function behindListed(own: string, said: string[], list: BlockList): string {
  let address = own
  for (const next of said.reverse()) {
    const known = isListed(list, address) ? plainAddress(next) : null
    if (!known) break
    address = known
  }
  return address
}

function isListed(list: BlockList, address: string): boolean {
  const kind = isIP(address)
  return kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4')
}

/** An address without brackets, port or the prefix of an IPv4 address in IPv6; null when it is none. */
function plainAddress(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(bare) === 0 ? null : bare
}

/** Whom limits count as one: an IPv4 address, or the /64 that one IPv6 subscriber has 2^64 addresses of. */
export function neighbourhoodOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? []
  const groups = head.split(':').filter((group) => group !== '')
  const after = tail.split(':').filter((group) => group !== '')
  const missing = address.includes('::') ? Math.max(0, 8 - groups.length - after.length) : 0
  const all = [...groups, ...new Array<string>(missing).fill('0'), ...after]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
