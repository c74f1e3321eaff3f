import * as v from 'valibot'
import { MAX_NAME } from '../domain/process.ts'
import {
  type AnnexId,
  type ArticleId,
  type AskId,
  type BracketId,
  type ClauseId,
  type CommentId,
  type Hash,
  type IncarnationId,
  instant,
  type LeafId,
  type PartyId,
  parseAskId,
  parseBracketId,
  parseHash,
  parseOpaque,
  type SeatId,
  type SessionId,
  type TrackId,
} from '../ids.ts'
import { LEVELS } from '../refusals.ts'

/** The small shapes that commands and frames are made of. Every string has a bound, every id passes its parser. */

/** A statement of a position in full; longer ones belong into the text. */
export const MAX_WORDS_BYTES = 8 * 1024
/** The longest clause we know of (a list of coordinates) has 11 kB. */
export const MAX_CLAUSE_BYTES = 32 * 1024
const MAX_TITLE = 300
/** Every cell of 25 tracks and 20 parties. */
export const MAX_CHANGES = 500

const branded = <T extends string>(parse: (text: string) => T | null) =>
  v.custom<T>((value) => typeof value === 'string' && parse(value) !== null)
const opaque = <T extends string>() => branded<T>(parseOpaque<T>)

export const ask = branded<AskId>(parseAskId)
export const bracket = branded<BracketId>(parseBracketId)
export const hash = branded<Hash>(parseHash)
export const track = opaque<TrackId>()
export const party = opaque<PartyId>()
export const seat = opaque<SeatId>()
export const article = opaque<ArticleId>()
export const clause = opaque<ClauseId>()
export const leaf = opaque<LeafId>()
export const comment = opaque<CommentId>()
export const annex = opaque<AnnexId>()
export const session = opaque<SessionId>()
export const incarnation = opaque<IncarnationId>()
/** The name of a party or a seat, as a key. */
export const name = opaque<string>()

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const until = v.pipe(count, v.transform(instant))
export const level = v.picklist(LEVELS)
export const item = v.strictObject({ client: count, clock: count })
export const struck = v.strictObject({ from: item, to: item })

/** Nothing that a screen cannot show or UTF-8 cannot hold. */
function isShowable(words: string): boolean {
  if (!words.isWellFormed()) return false
  for (let at = 0; at < words.length; at++) {
    const code = words.charCodeAt(at)
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127) return false
  }
  return true
}
const isNotBlank = (words: string): boolean => words.trim() !== ''
const isOneLine = (words: string): boolean => !/[\r\n\u2028\u2029]/u.test(words)

export const wordsUpTo = (bytes: number) => v.pipe(v.string(), v.maxBytes(bytes), v.check(isShowable))
/** What somebody says: not blank. */
export const said = v.pipe(wordsUpTo(MAX_WORDS_BYTES), v.check(isNotBlank))
export const headingOrNone = v.pipe(v.string(), v.maxLength(MAX_TITLE), v.check(isShowable), v.check(isOneLine))
export const title = v.pipe(headingOrNone, v.check(isNotBlank))
/** As long as a process file takes it. */
export const personName = v.pipe(title, v.maxLength(MAX_NAME))

/** How deep a frame's JSON may nest: twice what the deepest command needs. */
const MAX_DEPTH = 24

/** Whether no key is one that every object inherits (`__proto__`), and nothing nests without end. */
export function isPlain(value: unknown): boolean {
  const open: [unknown, number][] = [[value, 0]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [part, depth] = next
    if (typeof part !== 'object' || part === null || part instanceof Uint8Array) continue
    if (depth > MAX_DEPTH) return false
    const isList = Array.isArray(part)
    for (const [key, inner] of Object.entries(part)) {
      if (!isList && key in Object.prototype) return false
      open.push([inner, depth + 1])
    }
  }
  return true
}
