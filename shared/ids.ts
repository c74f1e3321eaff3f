/** Branded identifiers. Only the parsers and makers in this file may brand a string. */

declare const brand: unique symbol
export type Brand<T, B extends string> = T & { readonly [brand]: B }

/** Names one negotiation: 22 base64url characters, minted by the server only. */
export type ProcessId = Brand<string, 'ProcessId'>
/** A party of one process. Readable when it comes from the process file. */
export type PartyId = Brand<string, 'PartyId'>
/** One accredited person's place in one party. */
export type SeatId = Brand<string, 'SeatId'>
export type TrackId = Brand<string, 'TrackId'>
export type ArticleId = Brand<string, 'ArticleId'>
export type ClauseId = Brand<string, 'ClauseId'>
/** Names one root `Y.Text`. A clause's base words and a bracket's words are leaves; a bracket's leaf has the bracket's own id. */
export type LeafId = Brand<string, 'LeafId'>
/** 22 random characters minted by the client that opens the bracket. */
export type BracketId = Brand<string, 'BracketId'>
/** One (track, visibility set): stable across incarnations. */
export type DocumentId = Brand<string, 'DocumentId'>
/** One unbroken life of a document's CRDT. Never compared for order: only for equality. */
export type IncarnationId = Brand<string, 'IncarnationId'>
export type CommentId = Brand<string, 'CommentId'>
/** A file beside the text of a track: 22 random characters, minted by the server. */
export type AnnexId = Brand<string, 'AnnexId'>
export type NoticeId = Brand<string, 'NoticeId'>
export type SessionId = Brand<string, 'SessionId'>
/** 22 characters chosen by the client; repeating one repeats the first answer and does nothing else. */
export type AskId = Brand<string, 'AskId'>
/** Lower-case hex SHA-256, 64 characters. */
export type Hash = Brand<string, 'Hash'>
/** Milliseconds since 1970 UTC on the clock of the log's store. */
export type Instant = Brand<number, 'Instant'>
/** A Yjs item: who wrote it and its clock there. */
export interface ItemId {
  client: number
  clock: number
}

const RANDOM = /^[\w-]{22}$/
const NAMED = /^[\w-]{1,40}$/
const HEX = /^[0-9a-f]{64}$/

const parser =
  <T extends string>(pattern: RegExp) =>
  (text: string): T | null =>
    pattern.test(text) ? (text as T) : null

export const parseProcessId = parser<ProcessId>(RANDOM)
export const parseAskId = parser<AskId>(RANDOM)
export const parseBracketId = parser<BracketId>(RANDOM)
export const parseHash = parser<Hash>(HEX)
export const parsePartyId = parser<PartyId>(NAMED)
export const parseSeatId = parser<SeatId>(NAMED)
export const parseTrackId = parser<TrackId>(NAMED)
/** Any other id: opaque, 1 to 40 of [A-Za-z0-9_-]. Ends a request early; whether it exists is asked in the sender's own projection. */
export const parseOpaque = <T extends string>(text: string): T | null => parser<T>(NAMED)(text)

/** A leaf for a bracket's words: the same characters. */
export const leafOf = (bracket: BracketId): LeafId => bracket as string as LeafId
export const instant = (ms: number): Instant => ms as Instant

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Makes a 22-character id out of 22 random bytes (132 bits). */
export function mintId<T extends string>(bytes: Uint8Array): T {
  let text = ''
  for (let i = 0; i < 22; i++) text += ALPHABET[(bytes[i] ?? 0) & 63]
  return text as T
}
