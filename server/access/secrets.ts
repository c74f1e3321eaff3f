import { createHash, createHmac } from 'node:crypto'
import type { Session } from '#shared/domain/process.ts'
import { type Hash, type Instant, instant, mintId, parseHash, type SessionId } from '#shared/ids.ts'
import type { Random } from '#shared/world.ts'

/** The clear forms leave the server once, in an answer; the log and the memory keep hashes. */

/** SHA-256 of a code or a token. */
export function hashOf(text: string): Hash {
  const hash = parseHash(createHash('sha256').update(text).digest('hex'))
  if (!hash) throw new Error('SHA-256 is 64 hexadecimal characters')
  return hash
}

/** An invitation's code: 128 bits, 22 characters. */
export const mintCode = (random: Random): string => codeOf(random.bytes(16))
/** The code of 16 bytes. */
export const codeOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A session's token: 256 bits, 43 characters. */
export const mintToken = (random: Random): string => Buffer.from(random.bytes(32)).toString('base64url')

export const mintSession = (random: Random): SessionId => mintId<SessionId>(random.bytes(22))

/** How long a session that waits reads the same figures aloud. */
export const FIGURES_MS = 2 * 60_000
const FIGURES = 1_000_000

/**
 * The six figures a waiting session has at an instant. They follow from the hash of its token, which no answer shows, so
 * every node knows them and none is kept. 48 bits: the low figures are favoured by less than one in a hundred million.
 */
export function figuresAt({ id, token }: Pick<Session, 'id' | 'token'>, at: Instant): string {
  const code = createHmac('sha256', token)
    .update(`figures:${id}:${Math.floor(at / FIGURES_MS)}`)
    .digest()
  return String(code.readUIntBE(0, 6) % FIGURES).padStart(6, '0')
}

/** Whether figures are those the session has now, or had just before: they may change while they are read aloud. */
export const isFigures = (session: Pick<Session, 'id' | 'token'>, figures: string, now: Instant): boolean =>
  [now, instant(now - FIGURES_MS)].some((at) => figuresAt(session, at) === figures)

const CODE = /^[\w-]{22}$/
const TOKEN = /^[\w-]{43}$/
/** Whether a text can be a code at all. Says nothing of whether it opens something. */
export const isCode = (text: string): boolean => CODE.test(text)
export const isToken = (text: string): boolean => TOKEN.test(text)
