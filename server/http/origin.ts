import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Config } from '../config.ts'
import { isLoopback } from '../config.ts'

/** Who sent a browser here. CORS does not apply to WebSocket, so both edges ask. */
export type Origin = 'ours' | 'none' | 'foreign'

/**
 * Ours is `PUBLIC_URL`, and the very host that was asked for if it is this machine or, without a `PUBLIC_URL`, an address
 * or the name in `HOST`. A name that anybody can point here (DNS rebinding) is foreign.
 */
export function originOf(request: IncomingMessage, config: Pick<Config, 'publicUrl' | 'host'>): Origin {
  const { origin, host } = request.headers
  if (origin === undefined) return 'none'
  if (!URL.canParse(origin)) return 'foreign'
  if (origin === config.publicUrl) return 'ours'
  const url = new URL(origin)
  if (url.host !== host || url.origin !== origin) return 'foreign'
  if (isLoopback(url.hostname)) return 'ours'
  if (config.publicUrl) return 'foreign'
  return isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0 || url.hostname === config.host ? 'ours' : 'foreign'
}

/**
 * Whether the request comes from this machine, asks for this machine, and no proxy carried it; never for a room that is
 * published under another name.
 */
export function isLocal(request: IncomingMessage, config: Pick<Config, 'publicUrl'>): boolean {
  const { headers, socket } = request
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'].some(
    (name) => name in headers,
  )
  if (forwarded || !isLoopback(socket.remoteAddress ?? '')) return false
  if (config.publicUrl && !isLoopback(new URL(config.publicUrl).hostname)) return false
  const asked = `http://${headers.host}`
  return URL.canParse(asked) && isLoopback(new URL(asked).hostname)
}
