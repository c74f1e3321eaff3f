import * as v from 'valibot'
import type { Command } from '../domain/commands.ts'
import { ROLES } from '../domain/process.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import type { Refusal } from '../refusals.ts'
import { LANGUAGES } from '../words/languages.ts'
import { type Look, MAX_UPDATE, type Place, type Resume, type Up } from './frames.ts'
import * as s from './shape.ts'

/**
 * Every command and every frame a client sends, as strict shapes: an unknown key, a missing one, or one too long is refused
 * before anybody looks at it. Whether an id names anything is asked later, in the sender's own projection.
 */

const grant = v.strictObject({
  history: v.exactOptional(v.picklist(['clean', 'full'])),
  annotations: v.exactOptional(v.boolean()),
  until: v.exactOptional(s.until),
  export: v.exactOptional(v.boolean()),
  offline: v.exactOptional(v.boolean()),
})
const change = v.pipe(
  v.strictObject({
    track: s.track,
    party: v.exactOptional(s.party),
    seat: v.exactOptional(s.seat),
    level: s.level,
    grant: v.exactOptional(grant),
  }),
  v.check(({ party, seat }) => (party === undefined) !== (seat === undefined)),
)
const changes = v.pipe(v.array(change), v.maxLength(s.MAX_CHANGES))

const words = s.wordsUpTo(s.MAX_CLAUSE_BYTES)
const MAX_ROWS = 5_000
const MAX_WATCHED = 500
/** Items go three levels deep below an article. */
const leastClause = v.union([words, v.strictObject({ words })])
const lesserClause = v.union([
  words,
  v.strictObject({ words, items: v.exactOptional(v.pipe(v.array(leastClause), v.maxLength(MAX_ROWS))) }),
])
const seedClause = v.union([
  words,
  v.strictObject({ words, items: v.exactOptional(v.pipe(v.array(lesserClause), v.maxLength(MAX_ROWS))) }),
])
const articleKind = v.picklist(['preamble', 'article', 'annex'])
const seedArticle = v.strictObject({
  kind: v.exactOptional(articleKind),
  title: s.headingOrNone,
  clauses: v.pipe(v.array(seedClause), v.maxLength(MAX_ROWS)),
})
const seedText = v.strictObject({
  title: s.headingOrNone,
  language: v.exactOptional(v.pipe(v.string(), v.regex(/^[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,4}$/i))),
  articles: v.pipe(v.array(seedArticle), v.maxLength(MAX_ROWS)),
})

const quote = v.strictObject({
  words: s.wordsUpTo(s.MAX_WORDS_BYTES),
  leaf: v.exactOptional(s.leaf),
  from: v.exactOptional(s.item),
  to: v.exactOptional(s.item),
})

const processCommands = [
  v.strictObject({ type: v.literal('AcceptCharter'), hash: s.hash }),
  v.strictObject({ type: v.literal('OpenTalks') }),
  v.strictObject({ type: v.literal('SetAccess'), changes }),
  v.strictObject({
    type: v.literal('OpenTrack'),
    title: s.title,
    kind: v.picklist(['plenary', 'caucus', 'proximity', 'backchannel', 'group', 'civil', 'implementation']),
    access: v.pipe(v.record(s.name, s.level), v.maxEntries(s.MAX_CHANGES)),
    text: v.exactOptional(seedText),
  }),
  v.strictObject({ type: v.literal('RenameTrack'), track: s.track, title: s.title }),
  v.strictObject({ type: v.literal('PauseTrack'), track: s.track }),
  v.strictObject({ type: v.literal('ResumeTrack'), track: s.track }),
  v.strictObject({ type: v.literal('CloseTrack'), track: s.track }),
  v.strictObject({
    type: v.literal('PublishNotice'),
    words: s.said,
    to: v.exactOptional(v.pipe(v.array(s.party), v.minLength(1), v.maxLength(s.MAX_CHANGES))),
    track: v.exactOptional(s.track),
  }),
  v.strictObject({
    type: v.literal('OrderParties'),
    parties: v.pipe(v.array(s.party), v.minLength(1), v.maxLength(s.MAX_CHANGES)),
  }),
  v.strictObject({
    type: v.literal('NominateSeat'),
    party: s.party,
    role: v.picklist(ROLES),
    name: s.personName,
    replaces: v.exactOptional(s.seat),
  }),
  v.strictObject({ type: v.literal('AccreditSeat'), seat: s.seat }),
  v.strictObject({ type: v.literal('DeclineSeat'), seat: s.seat }),
  v.strictObject({ type: v.literal('SuspendSeat'), seat: s.seat }),
  v.strictObject({ type: v.literal('RestoreSeat'), seat: s.seat }),
  v.strictObject({ type: v.literal('ReplaceSeat'), seat: s.seat, name: s.personName }),
  v.strictObject({
    type: v.literal('Comment'),
    track: s.track,
    clause: s.clause,
    words: s.said,
    quote: v.exactOptional(v.union([s.wordsUpTo(s.MAX_WORDS_BYTES), quote])),
    audience: v.picklist(['party', 'party+mediators', 'track']),
    answers: v.exactOptional(s.comment),
  }),
  v.strictObject({ type: v.literal('ResolveComment'), comment: s.comment }),
  v.strictObject({
    type: v.literal('TakePosition'),
    track: s.track,
    clause: s.clause,
    hash: s.hash,
    position: v.picklist(['none', 'accept', 'ad-referendum', 'reserve', 'object']),
    until: v.exactOptional(s.until),
  }),
] as const

const { track, article, clause, bracket } = s
const place = { article, parent: v.nullable(clause), after: v.nullable(clause) }
const textCommands = [
  v.strictObject({
    type: v.literal('AddArticle'),
    track,
    kind: articleKind,
    title: s.headingOrNone,
    after: v.nullable(article),
  }),
  v.strictObject({ type: v.literal('RenameArticle'), track, article, title: s.headingOrNone }),
  v.strictObject({ type: v.literal('RemoveArticle'), track, article }),
  v.strictObject({ type: v.literal('RenameText'), track, title: s.title }),
  v.strictObject({ type: v.literal('AddClause'), track, ...place, words: v.exactOptional(words) }),
  v.strictObject({ type: v.literal('RemoveClause'), track, clause }),
  v.strictObject({ type: v.literal('MoveClause'), track, clause, ...place }),
  v.strictObject({ type: v.literal('SplitClause'), track, clause, after: v.nullable(s.item) }),
  v.strictObject({ type: v.literal('MergeClause'), track, clause }),
  v.strictObject({ type: v.literal('LockClause'), track, clause }),
  v.strictObject({ type: v.literal('UnlockClause'), track, clause }),
  v.strictObject({
    type: v.literal('AgreeClause'),
    track,
    clause,
    hash: s.hash,
    until: v.exactOptional(s.until),
  }),
  v.strictObject({ type: v.literal('WithdrawClauseAgreement'), track, clause }),
  v.variant('kind', [
    v.strictObject({
      type: v.literal('OpenBracket'),
      kind: v.literal('insert'),
      track,
      bracket,
      clause,
      host: s.leaf,
      after: v.nullable(s.item),
    }),
    v.strictObject({
      type: v.literal('OpenBracket'),
      kind: v.literal('delete'),
      track,
      bracket,
      clause,
      host: s.leaf,
      struck: s.struck,
    }),
  ]),
  v.strictObject({ type: v.literal('ExtendStrike'), track, bracket, struck: s.struck }),
  v.strictObject({ type: v.literal('JoinBracket'), track, bracket, hash: v.exactOptional(s.hash) }),
  v.strictObject({ type: v.literal('WithdrawBracket'), track, bracket }),
  v.strictObject({ type: v.literal('AgreeBracket'), track, bracket, hash: s.hash }),
  v.strictObject({ type: v.literal('AcceptBracket'), track, bracket }),
  v.strictObject({ type: v.literal('CloseEmptyBracket'), track, bracket }),
] as const

const accessCommands = [
  v.strictObject({ type: v.literal('IssueInvitation'), seat: s.seat }),
  v.strictObject({ type: v.literal('RevokeInvitation'), invitation: s.hash }),
  v.strictObject({ type: v.literal('AddDevice') }),
  v.strictObject({
    type: v.literal('ConfirmDevice'),
    session: s.session,
    figures: v.pipe(v.string(), v.maxLength(32)),
  }),
  v.strictObject({ type: v.literal('EndSession'), session: s.session }),
  v.strictObject({ type: v.literal('ChooseLanguage'), language: v.picklist(LANGUAGES) }),
] as const

const fileCommands = [
  v.strictObject({ type: v.literal('FillText'), track, text: seedText }),
  v.strictObject({ type: v.literal('RemoveAnnex'), track, annex: s.annex }),
] as const

const command: v.GenericSchema<unknown, Command> = v.variant('type', [
  ...processCommands,
  ...textCommands,
  ...accessCommands,
  ...fileCommands,
])

const look: v.GenericSchema<unknown, Look> = v.variant('type', [
  v.strictObject({ type: v.literal('PreviewAs'), party: s.party, changes: v.exactOptional(changes) }),
  v.strictObject({ type: v.literal('PreviewText'), party: s.party, track, changes: v.exactOptional(changes) }),
  v.strictObject({ type: v.literal('LastSeen') }),
])

const resume: v.GenericSchema<unknown, Resume> = v.strictObject({
  incarnation: s.incarnation,
  vector: v.pipe(v.string(), v.maxLength(64 * 1024), v.base64()),
  client: s.count,
})
const spot: v.GenericSchema<unknown, Place> = v.strictObject({
  clause,
  leaf: v.exactOptional(s.leaf),
  after: v.exactOptional(v.nullable(s.item)),
  head: v.exactOptional(v.strictObject({ leaf: s.leaf, after: v.nullable(s.item) })),
})

const channel = v.pipe(s.count, v.maxValue(0xffff))
const update = v.pipe(
  v.custom<Uint8Array>((value) => value instanceof Uint8Array),
  v.check(({ length }) => length <= MAX_UPDATE),
)
const up: v.GenericSchema<unknown, Up> = v.variant('frame', [
  v.strictObject({ frame: v.literal('act'), ask: s.ask, command }),
  v.strictObject({ frame: v.literal('look'), ask: s.ask, look }),
  v.strictObject({ frame: v.literal('open'), ask: s.ask, track, resume: v.exactOptional(resume) }),
  v.strictObject({ frame: v.literal('leave'), channel }),
  v.strictObject({ frame: v.literal('words'), channel, number: s.count, update }),
  v.strictObject({ frame: v.literal('got'), channel, bytes: s.count }),
  v.strictObject({ frame: v.literal('here'), channel, place: v.nullable(spot) }),
  v.strictObject({ frame: v.literal('receipt'), withdrawal: s.name }),
  v.strictObject({ frame: v.literal('watch'), tracks: v.pipe(v.array(track), v.maxLength(MAX_WATCHED)) }),
])

/**
 * A decoded frame, checked against its shape. Refuses `too-large` with the limit, or `malformed` with the place of the
 * first mistake in the sender's own command, look or frame.
 */
export function parseUp(frame: Up): Outcome<Up, Refusal> {
  if (frame.frame === 'words' && frame.update.length > MAX_UPDATE)
    return refuse({ code: 'too-large', limit: MAX_UPDATE })
  if (isCounted(frame)) return ok(frame)
  if (!s.isPlain(frame)) return refuse({ code: 'malformed', where: '' })
  const parsed = v.safeParse(up, frame, { abortEarly: true })
  return parsed.success ? ok(parsed.output) : refuse(refusalOf(parsed.issues[0]))
}

const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most

/** The frames that come with every key, as their shapes in `up` say; anything else about them is left to these. */
function isCounted(frame: Up): boolean {
  switch (frame.frame) {
    case 'words': {
      const { channel: of, number, update: words } = frame
      return Object.keys(frame).length === 4 && isCount(of, 0xffff) && isCount(number) && words instanceof Uint8Array
    }
    case 'got':
      return Object.keys(frame).length === 3 && isCount(frame.channel, 0xffff) && isCount(frame.bytes)
    default:
      return false
  }
}

const SIZES: ReadonlySet<string> = new Set(['max_bytes', 'max_length', 'max_entries'])
function refusalOf(issue: v.BaseIssue<unknown>): Refusal {
  const limit = limitIn(issue)
  if (limit !== null) return { code: 'too-large', limit }
  const where = v.getDotPath(issue) ?? ''
  return { code: 'malformed', where: where.replace(/^(?:command|look)\./, '') }
}

/** The limit that was passed, also where one of several shapes might have been meant. */
function limitIn(issue: v.BaseIssue<unknown>): number | null {
  if (SIZES.has(issue.type) && typeof issue.requirement === 'number') return issue.requirement
  for (const inner of issue.issues ?? []) {
    const limit = limitIn(inner)
    if (limit !== null) return limit
  }
  return null
}
