import type { Mistake } from '#shared/domain/mistake.ts'
import type { Refusal } from '#shared/refusals.ts'

/** A refusal, or what only HTTP can get wrong. The body of every answer from 400 on. */
export type Problem =
  | Refusal
  /** The page that asks is not ours, or is none and shows no token. */
  | { code: 'foreign-origin' }
  | { code: 'not-operator' }
  /** A process file with mistakes: all of them. */
  | { code: 'mistakes'; mistakes: Mistake[] }
  | { code: 'method-not-allowed'; allowed: string[] }
  | { code: 'broken' }

/** A closed map: a new code does not compile until it has a status. */
const STATUS: Record<Problem['code'], number> = {
  'no-such-thing': 404,
  'not-your-role': 403,
  'level-too-low': 403,
  'not-your-bracket': 403,
  'not-your-words': 403,
  'consent-missing': 409,
  stale: 409,
  'clause-locked': 409,
  'clause-not-clean': 409,
  'mandate-ended': 403,
  'talks-not-open': 409,
  'charter-changed': 409,
  'charter-not-accepted': 409,
  'track-not-open': 409,
  'round-begun': 409,
  'seat-not-standing': 409,
  'not-yours-to-open': 403,
  'nothing-to-change': 409,
  'already-exists': 409,
  'too-late': 409,
  malformed: 400,
  'too-large': 413,
  'too-fast': 429,
  renewed: 409,
  'unknown-dependency': 409,
  'bad-update': 400,
  lane: 409,
  'text-held': 409,
  'not-saved': 503,
  'outdated-client': 426,
  'session-ended': 401,
  'not-confirmed': 403,
  'invitation-used': 410,
  'invitation-expired': 410,
  'invitation-unknown': 404,
  'file-refused': 422,
  draining: 503,
  unanswered: 503,
  'foreign-origin': 403,
  'not-operator': 401,
  mistakes: 400,
  'method-not-allowed': 405,
  broken: 500,
}

export const statusOf = (problem: Problem): number => STATUS[problem.code]
