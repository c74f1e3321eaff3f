import { createHash } from 'node:crypto'
import { type Hash, mintId, parseHash, type SessionId } from '#shared/ids.ts'
import type { Random } from '#shared/world.ts'

/** The clear forms leave the server once, in an answer; the log and the memory keep hashes. */

/** SHA-256 of a code or a token. */
export function hashOf(text: string): Hash {
  const hash = parseHash(createHash('sha256').update(text).digest('hex'))
  if (!hash) throw new Error('SHA-256 is 64 hexadecimal characters')
  return hash
}

/** An invitation's code: 128 bits, 22 characters. */
export const mintCode = (random: Random): string => Buffer.from(random.bytes(16)).toString('base64url')

/** A session's token: 256 bits, 43 characters. */
export const mintToken = (random: Random): string => Buffer.from(random.bytes(32)).toString('base64url')

export const mintSession = (random: Random): SessionId => mintId<SessionId>(random.bytes(22))

const FIGURES = 1_000_000
/** 2^32 less its remainder: numbers from here on would favour the low figures. */
const FAIR = 2 ** 32 - (2 ** 32 % FIGURES)

/** Six figures, read aloud by a person whose new device waits to be confirmed. */
export function mintFigures(random: Random): string {
  for (;;) {
    const number = Buffer.from(random.bytes(4)).readUInt32BE()
    if (number < FAIR) return String(number % FIGURES).padStart(6, '0')
  }
}

/** Bound to the session, so that equal figures of two devices do not have equal hashes. */
export const hashOfFigures = (session: SessionId, figures: string): Hash => hashOf(`${session}:${figures}`)

const CODE = /^[\w-]{22}$/
const TOKEN = /^[\w-]{43}$/
/** Whether a text can be a code at all. Says nothing of whether it opens something. */
export const isCode = (text: string): boolean => CODE.test(text)
export const isToken = (text: string): boolean => TOKEN.test(text)
