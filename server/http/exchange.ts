import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Origin } from './origin.ts'
import { type Problem, statusOf } from './problem.ts'

/** One request as a route sees it. */
export interface Asked {
  readonly request: IncomingMessage
  readonly url: URL
  readonly origin: Origin
  /** Whom limits count as one; see `address.ts`. */
  readonly address: string
  /** What follows `Authorization: Bearer`. */
  readonly bearer: string | null
  /** The body as JSON, at most `limit` bytes. Refused `too-large`, `malformed`. */
  json(limit: number): Promise<Outcome<unknown, Problem>>
  /**
   * The body as it is, at most `limit` bytes. Refused `too-large` before anything is read when the sender names its size; a body
   * that comes slowly is waited for as long as it comes at all. Refused `malformed` when it breaks off.
   */
  bytes(limit: number): Promise<Outcome<Uint8Array, Problem>>
}

export interface Reply {
  status: number
  /** JSON, unless it is a string. */
  body?: unknown
  headers?: Record<string, string>
  /** Writes the body and ends it, in place of `body`; the headers of `headers` are set, none is sent. */
  send?: (response: ServerResponse) => Promise<void>
}

export type Route = (asked: Asked) => Promise<Reply> | Reply

export const problem = (what: Problem): Reply => ({
  status: statusOf(what),
  body: what,
  headers: what.code === 'too-fast' || what.code === 'draining' ? { 'Retry-After': seconds(what.retryAfterMs) } : {},
})
const seconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)))

export function bearerOf(request: IncomingMessage): string | null {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

/** Reads at most `limit` bytes, none when more are announced. `onPart` is called whenever some came. */
export async function readBytes(
  request: IncomingMessage,
  limit: number,
  onPart: () => void,
): Promise<Outcome<Uint8Array, Problem>> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) return refuse({ code: 'too-large', limit })
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      onPart()
      size += part.length
      if (size > limit) return refuse({ code: 'too-large', limit })
      parts.push(part)
    }
  } catch {
    return refuse({ code: 'malformed', where: '' })
  }
  return request.complete ? ok(Buffer.concat(parts)) : refuse({ code: 'malformed', where: '' })
}

/** Reads at most `limit` bytes; what comes after is not waited for. The server's own deadline ends a slow sender. */
export async function readJson(request: IncomingMessage, limit: number): Promise<Outcome<unknown, Problem>> {
  const parts: Buffer[] = []
  let size = 0
  try {
    // The answer still goes out on the connection whose body was too large.
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      size += part.length
      if (size > limit) return refuse({ code: 'too-large', limit })
      parts.push(part)
    }
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)))
    return ok(value)
  } catch {
    return refuse({ code: 'malformed', where: '' })
  }
}

/** The text at `key` of a JSON object, or null. */
export function textAt(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null
  const found: unknown = Reflect.get(value, key)
  return typeof found === 'string' ? found : null
}
