import type { BracketId, Hash, Instant, PartyId } from './ids.ts'

/**
 * Every reason to say no, with its data. A closed list: the wire, the screens and the tests use these codes only.
 * Hidden and absent share `no-such-thing`, after the same look-up in the sender's own projection.
 */
export type Refusal =
  | { code: 'no-such-thing' }
  /** The seat's role does not do this (mediators set access, heads bind, ...). */
  | { code: 'not-your-role' }
  | { code: 'level-too-low'; needed: Level; has: Level }
  | { code: 'not-your-bracket'; bracket: BracketId }
  | { code: 'not-your-words' }
  | { code: 'consent-missing'; parties: PartyId[] }
  /** The words named by `hash` are no longer the current ones. */
  | { code: 'stale'; current: Hash }
  | { code: 'clause-locked' }
  | { code: 'clause-not-clean' }
  | { code: 'mandate-ended'; at: Instant }
  | { code: 'talks-not-open' }
  | { code: 'charter-changed' }
  | { code: 'charter-not-accepted' }
  | { code: 'track-not-open' }
  /** The parties' order stays: a delegation has proposed or agreed to something. */
  | { code: 'round-begun' }
  /** The seat is suspended or its person was replaced. */
  | { code: 'seat-not-standing' }
  /** Nobody sets access to a caucus or a backchannel but its own members. */
  | { code: 'not-yours-to-open' }
  | { code: 'nothing-to-change' }
  | { code: 'already-exists' }
  | { code: 'too-late'; due: Instant }
  /** Not the shape this command has. `where` is a path of the sender's own input. */
  | { code: 'malformed'; where: string }
  | { code: 'too-large'; limit: number }
  | { code: 'too-fast'; retryAfterMs: number }
  /** The text has a new incarnation; the client carries its unsent words over. */
  | { code: 'renewed' }
  /** An update named something this server does not know: resync by state vector. */
  | { code: 'unknown-dependency' }
  /** The guard refused the bytes. `why` is one of `GuardReason`. */
  | { code: 'bad-update'; why: GuardReason }
  | { code: 'lane'; frame: number; clock: number }
  /** Waits with its client: the server is about to make a big move in this text. */
  | { code: 'text-held' }
  | { code: 'not-saved'; reason: 'disk-full' | 'read-only' | 'unavailable' }
  | { code: 'outdated-client' }
  | { code: 'session-ended' }
  | { code: 'not-confirmed' }
  | { code: 'invitation-used' }
  | { code: 'invitation-expired' }
  | { code: 'invitation-unknown' }
  | { code: 'draining'; retryAfterMs: number }
  /** A file that was brought is not what this place takes. `count` is what it has too many of. */
  | { code: 'file-refused'; why: FileReason; count?: number }
  /** The connection failed or was closed before an answer came. The command may or may not have been recorded. */
  | { code: 'unanswered' }

export const LEVELS = ['hidden', 'read', 'comment', 'suggest', 'edit'] as const
export type Level = (typeof LEVELS)[number]
/** Whether `has` includes `needed`: each level includes the ones before it. */
export const includes = (has: Level, needed: Level): boolean => LEVELS.indexOf(has) >= LEVELS.indexOf(needed)

/** What is wrong with a file. Nothing of it is kept. */
export type FileReason =
  /** Not the kind it has to be, whatever its name says: a document here, a PDF or a picture there. */
  | 'kind'
  | 'damaged'
  | 'password'
  | 'macros'
  /** Packed so that it would unpack past every sense. */
  | 'bomb'
  /** Broken XML, or nested past every sense. */
  | 'broken-xml'
  /** It declares a document type of its own: entities could multiply. */
  | 'entities'
  | 'paragraphs'
  | 'clauses'
  | 'no-words'
  /** Its words come to more than a text holds, or one paragraph to more than a clause. */
  | 'too-many-words'
  /** It took longer, or more memory, than any honest file. */
  | 'too-hard'
  /** It runs, fetches or opens something: scripts, embedded files, launch actions, forms that send. */
  | 'active'
  /** So many files, or bytes of them, are in the track already. */
  | 'full'

export type GuardReason =
  | 'truncated'
  | 'trailing'
  | 'not-canonical'
  | 'counts'
  | 'foreign-client'
  | 'clock'
  | 'gap'
  | 'content'
  | 'format'
  | 'root'
  | 'anchors'
  | 'leaf'
  | 'deletes'
  | 'surrogates'
  | 'too-large'
